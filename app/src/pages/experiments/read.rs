//! Experiments as the list shows them. Server only.

use domain::{
    auth::{KeyKind, Role, Scope},
    experiment::{Arm, Experiment, State},
    page::PageSize,
};
use experiment::TreatmentVerdict;
use services::{ServiceError, experiments::ListExperiments};

use super::model::{ArmLine, ExperimentLine, ExperimentsView, Status};
use crate::{
    context::{self, Visit},
    error::AppError,
};

/// Treatments whose verdicts a list shows.
const MOST_VERDICTS: usize = 2;

pub(super) async fn list(
    visit: &Visit,
    status: Option<&str>,
    prompt: Option<String>,
    cursor: Option<&str>,
) -> Result<ExperimentsView, AppError> {
    let (experiments, actor, project) = (&visit.services.experiments, &visit.actor, visit.project.id);
    let status = Status::of(status);
    let wanted = ListExperiments {
        states: State::ALL.into_iter().filter(|state| status.holds(*state)).collect(),
        prompt: prompt.filter(|prompt| !prompt.is_empty()),
    };
    let page = experiments.list(actor, project, wanted, cursor, PageSize::default()).await.map_err(context::refusal)?;
    let none_yet = page.items.is_empty() && {
        let any = PageSize::new(1).unwrap_or_default();
        let all = experiments.list(actor, project, ListExperiments::default(), None, any).await;
        all.map_err(context::refusal)?.items.is_empty()
    };
    Ok(ExperimentsView {
        lines: lines(visit, &page.items).await,
        next: page.next,
        none_yet,
        may_write: may_write(visit),
        now_us: visit.now.0,
    })
}

/// Those that own their slot, newest first, at most `most`.
pub(in crate::pages) async fn live(visit: &Visit, most: u32) -> Result<Vec<ExperimentLine>, AppError> {
    let states = State::ALL.into_iter().filter(|state| state.owns_slot()).collect();
    let wanted = ListExperiments { states, prompt: None };
    let size = PageSize::new(most).map_err(|error| context::refusal(ServiceError::of("limit")(error)))?;
    let page = visit.services.experiments.list(&visit.actor, visit.project.id, wanted, None, size).await;
    Ok(lines(visit, &page.map_err(context::refusal)?.items).await)
}

async fn lines(visit: &Visit, experiments: &[Experiment]) -> Vec<ExperimentLine> {
    let mut lines = Vec::with_capacity(experiments.len());
    for experiment in experiments {
        lines.push(line(experiment, known(visit, experiment).await));
    }
    lines
}

/// The verdict on each treatment. A list does without it where it cannot be had.
async fn known(visit: &Visit, experiment: &Experiment) -> Option<String> {
    if !matches!(experiment.state, State::Running | State::Paused) {
        return None;
    }
    let told = visit.services.results.told(&visit.actor, visit.project.id, experiment).await;
    // Logs what went wrong; the page is as good as it can be without.
    let verdicts = told.map_err(|error| error.into_problem(None)).ok()?;
    Some(sentences(&verdicts, &experiment.design.arms))
}

/// The verdicts that ask for most, each with its arm where there are several; what holds for all is said once.
fn sentences(verdicts: &[TreatmentVerdict], arms: &[Arm]) -> String {
    let mut sorted: Vec<&TreatmentVerdict> = verdicts.iter().collect();
    sorted.sort_by_key(|verdict| verdict.verdict.urgency());
    let Some((first, others)) = sorted.split_first() else { return String::new() };
    if others.iter().all(|other| other.sentence == first.sentence) {
        return first.sentence.clone();
    }
    let said = sorted.into_iter().take(MOST_VERDICTS).map(|verdict| {
        let title = arms.iter().find(|arm| arm.key == verdict.arm).map_or(verdict.arm.as_str(), Arm::title);
        let is_named = verdict.sentence.starts_with(title);
        if is_named { verdict.sentence.clone() } else { format!("{title}: {}", verdict.sentence) }
    });
    said.collect::<Vec<_>>().join(" ")
}

fn line(experiment: &Experiment, known: Option<String>) -> ExperimentLine {
    ExperimentLine {
        known,
        key: experiment.key.to_string(),
        title: experiment.title().to_owned(),
        state: experiment.state,
        prompt: experiment.slot.prompt_name.to_string(),
        label: experiment.slot.label.to_string(),
        arms: arms(experiment),
        coverage: experiment.design.coverage.to_string(),
        started_us: experiment.started_us.map(|at| at.0),
        ended_us: experiment.ended_us.map(|at| at.0),
        updated_us: experiment.updated_us.0,
    }
}

/// The arms with the weights of the design.
pub(in crate::pages) fn arms(experiment: &Experiment) -> Vec<ArmLine> {
    experiment.design.arms.iter().map(ArmLine::from).collect()
}

/// Whether the visitor may change experiments.
pub(in crate::pages) fn may_write(visit: &Visit) -> bool {
    visit.role >= Role::Editor
}

/// Public keys programs resolve with: of a pair, and a client key, where the visitor may see keys.
pub(in crate::pages) async fn public_keys(visit: &Visit) -> Result<[Option<String>; 2], AppError> {
    let keys = match visit.services.access.keys(&visit.actor, visit.project.id).await {
        Ok(keys) => keys,
        Err(ServiceError::Forbidden(_)) => return Ok([None, None]),
        Err(error) => return Err(context::refusal(error)),
    };
    let usable = |kind: KeyKind, scopes: &[Scope]| {
        let mut keys = keys.iter().filter(|key| key.revoked_us.is_none() && key.kind == kind);
        keys.find(|key| scopes.iter().all(|scope| key.scopes.contains(scope))).map(|key| key.public_key.clone())
    };
    // A client that assigns by itself also reports whom it exposed.
    Ok([usable(KeyKind::Pair, &[Scope::Resolve]), usable(KeyKind::Client, &[Scope::Resolve, Scope::Ingest])])
}

#[cfg(test)]
mod tests {
    use experiment::Verdict;

    use super::*;

    fn arm(key: &str, name: &str) -> Arm {
        Arm { key: key.parse().unwrap(), name: name.to_owned(), version: 1, weight: 1 }
    }

    fn verdict(arm: &str, verdict: Verdict, sentence: &str) -> TreatmentVerdict {
        TreatmentVerdict { arm: arm.parse().unwrap(), verdict, sentence: sentence.to_owned() }
    }

    #[test]
    fn what_asks_for_most_is_said_first_and_with_its_arm() {
        let arms = [arm("control", ""), arm("a", "Short"), arm("b", ""), arm("c", "Warm")];
        let verdicts = [
            verdict("a", Verdict::KeepRunning, "No clear result yet."),
            verdict("b", Verdict::TooEarly, "90 more users per version needed."),
            verdict("c", Verdict::StopNow, "Warm does harm."),
        ];
        assert_eq!(sentences(&verdicts, &arms), "Warm does harm. Short: No clear result yet.");
        assert_eq!(sentences(&verdicts[..1], &arms), "No clear result yet.");
        let broken = ["a", "b", "c"].map(|arm| verdict(arm, Verdict::Broken, "Don't use these results: split."));
        assert_eq!(sentences(&broken, &arms), "Don't use these results: split.");
        assert_eq!(sentences(&[], &arms), "");
    }
}
