//! What an experiment knows of one unit, as its page shows it.

use serde::{Deserialize, Serialize};

/// One unit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ExplainView {
    /// Its id.
    pub unit: String,
    /// What the rule of the time asked for gives it, and why.
    pub rule: String,
    /// Whether it counts, in a sentence.
    pub counts: String,
    /// When and how it met the experiment: arm, door, phase and epoch, time.
    pub met: Vec<MetLine>,
    /// What came of it in the present phase: what, how much, in how many rows.
    pub sums: Vec<[String; 3]>,
}

/// An exposure.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MetLine {
    /// The arm's key.
    pub arm: String,
    /// How.
    pub door: String,
    /// Phase, epoch, place in the hash.
    pub place: String,
    /// When, microseconds.
    pub at_us: i64,
}
