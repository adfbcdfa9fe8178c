use serde::{Deserialize, Serialize};

use super::{Allocation, Arm, BucketRange, Share, Targeting, UnitKind};
use crate::time::TimeUs;

/// A stretch in which the question stays the same: arms, unit, audience. The analysis begins again with each phase.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Phase {
    /// Counted from 0.
    pub number: u32,
    /// When it began.
    pub from_us: TimeUs,
    /// When it ended; none for the present one.
    pub to_us: Option<TimeUs>,
    /// Why it began, for people.
    pub why: String,
    /// What it asks; never changed.
    pub definition: PhaseDefinition,
    /// Its epochs, oldest first; never empty.
    pub epochs: Vec<Epoch>,
}

impl Phase {
    /// The present or last epoch.
    pub fn epoch(&self) -> Option<&Epoch> {
        self.epochs.last()
    }
}

/// What decides which unit gets which arm, but for coverage and weights, which are the epoch's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PhaseDefinition {
    /// What is split.
    pub unit: UnitKind,
    /// The arms, the control first, with the weights at the phase's beginning.
    pub arms: Vec<Arm>,
    /// Seeds the hash: the experiment's id, followed by the number of the phase that dealt units anew, if one did.
    pub seed: String,
    /// The phase from which on arms are kept although this or an earlier one has another seed: an arm was removed, and only whoever
    /// had it is dealt anew. None where a seed ends what was kept under the one before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept_since: Option<u32>,
    /// Who is eligible; everybody if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub targeting: Option<Targeting>,
    /// The project's holdout.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holdout: Option<SeededShare>,
    /// The part of the exclusion group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exclusion: Option<SeededRanges>,
    /// Who sets the weights.
    #[serde(default)]
    pub allocation: Allocation,
    /// Whether a unit keeps the arm of its first exposure.
    #[serde(default)]
    pub sticky: bool,
}

impl PhaseDefinition {
    /// Whether a unit keeps the arm of its first exposure. An adaptive split needs that: a unit's later rows count with the
    /// weights it was dealt by.
    pub fn keeps_arms(&self) -> bool {
        self.sticky || self.allocation == Allocation::Adaptive
    }
}

/// A share of a hash of its own.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeededShare {
    /// Seeds the hash.
    pub seed: String,
    /// The share, from bucket 0 on.
    pub share: Share,
}

/// Buckets of a hash of its own.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeededRanges {
    /// Seeds the hash.
    pub seed: String,
    /// The buckets.
    pub ranges: Vec<BucketRange>,
}

/// A stretch of constant coverage and weights inside a phase: a step of a ramp, a batch of an adaptive allocation, a pause
/// (coverage 0). The analysis is stratified by it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Epoch {
    /// Counted from 0 inside its phase.
    pub number: u32,
    /// When it began.
    pub from_us: TimeUs,
    /// When it ended; none for the present one.
    pub to_us: Option<TimeUs>,
    /// Why it began, for people.
    pub why: String,
    /// The share of eligible units that take part.
    pub coverage: Share,
    /// Each arm's weight in 1/10,000, in the order of the arms.
    pub weights: Vec<u16>,
}
