//! Server function of a user's page.

use leptos::prelude::*;

use super::model::UserView;
use crate::{error::AppError, wire::Question};

/// A user with their numbers and newest traces in a range.
#[server(protocol = Question)]
pub async fn open_user(
    project: String,
    id: String,
    #[server(default)] range: Option<String>,
    #[server(default)] from: Option<String>,
    #[server(default)] to: Option<String>,
) -> Result<UserView, AppError> {
    let visit = crate::context::visit(&project).await?;
    super::read::view(&visit, &id, [range.as_deref(), from.as_deref(), to.as_deref()]).await
}
