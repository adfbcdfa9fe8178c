//! Before an experiment: how many units it takes, how long that lasts, what it costs, and whom it would reach. Everything is
//! worked out from this prompt's own past traffic, by the code that will analyse and assign.

mod dry_run;
mod goal;
mod spend;
mod traffic;
mod warnings;

pub(crate) use traffic::{PastUnits, attributes as told_by_trace, missing as missing_attribute};

use std::sync::Arc;

use domain::{
    auth::{Actor, Permission},
    experiment::{Design, MetricRole, PhaseDefinition, Slot},
    ids::ProjectId,
    problem::FieldProblem,
    time::{TimeRange, TimeUs},
};

pub use self::{
    dry_run::{ArmCount, DryRun, Example, LeftOut, Why},
    goal::{Baseline, Days, Detectable, MetricPlan, Sample},
    spend::{ArmSpend, Spend},
    traffic::Traffic,
};
use self::{goal::Question, traffic::Past};
use crate::{
    Context, ServiceError,
    context::authorize,
    experiments::{Experiments, definition},
};

const DAY_US: i64 = 86_400_000_000;
/// Days looked back on unless said.
const USUAL_DAYS: u32 = 14;
/// Most days looked back on: a prompt's traffic of long ago says little about the coming weeks.
const MOST_DAYS: u32 = 28;
/// Seeds the hash of an experiment that has no id yet.
const UNSETTLED: &str = "preview";

/// What is to be planned: an experiment that exists, a design that may become one on a prompt's label, or an experiment as it
/// would be with another design.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PlanQuery {
    /// The key of an experiment.
    pub experiment: Option<String>,
    /// The prompt's name; an experiment's own if absent.
    pub prompt: Option<String>,
    /// The label; an experiment's own, else `production`.
    pub label: Option<String>,
    /// The design; an experiment's own if absent.
    pub design: Option<Design>,
    /// Days looked back on.
    pub days: Option<u32>,
}

/// What an experiment takes.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// What it rests on.
    pub traffic: Traffic,
    /// Goals and guardrails, in the order of the design.
    pub metrics: Vec<MetricPlan>,
    /// Days until the slowest goal is decided; `None` when that cannot be told.
    pub days: Option<Days>,
    /// No verdict before that many days, for the least duration and the least units.
    pub least_days: f64,
    /// The number of units an arm to tune the sequence to: the planned sample of the slowest goal.
    pub tuning_units: Option<u64>,
    /// What it costs.
    pub spend: Spend,
    /// What is better known before, each at its field.
    pub warnings: Vec<FieldProblem>,
}

/// Plans experiments. Cheap to clone.
#[derive(Clone)]
pub struct Planning {
    context: Arc<Context>,
    experiments: Experiments,
}

/// What is planned, checked.
#[derive(Clone, Debug)]
struct Subject {
    slot: Slot,
    design: Design,
    engine: assign::Experiment,
    /// Whether the hash is the one the experiment will have.
    settled: bool,
    range: TimeRange,
}

impl Planning {
    pub(crate) fn new(context: Arc<Context>, experiments: Experiments) -> Self {
        Self { context, experiments }
    }

    /// What an experiment would take, by this prompt's traffic of the last days.
    ///
    /// # Errors
    /// [`ServiceError::Invalid`] at the fields of the design that say who takes part or how it is judged, where they cannot
    /// stand as they are; what else a launch needs may still be missing. [`ServiceError::NotFound`] without the experiment.
    pub async fn plan(&self, actor: &Actor, project: ProjectId, query: PlanQuery) -> Result<Plan, ServiceError> {
        authorize(actor, project, Permission::Read)?;
        let days = looked_back(query.days, USUAL_DAYS)?;
        let subject = self.subject(project, query, days).await?;
        let past = Past::read(&self.context, project, &subject).await?;
        let costs = spend::Costs::read(&self.context, project, &subject, past.traffic.from).await?;
        // The simulation behind the run times takes some milliseconds: off the threads that answer requests.
        let work = move || plan(&subject, &past, &costs);
        tokio::task::spawn_blocking(work).await.map_err(|cause| ServiceError::Internal(Box::new(cause)))
    }

    /// Which units of the last day would have got which arm.
    ///
    /// # Errors
    /// As [`Self::plan`].
    pub async fn dry_run(&self, actor: &Actor, project: ProjectId, query: PlanQuery) -> Result<DryRun, ServiceError> {
        authorize(actor, project, Permission::Read)?;
        let days = looked_back(query.days, 1)?;
        let subject = self.subject(project, query, days).await?;
        dry_run::run(&self.context, project, &subject).await
    }

