//! Server functions of the Versions tab.

use leptos::{prelude::*, server_fn::codec::GetUrl};

use super::model::VersionsView;
use crate::error::AppError;

/// A prompt's history with one version opened: the one asked for, else where production points, else the newest.
#[server(input = GetUrl)]
pub async fn open_versions(project: String, name: String, version: Option<u32>) -> Result<VersionsView, AppError> {
    let visit = crate::context::visit(&project).await?;
    super::read::view(&visit, &name, version).await
}

/// Points a label at a version. Returns where it pointed before, for the way back.
#[server]
pub async fn move_label(
    project: String,
    name: String,
    label: String,
    version: u32,
    reason: Option<String>,
) -> Result<Option<u32>, AppError> {
    use crate::context;

    let visit = context::visit(&project).await?;
    let (prompts, actor, project) = (&visit.services.prompts, &visit.actor, visit.project.id);
    let before = prompts.prompt(actor, project, &name).await.map_err(context::refusal)?;
    let before = before.labels.iter().find(|own| own.name.as_str() == label).map(|own| own.version);
    let reason = reason.filter(|reason| !reason.trim().is_empty());
    prompts.move_label(actor, project, &name, &label, version, reason.as_deref()).await.map_err(context::refusal)?;
    Ok(before)
}

/// Takes a label off.
#[server]
pub async fn remove_label(project: String, name: String, label: String) -> Result<(), AppError> {
    use crate::context;

    let visit = context::visit(&project).await?;
    let prompts = &visit.services.prompts;
    prompts.remove_label(&visit.actor, visit.project.id, &name, &label, None).await.map_err(context::refusal)
}
