//! Server function of the Metrics tab.

use leptos::prelude::*;

use super::model::MetricsView;
#[cfg(feature = "ssr")]
use super::query::MetricsQuery;
use crate::{error::AppError, wire::Question};

/// The numbers of every version of a prompt. `query` are the address's own words, which are understood here: what
/// understands them need not come before the page.
#[server(protocol = Question)]
pub async fn prompt_metrics(
    project: String,
    name: String,
    query: Vec<(String, String)>,
) -> Result<MetricsView, AppError> {
    let visit = crate::context::visit(&project).await?;
    let query = MetricsQuery::of(&ui::Query::from_pairs(query));
    super::read::view(&visit, &name, &query).await
}
