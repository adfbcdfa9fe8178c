//! What the tests ask.

use domain::{price::ServiceTier, time::TimeUs, trace::TokenBuckets};
use prices::{Catalogue, PriceList, Request};

/// The catalogue alone.
pub(crate) fn catalogue() -> PriceList {
    PriceList::new(Catalogue::embedded().unwrap(), Vec::new())
}

pub(crate) fn time(text: &str) -> TimeUs {
    text.parse().unwrap()
}

/// A usual request at noon of a day the catalogue knows.
pub(crate) fn request<'a>(model: &'a str, tokens: &'a TokenBuckets) -> Request<'a> {
    Request {
        provider: None,
        model: Some(model),
        at: TimeUs(1_795_176_000_000_000),
        tier: ServiceTier::Standard,
        tokens,
    }
}
