//! What experiments say: units added up, checks, the table, the verdict.

mod checks;
mod detail;
mod evidence;
mod exact;
mod explain;
mod forecast;
mod gather;
mod kept;
mod moved;
mod past;
pub(crate) mod reading;
mod self_check;
mod shuffle;
pub(crate) mod summed;
mod told;

use std::{collections::BTreeSet, sync::Arc};

use domain::{
    auth::{Actor, Permission},
    experiment::{
        Experiment, ExperimentKey, ExperimentMetric, MetricDefinition, MetricKey, MetricRole, MetricSource, Phase,
    },
    ids::ProjectId,
    time::TimeUs,
};
use experiment::{ArmUnits, Choices, Sheet, Table};
use store::event::{UnitMeasure, UnitReading, UnitRecord, Watch};

pub use self::{
    detail::{Ages, Detail, QUANTILES, Spread},
    explain::{Explained, RuleSays},
    kept::KeptEvidence,
};
pub(crate) use self::{evidence::Moment, self_check::SelfChecks};
use self::{
    gather::{Gathered, Wanted},
    summed::Summed,
    told::Told,
};
use crate::{Context, ServiceError, context::authorize};

/// Days in a series of looks, the last ones.
const MOST_LOOKS: i64 = 120;
const DAY_US: i64 = 86_400_000_000;

/// What to look at, and how. What is absent is the plan's, or the present phase.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ResultQuery {
    /// Which phase, counted from 0.
    pub phase: Option<u32>,
    /// Which intervals.
    pub method: Option<domain::experiment::Method>,
    /// The error level.
    pub alpha: Option<f64>,
    /// How it is shared.
    pub correction: Option<domain::experiment::Correction>,
    /// Only units of this segment.
    pub segment: Option<String>,
    /// Without the caps of metrics.
    pub uncapped: bool,
    /// For pages that look otherwise without asking again: blocks without caps beside those with, and sheets of this many of
    /// the largest segments. The segment asked for is then one more of these, and the result that of everybody.
    pub to_go: Option<usize>,
}

/// A result with everything it was worked out from.
#[derive(Clone, Debug, PartialEq)]
pub struct ExperimentResult {
    /// The experiment.
    pub experiment: Experiment,
    /// The phase looked at.
    pub phase: u32,
    /// When it was looked at.
    pub at_us: TimeUs,
    /// What the browser needs to look at it otherwise.
    pub sheet: Sheet,
    /// The result.
    pub table: Table,
    /// Segments of the units, the largest first, with how many units each has; at most 21.
    pub segments: Vec<(String, u64)>,
    /// Sheets of the largest segments, when they were asked for.
    pub parts: Vec<(String, Sheet)>,
    /// Every unit exposed, also those left out.
    pub exposed: u64,
    /// Why it is not the whole truth yet, if it is not.
    pub partial: Option<String>,
}

/// How a goal or guardrail stood at the end of a day.
#[derive(Clone, Debug, PartialEq)]
pub struct Look {
    /// Start of the day, UTC.
    pub day: TimeUs,
    /// Units in the analysis by the end of it.
    pub units: u64,
    /// One entry for each metric, in the order of the design, with one comparison for each treatment.
    pub metrics: Vec<(MetricKey, Vec<experiment::Comparison>)>,
}

/// Results of experiments. Cheap to clone.
#[derive(Clone)]
pub struct Results {
    context: Arc<Context>,
    self_checks: SelfChecks,
    /// Of all clones together.
    told: Arc<Told>,
}

/// What happened to a unit on all days together, one sum for each measure.
pub fn totals(unit: &UnitRecord) -> Vec<store::event::UnitSum> {
    let days = unit.state.as_ref().map(|state| state.days.as_slice()).unwrap_or_default();
    let mut sums = Vec::new();
    for day in days {
        sums.resize(day.sums.len(), store::event::UnitSum::default());
        for (total, sum) in sums.iter_mut().zip(&day.sums) {
            total.add(sum);
        }
    }
    sums
}

/// What is summed of the units of a phase.
pub fn watch_of(experiment: &Experiment, phase: &Phase) -> Watch {
    let (measures, readings) = measures(&experiment.design.metrics);
    Watch {
        experiment: experiment.id,
        phase: phase.number,
        unit: phase.definition.unit.clone(),
        prompt: experiment.slot.prompt_name.as_str().to_owned(),
        until_us: phase.to_us,
        measures,
        readings,
    }
}

/// What is summed of units for metrics, and how the sums are added up over units.
pub(crate) fn measures(metrics: &[ExperimentMetric]) -> (Vec<UnitMeasure>, Vec<UnitReading>) {
    let mut measures = BTreeSet::from([generations(None)]);
    for metric in metrics {
        let definition = &metric.metric;
        let bins = matches!(definition.aggregation, domain::experiment::Aggregation::Quantile(_));
        measures.insert(UnitMeasure { source: definition.source.clone(), window_hours: definition.window_hours, bins });
        if matches!(definition.source, MetricSource::Score(_)) {
            // How many could have been scored: scores missing in one arm only would mislead.
            measures.insert(generations(definition.window_hours));
        }
    }
    let measures: Vec<UnitMeasure> = measures.into_iter().collect();
    let readings = reading::readings(metrics.iter().map(|metric| &metric.metric), &measures);
    (measures, readings)
}

