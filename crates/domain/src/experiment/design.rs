use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    Adaptive, Allocation, Arm, ArmKey, Exclusion, ExperimentMetric, Holdout, MetricRole, Plan, Ramp, Schedule, Share,
    UnitKind, problems::Problems,
};
use crate::problem::FieldProblem;

/// Who is eligible, as the JSON of `assign`'s condition: `{"eq": {"attribute": "plan", "value": "pro"}}`. Whoever stores it
/// has read it as one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Targeting(pub Value);

/// What people choose about an experiment. A draft may be incomplete; [`Self::problems`] says what keeps it from being
/// launched.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Design {
    /// What people call it; the key if empty.
    #[serde(default)]
    pub name: String,
    /// What is expected, and why.
    #[serde(default)]
    pub hypothesis: String,
    /// What is split.
    #[serde(default = "user")]
    pub unit: UnitKind,
    /// The versions compared, the control first: 2 to 10.
    #[serde(default)]
    pub arms: Vec<Arm>,
    /// The share of eligible units that take part, whatever the weights.
    #[serde(default = "everybody")]
    pub coverage: Share,
    /// Who sets the weights.
    #[serde(default)]
    pub allocation: Allocation,
    /// How an adaptive split moves; nothing for a fixed one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adaptive: Option<Adaptive>,
    /// Who is eligible; everybody if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub targeting: Option<Targeting>,
    /// The part of an exclusion group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exclusion: Option<Exclusion>,
    /// The units left out of every experiment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holdout: Option<Holdout>,
    /// Whether a unit keeps the arm of its first exposure when weights change; only the server can answer then.
    #[serde(default)]
    pub sticky: bool,
    /// Units that always get an arm, for testers: unit id to arm. Never analysed, never in a public payload.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub forced: BTreeMap<String, ArmKey>,
    /// How coverage grows; at once if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ramp: Option<Ramp>,
    /// When it runs.
    #[serde(default)]
    pub schedule: Schedule,
    /// What is measured: at least one goal, at most three.
    #[serde(default)]
    pub metrics: Vec<ExperimentMetric>,
    /// How it is judged.
    #[serde(default)]
    pub plan: Plan,
}

fn user() -> UnitKind {
    UnitKind::User
}

fn everybody() -> Share {
    Share::ALL
}

/// Everybody, split by user, no arms yet.
impl Default for Design {
    fn default() -> Self {
        Self {
            name: String::new(),
            hypothesis: String::new(),
            unit: user(),
            arms: Vec::new(),
            coverage: everybody(),
            allocation: Allocation::default(),
            adaptive: None,
            targeting: None,
            exclusion: None,
            holdout: None,
            sticky: false,
            forced: BTreeMap::new(),
            ramp: None,
            schedule: Schedule::default(),
            metrics: Vec::new(),
            plan: Plan::default(),
        }
    }
}

impl Design {
    /// Fewest arms.
    pub const LEAST_ARMS: usize = 2;
    /// Most arms.
    pub const MOST_ARMS: usize = 10;
    /// What all weights sum to.
    pub const WEIGHTS: u32 = 10_000;
    /// Most goals.
    pub const MOST_GOALS: usize = 3;
    /// Most metrics.
    pub const MOST_METRICS: usize = 30;
    /// Most forced units.
    pub const MOST_FORCED: usize = 1_000;
    const MOST_NAME: usize = 200;
    const MOST_HYPOTHESIS: usize = 4_000;
    const MOST_UNIT_ID: usize = 200;

    /// The arm with a key.
    pub fn arm(&self, key: &ArmKey) -> Option<&Arm> {
        self.arms.iter().find(|arm| arm.key == *key)
    }

    /// Everything that keeps the design from being launched, as far as it can be seen without the project: each at its
    /// field, with what would be right. Versions, slots, targeting and neighbours in an exclusion group are looked at by
    /// `services`.
    pub fn problems(&self) -> Vec<FieldProblem> {
        let mut problems = Problems::default();
        self.check_texts(&mut problems);
        self.check_arms(&mut problems);
        if self.coverage == Share::NONE {
            problems.add("coverage", "`0` lets nobody take part; give up to 1, such as 0.5");
        }
        if let Some(exclusion) = &self.exclusion {
            exclusion.check("exclusion", &mut problems);
        }
        if let Some(holdout) = &self.holdout
            && (holdout.share == Share::NONE || holdout.share == Share::ALL)
        {
            problems.add(
                "holdout.share",
                format!("`{}` holds out nobody or everybody; give a part, such as 0.05", holdout.share.fraction()),
            );
        }
        self.check_forced(&mut problems);
        if let Some(ramp) = &self.ramp {
            ramp.check(self.coverage, &mut problems);
        }
        self.schedule.check(&mut problems);
        self.check_metrics(&mut problems);
        self.plan.check(&mut problems);
        match (self.allocation, &self.adaptive) {
            (Allocation::Adaptive, adaptive) => adaptive.unwrap_or_default().check(self, &mut problems),
            (Allocation::Fixed, Some(_)) => {
                problems.add(
                    "adaptive",
                    "says how the split moves, and `allocation` is `fixed`; leave it out, or give `adaptive`",
                );
            }
            (Allocation::Fixed, None) => {}
        }
        problems.into_vec()
    }

