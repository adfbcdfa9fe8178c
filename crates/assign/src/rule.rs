//! The GrowthBook feature rule of an experiment, for clients that assign by themselves.

use serde::Serialize;
use serde_json::Value;

use crate::definition::Allocation;
use crate::experiment::Experiment;

/// An experiment rule as GrowthBook's clients read it: `ranges` and `filters` with `hashVersion: 2`.
///
/// Never `namespace`, whose hash is version 1 and leaves experiments dependent; never `weights` and `coverage`, from
/// which each client would compute ranges again; never forced units.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Rule<'a> {
    /// The experiment's key, which the tracking callback reports.
    pub key: &'a str,
    /// The phase, as text.
    pub phase: String,
    /// The hash's seed.
    pub seed: &'a str,
    /// The attribute with the unit's id.
    pub hash_attribute: &'a str,
    /// Always 2.
    pub hash_version: u8,
    /// What the slot answers for each arm.
    pub variations: Vec<&'a str>,
    /// Each arm's part of the traffic.
    pub ranges: Vec<[f64; 2]>,
    /// Holdout and exclusion, evaluated first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub filters: Vec<RuleFilter<'a>>,
    /// Each arm's key and name.
    pub meta: Vec<ArmMeta<'a>>,
    /// Targeting.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub condition: Option<Value>,
}

/// The part of another hash in which a unit must lie.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RuleFilter<'a> {
    /// The attribute with the unit's id.
    pub attribute: &'a str,
    /// The hash's seed.
    pub seed: &'a str,
    /// Always 2.
    pub hash_version: u8,
    /// The parts of the traffic that are let through.
    pub ranges: Vec<[f64; 2]>,
}

/// How an arm is named in a client's report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct ArmMeta<'a> {
    /// The arm's key.
    pub key: &'a str,
    /// The arm's label.
    pub name: &'a str,
}

/// Why clients cannot assign by themselves; the payload gives the slot's default and the server decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ServerOnly {
    /// The weights follow the results, and a unit must keep the arm it was given under earlier weights.
    #[error("an adaptive allocation is assigned by the server only")]
    Adaptive,
    /// A unit keeps the arm of its first exposure, which only the server knows.
    #[error("a sticky assignment is made by the server only")]
    Sticky,
}

const HASH_VERSION: u8 = 2;

impl Experiment {
    /// The rule that makes a client decide as [`assign`](Experiment::assign) does.
    ///
    /// # Errors
    ///
    /// [`ServerOnly`] when a client could not.
    pub fn growthbook_rule(&self) -> Result<Rule<'_>, ServerOnly> {
        let definition = self.definition();
        if definition.allocation == Allocation::Adaptive {
            return Err(ServerOnly::Adaptive);
        }
        if definition.sticky {
            return Err(ServerOnly::Sticky);
        }
        let attribute = definition.unit.as_str();
        let holdout = definition.holdout.as_ref().zip(self.admitted()).map(|(holdout, admitted)| RuleFilter {
            attribute,
            seed: &holdout.seed,
            hash_version: HASH_VERSION,
            ranges: vec![admitted.fractions()],
        });
        let exclusion = definition.exclusion.as_ref().map(|filter| RuleFilter {
            attribute,
            seed: &filter.seed,
            hash_version: HASH_VERSION,
            ranges: filter.ranges.iter().map(|range| range.fractions()).collect(),
        });
        Ok(Rule {
            key: &definition.key,
            phase: definition.stage.phase.to_string(),
            seed: &definition.seed,
            hash_attribute: attribute,
            hash_version: HASH_VERSION,
            variations: definition.arms.iter().map(|arm| arm.value.as_str()).collect(),
            ranges: self.ranges().iter().map(|range| range.fractions()).collect(),
            filters: holdout.into_iter().chain(exclusion).collect(),
            meta: definition.arms.iter().map(|arm| ArmMeta { key: &arm.key, name: &arm.name }).collect(),
            condition: definition.condition.as_ref().map(crate::Condition::to_growthbook),
        })
    }
}
