//! One user: what they asked, what it cost, what they thought of it.

use serde::{Deserialize, Serialize};

use crate::{
    measured::Measured,
    pages::{gathered::model::GatheredLine, traces::model::TraceLine},
    range::RangeShown,
};

/// How far back the page looks when the address does not say.
pub const DEFAULT_RANGE: &str = "30d";

/// The user's page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UserView {
    /// Their numbers over all time.
    pub head: GatheredLine,
    /// Their generations in the range, in numbers.
    pub numbers: UserNumbers,
    /// Their scores in the range, by name.
    pub scores: Vec<UserScore>,
    /// Their newest traces in the range.
    pub traces: Vec<TraceLine>,
    /// Whether there are more.
    pub more: bool,
    /// The range.
    pub range: RangeShown,
    /// Whether the visitor may have the user's data deleted.
    pub may_erase: bool,
    /// Why the numbers are not whole, when they are not.
    pub partial: Option<String>,
    /// The server's present.
    pub now_us: i64,
}

/// Generations in numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct UserNumbers {
    /// How many.
    pub count: Measured,
    /// Share that failed.
    pub error_rate: Measured,
    /// 95th percentile of latency, nanoseconds.
    pub latency_p95: Measured,
    /// Total cost, nano-dollars.
    pub cost: Measured,
}

/// Scores of one name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UserScore {
    /// Name.
    pub name: String,
    /// How many, of any kind.
    pub count: u64,
    /// Mean of those that are numbers.
    pub mean: Measured,
    /// Least and greatest.
    pub ends: Option<(f64, f64)>,
}
