//! Server function of the lists of sessions and users.

use leptos::prelude::*;

use super::model::{GatheredLines, GatheredQuery, Kind};
use crate::{error::AppError, wire::Question};

/// One page of sessions or users.
#[server(protocol = Question)]
pub async fn list_gathered(
    project: String,
    kind: Kind,
    #[server(default)] query: GatheredQuery,
) -> Result<GatheredLines, AppError> {
    let visit = crate::context::visit(&project).await?;
    super::read::lines(&visit, kind, &query).await
}
