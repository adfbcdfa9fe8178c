//! A number as pages hold it.

#[cfg(feature = "ssr")]
use domain::metric::MetricValue;
use serde::{Deserialize, Serialize};

/// A number and how many observations it rests on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    /// The number; `None` when nothing was observed.
    pub value: Option<f64>,
    /// Observations.
    pub n: u64,
}

#[cfg(feature = "ssr")]
impl From<MetricValue> for Measured {
    fn from(value: MetricValue) -> Self {
        Self { value: value.value, n: value.n }
    }
}