    async fn subject(&self, project: ProjectId, query: PlanQuery, days: u32) -> Result<Subject, ServiceError> {
        let now = self.context.clock.now();
        let range = TimeRange { from: TimeUs(now.0 - i64::from(days) * DAY_US), to: now };
        let known = match &query.experiment {
            Some(key) => Some(self.experiments.load(project, key).await?),
            None => None,
        };
        let slot = match (&known, &query.prompt) {
            (Some(known), None) if query.label.is_none() => known.slot.clone(),
            (Some(known), None) => {
                let name = known.slot.prompt_name.as_str();
                self.experiments.slot(project, name, query.label.as_deref()).await?
            }
            (_, Some(prompt)) => self.experiments.slot(project, prompt, query.label.as_deref()).await?,
            (None, None) => {
                let message = "no prompt; give the name of one, or the key of an experiment as `experiment`";
                return Err(ServiceError::field("prompt", message));
            }
        };
        let own = || known.as_ref().map(|known| known.design.clone());
        let Some(design) = query.design.or_else(own) else {
            return Err(ServiceError::field(
                "design",
                "no design; give one, or the key of an experiment as `experiment`",
            ));
        };
        // What a plan rests on; the rest may come later.
        let asked = ["arms", "coverage", "holdout", "exclusion", "metrics", "plan", "unit"];
        let mut problems = design.problems();
        problems.retain(|problem| {
            asked.iter().any(|field| problem.field.starts_with(field)) && !problem.field.ends_with(".version")
        });
        // An experiment that was launched keeps its hash.
        let seed = known.as_ref().map_or_else(
            || UNSETTLED.to_owned(),
            |known| known.phase().map_or_else(|| known.id.to_string(), |phase| phase.definition.seed.clone()),
        );
        let phase = definition::frozen(project, &design, seed);
        let engine = match engine(&phase, &design) {
            Ok(engine) => engine,
            Err(ServiceError::Invalid(found)) => {
                let new = |problem: &FieldProblem| problems.iter().all(|known| known.field != problem.field);
                let found: Vec<FieldProblem> = found.into_iter().filter(new).collect();
                problems.extend(found);
                return Err(ServiceError::Invalid(problems));
            }
            Err(other) => return Err(other),
        };
        if !problems.is_empty() {
            return Err(ServiceError::Invalid(problems));
        }
        Ok(Subject { slot, design, engine, settled: known.is_some(), range })
    }
}

/// How far to look back.
fn looked_back(asked: Option<u32>, usual: u32) -> Result<u32, ServiceError> {
    let days = asked.unwrap_or(usual);
    if !(1..=MOST_DAYS).contains(&days) {
        let message = format!("`{days}` days; give 1 to {MOST_DAYS}, or leave it out for {usual}");
        return Err(ServiceError::field("days", message));
    }
    Ok(days)
}

/// The assignment of a design. Testers keep their arms, and nothing depends on where it is launched.
fn engine(phase: &PhaseDefinition, design: &Design) -> Result<assign::Experiment, ServiceError> {
    let weights: Vec<u16> = design.arms.iter().map(|arm| arm.weight).collect();
    let made =
        definition::of_phase(UNSETTLED, &design.forced, phase, design.coverage, &weights, assign::Stage::default())?;
    assign::Experiment::new(made).map_err(|problems| ServiceError::Invalid(definition::refusals(&problems)))
}

fn plan(subject: &Subject, past: &Past, costs: &spend::Costs) -> Plan {
    let design = &subject.design;
    let question = Question::of(design, past);
    let mut metrics = Vec::new();
    for metric in design.metrics.iter().filter(|metric| metric.role != MetricRole::Secondary) {
        metrics.push(question.answer(metric));
    }
    let goals = || metrics.iter().filter(|metric| metric.role == MetricRole::Goal);
    // One goal that cannot be told makes the whole untold.
    let all_told = goals().all(|goal| goal.days.is_some());
    let slowest = goals().filter_map(|goal| goal.days).max_by(|one, other| one.planned.total_cmp(&other.planned));
    let days = slowest.filter(|_| all_told);
    let sample = goals().filter_map(|goal| goal.sample).map(|sample| sample.fixed).max();
    let arms = design.arms.len().max(1) as u64;
    let least_days = question.least_days();
    let until = days.map(|days| days.by(design.plan.method).max(least_days));
    Plan {
        tuning_units: sample.map(|units| units.div_ceil(arms)),
        spend: spend::of(subject, past, costs, until),
        warnings: warnings::of(subject, past, &metrics, days, least_days),
        traffic: past.traffic.clone(),
        metrics,
        days,
        least_days,
    }
}
