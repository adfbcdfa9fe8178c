//! The step from tokens to a cost, the same for spans that come in and for spans that are priced again.

use domain::{
    price::{CostOrigin, ServiceTier},
    time::TimeNs,
    trace::{Cost, SpanKind, TokenBuckets},
};
use prices::{PriceList, Request};

/// Only a call of a model has a price: an agent that reports the sum of its calls would be paid for twice.
pub(crate) fn calls_model(kind: SpanKind) -> bool {
    matches!(kind, SpanKind::Generation | SpanKind::Embedding)
}

/// What tokens cost, or why that is unknown.
pub(crate) fn price(
    list: &PriceList,
    provider: Option<&str>,
    model: Option<&str>,
    start_ns: TimeNs,
    tier: ServiceTier,
    tokens: &TokenBuckets,
) -> (Cost, CostOrigin) {
    let request = Request { provider, model, at: start_ns.to_us(), tier, tokens };
    match list.price(&request) {
        Ok(priced) => {
            let cost = Cost {
                total: Some(priced.total),
                input: Some(priced.input),
                output: Some(priced.output),
                ..Cost::default()
            };
            (cost, CostOrigin::Computed { price: priced.price, lines: priced.lines })
        }
        Err(reason) => (Cost::default(), CostOrigin::Unpriced(reason)),
    }
}
