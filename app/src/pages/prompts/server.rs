//! Server function of the list of prompts.

use leptos::{prelude::*, server_fn::codec::GetUrl};

use super::model::{PromptsPage, PromptsQuery};
use crate::error::AppError;

/// One page of prompts, by name.
#[server(input = GetUrl)]
pub async fn list_prompts(project: String, #[server(default)] query: PromptsQuery) -> Result<PromptsPage, AppError> {
    let visit = crate::context::visit(&project).await?;
    super::read::page(&visit, query).await
}
