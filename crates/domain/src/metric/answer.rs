use serde::{Deserialize, Serialize};

use super::{Dimension, Measure, Subject};
use crate::time::{TimeRange, TimeUs};

/// The confidence level of every interval of an answer.
pub const LEVEL: f64 = 0.95;

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

/// How an interval was found. Neither takes the generations of one user for independent.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IntervalMethod {
    /// From the spread over hashed groups of units (users, else sessions, else traces) of exactly what was asked.
    UnitGroups,
    /// From the spread of the values asked for, made wider by the design effect that a larger set showed in its unit groups:
    /// one without the filters and splits that groups are not kept for, over whole days.
    DesignEffect,
}

/// Where the true value lies at [`LEVEL`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// Lower end.
    pub lower: f64,
    /// Upper end.
    pub upper: f64,
    /// How it was found.
    pub method: IntervalMethod,
}

/// Why a number that could have an interval has none.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, Serialize, Deserialize)]
#[serde(tag = "reason", rename_all = "snake_case")]
pub enum NoInterval {
    /// Too few groups of units (users, else sessions, else traces) were seen.
    TooFewUnits {
        /// Groups seen.
        have: u64,
        /// Groups needed.
        need: u64,
    },
    /// Too few generations lie beyond the quantile.
    TooFewBeyond,
    /// The values lie on a grid too coarse for an interval of a quantile; use the mean or a share.
    TooFewDistinctValues,
    /// All values are the same.
    NoVariation,
    /// The question left intervals out.
    NotAsked,
}

/// One number with what it rests on.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct MetricValue {
    /// The number; `None` when nothing was observed.
    pub value: Option<f64>,
    /// How many observations it rests on: generations, or those that reported the quantity, or scores.
    pub n: u64,
    /// Where the true value lies with 95% confidence, when that can be said without assuming that a user's generations
    /// are independent of one another. Counts, sums, extremes and times have none: they are what happened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interval: Option<Interval>,
    /// Why there is no interval, for a number that could have one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub no_interval: Option<NoInterval>,
    /// Whether it is within 1% rather than exact.
    pub approximate: bool,
}

impl MetricValue {
    /// Of nothing.
    pub const NOTHING: Self = Self { value: None, n: 0, interval: None, no_interval: None, approximate: false };
}

/// How a value differs from that of the baseline it is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Difference {
    /// The baseline's value.
    pub baseline: Option<f64>,
    /// What that rests on.
    pub baseline_n: u64,
    /// Value minus baseline.
    pub absolute: Option<f64>,
    /// Where the true difference lies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interval: Option<Interval>,
    /// The difference as a share of the baseline's magnitude: 0.03 is 3% more.
    pub relative: Option<f64>,
    /// Where that lies (Fieller's set); absent also when the baseline is too close to zero for a percentage.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub relative_interval: Option<Interval>,
}

/// A stretch of values and how many lie in it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Bin {
    /// Values are above this; or exactly this when it equals `upper`.
    pub lower: f64,
    /// Values are at most this.
    pub upper: f64,
    /// How many.
    pub count: u64,
}

/// One category of a categorical score.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Category {
    /// Its name; the empty text stands for all beyond the first 20 of this score name.
    pub name: String,
    /// Scores that say so.
    pub count: u64,
    /// Their share of the categorical scores of this name, with its interval.
    pub share: MetricValue,
}

/// How values are spread.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Distribution {
    /// Of what.
    pub subject: Subject,
    /// Numbers counted in the bins.
    pub n: u64,
    /// Bins with something in them, ascending, at most 64.
    pub bins: Vec<Bin>,
    /// Categories, most frequent first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub categories: Vec<Category>,
    /// Whether the bins' ends are within 1% rather than exact.
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
    /// One a measure when a comparison was asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub differences: Vec<Difference>,
    /// One a distribution asked for, in that order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub distributions: Vec<Distribution>,
}

/// The answer to a [`super::MetricQuery`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MetricAnswer {
    /// The measures, as asked.
    pub measures: Vec<Measure>,
    /// The dimensions, as asked.
    pub dimensions: Vec<Dimension>,
    /// The range really answered: as asked, or in whole hours where too much happened in a part of one.
    pub range: TimeRange,
    /// The range compared with, when one was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compared: Option<TimeRange>,
    /// Sorted by group (numbers as numbers), then time. Groups nothing was seen of are absent.
    pub rows: Vec<MetricRow>,
    /// What a reader has to know to understand the numbers, such as scores of different scales counted together.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notices: Vec<String>,
    /// Why the answer is not whole, when it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partial: Option<String>,
    /// How long ago the oldest event not yet counted here was stored, in milliseconds; 0 when all are counted.
    pub lag_ms: u64,
}
