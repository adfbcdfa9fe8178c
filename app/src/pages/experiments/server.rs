//! Server function of the list of experiments.

use leptos::prelude::*;

use super::model::ExperimentsView;
use crate::{error::AppError, wire::Question};

/// Experiments of a project, newest first.
#[server(protocol = Question)]
pub async fn list_experiments(
    project: String,
    status: Option<String>,
    prompt: Option<String>,
    cursor: Option<String>,
) -> Result<ExperimentsView, AppError> {
    let visit = crate::context::visit(&project).await?;
    super::read::list(&visit, status.as_deref(), prompt, cursor.as_deref()).await
}
