//! Gathers a result for its page. Server only.

use domain::experiment::{Allocation, Experiment, Phase, Share, State};
use experiment::CheckStatus;
use services::{ServiceError, results::ResultQuery};
use ui::{Query, format};

use super::{
    decided_read,
    detail::{self, model::DetailView},
    draw::draw,
    look::{CORRECTIONS, DIFFERENCES, Look, METHODS, words},
    model::{ArmHead, Head, PlanWords, ResultsView, Verdict},
    sent::{self, Material},
    verdict,
};
use crate::{
    context::{self, Visit},
    error::AppError,
    pages::experiment::words::units,
};

/// Segments whose sheets go with the page.
const TO_GO: usize = 8;

pub(super) async fn results(
    visit: &Visit,
    key: &str,
    phase: Option<u32>,
    look: Look,
) -> Result<Option<ResultsView>, AppError> {
    let (actor, project) = (&visit.actor, visit.project.id);
    let experiment = visit.services.experiments.get(actor, project, key).await.map_err(context::refusal)?;
    if experiment.phases.is_empty() {
        return Ok(None);
    }
    // Before the numbers: what comes in between is seen with the next look.
    let stamp = visit.services.results.stamp(actor, project, key).await.map_err(context::refusal)?;
    let query = ResultQuery { phase, segment: look.segment.clone(), to_go: Some(TO_GO), ..ResultQuery::default() };
    let result = visit.services.results.result(actor, project, key, &query).await.map_err(context::refusal)?;
    let experiment = &result.experiment;
    let Some(phase) = experiment.phases.iter().find(|phase| phase.number == result.phase) else { return Ok(None) };
    let units = units(&phase.definition.unit);
    let sheet = &result.sheet;
    let counted: u64 = sheet.arms.iter().map(|arm| arm.units).sum();
    let mut verdict =
        if counted == 0 { Verdict::default() } else { verdict::of(sheet, &result.table.verdicts).map_err(broken)? };
    verdict.text.extend(moved(phase));
    if phase.to_us.is_some() {
        // What to do is decided; what was known stays.
        verdict.word.clear();
    }
    let health = verdict::health(sheet, &units);
    let failed = sheet.checks.iter().find(|check| check.status == CheckStatus::Broken);
    let has_caps = sheet.metrics.iter().any(|metric| metric.metric.cap.is_some());
    let early = result.table.verdicts.iter().all(|own| own.verdict == experiment::Verdict::TooEarly);
    let arms = arms(experiment, phase, sheet, visit.now.0);
    let broken_by = failed.map(|check| check.sentence.clone());
    let segments = result.segments.iter().take(TO_GO).cloned().collect();
    let decided = decided_read::view(experiment, &result);
    let material = Material { whole: result.sheet, parts: result.parts, units: units.clone(), early };
    let picture = draw(&material, &look).map_err(|why| broken(Unreadable(why)))?;
    let plan = &material.whole.plan;
    let is_running = experiment.state == State::Running && phase.to_us.is_none();
    Ok(Some(ResultsView {
        head: Head {
            verdict,
            health,
            broken: broken_by,
            partial: result.partial,
            arms,
            units,
            exposed: result.exposed,
            segments,
            stamp: is_running.then_some(stamp),
        },
        picture,
        plan: PlanWords {
            method: words(&METHODS, plan.method).0.to_owned(),
            level: format::percent(plan.alpha),
            alpha: plan.alpha.to_string(),
            correction: words(&CORRECTIONS, plan.correction).0.to_owned(),
            difference: words(&DIFFERENCES, plan.difference).0.to_owned(),
        },
        material: sent::write(&material).map_err(broken)?,
        has_caps,
        phases: phases(experiment),
        phase: phase.number.to_string(),
        decided,
        exposing: exposing(phase),
    }))
}

