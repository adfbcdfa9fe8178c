//! A number as pages hold it, and what is said of numbers.

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

/// What an answer says of its numbers, as a sentence of a page: the API's begin small and mark names with backticks.
#[cfg(feature = "ssr")]
pub(crate) fn sentence(notice: &str) -> String {
    let notice = notice.replace('`', "");
    let mut letters = notice.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", letters.as_str().trim_end_matches('.'))
}
