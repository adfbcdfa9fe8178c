use domain::{
    metric::{Dimension, Filter, Quantity},
    time::{TimeRange, TimeUs},
};

impl TotalsQuestion {
    /// The start of the step an instant lies in.
    pub fn step_of(&self, at: TimeUs) -> Option<TimeUs> {
        let after = self.steps.partition_point(|start| *start <= at);
        self.steps.get(after.checked_sub(1)?).copied()
    }
}

/// Counts by sketch key, sorted by key, no zero counts.
pub type Bins = Vec<(i16, u64)>;
/// Counts by score bin, sorted by bin, no zero counts.
pub type ScoreBins = Vec<(i32, u64)>;

/// A question about totals of generations and scores.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TotalsQuestion {
    /// When.
    pub range: TimeRange,
    /// Starts of the steps to split by, ascending, the first not after the range's start; none for one row a group. A step ends
    /// where the next one starts.
    pub steps: Vec<TimeUs>,
    /// What to split by.
    pub dimensions: Vec<Dimension>,
    /// What to keep.
    pub filters: Vec<Filter>,
    /// Whether totals of generations are wanted.
    pub spans: bool,
    /// Quantities whose bins are wanted too.
    pub bins: Vec<Quantity>,
    /// Whether totals of scores are wanted.
    pub scores: bool,
    /// Whether their bins are wanted too.
    pub score_bins: bool,
}

/// A question about how totals spread over [`super::UnitGroups::SPREAD`] groups of units.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SpreadQuestion {
    /// When.
    pub range: TimeRange,
    /// What to split by.
    pub dimensions: Vec<Dimension>,
    /// What to keep.
    pub filters: Vec<Filter>,
    /// Whether totals of generations are wanted.
    pub spans: bool,
    /// Quantities whose sums are wanted too; those of others stay 0.
    pub sums: Vec<Quantity>,
    /// Quantities whose bins are wanted too.
    pub bins: Vec<Quantity>,
    /// Whether totals of scores are wanted.
    pub scores: bool,
    /// Whether their bins are wanted too.
    pub score_bins: bool,
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
    /// Counts by sketch key; only when asked for.
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
    /// Categorical scores by category, sorted; not among the above. The empty text stands for all categories beyond the first
    /// 20 of this name.
    pub categories: Vec<(String, u64)>,
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
    /// The score's name; the empty text stands for all names beyond the first 50 of the project.
    pub name: String,
    /// The totals.
    pub totals: ScoreTotals,
}

/// Totals of one group of generations, by unit group: only those with something in them, ascending.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SpanSpread {
    /// Value in each dimension; the empty text stands for none.
    pub key: Vec<String>,
    /// Unit group and totals, without first and last times.
    pub groups: Vec<(u8, SpanTotals)>,
}

/// Totals of one score name in one group, likewise.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ScoreSpread {
    /// Value in each dimension; the empty text stands for none.
    pub key: Vec<String>,
    /// The score's name.
    pub name: String,
    /// Unit group and totals.
    pub groups: Vec<(u8, ScoreTotals)>,
}

/// How totals spread, in no particular order.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SpreadAnswer {
    /// What is really answered: the question, or the nearest wider one that is cheap to answer: over a longer range, with fewer
    /// filters and dimensions.
    pub answered: SpreadQuestion,
    /// Totals of generations, when asked for.
    pub spans: Vec<SpanSpread>,
    /// Totals of scores, when asked for.
    pub scores: Vec<ScoreSpread>,
}

/// The answer: groups in no particular order.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TotalsAnswer {
    /// The range really answered: as asked, or grown to whole hours where an hour holds too much to be divided.
    pub range: TimeRange,
    /// Totals of generations, when asked for.
    pub spans: Vec<Group>,
    /// Totals of scores, when asked for.
    pub scores: Vec<ScoreGroup>,
    /// Why the answer is not whole, when a bound was hit.
    pub partial: Option<String>,
}