/// How a unit comes to be counted. A generation alone exposes its unit where every client is told the rule.
fn exposing(phase: &Phase) -> String {
    let or = if phase.definition.keeps_arms() { "" } else { ", or sends a generation of its prompt" };
    format!(
        "A unit is exposed when a program asks for this slot with the unit’s id{or}. Wire a program below; the first exposure appears \
         here within seconds. Results with intervals need 50 units an arm."
    )
}

/// The phases, the newest first, each with its time; nothing to choose from where there is one.
fn phases(experiment: &Experiment) -> Vec<(String, String)> {
    if experiment.phases.len() < 2 {
        return Vec::new();
    }
    let phase = |phase: &Phase| {
        let from = format::date_time(phase.from_us.0);
        let when =
            phase.to_us.map_or_else(|| format!("since {from}"), |to| format!("{from} to {}", format::date_time(to.0)));
        (phase.number.to_string(), when)
    };
    experiment.phases.iter().rev().map(phase).collect()
}

/// Where the traffic of a split that moves goes, and what that means for the numbers.
fn moved(phase: &Phase) -> Option<String> {
    let epoch = phase.epoch().filter(|_| phase.definition.allocation == Allocation::Adaptive)?;
    // While it is paused, and once it is over, nobody gets a treatment.
    if phase.to_us.is_some() || epoch.coverage == Share::NONE {
        return None;
    }
    let arms = phase.definition.arms.iter().zip(&epoch.weights);
    let (arm, weight) = arms.max_by_key(|(_, weight)| **weight)?;
    let title = arm.title();
    // A pause in between changes nothing about the weights.
    let same = phase.epochs.iter().rev().take_while(|one| one.weights == epoch.weights).last();
    let since = format::date(same.unwrap_or(epoch).from_us.0);
    Some(if epoch.weights == phase.definition.arms.iter().map(|arm| arm.weight).collect::<Vec<_>>() {
        "The split is adaptive and has not moved yet.".to_owned()
    } else {
        format!(
            "The split is adaptive: since {since} {title} gets {}. Traffic moved toward better versions while the test ran, so means, \
             rates and counts are corrected for the weights their units were dealt by; other values are as they came.",
            format::percent_whole(f64::from(*weight) / 10_000.0),
        )
    })
}

#[derive(Debug)]
struct Unreadable(String);

impl std::fmt::Display for Unreadable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Unreadable {}

fn broken(cause: impl std::error::Error + Send + Sync + 'static) -> AppError {
    context::refusal(ServiceError::Internal(Box::new(cause)))
}

/// The arms with the traces of their versions in the phase's time.
fn arms(experiment: &Experiment, phase: &Phase, sheet: &experiment::Sheet, now_us: i64) -> Vec<ArmHead> {
    let until = phase.to_us.map_or(now_us, |to| to.0);
    let arms = phase.definition.arms.iter().zip(&sheet.arms);
    arms.map(|(arm, counted)| {
        let query = Query::from_pairs([
            ("prompt", experiment.slot.prompt_name.to_string()),
            ("version", arm.version.to_string()),
            ("from", format::rfc3339(phase.from_us.0)),
            ("to", format::rfc3339(until)),
        ]);
        ArmHead { title: arm.title().to_owned(), version: arm.version, units: counted.units, traces: query.href() }
    })
    .collect()
}

/// One metric in detail; nothing where the experiment has none of that name: an address may be old.
pub(super) async fn metric(
    visit: &Visit,
    key: &str,
    phase: Option<u32>,
    metric: &str,
) -> Result<Option<DetailView>, AppError> {
    let (actor, project) = (&visit.actor, visit.project.id);
    let experiment = visit.services.experiments.get(actor, project, key).await.map_err(context::refusal)?;
    match visit.services.results.detail(actor, project, key, phase, metric).await {
        Ok(detail) => {
            let shown = experiment.phases.iter().rfind(|own| phase.is_none_or(|phase| own.number == phase));
            Ok(shown.and_then(|phase| detail::draw::draw(&experiment, phase, &detail)))
        }
        Err(ServiceError::NotFound { .. }) => Ok(None),
        Err(error) => Err(context::refusal(error)),
    }
}
