//! Server functions of the home page.

use leptos::prelude::*;

use super::model::{HomeView, Progress};
use crate::{error::AppError, wire::Question};

/// Everything the home page shows.
#[server(protocol = Question)]
pub async fn open_home(project: String) -> Result<HomeView, AppError> {
    let visit = crate::context::visit(&project).await?;
    super::read::view(&visit).await
}

/// How far the set-up is; asked every few seconds until it is complete.
#[server(protocol = Question)]
pub async fn set_up_progress(project: String) -> Result<Progress, AppError> {
    let visit = crate::context::visit(&project).await?;
    super::read::progress(&visit).await
}
