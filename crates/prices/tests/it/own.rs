//! A project's own prices before the catalogue's.

use domain::{
    ids::{PriceId, ProjectId},
    price::{ModelPrice, NoPrice, PriceItem, PriceRef, Rate, RateTier, Rates, ServiceTier},
    time::TimeUs,
    trace::TokenBuckets,
};
use prices::{Catalogue, PriceList, Request};
use uuid::Uuid;

use crate::ask::{request, time};

fn rates(pairs: &[(PriceItem, &str)]) -> Rates {
    pairs.iter().map(|(item, text)| (*item, Rate::per_million(text).unwrap())).collect()
}

/// Price `number`: the input costs that many dollars a million.
fn own(number: u32, pattern: &str, valid_from: &str) -> ModelPrice {
    ModelPrice {
        id: PriceId(Uuid::from_u128(number.into())),
        project: ProjectId(Uuid::nil()),
        pattern: pattern.parse().unwrap(),
        provider: None,
        tier: None,
        rates: rates(&[(PriceItem::Input, &number.to_string())]),
        tiers: Vec::new(),
        valid_from: time(valid_from),
        closed_us: None,
        created_by: "ana@example.com".to_owned(),
        created_us: TimeUs(i64::from(number)),
        closed_by: None,
    }
}

fn list(prices: Vec<ModelPrice>) -> PriceList {
    PriceList::new(Catalogue::embedded().unwrap(), prices)
}

/// Which own price was used; `None` for the catalogue's.
fn used(list: &PriceList, request: &Request<'_>) -> Option<u128> {
    match list.price(request).unwrap().price {
        PriceRef::Project { id, .. } => Some(id.0.as_u128()),
        PriceRef::Catalogue { .. } => None,
    }
}

const OLD: &str = "2026-01-01T00:00:00Z";
const NEW: &str = "2026-06-01T00:00:00Z";

#[test]
fn the_most_specific_then_the_latest_that_holds_is_used() {
    let tokens = TokenBuckets { input: 1_000_000, ..TokenBuckets::default() };
    let mut at_azure = own(5, "gpt-4o", OLD);
    at_azure.provider = Some("azure".to_owned());
    let mut in_batches = own(6, "gpt-4o", OLD);
    in_batches.tier = Some(ServiceTier::Batch);
    let list = list(vec![
        own(1, "*", OLD),
        own(2, "gpt-*", OLD),
        own(3, "gpt-4o", OLD),
        own(4, "gpt-4o", NEW),
        at_azure,
        in_batches,
    ]);
    let ask = |model| request(model, &tokens);
    assert_eq!(used(&list, &ask("gpt-4o")), Some(4));
    assert_eq!(used(&list, &ask("GPT-4o-mini")), Some(2));
    assert_eq!(used(&list, &ask("my-finetune-7b")), Some(1));
    assert_eq!(used(&list, &Request { at: time("2026-05-31T23:59:59Z"), ..ask("gpt-4o") }), Some(3));
    assert_eq!(used(&list, &Request { at: time("2025-12-31T23:59:59Z"), ..ask("gpt-4o") }), None);
    assert_eq!(used(&list, &Request { provider: Some("az.ai.openai"), ..ask("gpt-4o") }), Some(5));
    assert_eq!(used(&list, &Request { tier: ServiceTier::Batch, ..ask("gpt-4o") }), Some(6));
    assert_eq!(used(&list, &Request { tier: ServiceTier::Flex, ..ask("gpt-4o") }), Some(4));
}

#[test]
fn a_closed_price_still_holds_for_what_began_before() {
    let tokens = TokenBuckets { input: 1, ..TokenBuckets::default() };
    let mut closed = own(1, "gpt-4o", OLD);
    closed.closed_us = Some(time(NEW));
    let list = list(vec![closed]);
    assert_eq!(used(&list, &Request { at: time("2026-05-31T23:59:59Z"), ..request("gpt-4o", &tokens) }), Some(1));
    assert_eq!(used(&list, &Request { at: time(NEW), ..request("gpt-4o", &tokens) }), None);
}

#[test]
fn long_inputs_have_their_own_rates_and_what_is_missing_is_said() {
    let mut tiered = own(2, "house-model", OLD);
    tiered.rates = rates(&[(PriceItem::Input, "2"), (PriceItem::CacheRead, "1"), (PriceItem::Request, "500")]);
    let long = |above, text| RateTier { above_input_tokens: above, rates: rates(&[(PriceItem::Input, text)]) };
    tiered.tiers = vec![long(1000, "4"), long(2000, "8")];
    let list = list(vec![tiered]);
    let cost = |input| {
        let tokens = TokenBuckets { input, cache_read: 100, ..TokenBuckets::default() };
        list.price(&request("house-model", &tokens)).unwrap().total.to_string()
    };
    assert_eq!(cost(900), "0.0024", "900 at 2, 100 at 1, and the request");
    assert_eq!(cost(901), "0.004204");
    assert_eq!(cost(2000), "0.0166");
    let spoken = TokenBuckets { output: 5, ..TokenBuckets::default() };
    let refused = list.price(&request("house-model", &spoken));
    assert_eq!(refused, Err(NoPrice::NoRate { item: PriceItem::Output }));
}

#[test]
fn made_up_names_do_not_fill_the_memory() {
    let list = list(Vec::new());
    let tokens = TokenBuckets { input: 1, ..TokenBuckets::default() };
    for number in 0..25_000 {
        assert!(list.price(&request(&format!("made-up-{number}"), &tokens)).is_err());
    }
    assert_eq!(used(&list, &request("gpt-4o", &tokens)), None);
}
