use serde::{Deserialize, Serialize};

use super::{Share, problems::Problems};
use crate::time::TimeUs;

const MOST_STEPS: usize = 20;
const MOST_HOLD_MINUTES: u32 = 366 * 24 * 60;

/// Coverage that grows by steps up to the design's own, so that a bad version meets few units first. Raising coverage moves
/// no unit from one arm to another; each step is an epoch.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ramp {
    /// The steps before the design's coverage is reached, each wider than the one before. After the last one's hold the
    /// design's coverage applies.
    pub steps: Vec<RampStep>,
}

/// One step of a ramp.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RampStep {
    /// The share of the traffic while it lasts.
    pub coverage: Share,
    /// How long it lasts at least, in minutes.
    pub hold_minutes: u32,
    /// How many units must have been exposed in the experiment before the next step; 0 for no such rule.
    #[serde(default)]
    pub minimum_units: u64,
    /// Whether the next step waits until a person advances the ramp.
    #[serde(default)]
    pub approval: bool,
}

impl Ramp {
    /// The coverage of a step counted from 0; the design's own, `full`, beyond the last.
    pub fn coverage(&self, step: u32, full: Share) -> Share {
        let step = usize::try_from(step).ok().and_then(|step| self.steps.get(step));
        step.map_or(full, |step| step.coverage)
    }

    pub(super) fn check(&self, full: Share, problems: &mut Problems) {
        if self.steps.is_empty() {
            problems.add("ramp.steps", "no step; give at least one, or no ramp");
        }
        if self.steps.len() > MOST_STEPS {
            problems.add("ramp.steps", format!("`{}` steps; at most {MOST_STEPS}", self.steps.len()));
        }
        let mut before = Share::NONE;
        for (index, step) in self.steps.iter().enumerate() {
            if step.coverage <= before {
                problems.add(
                    format!("ramp.steps[{index}].coverage"),
                    format!("`{}` is not above {before} of the step before; each step is wider", step.coverage),
                );
            } else if step.coverage >= full {
                problems.add(
                    format!("ramp.steps[{index}].coverage"),
                    format!("`{}` is not below the traffic share {full}, where the ramp ends", step.coverage),
                );
            }
            if step.hold_minutes > MOST_HOLD_MINUTES {
                problems.add(
                    format!("ramp.steps[{index}].hold_minutes"),
                    format!("`{}` minutes; at most {MOST_HOLD_MINUTES}, a year", step.hold_minutes),
                );
            }
            before = step.coverage;
        }
    }
}

/// Where a running experiment is on its ramp.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RampProgress {
    /// The step, counted from 0; as many as there are steps once the ramp is climbed.
    pub step: u32,
    /// When it was reached, or when the experiment was resumed on it.
    pub since_us: TimeUs,
}
