//! An experiment as its page shows it.

use domain::{
    experiment::{Action, State},
    problem::FieldProblem,
};
use serde::{Deserialize, Serialize};

use crate::pages::experiments::model::ArmLine;

/// The page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ExperimentView {
    /// Its key.
    pub key: String,
    /// What people call it.
    pub title: String,
    /// What is expected, and why.
    pub hypothesis: String,
    /// Where it is in its life.
    pub state: State,
    /// The change this page shows; actions name it, so that nobody acts on what they did not see.
    pub revision: u32,
    /// Where it runs.
    pub slot: SlotView,
    /// Its arms, the control first.
    pub arms: Vec<ArmLine>,
    /// The share of the traffic that takes part now, such as `25%`; none before the start.
    pub coverage: Option<String>,
    /// The share it is to reach.
    pub full_coverage: String,
    /// When it began to split, microseconds.
    pub started_us: Option<i64>,
    /// When it ended.
    pub ended_us: Option<i64>,
    /// When it is to start, while it waits.
    pub starts_us: Option<i64>,
    /// Where its ramp stands.
    pub ramp: Option<RampView>,
    /// How it ended.
    pub decision: Option<DecisionView>,
    /// Who takes part: what, in words.
    pub who: Vec<(String, String)>,
    /// What decides.
    pub metrics: Vec<MetricLine>,
    /// How it is judged and when: what, in words.
    pub plan: Vec<(String, String)>,
    /// What keeps a draft from being launched.
    pub problems: Vec<FieldProblem>,
    /// What should be known before it is.
    pub warnings: Vec<FieldProblem>,
    /// What was served, newest first: the last epochs.
    pub phases: Vec<PhaseView>,
    /// How many more there were, and those.
    pub earlier: Option<(String, Vec<PhaseView>)>,
    /// What was done to it, newest first.
    pub activity: Vec<ActivityView>,
    /// Whether there are older entries than shown.
    pub more_activity: bool,
    /// Whether the visitor may act on it.
    pub may_write: bool,
    /// The server's present.
    pub now_us: i64,
}

/// A prompt and a label.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SlotView {
    /// The prompt.
    pub prompt: String,
    /// The label.
    pub label: String,
    /// Whether only owners move it.
    pub protected: bool,
    /// How programs ask there.
    pub wire: WireView,
}

/// Programs that ask for a slot.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WireView {
    /// What they need.
    pub note: String,
    /// By client.
    pub doors: Vec<DoorView>,
}

/// Programs that ask with one client.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DoorView {
    /// Its name in ids.
    pub key: String,
    /// Its name for people.
    pub title: String,
    /// What the programs do.
    pub label: String,
    /// Language and text.
    pub programs: Vec<(String, String)>,
}

/// Where a ramp stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RampView {
    /// Coverage of every step and the last one, in order.
    pub steps: Vec<String>,
    /// The step it is on, counted from 0.
    pub step: usize,
    /// What it waits for, in words.
    pub waits: Option<String>,
}

impl RampView {
    /// The coverage of the next step.
    pub fn next(&self) -> Option<&str> {
        self.steps.get(self.step.saturating_add(1)).map(String::as_str)
    }
}

/// How it ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DecisionView {
    /// In one sentence.
    pub sentence: String,
    /// Why, in the words of whoever decided.
    pub note: String,
    /// Who.
    pub by: String,
    /// When, microseconds.
    pub at_us: i64,
}

/// A metric it looks at.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MetricLine {
    /// Goal, guardrail, secondary.
    pub role: String,
    /// What people call it.
    pub title: String,
    /// What it reads and how.
    pub how: String,
    /// Which way is better.
    pub better: String,
    /// Its margin, in words.
    pub margin: String,
}

/// A stretch in which the question stayed the same.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PhaseView {
    /// Counted from 0.
    pub number: u32,
    /// When it began.
    pub from_us: i64,
    /// When it ended.
    pub to_us: Option<i64>,
    /// Why it began.
    pub why: String,
    /// Its epochs, newest first.
    pub epochs: Vec<EpochView>,
}

/// A stretch of constant coverage and weights.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EpochView {
    /// Counted from 0 inside its phase.
    pub number: u32,
    /// When it began.
    pub from_us: i64,
    /// When it ended.
    pub to_us: Option<i64>,
    /// Why it began.
    pub why: String,
    /// The share of the traffic that took part.
    pub coverage: String,
    /// What each arm got of it.
    pub split: String,
}

/// One entry of the log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ActivityView {
    /// When.
    pub at_us: i64,
    /// Who.
    pub by: String,
    /// What, in one word or two.
    pub what: String,
    /// Why.
    pub note: String,
    /// What changed in the design: field, before, after.
    pub changes: Vec<(String, String, String)>,
    /// The revision it made.
    pub revision: u32,
}

/// What was done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Acted {
    /// The action.
    pub action: Action,
    /// What was done, in words.
    pub said: String,
}

impl Acted {
    /// Whether it can be taken back right after.
    pub fn can_be_undone(&self) -> bool {
        matches!(self.action, Action::Ship | Action::Stop | Action::Conclude | Action::RollBack)
    }
}
