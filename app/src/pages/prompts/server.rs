//! Server function of the list of prompts.

use leptos::prelude::*;

use super::model::{PromptsPage, PromptsQuery};
use crate::{error::AppError, wire::Question};

/// One page of prompts, by name.
#[server(protocol = Question)]
pub async fn list_prompts(project: String, #[server(default)] query: PromptsQuery) -> Result<PromptsPage, AppError> {
    let visit = crate::context::visit(&project).await?;
    super::read::page(&visit, query).await
}
