mod labels;
mod metrics;
mod model;
mod versions;

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::Response,
};
use domain::page::{Page, PageSize};
use serde::Deserialize;
use serde_json::Value;
use services::{
    ServiceError,
    prompts::{PromptFilter, SaveVersion},
};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use self::model::{PromptPage, PromptView, VersionView};
use crate::{
    extract::{Body, Caller, Path, Query, answer_tagged},
    prompt_body,
    refusal::Refusal,
    state::ApiState,
};

pub(super) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(get, change, remove))
        .routes(routes!(versions::list, versions::create))
        .routes(routes!(versions::get))
        .routes(routes!(labels::moves))
        .routes(routes!(labels::set, labels::remove))
        .routes(routes!(metrics::ask))
}

/// Which prompts to list; every condition given has to hold.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ListQuery {
    /// Exactly this name.
    name: Option<String>,
    /// The name contains this, whatever the case.
    contains: Option<String>,
    /// In this folder or below it.
    folder: Option<String>,
    tag: Option<String>,
    label: Option<String>,
    cursor: Option<String>,
    limit: Option<u32>,
}

/// A new prompt, with its first version.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewPrompt {
    /// 1 to 200 characters, in folders divided by `/`.
    name: String,
    /// `text` (the default) or `chat`.
    #[serde(rename = "type")]
    kind: Option<String>,
    /// A text, or messages and placeholders.
    #[schema(value_type = Object)]
    prompt: Value,
    /// Model and parameters.
    #[schema(value_type = Option<Object>)]
    config: Option<Value>,
    /// Labels that move to this version.
    labels: Option<Vec<String>>,
    /// Tags of the whole prompt from now on.
    tags: Option<Vec<String>>,
    commit_message: Option<String>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PromptChange {
    /// All tags from now on.
    tags: Vec<String>,
}

/// Size of a page, or what is wrong with it.
fn page_size(limit: Option<u32>) -> Result<PageSize, ServiceError> {
    limit.map_or(Ok(PageSize::default()), |rows| PageSize::new(rows).map_err(ServiceError::of("limit")))
}

impl NewPrompt {
    fn into_save(self) -> Result<SaveVersion, ServiceError> {
        Ok(SaveVersion {
            config: self.config,
            tags: self.tags,
            labels: self.labels.unwrap_or_default(),
            commit_message: self.commit_message,
            ..SaveVersion::new(self.name, prompt_body::read(self.kind.as_deref(), self.prompt)?)
        })
    }
}

/// Prompts by name, page by page
#[utoipa::path(get, path = "/api/v1/prompts", tag = "Prompts", operation_id = "list_prompts", params(ListQuery),
    responses((status = 200, body = PromptPage)))]
async fn list(
    State(state): State<ApiState>,
    caller: Caller,
    Query(query): Query<ListQuery>,
) -> Result<Json<PromptPage>, Refusal> {
    let size = page_size(query.limit)?;
    let filter = PromptFilter {
        name: query.name,
        contains: query.contains,
        folder: query.folder,
        tag: query.tag,
        label: query.label,
        ..PromptFilter::default()
    };
    let prompts = &state.services.prompts;
    let Page { items, next } =
        prompts.list(&caller.actor, caller.project, &filter, query.cursor.as_deref(), size).await?;
    Ok(Json(PromptPage { items: items.into_iter().map(PromptView::from).collect(), next }))
}

/// Make a prompt, with its first version
///
/// A name that exists gets a further version.
#[utoipa::path(post, path = "/api/v1/prompts", tag = "Prompts", operation_id = "create_prompt", request_body = NewPrompt,
    responses((status = 201, body = VersionView)))]
async fn create(
    State(state): State<ApiState>,
    caller: Caller,
    Body(new): Body<NewPrompt>,
) -> Result<(StatusCode, Json<VersionView>), Refusal> {
    let save = new.into_save()?;
    let saved = state.services.prompts.save(&caller.actor, caller.project, save).await?;
    Ok((StatusCode::CREATED, Json(VersionView::of(&saved))))
}

/// A prompt without its texts
#[utoipa::path(get, path = "/api/v1/prompts/{name}", tag = "Prompts", operation_id = "get_prompt",
    params(("name" = String, Path, description = "percent-encoded, as one segment")),
    responses((status = 200, body = PromptView), (status = 304, description = "as `If-None-Match` has it")))]
async fn get(
    State(state): State<ApiState>,
    caller: Caller,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let prompt = state.services.prompts.prompt(&caller.actor, caller.project, &name).await?;
    answer_tagged(&headers, &PromptView::from(prompt))
}

/// Set a prompt's tags
#[utoipa::path(patch, path = "/api/v1/prompts/{name}", tag = "Prompts", operation_id = "change_prompt",
    params(("name" = String, Path)), request_body = PromptChange, responses((status = 200, body = PromptView)))]
async fn change(
    State(state): State<ApiState>,
    caller: Caller,
    Path(name): Path<String>,
    Body(change): Body<PromptChange>,
) -> Result<Json<PromptView>, Refusal> {
    let prompt = state.services.prompts.set_tags(&caller.actor, caller.project, &name, &change.tags).await?;
    Ok(Json(prompt.into()))
}

/// Remove a prompt with all its versions
///
/// Version numbers are never used again.
#[utoipa::path(delete, path = "/api/v1/prompts/{name}", tag = "Prompts", operation_id = "delete_prompt",
    params(("name" = String, Path)), responses((status = 204, description = "removed")))]
async fn remove(
    State(state): State<ApiState>,
    caller: Caller,
    Path(name): Path<String>,
) -> Result<StatusCode, Refusal> {
    state.services.prompts.remove(&caller.actor, caller.project, &name, None).await?;
    Ok(StatusCode::NO_CONTENT)
}
