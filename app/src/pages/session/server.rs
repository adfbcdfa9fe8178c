//! Server function of a session's page.

use leptos::prelude::*;

use super::model::SessionView;
use crate::{error::AppError, wire::Question};

/// A session with a page of its traces.
#[server(protocol = Question)]
pub async fn open_session(
    project: String,
    id: String,
    #[server(default)] cursor: Option<String>,
) -> Result<SessionView, AppError> {
    let visit = crate::context::visit(&project).await?;
    super::read::view(&visit, &id, cursor.as_deref()).await
}
