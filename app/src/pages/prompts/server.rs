//! Server function of the list of prompts.

use leptos::prelude::*;

use super::model::PromptsPage;
use crate::{error::AppError, wire::Question};

/// One page of prompts, by name. `query` are the address's own words.
#[server(protocol = Question)]
pub async fn list_prompts(
    project: String,
    #[server(default)] query: Vec<(String, String)>,
) -> Result<PromptsPage, AppError> {
    let visit = crate::context::visit(&project).await?;
    let query = super::model::PromptsQuery::of(&ui::Query::from_pairs(query));
    super::read::page(&visit, query).await
}
