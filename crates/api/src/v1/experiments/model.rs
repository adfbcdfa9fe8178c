use std::collections::BTreeMap;

use domain::{
    experiment::{
        Activity, ActivityKind, Arm, ArmKey, Decision, DecisionKind, Design, Epoch, Experiment, ExperimentKey,
        FieldChange, Phase, Share, State, UnitKind,
    },
    ids::ExperimentId,
    prompt::{FlagKey, LabelName, PromptName},
    time::TimeUs,
};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

/// An experiment on a slot.
#[derive(Serialize, ToSchema)]
pub(super) struct ExperimentView {
    /// Also seeds the hash.
    #[schema(value_type = String, format = "uuid")]
    id: ExperimentId,
    #[schema(value_type = String)]
    key: ExperimentKey,
    #[schema(value_type = String)]
    prompt: PromptName,
    #[schema(value_type = String)]
    label: LabelName,
    /// The key flag clients use for the slot.
    #[schema(value_type = String)]
    flag_key: FlagKey,
    /// `draft`, `scheduled`, `running`, `paused`, `shipped`, `stopped`, `inconclusive`, `rolled_back` or `archived`.
    #[schema(value_type = String)]
    state: State,
    /// Send it back with a change.
    revision: u32,
    #[schema(value_type = Object)]
    design: Design,
    /// What was served, oldest first.
    phases: Vec<PhaseView>,
    /// Steps of the ramp climbed so far, while it has one.
    ramp_step: Option<u32>,
    decision: Option<DecisionView>,
    created_by: String,
    #[schema(value_type = String, format = DateTime)]
    created_at: TimeUs,
    #[schema(value_type = String, format = DateTime)]
    updated_at: TimeUs,
    #[schema(value_type = Option<String>, format = DateTime)]
    launched_at: Option<TimeUs>,
    #[schema(value_type = Option<String>, format = DateTime)]
    started_at: Option<TimeUs>,
    #[schema(value_type = Option<String>, format = DateTime)]
    ended_at: Option<TimeUs>,
}

/// A stretch in which the question stayed the same; the analysis begins again with each.
#[derive(Serialize, ToSchema)]
pub(super) struct PhaseView {
    number: u32,
    #[schema(value_type = String, format = DateTime)]
    from: TimeUs,
    #[schema(value_type = Option<String>, format = DateTime)]
    to: Option<TimeUs>,
    why: String,
    #[schema(value_type = String)]
    unit: UnitKind,
    #[schema(value_type = Vec<Object>)]
    arms: Vec<Arm>,
    /// Seeds the hash.
    seed: String,
    epochs: Vec<EpochView>,
}

/// A stretch of constant coverage and weights inside a phase.
#[derive(Serialize, ToSchema)]
pub(super) struct EpochView {
    number: u32,
    #[schema(value_type = String, format = DateTime)]
    from: TimeUs,
    #[schema(value_type = Option<String>, format = DateTime)]
    to: Option<TimeUs>,
    why: String,
    #[schema(value_type = f64)]
    coverage: Share,
    /// Each arm's weight in 1/10,000, by key.
    #[schema(value_type = Object)]
    weights: BTreeMap<ArmKey, u16>,
}

/// How and why it ended.
#[derive(Serialize, ToSchema)]
pub(super) struct DecisionView {
    /// `ship`, `stop`, `inconclusive` or `roll_back`.
    #[schema(value_type = String)]
    kind: DecisionKind,
    #[schema(value_type = Option<String>)]
    arm: Option<ArmKey>,
    note: String,
    #[schema(value_type = String, format = DateTime)]
    at: TimeUs,
    by: String,
    /// The numbers it was decided on, as they were told then: `at`, `phase`, `days`, `exposed`, `partial`, `arms`, `checks`, `rows`
    /// and `verdicts`, each as in a result. They never change. Not in lists, and absent where it ended before it began.
    #[schema(value_type = Option<Object>)]
    evidence: Option<Value>,
}