/// Has the units of every phase summed as the experiment's metrics want it.
pub(crate) async fn watch(context: &Context, project: ProjectId, experiment: &Experiment) -> Result<(), ServiceError> {
    for phase in &experiment.phases {
        let wanted = watch_of(experiment, phase);
        let held = context.events.watched(project, experiment.id, phase.number).await?;
        if held.as_ref() != Some(&wanted) {
            context.events.watch(project, wanted).await?;
        }
    }
    Ok(())
}

fn generations(window_hours: Option<u32>) -> UnitMeasure {
    UnitMeasure { source: MetricSource::Generations, window_hours, bins: false }
}

impl Results {
    pub(crate) fn new(context: Arc<Context>, self_checks: SelfChecks) -> Self {
        Self { context, self_checks, told: Arc::default() }
    }

    /// Has the units of every phase summed as the experiment's metrics want it. To be called when an experiment starts, or its
    /// phases or metrics change; harmless to repeat.
    ///
    /// # Errors
    /// As the store.
    pub async fn watch(&self, project: ProjectId, experiment: &Experiment) -> Result<(), ServiceError> {
        watch(&self.context, project, experiment).await
    }

    /// The result of an experiment.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`] without the experiment or phase, [`ServiceError::Invalid`] for an error level out of range.
    pub async fn result(
        &self,
        actor: &Actor,
        project: ProjectId,
        key: &str,
        query: &ResultQuery,
    ) -> Result<ExperimentResult, ServiceError> {
        authorize(actor, project, Permission::Read)?;
        let experiment = self.find(project, key).await?;
        let plan = &experiment.design.plan;
        let choices = Choices {
            method: query.method.unwrap_or(plan.method),
            alpha: query.alpha.unwrap_or(plan.alpha),
            correction: query.correction.unwrap_or(plan.correction),
            capped: !query.uncapped,
        };
        if !(0.001..=0.2).contains(&choices.alpha) {
            let message = format!("`{}` is no error level; give 0.001 to 0.2, such as 0.05", choices.alpha);
            return Err(ServiceError::field("alpha", message));
        }
        self.watch(project, &experiment).await?;
        let phase = phase_of(&experiment, query.phase)?;
        let watch = watch_of(&experiment, phase);
        let gathered = Gathered::read(&self.context, project, &experiment, phase, &watch, Wanted::Segments).await?;
        let now = self.context.clock.now();
        let at_us = phase.to_us.unwrap_or(now);
        // What thousands of units come to takes a while: off the threads that answer requests.
        let (query, number, own_data) = (query.clone(), phase.number, self.self_checks.of(&experiment, phase.number));
        let work = move || {
            let phase = phase_of(&experiment, Some(number))?;
            let with_uncapped = query.uncapped || query.to_go.is_some();
            let sheet_of = |segment: Option<&str>| {
                let chosen = gathered.chosen(segment);
                let mut sheet = sheet(&experiment, phase, &watch, &chosen, at_us);
                if with_uncapped {
                    sheet.uncapped = uncapped(&experiment, &watch, &chosen);
                }
                match segment {
                    None => moved::correct(&mut sheet, &experiment, phase, &watch, &gathered, i64::MAX),
                    Some(_) => moved::silence(&mut sheet, phase),
                }
                sheet
            };
            let asked = query.segment.as_deref();
            let mut sheet = sheet_of(asked.filter(|_| query.to_go.is_none()));
            sheet.checks = checks::all(&experiment, phase, &watch, &gathered)?;
            sheet.checks.extend(own_data);
            if query.segment.is_none() || query.to_go.is_some() {
                past::remember(&mut sheet, &experiment, phase, &watch, &gathered, at_us)?;
            }
            let goal = sheet.metrics.iter().position(|metric| metric.role == MetricRole::Goal);
            if let (Some(goal), None) = (goal, phase.to_us) {
                sheet.forecast = forecast::days(&sheet, goal, phase, &gathered);
            }
            let table = sheet.table(&choices).map_err(internal)?;
            let (segments, partial) = (gathered.segments(), gathered.partial());
            let mut parts = Vec::new();
            if let Some(most) = query.to_go {
                let largest = segments.iter().take(most).map(|(segment, _)| segment.as_str());
                let asked = asked.filter(|asked| segments.iter().take(most).all(|(segment, _)| segment != asked));
                parts.extend(largest.chain(asked).map(|segment| (segment.to_owned(), sheet_of(Some(segment)))));
            }
            Ok::<_, ServiceError>(ExperimentResult {
                phase: number,
                at_us: now,
                sheet,
                table,
                segments,
                parts,
                exposed: gathered.exposed,
                partial,
                experiment,
            })
        };
        tokio::task::spawn_blocking(work).await.map_err(|cause| ServiceError::Internal(Box::new(cause)))?
    }

