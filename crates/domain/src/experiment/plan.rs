use serde::{Deserialize, Serialize};

use super::problems::Problems;

/// How an experiment is judged. Fixed when it is launched: choosing the method after seeing the data would undo what it
/// promises. Other methods can be looked at, and change no verdict.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Plan {
    /// Which intervals decide.
    pub method: Method,
    /// The error level: how often luck alone may look like a difference.
    pub alpha: f64,
    /// The chance to find the goals' smallest relevant difference, which the duration is planned for.
    pub power: f64,
    /// How the error level is shared among goals and treatments.
    pub correction: Correction,
    /// Units an arm at which the sequence is tightest; the planned sample.
    pub tuning_units: u64,
    /// How differences are told.
    pub difference: Difference,
    /// What follows from the numbers.
    pub rule: DecisionRule,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            method: Method::Anytime,
            alpha: 0.05,
            power: 0.8,
            correction: Correction::Holm,
            tuning_units: 1_000,
            difference: Difference::Relative,
            rule: DecisionRule::default(),
        }
    }
}

impl Plan {
    pub(super) fn check(&self, problems: &mut Problems) {
        if !(self.alpha >= 0.001 && self.alpha <= 0.2) {
            problems.add("plan.alpha", format!("`{}` is no error level; give 0.001 to 0.2, such as 0.05", self.alpha));
        }
        if !(self.power >= 0.5 && self.power <= 0.99) {
            problems.add("plan.power", format!("`{}` is no power; give 0.5 to 0.99, such as 0.8", self.power));
        }
        if !(10..=1_000_000_000).contains(&self.tuning_units) {
            problems.add(
                "plan.tuning_units",
                format!("`{}` units an arm; give 10 to 1000000000, about the planned sample", self.tuning_units),
            );
        }
        if let Some(most) = self.rule.maximum_units
            && most < self.rule.minimum_units.max(1)
        {
            problems.add(
                "plan.rule.maximum_units",
                format!("`{most}` is below the least of {} units an arm", self.rule.minimum_units.max(1)),
            );
        }
    }
}

/// Which intervals decide.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// Valid however often somebody looks.
    Anytime,
    /// Valid once, at the planned sample.
    FixedHorizon,
    /// A posterior with a weak prior; promises nothing about false alarms under repeated looks.
    Bayesian,
}

/// How the error level is shared among goals and treatments.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Correction {
    /// Step-down; never weaker than Bonferroni.
    Holm,
    /// Equal parts.
    Bonferroni,
    /// Each at the full level, for one goal and one treatment.
    None,
}

/// How differences are told.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Difference {
    /// In the metric's own unit.
    Absolute,
    /// As a share of the control.
    Relative,
}

/// What follows from the numbers.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DecisionRule {
    /// No verdict before every arm has this many units.
    pub minimum_units: u64,
    /// Units an arm at which to give up without a verdict; never by itself if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub maximum_units: Option<u64>,
    /// What happens by itself when a guardrail is surely worse by more than its margin.
    pub on_harm: OnHarm,
}

impl Default for DecisionRule {
    fn default() -> Self {
        Self { minimum_units: 100, maximum_units: None, on_harm: OnHarm::Pause }
    }
}

/// What happens by itself when a guardrail is seriously harmed.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnHarm {
    /// Nothing; the page says so.
    Tell,
    /// Everybody gets the control until a person resumes.
    Pause,
    /// The experiment ends and everybody gets the control.
    RollBack,
}
