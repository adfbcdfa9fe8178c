//! Server functions of the import page. The file itself goes to `POST /api/v1/imports`, which takes it in pieces.

use leptos::prelude::*;

use super::model::ImportsView;
use crate::{
    error::AppError,
    wire::{Command, Question},
};

/// The project's imports, with the report of `job`, else of the newest.
#[server(protocol = Question)]
pub async fn list_imports(project: String, job: Option<String>) -> Result<ImportsView, AppError> {
    use crate::context;

    let visit = context::visit(&project).await?;
    let jobs = visit.services.import.jobs(&visit.actor, visit.project.id).await.map_err(context::refusal)?;
    Ok(super::read::view(&visit, jobs, job.as_deref()))
}

/// Stops an import; what it stored until then stays.
#[server(protocol = Command)]
pub async fn cancel_import(project: String, job: String) -> Result<(), AppError> {
    use crate::context;

    let visit = context::visit(&project).await?;
    let job = context::parse("job", &job)?;
    visit.services.import.cancel(&visit.actor, visit.project.id, job).await.map_err(context::refusal)?;
    Ok(())
}
