//! Gathers what the experiment's page shows. Server only.

use domain::{
    experiment::{Activity, Epoch, Experiment, Phase, State},
    page::PageSize,
};
use services::{ServiceError, experiments::Report};

use super::{
    code,
    model::{ActivityView, DecisionView, EpochView, ExperimentView, MetricLine, PhaseView, RampView, SlotView},
    words,
};
use crate::{
    context::{self, Visit},
    error::AppError,
    pages::experiments::{parts::share_words, read},
};

/// Epochs shown at once.
const MOST_EPOCHS: usize = 8;

pub(super) async fn view(visit: &Visit, key: &str) -> Result<ExperimentView, AppError> {
    let (experiments, actor, project) = (&visit.services.experiments, &visit.actor, visit.project.id);
    let experiment = experiments.get(actor, project, key).await.map_err(context::refusal)?;
    let report = if experiment.state == State::Draft {
        experiments.report(actor, project, key).await.map_err(context::refusal)?
    } else {
        Report::default()
    };
    let (phases, earlier) = served(&experiment.phases);
    let size = PageSize::default();
    let log = experiments.activity(actor, project, key, None, size).await.map_err(context::refusal)?;
    Ok(ExperimentView {
        slot: slot(visit, &experiment).await?,
        who: words::who(&experiment),
        plan: words::plan(&experiment),
        metrics: experiment.design.metrics.iter().map(metric).collect(),
        arms: read::arms(&experiment),
        coverage: experiment
            .phase()
            .filter(|phase| phase.to_us.is_none())
            .and_then(Phase::epoch)
            .map(|epoch| epoch.coverage.to_string()),
        full_coverage: experiment.design.coverage.to_string(),
        started_us: experiment.started_us.map(|at| at.0),
        ended_us: experiment.ended_us.map(|at| at.0),
        starts_us: experiment.design.schedule.start.filter(|_| experiment.state == State::Scheduled).map(|at| at.0),
        ramp: ramp(&experiment),
        decision: experiment.decision.as_ref().map(|decision| DecisionView {
            sentence: words::decided(&experiment, decision),
            note: decision.note.clone(),
            by: decision.by.clone(),
            at_us: decision.at_us.0,
        }),
        problems: report.problems,
        warnings: report.warnings,
        phases,
        earlier,
        activity: log.items.into_iter().map(entry).collect(),
        more_activity: log.next.is_some(),
        may_write: read::may_write(visit),
        now_us: visit.now.0,
        title: experiment.title().to_owned(),
        state: experiment.state,
        revision: experiment.revision,
        hypothesis: experiment.design.hypothesis,
        key: experiment.key.to_string(),
    })
}

/// Where an experiment runs, and how programs ask there.
pub(super) async fn slot(visit: &Visit, experiment: &Experiment) -> Result<SlotView, AppError> {
    let slot = &experiment.slot;
    let prompts = &visit.services.prompts;
    let prompt = match prompts.prompt(&visit.actor, visit.project.id, slot.prompt_name.as_str()).await {
        Ok(prompt) => Some(prompt),
        // Removed since: the record stays readable.
        Err(ServiceError::NotFound { .. }) => None,
        Err(error) => return Err(context::refusal(error)),
    };
    let label = prompt.as_ref().and_then(|prompt| prompt.labels.iter().find(|label| label.name == slot.label));
    let [public_key, client_key] = read::public_keys(visit).await?;
    let wire = code::wire(&code::Fill {
        address: &context::address(),
        flag: slot.flag_key.as_str(),
        public: public_key.as_deref(),
        client: client_key.as_deref(),
        prompt: slot.prompt_name.as_str(),
        label: slot.label.as_str(),
        unit: experiment.design.unit.attribute(),
        deals: code::Deals::of(&experiment.design),
    });
    Ok(SlotView {
        prompt: slot.prompt_name.to_string(),
        label: slot.label.to_string(),
        protected: label.is_some_and(|label| label.protected),
        wire,
    })
}

fn ramp(experiment: &Experiment) -> Option<RampView> {
    let ramp = experiment.design.ramp.as_ref()?;
    let progress = experiment.ramp?;
    let step = usize::try_from(progress.step).ok()?;
    let mut steps: Vec<String> = ramp.steps.iter().map(|step| step.coverage.to_string()).collect();
    steps.push(experiment.design.coverage.to_string());
    let waits = ramp.steps.get(step).map(|now| {
        let mut waits = Vec::new();
        if now.hold_minutes > 0 {
            let hours = ui::format::number(f64::from(now.hold_minutes) / 60.0);
            waits.push(format!("{hours} {}", if hours == "1" { "hour" } else { "hours" }));
        }
        if now.minimum_units > 0 {
            waits.push(format!("{} units", now.minimum_units));
        }
        if now.approval {
            waits.push("a person".to_owned());
        }
        if waits.is_empty() { "nothing".to_owned() } else { waits.join(" and ") }
    });
    Some(RampView { steps, step, waits })
}

fn metric(metric: &domain::experiment::ExperimentMetric) -> MetricLine {
    MetricLine {
        role: metric.role.as_str().to_owned(),
        title: metric.metric.title().to_owned(),
        how: words::how(metric),
        better: words::better(metric).to_owned(),
        margin: words::margin(metric),
    }
}

/// What was served, the newest first: the last epochs, and the earlier ones apart.
fn served(phases: &[Phase]) -> (Vec<PhaseView>, Option<(String, Vec<PhaseView>)>) {
    let (mut shown, mut earlier) = (Vec::new(), Vec::new());
    let mut room = MOST_EPOCHS;
    for mut phase in phases.iter().rev().map(phase) {
        let rest = phase.epochs.split_off(room.min(phase.epochs.len()));
        room -= phase.epochs.len();
        if !rest.is_empty() {
            earlier.push(PhaseView { epochs: rest, ..phase.clone() });
        }
        if !phase.epochs.is_empty() {
            shown.push(phase);
        }
    }
    let count: usize = earlier.iter().map(|phase| phase.epochs.len()).sum();
    let words = ui::format::plural(i64::try_from(count).unwrap_or(i64::MAX), "earlier epoch", "earlier epochs");
    (shown, (count > 0).then_some((words, earlier)))
}

fn phase(phase: &Phase) -> PhaseView {
    let epoch = |epoch: &Epoch| EpochView {
        number: epoch.number,
        from_us: epoch.from_us.0,
        to_us: epoch.to_us.map(|at| at.0),
        why: epoch.why.clone(),
        coverage: epoch.coverage.to_string(),
        split: {
            let arms = phase.definition.arms.iter().zip(&epoch.weights);
            let split: Vec<String> =
                arms.map(|(arm, weight)| format!("{} v{} {}", arm.key, arm.version, share_words(*weight))).collect();
            split.join(" · ")
        },
    };
    PhaseView {
        number: phase.number,
        from_us: phase.from_us.0,
        to_us: phase.to_us.map(|at| at.0),
        why: phase.why.clone(),
        epochs: phase.epochs.iter().rev().map(epoch).collect(),
    }
}

fn entry(entry: Activity) -> ActivityView {
    let change = |change: domain::experiment::FieldChange| {
        (change.field, words::value(&change.before), words::value(&change.after))
    };
    ActivityView {
        at_us: entry.at_us.0,
        by: entry.by,
        what: words::happened(entry.kind),
        note: entry.note,
        changes: entry.changes.into_iter().map(change).collect(),
        revision: entry.revision,
    }
}
