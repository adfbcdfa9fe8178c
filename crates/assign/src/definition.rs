//! An experiment as people configure it and stores keep it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::condition::Condition;
use crate::range::Range;
use crate::stage::Stage;

/// Everything that decides which unit gets which arm. [`Experiment::new`](crate::Experiment::new) checks it.
///
/// Unknown fields are rejected when reading.
///
/// ```
/// let definition: assign::Definition = serde_json::from_str(
///     r#"{
///         "key": "tone-test", "seed": "01J0000000000000000000000A", "unit": "id", "coverage": 0.2,
///         "arms": [
///             {"key": "control", "name": "Control", "value": "7", "weight": 5000},
///             {"key": "warm", "name": "Warmer tone", "value": "8", "weight": 5000}
///         ]
///     }"#,
/// )?;
/// assert!(assign::Experiment::new(definition).is_ok());
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Definition {
    /// Names the experiment to clients and in exposures.
    pub key: String,
    /// Seeds the hash: the experiment's id, of fixed length so that seed and unit cannot run together. Changing it
    /// reshuffles all units.
    pub seed: String,
    /// The attribute that holds the unit's id, such as `id`; clients hash on it.
    pub unit: String,
    /// The arms, the control first, weights summing to 10,000.
    pub arms: Vec<Arm>,
    /// The share of eligible traffic that takes part, from 0 to 1 in steps of 0.0001.
    pub coverage: f64,
    /// Who is eligible; everybody if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub condition: Option<Condition>,
    /// The units that take part in nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holdout: Option<Holdout>,
    /// This experiment's part of its exclusion group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exclusion: Option<Filter>,
    /// Units that always get an arm and are never analysed: unit id to arm key. Never published.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub forced: BTreeMap<String, String>,
    /// Who sets the weights.
    #[serde(default)]
    pub allocation: Allocation,
    /// Whether a unit keeps the arm of its first exposure when weights change. The exposure decides then, and only the
    /// server can answer.
    #[serde(default)]
    pub sticky: bool,
    /// The phase and epoch this definition belongs to.
    #[serde(default)]
    pub stage: Stage,
}

/// One arm.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Arm {
    /// Names the arm in exposures: letters, digits, `.`, `_`, `-`.
    pub key: String,
    /// Its label.
    #[serde(default)]
    pub name: String,
    /// What the slot answers: the prompt version's number as a string.
    pub value: String,
    /// Its share in 1/10,000.
    pub weight: u16,
}

/// Who sets the weights.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Allocation {
    /// A person; changing them opens a phase.
    #[default]
    Fixed,
    /// The allocator of `stats::allocation`, batch by batch; each batch is an epoch.
    Adaptive,
}

/// A share of all units that takes part in no experiment, so that the sum of all changes can be measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Holdout {
    /// Seeds the hash; the same in all experiments that respect the holdout.
    pub seed: String,
    /// The share held out, above 0 and below 1 in steps of 0.0001.
    pub share: f64,
}

/// The buckets of another hash in which a unit must lie.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Filter {
    /// Seeds the hash; the same in all experiments of the group.
    pub seed: String,
    /// The buckets this experiment owns.
    pub ranges: Vec<Range>,
}
