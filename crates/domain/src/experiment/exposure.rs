use serde::{Deserialize, Serialize};

use super::ArmKey;
use crate::{ids::ExperimentId, time::TimeUs};

/// A unit met an experiment: the earliest time it did, and what it was given. One row for each experiment, phase and unit; its
/// arm is the truth. Forced units are never exposed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exposure {
    /// The experiment.
    pub experiment: ExperimentId,
    /// The phase.
    pub phase: u32,
    /// The epoch inside the phase.
    pub epoch: u32,
    /// The unit's id, as the application names it.
    pub unit: String,
    /// Its arm.
    pub arm: ArmKey,
    /// The probability of this arm among the units that take part.
    pub propensity: f64,
    /// Its place in the experiment's hash, 0 to 9,999.
    pub bucket: u16,
    /// What targeting said.
    pub eligibility: Eligibility,
    /// How it was met.
    pub door: ExposureDoor,
    /// When it was met first.
    pub first_us: TimeUs,
}

/// What targeting said when a unit was exposed.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Eligibility {
    /// The experiment targets nobody in particular.
    Untargeted,
    /// The attributes satisfied the condition.
    Matched,
    /// Not all attributes the condition names were known; the unit is counted and left out.
    Unknown,
}

/// How a unit met the experiment.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExposureDoor {
    /// `POST /api/v1/resolve`.
    Resolve,
    /// A single OFREP evaluation.
    Ofrep,
    /// A client's tracking callback.
    Tracking,
    /// A generation on the slot's prompt.
    Generation,
}
