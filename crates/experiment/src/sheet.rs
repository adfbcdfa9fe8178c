use domain::experiment::{ArmKey, Correction, ExperimentMetric, Method, Plan};
use serde::{Deserialize, Serialize};
use stats::guard::{Finding, Status};

use crate::{Block, Corrected};

/// Everything a result is worked out from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sheet {
    /// How the experiment is judged.
    pub plan: Plan,
    /// What is measured, in the order of the design.
    pub metrics: Vec<ExperimentMetric>,
    /// The arms, the control first.
    pub arms: Vec<ArmUnits>,
    /// For each metric one block for each arm.
    pub blocks: Vec<Vec<Block>>,
    /// For each metric with a cap the same without it, where somebody may want to look at it so; empty when nobody does.
    #[serde(default)]
    pub uncapped: Vec<Option<Vec<Block>>>,
    /// Where the split moved while the phase ran: each metric corrected for it, and where `uncapped` has blocks the same without
    /// a cap. Empty under a fixed split; comparisons come from these alone otherwise.
    #[serde(default)]
    pub corrected: Vec<[Option<Corrected>; 2]>,
    /// For each goal and treatment the smallest p-values of the looks so far by the plan: of those whose estimate was above 0,
    /// and below. Empty for other metrics, and where nobody looked before.
    #[serde(default)]
    pub past: Vec<Vec<[f64; 2]>>,
    /// Reasons not to trust the numbers.
    pub checks: Vec<Check>,
    /// No verdict before it ran this many days.
    pub least_days: f64,
    /// Days since the phase began.
    pub days: f64,
    /// Days until a decision is likely, when that can be told: half of all ways the future may go, and four fifths.
    pub forecast: Option<(f64, f64)>,
}

/// An arm and the units in its analysis.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ArmUnits {
    /// Its key.
    pub key: ArmKey,
    /// What people call it.
    pub name: String,
    /// Units that count.
    pub units: u64,
}

impl ArmUnits {
    /// The name shown: the key while it has none.
    pub fn title(&self) -> &str {
        if self.name.is_empty() { self.key.as_str() } else { &self.name }
    }
}

/// A health check.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Check {
    /// What was looked at.
    pub kind: CheckKind,
    /// How bad it is.
    pub status: CheckStatus,
    /// The number it rests on.
    pub number: f64,
    /// What to tell people.
    pub sentence: String,
}

/// What a check looks at.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckKind {
    /// Whether units split as planned.
    SampleRatio,
    /// Units that saw two arms.
    TwoArms,
    /// Generations of another version than their unit's arm serves.
    Contamination,
    /// Scores missing in one arm more than in another.
    MissingScores,
    /// Whether a few units make most of the traffic.
    Concentration,
    /// Generations just before their unit's exposure.
    EarlyRows,
    /// Units that no one knows to be eligible.
    UnknownEligibility,
    /// Intervals of early and late looks that have nothing in common.
    EarlyAgainstLate,
    /// How often halves of the prompt's own traffic, that nothing tells apart, are called different.
    SelfCheck,
}

/// How bad it is, least first. One that is not applicable says neither good nor bad.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckStatus {
    /// There is too little to look at.
    NotApplicable,
    /// Nothing to report.
    Ok,
    /// Worth knowing; the numbers stand.
    Warn,
    /// The numbers must not be used.
    Broken,
}

impl Check {
    /// A guard's finding.
    pub fn of(kind: CheckKind, finding: Finding) -> Self {
        let status = match finding.status {
            Status::Ok => CheckStatus::Ok,
            Status::Warn => CheckStatus::Warn,
            Status::Broken => CheckStatus::Broken,
        };
        Self { kind, status, number: finding.number, sentence: finding.sentence }
    }

    pub(crate) fn finding(&self) -> Finding {
        let status = match self.status {
            CheckStatus::NotApplicable | CheckStatus::Ok => Status::Ok,
            CheckStatus::Warn => Status::Warn,
            CheckStatus::Broken => Status::Broken,
        };
        Finding::new(status, self.number, self.sentence.clone())
    }
}

/// How to look at a sheet. The plan's own choices decide; others are for looking.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Choices {
    /// Which intervals.
    pub method: Method,
    /// The error level of all goals and treatments together.
    pub alpha: f64,
    /// How it is shared among them.
    pub correction: Correction,
    /// Whether units count for at most their metric's cap. Without caps only where the sheet brings such blocks.
    pub capped: bool,
}

impl Choices {
    /// What was fixed when the experiment was launched.
    pub fn of(plan: &Plan) -> Self {
        Self { method: plan.method, alpha: plan.alpha, correction: plan.correction, capped: true }
    }
}
