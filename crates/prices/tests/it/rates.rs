//! Tiers, dates, windows, variants, stand-ins.

use domain::{
    price::{NoPrice, PriceItem, PriceRef, ServiceTier},
    trace::TokenBuckets,
};
use prices::Request;

use crate::ask::{catalogue, request, time};

fn cost(request: &Request<'_>) -> String {
    catalogue().price(request).unwrap().total.to_string()
}

#[test]
fn the_tier_below_the_whole_input_prices_every_token() {
    // Cached tokens count towards the length.
    let short = TokenBuckets { input: 150_000, cache_read: 50_000, output: 1000, ..TokenBuckets::default() };
    let long = TokenBuckets { input: 150_001, ..short };
    assert_eq!(cost(&request("gemini-2.5-pro", &short)), "0.20375");
    assert_eq!(cost(&request("gemini-2.5-pro", &long)), "0.4025025");
    let exact = TokenBuckets { input: 272_000, output: 1000, ..TokenBuckets::default() };
    let above = TokenBuckets { input: 272_001, ..exact };
    assert_eq!(cost(&request("azure/apac/gpt-6.1-terra", &above)), "0.6618024");
    assert_ne!(cost(&request("azure/apac/gpt-6.1-terra", &exact)), "0.6618");
}

#[test]
fn variants_change_the_rates_they_name_from_their_day_on() {
    let tokens = TokenBuckets { input: 1000, cache_read: 1000, output: 1000, ..TokenBuckets::default() };
    let standard = request("gpt-5", &tokens);
    assert_eq!(cost(&standard), "0.011375");
    for (tier, total) in [
        (ServiceTier::Batch, "0.0056875"),
        (ServiceTier::Flex, "0.0056875"),
        (ServiceTier::Priority, "0.02275"),
        (ServiceTier::Fast, "0.02275"),
    ] {
        assert_eq!(cost(&Request { tier, ..standard }), total, "{tier:?}");
        let before = Request { tier, at: time("2026-10-11T23:59:59Z"), ..standard };
        assert_eq!(cost(&before), "0.011375", "{tier:?} before it was charged");
    }
    // A batch names input and output only: cached tokens keep the usual rate.
    let gemini = Request { tier: ServiceTier::Batch, ..request("gemini-2.5-flash", &tokens) };
    assert_eq!(cost(&gemini), "0.00143");
    // Nobody sells this in batches: the usual price.
    assert_eq!(cost(&Request { tier: ServiceTier::Batch, ..request("claude-3-haiku", &tokens) }), "0.00153");
    let exact = Request { tier: ServiceTier::Batch, ..request("amazon.nova-2-lite-v1:0", &tokens) };
    assert_eq!(cost(&exact), "0.001475");
}

#[test]
fn prices_follow_the_day_and_the_hour() {
    let tokens = TokenBuckets { input: 1_000_000, ..TokenBuckets::default() };
    let at = |text: &str| Request { at: time(text), ..request("deepseek-v4-flash", &tokens) };
    for (text, total) in [
        ("2026-08-16T12:00:00Z", "0.14"),
        ("2026-08-17T12:00:00Z", "0.22"),
        ("2026-09-10T12:00:00Z", "0.15"),
        ("2026-09-10T01:00:00Z", "0.3"),
        ("2026-09-10T03:59:59Z", "0.3"),
        ("2026-09-10T04:00:00Z", "0.15"),
        ("2026-09-10T06:30:00Z", "0.3"),
    ] {
        assert_eq!(cost(&at(text)), total, "{text}");
    }
    let PriceRef::Catalogue { valid_from, .. } = catalogue().price(&at("2026-09-11T12:00:00Z")).unwrap().price else {
        panic!("of the catalogue")
    };
    assert_eq!(valid_from, Some(time("2026-09-10T00:00:00Z")));
}

#[test]
fn what_has_no_rate_of_its_own_costs_what_stands_in_for_it() {
    let one = |item: PriceItem| {
        let mut tokens = TokenBuckets::default();
        // Below every tier.
        tokens.set(item, 100_000);
        tokens
    };
    for (model, item, total) in [
        ("claude-sonnet-4-5", PriceItem::CacheWrite1h, "0.6"),
        ("claude-sonnet-4-5", PriceItem::CacheWrite, "0.375"),
        ("gpt-4o", PriceItem::CacheWrite1h, "0.25"),
        ("gpt-4o", PriceItem::Reasoning, "1"),
        ("gpt-4o", PriceItem::InputImage, "0.25"),
        ("gemini-2.5-flash", PriceItem::InputAudio, "0.1"),
        ("gemini-2.5-flash", PriceItem::CacheReadAudio, "0.01"),
        ("gemini-2.5-flash", PriceItem::OutputAudio, "0.25"),
        ("perplexity/sonar-deep-research", PriceItem::Reasoning, "0.3"),
    ] {
        assert_eq!(cost(&request(model, &one(item))), total, "{model} {item:?}");
    }
    let other = one(PriceItem::Other);
    assert_eq!(catalogue().price(&request("gpt-4o", &other)), Err(NoPrice::NoRate { item: PriceItem::Other }));
}

#[test]
fn a_request_may_cost_something_itself() {
    let tokens = TokenBuckets { input: 1000, output: 100, ..TokenBuckets::default() };
    let sonar = Request { provider: Some("perplexity"), ..request("sonar-pro", &tokens) };
    let priced = catalogue().price(&sonar).unwrap();
    assert_eq!(priced.total.to_string(), "0.0185");
    assert_eq!((priced.input.to_string(), priced.output.to_string()), ("0.003".to_owned(), "0.0015".to_owned()));
    assert_eq!(priced.lines.last().map(|line| line.item), Some(PriceItem::Request));
}

#[test]
fn unknown_is_not_zero() {
    let tokens = TokenBuckets { input: 1, ..TokenBuckets::default() };
    assert_eq!(catalogue().price(&request("my-finetune-7b", &tokens)), Err(NoPrice::UnknownModel));
    assert_eq!(catalogue().price(&request("  ", &tokens)), Err(NoPrice::NoModel));
    assert_eq!(catalogue().price(&Request { model: None, ..request("", &tokens) }), Err(NoPrice::NoModel));
    let huge = TokenBuckets { input: u64::MAX, ..TokenBuckets::default() };
    assert_eq!(catalogue().price(&request("gpt-4o", &huge)), Err(NoPrice::TooLarge));
    let nothing = TokenBuckets::default();
    assert_eq!(cost(&request("gpt-4o", &nothing)), "0", "no tokens cost nothing");
}
