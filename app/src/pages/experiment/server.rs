//! Server functions of the experiment's page.

use domain::experiment::Action;
use leptos::prelude::*;

use super::model::{Acted, ExperimentView};
use crate::{
    error::AppError,
    wire::{Command, Question},
};

/// The experiment with its log.
#[server(protocol = Question)]
pub async fn open_experiment(project: String, key: String) -> Result<ExperimentView, AppError> {
    let visit = crate::context::visit(&project).await?;
    super::read::view(&visit, &key).await
}

/// Does something to the experiment as the visitor saw it: `revision` is what their page showed. `arm` is what is shipped;
/// `confirm` repeats the key where the label is protected.
#[server(protocol = Command)]
pub async fn act_on_experiment(
    project: String,
    key: String,
    action: Action,
    arm: Option<String>,
    revision: Option<u32>,
    note: Option<String>,
    confirm: Option<String>,
) -> Result<Acted, AppError> {
    use domain::experiment::Experiment;
    use services::{ServiceError, experiments::Act};

    use crate::context;

    let visit = context::visit(&project).await?;
    let (experiments, actor, project) = (&visit.services.experiments, &visit.actor, visit.project.id);
    if matches!(action, Action::Launch | Action::Ship) {
        let experiment = experiments.get(actor, project, &key).await.map_err(context::refusal)?;
        let slot = super::read::slot(&visit, &experiment).await?;
        if slot.protected && confirm.as_deref().map(str::trim) != Some(key.as_str()) {
            let message = format!("type `{key}`: the label `{}` is protected; nothing was changed", slot.label);
            return Err(context::refusal(ServiceError::field("confirm", message)));
        }
    }
    let note = note.filter(|note| !note.trim().is_empty());
    let act = Act { revision, note };
    let done = match action {
        Action::Launch => experiments.launch(actor, project, &key, &act).await,
        Action::Start => experiments.start(actor, project, &key, &act).await,
        Action::Pause => experiments.pause(actor, project, &key, &act).await,
        Action::Resume => experiments.resume(actor, project, &key, &act).await,
        Action::Advance => experiments.advance(actor, project, &key, &act).await,
        Action::Ship => experiments.ship(actor, project, &key, &arm.unwrap_or_default(), &act).await,
        Action::Stop => experiments.stop(actor, project, &key, &act).await,
        Action::Conclude => experiments.conclude(actor, project, &key, &act).await,
        Action::RollBack => experiments.roll_back(actor, project, &key, &act).await,
        Action::Reopen => experiments.reopen(actor, project, &key, &act).await,
        Action::Archive => experiments.archive(actor, project, &key, &act).await,
    };
    let experiment: Experiment = done.map_err(context::refusal)?;
    Ok(Acted { action, said: super::words::done(action, &experiment) })
}
