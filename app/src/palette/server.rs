//! Server function of the palette.

use leptos::prelude::*;

use super::model::Hit;
use crate::{error::AppError, wire::Question};

/// What has `q` in its name or begins with it; for an empty one the visitor's other projects.
#[server(protocol = Question)]
pub async fn find(project: String, #[server(default)] q: String) -> Result<Vec<Hit>, AppError> {
    let visit = crate::context::visit(&project).await?;
    super::read::find(&visit, &q).await
}
