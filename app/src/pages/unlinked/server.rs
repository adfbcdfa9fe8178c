//! Server function of the report on what is not linked.

use leptos::prelude::*;

use super::model::{UnlinkedPage, UnlinkedQuery};
use crate::{error::AppError, wire::Question};

/// Generations that count for no prompt version, and what each of them lacks.
#[server(protocol = Question)]
pub async fn report_unlinked(
    project: String,
    #[server(default)] query: UnlinkedQuery,
) -> Result<UnlinkedPage, AppError> {
    let visit = crate::context::visit(&project).await?;
    super::read::page(&visit, query).await
}
