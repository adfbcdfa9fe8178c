//! The numbers kept with a decision, read back.

use domain::{experiment::Decision, time::TimeUs};
use experiment::{ArmUnits, MetricRow};
use serde::Deserialize;

/// What was known when an experiment was decided, as [`Decision::evidence`] keeps it. Checks and verdicts are kept, too; this
/// is what can be compared with what is known now.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct KeptEvidence {
    format: u8,
    /// When.
    pub at: TimeUs,
    /// The phase it is of.
    pub phase: u32,
    /// Days since that began.
    pub days: f64,
    /// Units exposed by then, also those left out.
    pub exposed: u64,
    /// The arms with the units in the analysis.
    pub arms: Vec<ArmUnits>,
    /// The rows, by the plan's choices.
    pub rows: Vec<MetricRow>,
}

impl KeptEvidence {
    /// Of a decision; nothing where none was kept, or in a form this build does not know.
    pub fn of(decision: &Decision) -> Option<Self> {
        let kept = Self::deserialize(decision.evidence.as_ref()?).ok()?;
        (kept.format == super::evidence::FORMAT).then_some(kept)
    }
}
