//! Server functions of the API reference.

use leptos::prelude::*;

use super::model::{Opened, ReferenceView};
use crate::{error::AppError, wire::Question};

/// Operations that have every word of `q` in method, path, name or summary.
#[server(protocol = Question)]
pub async fn list_operations(project: String, q: Option<String>) -> Result<ReferenceView, AppError> {
    crate::context::visit(&project).await?;
    Ok(super::read::list(&crate::context::interface(), q.unwrap_or_default()))
}

/// One operation, or what holds for all.
#[server(protocol = Question)]
pub async fn open_operation(project: String, operation: Option<String>) -> Result<Opened, AppError> {
    let visit = crate::context::visit(&project).await?;
    super::read::open(&visit, &crate::context::interface(), operation.as_deref()).await
}