#[derive(Serialize, ToSchema)]
pub(super) struct ExperimentPage {
    pub(super) items: Vec<ExperimentView>,
    /// Pass this back as `cursor`; none at the end.
    pub(super) next: Option<String>,
}

/// One entry of an experiment's log.
#[derive(Serialize, ToSchema)]
pub(super) struct ActivityView {
    /// The revision it made.
    revision: u32,
    #[schema(value_type = String, format = DateTime)]
    at: TimeUs,
    by: String,
    /// `created`, `edited`, `launched`, `started`, `paused`, `resumed`, `advanced`, `reallocated`, `shipped`, `stopped`, `concluded`,
    /// `rolled_back`, `reopened`, `rebased`, `archived`, or `erased` when units left it because their events were deleted.
    #[schema(value_type = String)]
    kind: ActivityKind,
    note: String,
    /// Fields of the design, before and after.
    changes: Vec<ChangeView>,
}

/// A field before and after; one that was not there is `null`.
#[derive(Serialize, ToSchema)]
pub(super) struct ChangeView {
    field: String,
    #[schema(value_type = Object)]
    before: Value,
    #[schema(value_type = Object)]
    after: Value,
}

#[derive(Serialize, ToSchema)]
pub(super) struct ActivityPage {
    pub(super) items: Vec<ActivityView>,
    /// Pass this back as `cursor`; none at the end.
    pub(super) next: Option<String>,
}

impl ExperimentView {
    /// As one of many: what was decided, without the numbers.
    pub(super) fn listed(mut made: Experiment) -> Self {
        if let Some(decision) = &mut made.decision {
            decision.evidence = None;
        }
        made.into()
    }
}

impl From<Experiment> for ExperimentView {
    fn from(made: Experiment) -> Self {
        Self {
            id: made.id,
            key: made.key,
            prompt: made.slot.prompt_name,
            label: made.slot.label,
            flag_key: made.slot.flag_key,
            state: made.state,
            revision: made.revision,
            design: made.design,
            phases: made.phases.into_iter().map(PhaseView::from).collect(),
            ramp_step: made.ramp.map(|ramp| ramp.step),
            decision: made.decision.map(DecisionView::from),
            created_by: made.created_by,
            created_at: made.created_us,
            updated_at: made.updated_us,
            launched_at: made.launched_us,
            started_at: made.started_us,
            ended_at: made.ended_us,
        }
    }
}

impl From<Phase> for PhaseView {
    fn from(phase: Phase) -> Self {
        let arms = phase.definition.arms;
        let epochs = phase.epochs.into_iter().map(|epoch| EpochView::of(epoch, &arms)).collect();
        Self {
            number: phase.number,
            from: phase.from_us,
            to: phase.to_us,
            why: phase.why,
            unit: phase.definition.unit,
            seed: phase.definition.seed,
            epochs,
            arms,
        }
    }
}

impl EpochView {
    fn of(epoch: Epoch, arms: &[Arm]) -> Self {
        Self {
            number: epoch.number,
            from: epoch.from_us,
            to: epoch.to_us,
            why: epoch.why,
            coverage: epoch.coverage,
            weights: arms.iter().map(|arm| arm.key.clone()).zip(epoch.weights).collect(),
        }
    }
}

impl From<Decision> for DecisionView {
    fn from(made: Decision) -> Self {
        let Decision { kind, arm, note, at_us: at, by, evidence, .. } = made;
        Self { kind, arm, note, at, by, evidence }
    }
}

impl From<Activity> for ActivityView {
    fn from(entry: Activity) -> Self {
        let changes = entry.changes.into_iter();
        Self {
            revision: entry.revision,
            at: entry.at_us,
            by: entry.by,
            kind: entry.kind,
            note: entry.note,
            changes: changes.map(|FieldChange { field, before, after }| ChangeView { field, before, after }).collect(),
        }
    }
}
