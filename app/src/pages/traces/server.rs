//! Server functions of the list of traces.

use leptos::prelude::*;

use super::model::{TraceLines, TracesPage, TracesQuery};
use crate::{error::AppError, wire::Question};

/// One page of traces, newest first, with what the list can be filtered by. `query` are the address's own words.
#[server(protocol = Question)]
pub async fn list_traces(
    project: String,
    #[server(default)] query: Vec<(String, String)>,
) -> Result<TracesPage, AppError> {
    let visit = crate::context::visit(&project).await?;
    super::read::page(&visit, &TracesQuery::of(&ui::Query::from_pairs(query))).await
}

/// The lines alone, as they are by now.
#[server(protocol = Question)]
pub async fn newest_traces(project: String, #[server(default)] query: TracesQuery) -> Result<TraceLines, AppError> {
    let visit = crate::context::visit(&project).await?;
    super::read::lines(&visit, &query).await
}