    fn check_texts(&self, problems: &mut Problems) {
        let name = self.name.chars().count();
        if name > Self::MOST_NAME {
            problems.add("name", format!("`{name}` characters; at most {}", Self::MOST_NAME));
        }
        let hypothesis = self.hypothesis.chars().count();
        if hypothesis > Self::MOST_HYPOTHESIS {
            problems.add("hypothesis", format!("`{hypothesis}` characters; at most {}", Self::MOST_HYPOTHESIS));
        }
    }

    fn check_arms(&self, problems: &mut Problems) {
        let count = self.arms.len();
        if !(Self::LEAST_ARMS..=Self::MOST_ARMS).contains(&count) {
            problems.add(
                "arms",
                format!("`{count}` arms; an experiment compares {} to {}", Self::LEAST_ARMS, Self::MOST_ARMS),
            );
        }
        let mut keys = BTreeSet::new();
        for (index, arm) in self.arms.iter().enumerate() {
            if !keys.insert(&arm.key) {
                problems.add(format!("arms[{index}].key"), format!("`{}` is another arm's key already", arm.key));
            }
            if arm.version == 0 {
                problems.add(format!("arms[{index}].version"), "no version; give the number of one of the prompt's");
            }
            let name = arm.name.chars().count();
            if name > Self::MOST_NAME {
                problems
                    .add(format!("arms[{index}].name"), format!("`{name}` characters; at most {}", Self::MOST_NAME));
            }
            if arm.weight == 0 && self.allocation == Allocation::Fixed {
                problems
                    .add(format!("arms[{index}].weight"), "`0` gives the arm nobody; give a weight or remove the arm");
            }
        }
        let total: u32 = self.arms.iter().map(|arm| u32::from(arm.weight)).sum();
        if total != Self::WEIGHTS && !self.arms.is_empty() {
            problems.add("arms", format!("the weights sum to `{total}`; they sum to {} (100%)", Self::WEIGHTS));
        }
    }

    fn check_forced(&self, problems: &mut Problems) {
        if self.forced.len() > Self::MOST_FORCED {
            problems.add("forced", format!("`{}` units; at most {}", self.forced.len(), Self::MOST_FORCED));
        }
        for (unit, key) in &self.forced {
            let shown = crate::invalid::shown(unit);
            let length = unit.chars().count();
            if length == 0 || length > Self::MOST_UNIT_ID {
                problems.add(
                    format!("forced[{shown}]"),
                    format!("`{length}` characters; a unit's id has 1 to {}", Self::MOST_UNIT_ID),
                );
            }
            if self.arm(key).is_none() {
                let keys: Vec<String> = self.arms.iter().map(|arm| format!("`{}`", arm.key)).collect();
                problems.add(format!("forced[{shown}]"), format!("no arm `{key}`; arms: {}", keys.join(", ")));
            }
        }
    }

    fn check_metrics(&self, problems: &mut Problems) {
        let goals = self.metrics.iter().filter(|metric| metric.role == MetricRole::Goal).count();
        if goals == 0 || goals > Self::MOST_GOALS {
            problems.add("metrics", format!("`{goals}` goals; give 1 to {}", Self::MOST_GOALS));
        }
        if self.metrics.len() > Self::MOST_METRICS {
            problems.add("metrics", format!("`{}` metrics; at most {}", self.metrics.len(), Self::MOST_METRICS));
        }
        let mut keys = BTreeSet::new();
        for (index, metric) in self.metrics.iter().enumerate() {
            let field = format!("metrics[{index}]");
            if !keys.insert(&metric.metric.key) {
                problems.add(
                    format!("{field}.metric.key"),
                    format!("`{}` is another metric's key already", metric.metric.key),
                );
            }
            metric.check(&field, problems);
        }
    }
}
