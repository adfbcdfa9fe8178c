//! What the form needs to know.

use domain::problem::FieldProblem;
use serde::{Deserialize, Serialize};

use super::draft::Draft;

/// The form.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FormView {
    /// The prompt and label; `None` while they are to be chosen.
    pub slot: Option<FormSlot>,
    /// Prompts to choose from, each with its labels.
    pub prompts: Vec<(String, Vec<String>)>,
    /// What stands in the form at first.
    pub draft: Draft,
    /// Metrics of this prompt that were really seen, and those every prompt has.
    pub metrics: Vec<MetricChoice>,
    /// The experiment being edited.
    pub edited: Option<Edited>,
    /// Whether the visitor may save.
    pub may_write: bool,
    /// Long texts, which weigh nothing in the browser's code.
    pub hints: Hints,
    /// How outcome events come, where none is known yet.
    pub teach: Option<Teach>,
    /// Seeds the project's shared hashes, for the preview.
    pub project_id: String,
}

/// Texts of the form.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Hints {
    /// What an adaptive split is for and costs.
    pub adaptive: String,
    /// What such a split can decide by; the metrics that cannot be follow.
    pub unfit: String,
    /// What the roles of metrics are.
    pub roles: String,
    /// That a launched experiment has fixed parts.
    pub launched: String,
    /// What saving does.
    pub saving: String,
}

/// How to send what the form could offer then.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Teach {
    /// What is missing.
    pub title: String,
    /// What it is for.
    pub text: String,
    /// A request to copy.
    pub code: String,
}

/// Where the experiment runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FormSlot {
    /// The prompt.
    pub prompt: String,
    /// The label.
    pub label: String,
    /// The version it points at.
    pub points_at: u32,
    /// Versions, newest first: number, and its commit message.
    pub versions: Vec<(u32, String)>,
}

/// The experiment being edited.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Edited {
    /// Its id, which seeds its hash.
    pub id: String,
    /// The revision the form was filled from.
    pub revision: u32,
    /// Whether metrics and plan were fixed by its launch.
    pub launched: bool,
    /// What keeps it from being launched as it is.
    pub problems: Vec<FieldProblem>,
}

/// What the experiment would take, in words.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PlanCard {
    /// How long.
    pub headline: String,
    /// How sure that is, and from when on a verdict may come.
    pub sentences: Vec<String>,
    /// What each metric was, and what telling a difference takes.
    pub metrics: Vec<PlanLine>,
    /// What could be found after some days: days, and the difference.
    pub found: Vec<(String, String)>,
    /// What it costs.
    pub spend: Vec<String>,
    /// What is better known before.
    pub warnings: Vec<String>,
    /// What all this rests on.
    pub basis: String,
}

/// A metric in a plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlanLine {
    /// What it is called.
    pub title: String,
    /// What it was of late.
    pub was: String,
    /// What it takes.
    pub takes: String,
}

/// Which units of the last day would have got what, in words.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DryRunCard {
    /// How many were looked at.
    pub headline: String,
    /// What was counted: an arm or a reason, and units.
    pub counts: Vec<(String, String)>,
    /// Whether the arms split as planned.
    pub split: String,
    /// Units with their trace and what each would have got.
    pub examples: Vec<(String, String, String)>,
    /// What it is not.
    pub note: String,
}

/// A metric to choose.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MetricChoice {
    /// As [`super::draft::MetricDraft::what`].
    pub what: String,
    /// What it is called.
    pub title: String,
    /// What is known of it: `0.653 · n 4,812 in 14 days`.
    pub seen: String,
    /// What a margin in its own unit is typed in: `ms`.
    pub unit: String,
    /// Which way is usually better.
    pub direction: String,
    /// What a unit usually counts for at most, in words.
    pub cap: String,
    /// Whether every unit has it, also one that did nothing: what an adaptive split can decide by.
    pub every_unit: bool,
}
