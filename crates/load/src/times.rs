//! Latencies as a histogram with three digits, from a microsecond to a minute.

use std::time::Duration;

use anyhow::Context as _;
use hdrhistogram::Histogram;
use serde_json::{Value, json};

/// Longer waits count as this long.
const LONGEST: Duration = Duration::from_mins(1);

/// How long answers took.
#[derive(Clone, Debug)]
pub(crate) struct Times(Histogram<u64>);

impl Times {
    pub(crate) fn new() -> anyhow::Result<Self> {
        let longest = u64::try_from(LONGEST.as_micros())?;
        Ok(Self(Histogram::new_with_bounds(1, longest, 3).context("the bounds of the histogram are wrong")?))
    }

    pub(crate) fn add(&mut self, took: Duration) {
        let micros = u64::try_from(took.min(LONGEST).as_micros()).unwrap_or(u64::MAX);
        self.0.saturating_record(micros.max(1));
    }

    pub(crate) fn merge(&mut self, other: &Self) -> anyhow::Result<()> {
        self.0.add(&other.0).context("the histograms differ")
    }

    pub(crate) fn count(&self) -> u64 {
        self.0.len()
    }

    /// Milliseconds that this share (0 to 1) of the answers took at most.
    pub(crate) fn quantile_ms(&self, share: f64) -> f64 {
        self.0.value_at_quantile(share) as f64 / 1000.0
    }

    pub(crate) fn to_json(&self) -> Value {
        json!({
            "count": self.count(),
            "p50_ms": self.quantile_ms(0.50),
            "p95_ms": self.quantile_ms(0.95),
            "p99_ms": self.quantile_ms(0.99),
            "p999_ms": self.quantile_ms(0.999),
            "max_ms": self.0.max() as f64 / 1000.0,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_of_all_that_was_added() {
        let mut times = Times::new().unwrap();
        for millis in 1..=100 {
            times.add(Duration::from_millis(millis));
        }
        let mut other = Times::new().unwrap();
        other.add(Duration::from_hours(1));
        times.merge(&other).unwrap();
        assert_eq!(times.count(), 101);
        assert!((times.quantile_ms(0.5) - 51.0).abs() < 0.1);
        assert!(times.quantile_ms(1.0) >= 60_000.0);
    }
}