    /// How every metric stood at the end of each day, as it would have been seen then: units exposed until then, and what had
    /// become of them. By the plan's choices; at most the last 120 days. Where the split moves, of the batches that were over by
    /// then, with what is known of their units now; the last look is of all.
    ///
    /// # Errors
    /// As [`Self::result`].
    pub async fn looks(
        &self,
        actor: &Actor,
        project: ProjectId,
        key: &str,
        phase: Option<u32>,
    ) -> Result<Vec<Look>, ServiceError> {
        authorize(actor, project, Permission::Read)?;
        let experiment = self.find(project, key).await?;
        self.watch(project, &experiment).await?;
        let phase = phase_of(&experiment, phase)?;
        let watch = watch_of(&experiment, phase);
        let gathered = Gathered::read(&self.context, project, &experiment, phase, &watch, Wanted::Whole).await?;
        let now = self.context.clock.now();
        let number = phase.number;
        let work = move || {
            let phase = phase_of(&experiment, Some(number))?;
            let last = phase.to_us.unwrap_or(now).0.div_euclid(DAY_US);
            let first = phase.from_us.0.div_euclid(DAY_US).max(last - MOST_LOOKS + 1);
            let choices = Choices::of(&experiment.design.plan);
            let mut looks = Vec::new();
            let mut then = gathered.until(first - 1);
            for day in first..=last {
                gathered.pass(&mut then, day);
                let end = TimeUs((day + 1) * DAY_US).min(phase.to_us.unwrap_or(now));
                let mut sheet = sheet(&experiment, phase, &watch, &then, end);
                let over_by = if day == last { i64::MAX } else { end.0 };
                moved::correct(&mut sheet, &experiment, phase, &watch, &gathered, over_by);
                let rows = sheet.rows(&choices).map_err(internal)?;
                looks.push(Look {
                    day: TimeUs(day * DAY_US),
                    units: sheet.arms.iter().map(|arm| arm.units).sum(),
                    metrics: rows.into_iter().map(|row| (row.key, row.comparisons)).collect(),
                });
            }
            Ok::<_, ServiceError>(looks)
        };
        tokio::task::spawn_blocking(work).await.map_err(|cause| ServiceError::Internal(Box::new(cause)))?
    }

    async fn find(&self, project: ProjectId, key: &str) -> Result<Experiment, ServiceError> {
        let found = match key.parse::<ExperimentKey>() {
            Ok(key) => self.context.control.experiment(project, &key).await?,
            Err(_) => None,
        };
        found.ok_or_else(|| ServiceError::NotFound { entity: "experiment", id: key.chars().take(200).collect() })
    }
}

fn phase_of(experiment: &Experiment, number: Option<u32>) -> Result<&Phase, ServiceError> {
    let found = match number {
        None => experiment.phases.last(),
        Some(number) => experiment.phases.iter().find(|phase| phase.number == number),
    };
    found.ok_or_else(|| {
        let id = number.map_or_else(|| "the first".to_owned(), |number| number.to_string());
        ServiceError::NotFound { entity: "phase of the experiment", id }
    })
}

fn internal(undefined: stats::Undefined) -> ServiceError {
    ServiceError::Internal(Box::new(undefined))
}

/// What our own rules should have made impossible.
fn internal_text(text: String) -> ServiceError {
    ServiceError::Internal(text.into())
}

/// For each metric with a cap its blocks without it.
fn uncapped(experiment: &Experiment, watch: &Watch, chosen: &[Summed]) -> Vec<Option<Vec<experiment::Block>>> {
    let blocks = |metric: &MetricDefinition| {
        let plain = MetricDefinition { cap: None, ..metric.clone() };
        metric.cap.map(|_| reading::blocks(&plain, watch, chosen))
    };
    experiment.design.metrics.iter().map(|metric| blocks(&metric.metric)).collect()
}

/// Blocks and plan of a phase, without checks and forecast.
fn sheet(experiment: &Experiment, phase: &Phase, watch: &Watch, chosen: &[Summed], at_us: TimeUs) -> Sheet {
    let arm = |(arm, units): (&domain::experiment::Arm, &Summed)| ArmUnits {
        key: arm.key.clone(),
        name: arm.name.clone(),
        units: u64::try_from(units.block.units).unwrap_or(0),
    };
    let metrics = experiment.design.metrics.clone();
    Sheet {
        plan: experiment.design.plan.clone(),
        checks: Vec::new(),
        arms: phase.definition.arms.iter().zip(chosen).map(arm).collect(),
        blocks: metrics.iter().map(|metric| reading::blocks(&metric.metric, watch, chosen)).collect(),
        uncapped: Vec::new(),
        corrected: Vec::new(),
        past: Vec::new(),
        metrics,
        least_days: f64::from(experiment.design.schedule.minimum_hours) / 24.0,
        days: (at_us.0.saturating_sub(phase.from_us.0)).max(0) as f64 / DAY_US as f64,
        forecast: None,
    }
}
