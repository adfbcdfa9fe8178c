//! Phases and epochs: which stretches of an experiment may be analysed together.
//!
//! A *phase* ends when the question changes: other arms, another population, another unit, weights changed by hand, or
//! a new seed. The analysis starts again. An *epoch* is a stretch of constant weights and coverage inside a phase: ramp
//! steps and adaptive batches. The analysis is stratified by epoch.

use serde::{Deserialize, Serialize};

use crate::definition::{Allocation, Definition};

/// Where an experiment is, counted from 0. Every exposure stores it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stage {
    /// Counts changes of the question.
    pub phase: u32,
    /// Counts changes of weights or coverage inside the phase.
    pub epoch: u32,
}

impl Stage {
    /// The stage after a change.
    #[must_use]
    pub const fn after(self, change: Change) -> Self {
        match change {
            Change::Same => self,
            Change::Epoch => Self { phase: self.phase, epoch: self.epoch.saturating_add(1) },
            Change::Phase => Self { phase: self.phase.saturating_add(1), epoch: 0 },
        }
    }
}

/// What an edit does to the analysis.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// Nothing: a name, or a forced unit (which is never analysed).
    Same,
    /// Opens an epoch: coverage, or the weights of an adaptive allocation.
    Epoch,
    /// Opens a phase: arms, targeting, holdout, exclusion, unit, seed, kind of allocation, or weights set by hand.
    Phase,
}

impl Definition {
    /// What changing this definition to `next` does to the analysis.
    ///
    /// Names are labels and do not count; neither does `stage` itself. A holdout or exclusion range decides who can
    /// take part, exactly like targeting, and so opens a phase.
    #[must_use]
    pub fn change_to(&self, next: &Self) -> Change {
        let same_question = self.key == next.key
            && self.seed == next.seed
            && self.unit == next.unit
            && self.condition == next.condition
            && self.holdout == next.holdout
            && self.exclusion == next.exclusion
            && self.allocation == next.allocation
            && self.sticky == next.sticky
            && self.arms.len() == next.arms.len()
            && self
                .arms
                .iter()
                .zip(&next.arms)
                .all(|(ours, theirs)| ours.key == theirs.key && ours.value == theirs.value);
        let same_weights = self.arms.iter().map(|arm| arm.weight).eq(next.arms.iter().map(|arm| arm.weight));
        if !same_question || (!same_weights && self.allocation == Allocation::Fixed) {
            return Change::Phase;
        }
        if !same_weights || self.coverage.to_bits() != next.coverage.to_bits() {
            return Change::Epoch;
        }
        Change::Same
    }
}
