//! Server function of the Metrics tab.

use leptos::prelude::*;

use super::model::{MetricsQuery, MetricsView};
use crate::{error::AppError, wire::Question};

/// The numbers of every version of a prompt.
#[server(protocol = Question)]
pub async fn prompt_metrics(
    project: String,
    name: String,
    #[server(default)] query: MetricsQuery,
) -> Result<MetricsView, AppError> {
    let visit = crate::context::visit(&project).await?;
    super::read::view(&visit, &name, &query).await
}
