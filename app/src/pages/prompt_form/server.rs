//! Server functions of the form of a prompt.

use leptos::prelude::*;

use super::model::{Draft, FormView};
use crate::{
    error::AppError,
    wire::{Command, Question},
};

/// The form of a version of `prompt` that follows `from`; of a new prompt without `prompt`, under `name` at first.
#[server(protocol = Question)]
pub async fn open_prompt_form(
    project: String,
    prompt: Option<String>,
    from: Option<u32>,
    name: Option<String>,
) -> Result<FormView, AppError> {
    let visit = crate::context::visit(&project).await?;
    match prompt {
        Some(prompt) => super::read::following(&visit, &prompt, from).await,
        None => Ok(super::read::new(&visit, name)),
    }
}

/// Saves the form as a version and opens that. `latest` is the newest version its author saw, none for a new prompt: what was
/// saved meanwhile is not built over unseen.
#[server(protocol = Command)]
pub async fn save_prompt(
    project: String,
    latest: Option<u32>,
    #[server(default)] draft: Draft,
) -> Result<(), AppError> {
    use crate::routes::prompt_href;

    let visit = crate::context::visit(&project).await?;
    let number = super::read::save(&visit, &draft, latest).await?;
    leptos_axum::redirect(&format!("{}?tab=versions&v={number}", prompt_href(&project, draft.name.trim())));
    Ok(())
}
