//! Server functions of the home page.

use leptos::{prelude::*, server_fn::codec::GetUrl};

use super::model::{HomeView, Progress};
use crate::error::AppError;

/// Everything the home page shows.
#[server(input = GetUrl)]
pub async fn open_home(project: String) -> Result<HomeView, AppError> {
    let visit = crate::context::visit(&project).await?;
    super::read::view(&visit).await
}

/// How far the set-up is; asked every few seconds until it is complete.
#[server(input = GetUrl)]
pub async fn set_up_progress(project: String) -> Result<Progress, AppError> {
    let visit = crate::context::visit(&project).await?;
    super::read::progress(&visit).await
}
