//! Experiments: versions of a prompt compared on live traffic of one slot (a prompt and a label).
//!
//! An [`Experiment`] has a [`Design`], which people edit, and [`Phase`]s, which are what was really served: each freezes the
//! arms and the audience, and consists of [`Epoch`]s of constant coverage and weights. Exposures name both numbers. The
//! control is the version the label points at, so whoever does not take part gets what the control's units get.

mod activity;
mod adaptive;
mod arm;
mod decision;
mod design;
mod exclusion;
mod exposure;
mod keeping;
mod metric;
mod name;
mod phase;
mod plan;
mod problems;
mod ramp;
mod schedule;
mod share;
mod source;
mod state;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

pub use activity::{Activity, ActivityKind, FieldChange};
pub use adaptive::Adaptive;
pub use arm::{Allocation, Arm, Holdout, UnitKind};
pub use decision::{Decision, DecisionKind};
pub use design::{Design, Targeting};
pub use exclusion::{BucketRange, Exclusion};
pub use exposure::{Eligibility, Exposure, ExposureDoor};
pub use keeping::Keeping;
pub use metric::{Cap, Direction, ExperimentMetric, Margin, MetricDefinition, MetricRole};
pub use name::{ArmKey, AttributeName, EventName, ExperimentKey, GroupName, MetricKey};
pub use phase::{Epoch, Phase, PhaseDefinition, SeededRanges, SeededShare};
pub use plan::{Correction, DecisionRule, Difference, Method, OnHarm, Plan};
pub use ramp::{Ramp, RampProgress, RampStep};
pub use schedule::Schedule;
pub use share::Share;
pub use source::{Aggregation, MetricSource, QuantileLevel};
pub use state::{Action, Outcome, State};

use crate::{
    ids::{ExperimentId, PromptId},
    prompt::{FlagKey, LabelName, PromptName},
    time::TimeUs,
};

/// The slot an experiment runs on.
#[derive(Clone, Debug, Eq, Hash, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Slot {
    /// The prompt.
    pub prompt: PromptId,
    /// Its name.
    pub prompt_name: PromptName,
    /// The label.
    pub label: LabelName,
    /// The key flag clients use for it.
    pub flag_key: FlagKey,
}

/// An experiment as it is kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Experiment {
    /// Its id.
    pub id: ExperimentId,
    /// Its key.
    pub key: ExperimentKey,
    /// Where it runs.
    pub slot: Slot,
    /// Where it is in its life.
    pub state: State,
    /// Counts its changes from 1; whoever changes it says which one they saw.
    pub revision: u32,
    /// What people chose.
    pub design: Design,
    /// What was served, oldest first; empty before the start.
    pub phases: Vec<Phase>,
    /// Where its ramp stands, while it has one and runs or is paused.
    pub ramp: Option<RampProgress>,
    /// How it ended.
    pub decision: Option<Decision>,
    /// Who made it, for people.
    pub created_by: String,
    /// When it was made.
    pub created_us: TimeUs,
    /// When it was changed last.
    pub updated_us: TimeUs,
    /// When it was launched.
    pub launched_us: Option<TimeUs>,
    /// When it began to split.
    pub started_us: Option<TimeUs>,
    /// When it ended.
    pub ended_us: Option<TimeUs>,
}

impl Experiment {
    /// The name shown.
    pub fn title(&self) -> &str {
        if self.design.name.is_empty() { self.key.as_str() } else { &self.design.name }
    }

    /// The present or last phase.
    pub fn phase(&self) -> Option<&Phase> {
        self.phases.last()
    }

    /// The first of the phases up to one of them whose arms are kept, where units keep theirs: since then units are dealt by one
    /// seed, or by another one only because an arm was removed.
    pub fn dealt_since(&self, phase: &Phase) -> u32 {
        if let Some(since) = phase.definition.kept_since {
            return since;
        }
        let before = self.phases.iter().rev().skip_while(|one| one.number > phase.number);
        let dealt = before.take_while(|one| one.definition.seed == phase.definition.seed).last();
        dealt.map_or(phase.number, |one| one.number)
    }

    /// The phase and epoch an instant lies in; none before the start and after the end.
    pub fn stage_at(&self, at: TimeUs) -> Option<(&Phase, &Epoch)> {
        let within = |from: TimeUs, to: Option<TimeUs>| from <= at && to.is_none_or(|to| at < to);
        let phase = self.phases.iter().find(|phase| within(phase.from_us, phase.to_us))?;
        let epoch = phase.epochs.iter().find(|epoch| within(epoch.from_us, epoch.to_us))?;
        Some((phase, epoch))
    }

    /// The metrics of a role, in the order of the design.
    pub fn metrics(&self, role: MetricRole) -> impl Iterator<Item = &ExperimentMetric> {
        self.design.metrics.iter().filter(move |metric| metric.role == role)
    }
}
