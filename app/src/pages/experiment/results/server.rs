//! Server functions of the results.

use leptos::prelude::*;

use super::{detail::model::DetailView, look::Look, model::ResultsView};
use crate::{error::AppError, wire::Question};

/// The result as somebody looks at it; nothing before the experiment began.
#[server(protocol = Question)]
pub async fn open_results(
    project: String,
    key: String,
    phase: Option<u32>,
    look: Look,
) -> Result<Option<ResultsView>, AppError> {
    let visit = crate::context::visit(&project).await?;
    super::read::results(&visit, &key, phase, look).await
}

/// One metric in detail.
#[server(protocol = Question)]
pub async fn open_metric(
    project: String,
    key: String,
    phase: Option<u32>,
    metric: String,
) -> Result<Option<DetailView>, AppError> {
    let visit = crate::context::visit(&project).await?;
    super::read::metric(&visit, &key, phase, &metric).await
}
