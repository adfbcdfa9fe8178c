//! Gathers a result for its page. Server only.

use domain::experiment::{Experiment, Phase};
use experiment::CheckStatus;
use services::{ServiceError, results::ResultQuery};
use ui::{Query, format};

use super::{
    detail::{self, model::DetailView},
    draw::draw,
    look::{CORRECTIONS, DIFFERENCES, Look, METHODS, words},
    model::{ArmHead, PlanWords, ResultsView, Verdict},
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
    let query = ResultQuery { phase, segment: look.segment.clone(), to_go: Some(TO_GO), ..ResultQuery::default() };
    let result = visit.services.results.result(actor, project, key, &query).await.map_err(context::refusal)?;
    let experiment = &result.experiment;
    let Some(phase) = experiment.phases.iter().find(|phase| phase.number == result.phase) else { return Ok(None) };
    let units = units(&phase.definition.unit);
    let sheet = &result.sheet;
    let counted: u64 = sheet.arms.iter().map(|arm| arm.units).sum();
    let mut verdict =
        if counted == 0 { Verdict::default() } else { verdict::of(sheet, &result.table.verdicts).map_err(broken)? };
    if experiment.state.is_over() {
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
    let material = Material { whole: result.sheet, parts: result.parts, units: units.clone(), early };
    let picture = draw(&material, &look).map_err(|why| broken(Unreadable(why)))?;
    let plan = &material.whole.plan;
    Ok(Some(ResultsView {
        verdict,
        health,
        broken: broken_by,
        partial: result.partial,
        arms,
        units,
        exposed: result.exposed,
        segments,
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
        over: phase.to_us.is_some(),
    }))
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
        ArmHead {
            title: if arm.name.is_empty() { arm.key.to_string() } else { arm.name.clone() },
            version: arm.version,
            units: counted.units,
            traces: query.href(),
        }
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
        Ok(detail) => Ok(detail::draw::draw(&experiment, &detail)),
        Err(ServiceError::NotFound { .. }) => Ok(None),
        Err(error) => Err(context::refusal(error)),
    }
}
