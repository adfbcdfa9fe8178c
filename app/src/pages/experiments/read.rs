//! Experiments as the list shows them. Server only.

use domain::{
    auth::{KeyKind, Role, Scope},
    experiment::{Experiment, State},
    page::PageSize,
};
use services::{ServiceError, experiments::ListExperiments};

use super::model::{ArmLine, ExperimentLine, ExperimentsView, Status};
use crate::{
    context::{self, Visit},
    error::AppError,
};

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
        lines: page.items.iter().map(line).collect(),
        next: page.next,
        none_yet,
        may_write: may_write(visit),
        now_us: visit.now.0,
    })
}

fn line(experiment: &Experiment) -> ExperimentLine {
    ExperimentLine {
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
    let arm = |arm: &domain::experiment::Arm| ArmLine {
        key: arm.key.to_string(),
        title: if arm.name.is_empty() { arm.key.to_string() } else { arm.name.clone() },
        version: arm.version,
        weight: arm.weight,
    };
    experiment.design.arms.iter().map(arm).collect()
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
    let usable = |kind: KeyKind| {
        let mut keys = keys.iter().filter(|key| key.revoked_us.is_none() && key.scopes.contains(&Scope::Resolve));
        keys.find(|key| key.kind == kind).map(|key| key.public_key.clone())
    };
    Ok([usable(KeyKind::Pair), usable(KeyKind::Client)])
}
