//! Server functions of the Versions tab.

use leptos::prelude::*;

use super::model::{LabelMoved, OpenedPrompt};
use crate::{
    error::AppError,
    wire::{Command, Question},
};

/// A prompt's history with one version opened: the one asked for, else where production points, else the newest.
/// Of a prompt that only traces know, what they say.
#[server(protocol = Question)]
pub async fn open_versions(project: String, name: String, version: Option<u32>) -> Result<OpenedPrompt, AppError> {
    let visit = crate::context::visit(&project).await?;
    super::read::opened(&visit, &name, version).await
}

/// Points a label at a version. Returns where it pointed before, for the way back. `experiment` says what becomes of an
/// experiment the label belongs to: `stop` or `rebase`; without it such a label does not move.
#[server(protocol = Command)]
pub async fn move_label(
    project: String,
    name: String,
    label: String,
    version: u32,
    reason: Option<String>,
    experiment: Option<String>,
) -> Result<LabelMoved, AppError> {
    use services::{
        ServiceError,
        experiments::{TakeLabel, Takeover},
    };

    use crate::context;

    let visit = context::visit(&project).await?;
    let (prompts, actor, project) = (&visit.services.prompts, &visit.actor, visit.project.id);
    let before = prompts.prompt(actor, project, &name).await.map_err(context::refusal)?;
    let before = before.labels.iter().find(|own| own.name.as_str() == label).map(|own| own.version);
    let reason = reason.filter(|reason| !reason.trim().is_empty());
    let reason = reason.as_deref();
    let takeover = match experiment.as_deref() {
        None | Some("") => None,
        Some("stop") => Some(Takeover::Stop),
        Some("rebase") => Some(Takeover::Rebase),
        Some(_) => {
            let unknown = ServiceError::field("experiment", "give `stop` or `rebase`, or nothing");
            return Err(context::refusal(unknown));
        }
    };
    let moved = match takeover {
        None => prompts.move_label(actor, project, &name, &label, version, reason).await.map(|_| false),
        Some(takeover) => {
            let take = TakeLabel { prompt: &name, label: &label, to: version, reason, takeover };
            visit.services.experiments.move_label(actor, project, take).await.map(|taken| taken.from.is_some())
        }
    };
    let took_over = moved.map_err(context::refusal)?;
    Ok(LabelMoved { label, from: before, to: version, took_over })
}

/// Takes a label off.
#[server(protocol = Command)]
pub async fn remove_label(project: String, name: String, label: String) -> Result<(), AppError> {
    use crate::context;

    let visit = context::visit(&project).await?;
    let prompts = &visit.services.prompts;
    prompts.remove_label(&visit.actor, visit.project.id, &name, &label, None).await.map_err(context::refusal)
}
