//! Server function of the explanation.

use leptos::prelude::*;

use super::model::ExplainView;
use crate::{error::AppError, wire::Question};

/// Why a unit got what it got; `at` a time as forms write it, now if none is given.
#[server(protocol = Question)]
pub async fn explain_unit(
    project: String,
    key: String,
    unit: String,
    at: Option<String>,
) -> Result<ExplainView, AppError> {
    let visit = crate::context::visit(&project).await?;
    super::read::explain(&visit, &key, &unit, at.as_deref()).await
}
