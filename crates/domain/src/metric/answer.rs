use serde::{Deserialize, Serialize};

use super::{Dimension, Measure};
use crate::time::{TimeRange, TimeUs};

/// What a number counts, so that whoever shows it knows how.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Whole things.
    Count,
    /// 0 to 1.
    Share,
    /// Things per unit of time.
    Rate,
    /// Nanoseconds.
    Nanoseconds,
    /// Nano-dollars.
    NanoUsd,
    /// Tokens.
    Tokens,
    /// The score's own scale.
    Score,
    /// Microseconds since 1970.
    TimeUs,
}

/// One number with what it rests on.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct MetricValue {
    /// The number; `None` when nothing was observed.
    pub value: Option<f64>,
    /// How many observations it rests on: generations, or those that reported the quantity, or scores.
    pub n: u64,
    /// Where the true value lies with 95% confidence, when that can be said without assuming that a user's generations
    /// are independent of one another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interval: Option<[f64; 2]>,
    /// Whether it is within 1% rather than exact.
    pub approximate: bool,
}

/// The numbers of one group in one step of time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MetricRow {
    /// The group's value in each dimension asked for; the empty text stands for none.
    pub group: Vec<String>,
    /// Start of the step; absent without granularity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_us: Option<TimeUs>,
    /// One value a measure, in the order asked.
    pub values: Vec<MetricValue>,
}

/// The answer to a [`super::MetricQuery`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MetricAnswer {
    /// The measures, as asked.
    pub measures: Vec<Measure>,
    /// The dimensions, as asked.
    pub dimensions: Vec<Dimension>,
    /// The range really answered, in whole hours.
    pub range: TimeRange,
    /// Sorted by group (numbers as numbers), then time. Groups nothing was seen of are absent.
    pub rows: Vec<MetricRow>,
    /// Why the answer is not whole, when it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partial: Option<String>,
    /// How long ago the oldest event not yet counted here was stored, in milliseconds; 0 when all are counted.
    pub lag_ms: u64,
}
