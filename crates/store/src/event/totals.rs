use domain::{
    metric::{Dimension, Filter, Granularity, Quantity},
    time::{TimeRange, TimeUs},
};

/// Counts by sketch key, sorted by key, no zero counts.
pub type Bins = Vec<(i16, u64)>;
/// Counts by score bin, sorted by bin, no zero counts.
pub type ScoreBins = Vec<(i32, u64)>;

/// A question about totals of generations and scores.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TotalsQuestion {
    /// When, in whole hours (the caller has rounded).
    pub range: TimeRange,
    /// Steps, if any.
    pub granularity: Option<Granularity>,
    /// What to split by.
    pub dimensions: Vec<Dimension>,
    /// What to keep.
    pub filters: Vec<Filter>,
    /// Whether totals of generations are wanted.
    pub spans: bool,
    /// Whether totals of scores are wanted.
    pub scores: bool,
}

/// Totals of generations.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct SpanTotals {
    /// Generations.
    pub count: u64,
    /// Failed ones.
    pub errors: u64,
    /// Ones that gave nothing back.
    pub null_responses: u64,
    /// Start of the first, nanoseconds.
    pub first_ns: Option<i64>,
    /// Start of the last, nanoseconds.
    pub last_ns: Option<i64>,
    /// Sums of each quantity, in the order of [`Quantity::ALL`].
    pub quantities: [QuantityTotals; Quantity::ALL.len()],
}

/// Totals of one quantity.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct QuantityTotals {
    /// Generations that reported it.
    pub n: u64,
    /// Sum, in the quantity's unit.
    pub sum: i128,
    /// Sum of squares.
    pub squares: i128,
    /// Counts by sketch key; kept for latency, time to first token, cost, input and output tokens only.
    pub bins: Bins,
}

/// Totals of scores.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct ScoreTotals {
    /// Scores with a number.
    pub n: u64,
    /// Sum in units of 1e-9.
    pub sum: i128,
    /// Sum of squares in units of 1e-18.
    pub squares: i128,
    /// Counts by bin.
    pub bins: ScoreBins,
}

/// Totals of one group in one step.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Group {
    /// Value in each dimension; the empty text stands for none.
    pub key: Vec<String>,
    /// Start of the step.
    pub at_us: Option<TimeUs>,
    /// The totals.
    pub totals: SpanTotals,
}

/// Totals of one score name in one group and step.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ScoreGroup {
    /// Value in each dimension; the empty text stands for none.
    pub key: Vec<String>,
    /// Start of the step.
    pub at_us: Option<TimeUs>,
    /// The score's name.
    pub name: String,
    /// The totals.
    pub totals: ScoreTotals,
}

/// The answer: groups in no particular order.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct TotalsAnswer {
    /// Totals of generations, when asked for.
    pub spans: Vec<Group>,
    /// Totals of scores, when asked for.
    pub scores: Vec<ScoreGroup>,
    /// Why the answer is not whole, when a bound was hit.
    pub partial: Option<String>,
}
