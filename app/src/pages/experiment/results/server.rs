//! Server functions of the results.

use leptos::prelude::*;

#[cfg(feature = "ssr")]
use super::look::Look;
use super::{detail::model::DetailView, model::ResultsView};
use crate::{error::AppError, wire::Question};

/// The result as somebody looks at it; nothing before the experiment began. `look` are the address's own words, which are
/// understood here: what understands them need not come before the page.
#[server(protocol = Question)]
pub async fn open_results(
    project: String,
    key: String,
    phase: Option<String>,
    #[server(default)] look: Vec<(String, String)>,
) -> Result<Option<ResultsView>, AppError> {
    let visit = crate::context::visit(&project).await?;
    let look = Look::of(&ui::Query::from_pairs(look));
    super::read::results(&visit, &key, number(phase), look).await
}

/// Whether a result may have changed: the experiment's revision and the version of its units. Works nothing out.
#[server(protocol = Question)]
pub async fn results_stamp(project: String, key: String) -> Result<(u32, u64), AppError> {
    let visit = crate::context::visit(&project).await?;
    let stamp = visit.services.results.stamp(&visit.actor, visit.project.id, &key).await;
    stamp.map_err(crate::context::refusal)
}

/// One metric in detail.
#[server(protocol = Question)]
pub async fn open_metric(
    project: String,
    key: String,
    phase: Option<String>,
    metric: String,
) -> Result<Option<DetailView>, AppError> {
    let visit = crate::context::visit(&project).await?;
    super::read::metric(&visit, &key, number(phase), &metric).await
}

/// A phase that is no number is the present one.
#[cfg(feature = "ssr")]
fn number(phase: Option<String>) -> Option<u32> {
    phase?.parse().ok()
}
