//! Which version a unit gets, and why.

use assign::{Outcome, Reason, Stage};
use domain::{
    experiment::{ArmKey, Eligibility, ExperimentKey, Exposure, ExposureDoor},
    ids::ExperimentId,
    outcome::EventUnit,
    time::TimeUs,
};
use serde_json::{Map, Value};

use super::rules::{Rule, Split};

/// What a slot answers a unit.
#[derive(Clone, Debug, PartialEq)]
pub struct Resolved<'r> {
    /// The slot.
    pub rule: &'r Rule,
    /// The version to use.
    pub version: u32,
    /// The experiment that splits the slot, whether or not the unit takes part.
    pub split: Option<InSplit<'r>>,
}

/// How a unit stands to an experiment.
#[derive(Clone, Debug, PartialEq)]
pub struct InSplit<'r> {
    /// The experiment.
    pub experiment: ExperimentId,
    /// Its key.
    pub key: &'r ExperimentKey,
    /// The phase and epoch.
    pub stage: Stage,
    /// Why it gets what it gets.
    pub reason: Reason,
    /// The arm, where it takes part or is forced.
    pub arm: Option<&'r ArmKey>,
    /// What an exposure records, where it takes part; forced units do not.
    pub assigned: Option<Assigned>,
}

/// An arm a unit was given before.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Kept {
    /// The phase it was exposed in.
    pub phase: u32,
    /// The arm.
    pub arm: ArmKey,
}

/// What an exposure records.
#[derive(Clone, Debug, PartialEq)]
pub struct Assigned {
    /// The unit's id.
    pub unit: String,
    /// Its place, 0 to 9,999.
    pub bucket: u16,
    /// The probability of its arm among those who take part.
    pub propensity: f64,
    /// What targeting said.
    pub eligibility: Eligibility,
}

impl Resolved<'_> {
    /// The exposure an answer at an instant makes; none for a unit that takes no part or is forced, or whose id is too long to
    /// be looked up.
    #[must_use]
    pub fn exposure(&self, door: ExposureDoor, first_us: TimeUs) -> Option<Exposure> {
        let split = self.split.as_ref()?;
        let (assigned, arm) = (split.assigned.as_ref()?, split.arm?);
        if assigned.unit.is_empty() || assigned.unit.chars().count() > EventUnit::MOST_ID {
            return None;
        }
        Some(Exposure {
            experiment: split.experiment,
            phase: split.stage.phase,
            epoch: split.stage.epoch,
            unit: assigned.unit.clone(),
            arm: arm.clone(),
            propensity: assigned.propensity,
            bucket: assigned.bucket,
            eligibility: assigned.eligibility,
            door,
            first_us,
        })
    }
}

impl PartialEq for Rule {
    fn eq(&self, other: &Self) -> bool {
        self.slot == other.slot && self.version == other.version
    }
}

impl Rule {
    /// What the slot answers a unit with these attributes, of which one is the unit's id (`id` for users).
    #[must_use]
    pub fn resolve(&self, attributes: &Map<String, Value>) -> Resolved<'_> {
        self.resolve_keeping(attributes, None)
    }

    /// What the slot answers whoever takes part in nothing.
    fn plain(&self) -> Resolved<'_> {
        Resolved { rule: self, version: self.version, split: None }
    }

    /// What it answers a unit that has not met the experiment, where only a door that notes exposures may deal arms.
    pub(super) fn undealt(&self) -> Resolved<'_> {
        let split = self.split.as_ref().map(|split| InSplit { reason: Reason::Undealt, ..split.nobody() });
        Resolved { split, ..self.plain() }
    }

    /// The same for a unit that was given an arm before, which it keeps. It is not exposed anew: in the phase it was exposed in
    /// it is already, and in a later one its arm was not dealt by the weights of that.
    #[must_use]
    pub fn resolve_keeping(&self, attributes: &Map<String, Value>, kept: Option<&Kept>) -> Resolved<'_> {
        let plain = self.plain();
        let Some(split) = &self.split else { return plain };
        let definition = split.engine.definition();
        let unit = unit_id(attributes, &definition.unit);
        let outcome = split.engine.assign(unit.as_deref(), attributes);
        if let (Some(kept), Some(unit)) = (kept, &unit) {
            let dealt_now = kept.phase == definition.stage.phase
                && matches!(&outcome, Outcome::Assigned { arm, .. } if arm.key == kept.arm.as_str());
            let keeps = split.engine.keeps(unit, attributes, kept.arm.as_str());
            if let Some((arm, version)) = keeps.filter(|_| !dealt_now).and_then(|arm| split.arm(&arm.key)) {
                let standing = InSplit { reason: Reason::Kept, arm: Some(arm), ..split.nobody() };
                return Resolved { version, split: Some(standing), ..plain };
            }
        }
        let served = outcome.arm().and_then(|arm| split.arm(&arm.key));
        let assigned = match outcome {
            Outcome::Assigned { bucket, propensity, .. } => {
                unit.map(|unit| Assigned { unit, bucket: bucket.number(), propensity, eligibility: eligibility(split) })
            }
            _ => None,
        };
        let arm = served.map(|(arm, _)| arm);
        let standing = InSplit { reason: outcome.reason(), arm, assigned, ..split.nobody() };
        let version = served.map_or(self.version, |(_, version)| version);
        Resolved { version, split: Some(standing), ..plain }
    }
}

impl Split {
    /// How somebody stands who takes no part.
    fn nobody(&self) -> InSplit<'_> {
        InSplit {
            experiment: self.id,
            key: &self.key,
            stage: self.engine.definition().stage,
            reason: Reason::OutsideCoverage,
            arm: None,
            assigned: None,
        }
    }

    /// The id of the unit that keeps its arm, where units do.
    pub(super) fn sticky_unit(&self, attributes: &Map<String, Value>) -> Option<String> {
        let definition = self.engine.definition();
        unit_id(attributes, &definition.unit).filter(|unit| definition.sticky && !unit.is_empty())
    }
}

fn eligibility(split: &Split) -> Eligibility {
    match split.engine.definition().condition {
        // Nobody is assigned whom the condition does not match.
        Some(_) => Eligibility::Matched,
        None => Eligibility::Untargeted,
    }
}

/// A unit's id as clients hash it: a text, or a whole number in decimal digits. They agree on nothing else, and take 0 for
/// missing.
fn unit_id(attributes: &Map<String, Value>, attribute: &str) -> Option<String> {
    match attributes.get(attribute)? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) if number.as_u64() == Some(0) => None,
        Value::Number(number) if number.is_u64() || number.is_i64() => Some(number.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn ids_are_texts_and_whole_numbers() {
        for (value, id) in [
            (json!("ü-1"), Some("ü-1")),
            (json!(42), Some("42")),
            (json!(-7), Some("-7")),
            (json!(0), None),
            (json!(1.5), None),
            (json!(true), None),
            (json!(null), None),
        ] {
            let attributes = Map::from_iter([("id".to_owned(), value.clone())]);
            assert_eq!(unit_id(&attributes, "id").as_deref(), id, "{value}");
        }
        assert_eq!(unit_id(&Map::new(), "id"), None);
    }
}
