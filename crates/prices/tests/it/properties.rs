//! Whatever was used: the items sum to the total, and the arithmetic is a decimal library's.

use domain::{
    price::{PriceItem, Rate, ServiceTier},
    trace::TokenBuckets,
};
use prices::{Catalogue, Request};
use proptest::prelude::*;
use rust_decimal::{Decimal, RoundingStrategy};

use crate::ask::{catalogue, request};

fn tokens() -> impl Strategy<Value = TokenBuckets> {
    prop::collection::vec((prop::sample::select(PriceItem::ALL), 0..2_000_000_u64), 0..6).prop_map(|counts| {
        let mut tokens = TokenBuckets::default();
        counts
            .into_iter()
            .filter(|(item, _)| *item != PriceItem::Other)
            .for_each(|(item, count)| tokens.set(item, count));
        tokens
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn items_sum_to_the_total(
        at in 0..2365_usize, tokens in tokens(), tier in prop::sample::select(ServiceTier::ALL), hour in 0..24_i64,
    ) {
        let entries = Catalogue::embedded().unwrap().entries();
        let entry = entries[at % entries.len()];
        let asked = Request { provider: Some(entry.provider()), tier, ..request(entry.model(), &tokens) };
        let asked = Request { at: domain::time::TimeUs(asked.at.0 + hour * 3_600_000_000), ..asked };
        if let Ok(priced) = catalogue().price(&asked) {
            prop_assert_eq!(priced.lines.iter().map(|line| line.amount.0).sum::<i64>(), priced.total.0);
            let sum = |of: fn(PriceItem) -> bool| -> i64 {
                priced.lines.iter().filter(|line| of(line.item)).map(|line| line.amount.0).sum()
            };
            prop_assert_eq!((sum(PriceItem::is_input), sum(PriceItem::is_output)), (priced.input.0, priced.output.0));
            let items: Vec<PriceItem> = priced.lines.iter().map(|line| line.item).collect();
            prop_assert!(items.is_sorted_by(|a, b| a < b), "each item once, in order");
            let used: Vec<PriceItem> = tokens.each().map(|(item, _)| item).collect();
            prop_assert!(used.iter().all(|item| items.contains(item)), "no item is left out");
        }
    }

    #[test]
    fn amounts_are_those_of_a_decimal_library(digits in 0..1_000_000_u64, scale in 6..16_u32, count in 0..5_000_000_000_u64) {
        let price = Decimal::from_i128_with_scale(digits.into(), scale);
        let exact = price * Decimal::from(count) * Decimal::from(1_000_000_000_u64);
        let expected = exact.round_dp_with_strategy(0, RoundingStrategy::MidpointNearestEven);
        let amount = Rate::per_one(&price.to_string()).unwrap().amount(count);
        prop_assert_eq!(amount.map(|amount| Decimal::from(amount.0)), Some(expected));
    }

    #[test]
    fn no_name_panics(provider in "\\PC{0,20}", model in "\\PC{0,40}") {
        let tokens = TokenBuckets { input: 1, ..TokenBuckets::default() };
        let _ = catalogue().price(&Request { provider: Some(&provider), ..request(&model, &tokens) });
    }
}
