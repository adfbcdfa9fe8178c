//! Tokens and cost, where the sender did not say them: counted, and priced.

use std::sync::Arc;

use domain::{
    price::{Charge, CostOrigin, Estimate, ServiceTier},
    trace::{Cost, Span, TokenBuckets},
};
use prices::PriceList;
use text::tokens::{self, Counter, tokenizer_of};

use crate::prices::{calls_model, price};

/// Prices the spans of one request.
pub(super) struct Pricer {
    list: Arc<PriceList>,
    counter: Counter,
    told: Told,
}

/// Spans by where their cost comes from.
#[derive(Default)]
struct Told {
    none: u64,
    given: u64,
    computed: u64,
    unpriced: u64,
}

impl Pricer {
    pub(super) fn new(list: Arc<PriceList>) -> Self {
        Self { list, counter: Counter::default(), told: Told::default() }
    }

    /// Fills in what can be worked out, and says what tokens and cost rest on. What the sender said stands.
    pub(super) fn charge(&mut self, span: &mut Span) -> Charge {
        let tier = otlp::service_tier(span);
        let estimate = self.estimate(span);
        let given = Charge { tier, estimate, ..Charge::reported(&span.cost, span.provider.as_deref()) };
        let origin = match (&given.origin, span.usage.buckets) {
            (CostOrigin::None, Some(tokens)) if calls_model(span.kind) => self.work_out(span, tier, &tokens),
            _ => given.origin.clone(),
        };
        let told = match &origin {
            CostOrigin::None => &mut self.told.none,
            CostOrigin::Given => &mut self.told.given,
            CostOrigin::Computed { .. } => &mut self.told.computed,
            CostOrigin::Unpriced(_) => &mut self.told.unpriced,
        };
        *told += 1;
        Charge { origin, ..given }
    }

    /// Counts what was done for operators, once a request.
    pub(super) fn tell(self) {
        let Told { none, given, computed, unpriced } = self.told;
        for (cost, spans) in [("none", none), ("given", given), ("computed", computed), ("unpriced", unpriced)] {
            if spans > 0 {
                metrics::counter!("assay_spans_priced_total", "cost" => cost).increment(spans);
            }
        }
    }

    fn work_out(&self, span: &mut Span, tier: ServiceTier, tokens: &TokenBuckets) -> CostOrigin {
        let (amounts, origin) =
            price(&self.list, span.provider.as_deref(), span.model.as_deref(), span.start_ns, tier, tokens);
        let reported = std::mem::take(&mut span.cost.reported);
        span.cost = Cost { reported, ..amounts };
        origin
    }

    /// Counts the tokens of a call that succeeded and whose tokens nobody said.
    fn estimate(&mut self, span: &mut Span) -> Option<Estimate> {
        if span.usage.buckets.is_some() || !calls_model(span.kind) || span.is_error() {
            return None;
        }
        let tokenizer = tokenizer_of(span.model.as_deref()?);
        if span.input.is_none() && span.output.is_none() {
            return None;
        }
        let read = span.input.as_ref().map(|input| self.counter.input(tokenizer, input)).unwrap_or_default();
        // What an embedding gives back is numbers.
        let written = span.output.as_ref().filter(|_| span.kind.is_generation());
        let written = written.map(|output| self.counter.output(tokenizer, output)).unwrap_or_default();
        span.usage.buckets =
            Some(TokenBuckets { input: read.tokens, output: written.tokens, ..TokenBuckets::default() });
        Some(tokens::estimate(tokenizer, &[read, written]))
    }
}
