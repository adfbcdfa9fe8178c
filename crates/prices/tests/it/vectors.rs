//! Totals worked out by genai-prices 0.2.3 (`shared/eval-vectors/cost.json`).

use domain::{price::ServiceTier, time::TimeUs, trace::TokenBuckets};
use prices::Request;
use rust_decimal::Decimal;
use serde::Deserialize;

use crate::ask::catalogue;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Vectors {
    schema: String,
    #[serde(rename = "reference")]
    _reference: serde_json::Value,
    tolerance: serde_json::Value,
    #[serde(rename = "notes")]
    _notes: String,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    model: String,
    provider: String,
    at: TimeUs,
    usage: CaseUsage,
    usd_total: Decimal,
    usd_input: Decimal,
    usd_output: Decimal,
    matched: String,
}

/// `input_tokens` counts the cached ones too.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_field_names, reason = "the names of the file")]
struct CaseUsage {
    input_tokens: u64,
    output_tokens: u64,
    #[serde(default)]
    cache_read_tokens: u64,
    #[serde(default)]
    cache_write_tokens: u64,
}

#[test]
fn every_case_costs_what_the_reference_says() {
    let vectors: Vectors = serde_json::from_str(include_str!("../vectors/cost.json")).unwrap();
    assert_eq!(vectors.schema, "eval-vectors/1");
    assert_eq!(vectors.tolerance, serde_json::json!({"exact": "decimal"}));
    assert_eq!(vectors.cases.len(), 9);
    for case in vectors.cases {
        let usage = &case.usage;
        let tokens = TokenBuckets {
            input: usage.input_tokens - usage.cache_read_tokens - usage.cache_write_tokens,
            cache_read: usage.cache_read_tokens,
            cache_write: usage.cache_write_tokens,
            output: usage.output_tokens,
            ..TokenBuckets::default()
        };
        let request = Request {
            provider: Some(&case.provider),
            model: Some(&case.model),
            at: case.at,
            tier: ServiceTier::Standard,
            tokens: &tokens,
        };
        let priced = catalogue().price(&request).unwrap();
        let dollars = |amount: domain::money::NanoUsd| amount.to_string().parse::<Decimal>().unwrap();
        let got = (dollars(priced.total), dollars(priced.input), dollars(priced.output));
        assert_eq!(got, (case.usd_total, case.usd_input, case.usd_output), "{}", case.model);
        let domain::price::PriceRef::Catalogue { entry, .. } = priced.price else { panic!("of the catalogue") };
        assert_eq!(entry, format!("{}/{}", case.provider, case.matched));
        // Without the provider the names tell it.
        let unnamed = catalogue().price(&Request { provider: None, ..request }).unwrap();
        assert_eq!(unnamed.total, priced.total, "{} without its provider", case.model);
    }
}
