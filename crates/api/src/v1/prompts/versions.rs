use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::Response,
};
use domain::{
    page::Page,
    prompt::{LabelName, VersionChoice},
};
use serde::Deserialize;
use serde_json::Value;
use services::{
    ServiceError,
    prompts::{SaveVersion, choose},
};
use utoipa::{IntoParams, ToSchema};

use super::{
    model::{VersionPage, VersionView},
    page_size,
};
use crate::{
    extract::{Body, Caller, Path, Query, answer_tagged},
    prompt_body,
    refusal::Refusal,
    state::ApiState,
};

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct PageQuery {
    cursor: Option<String>,
    limit: Option<u32>,
}

/// A further version of an existing prompt.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewVersion {
    /// `text` (the default) or `chat`; as the prompt's other versions.
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
    commit_message: Option<String>,
    /// The newest version you saw: the save fails when another has come since.
    expected_latest: Option<u32>,
}

impl NewVersion {
    fn into_save(self, name: String) -> Result<SaveVersion, ServiceError> {
        Ok(SaveVersion {
            config: self.config,
            labels: self.labels.unwrap_or_default(),
            commit_message: self.commit_message,
            expected_latest: self.expected_latest,
            ..SaveVersion::new(name, prompt_body::read(self.kind.as_deref(), self.prompt)?)
        })
    }
}

/// Versions of a prompt, newest first
#[utoipa::path(get, path = "/api/v1/prompts/{name}/versions", tag = "Prompts", operation_id = "list_versions",
    params(("name" = String, Path), PageQuery), responses((status = 200, body = VersionPage)))]
pub(super) async fn list(
    State(state): State<ApiState>,
    caller: Caller,
    Path(name): Path<String>,
    Query(query): Query<PageQuery>,
) -> Result<Json<VersionPage>, Refusal> {
    let size = page_size(query.limit)?;
    let prompts = &state.services.prompts;
    let Page { items, next } =
        prompts.versions(&caller.actor, caller.project, &name, query.cursor.as_deref(), size).await?;
    Ok(Json(VersionPage { items: items.into_iter().map(VersionView::from).collect(), next }))
}

/// Save a version of an existing prompt
#[utoipa::path(post, path = "/api/v1/prompts/{name}/versions", tag = "Prompts", operation_id = "create_version",
    params(("name" = String, Path)), request_body = NewVersion, responses((status = 201, body = VersionView)))]
pub(super) async fn create(
    State(state): State<ApiState>,
    caller: Caller,
    Path(name): Path<String>,
    Body(new): Body<NewVersion>,
) -> Result<(StatusCode, Json<VersionView>), Refusal> {
    let save = new.into_save(name)?;
    let saved = state.services.prompts.save_next(&caller.actor, caller.project, save).await?;
    Ok((StatusCode::CREATED, Json(VersionView::of(&saved))))
}

/// One version: by its number, `latest`, or a label
#[utoipa::path(get, path = "/api/v1/prompts/{name}/versions/{version}", tag = "Prompts", operation_id = "get_version",
    params(("name" = String, Path), ("version" = String, Path, description = "a number, `latest`, or a label")),
    responses((status = 200, body = VersionView), (status = 304, description = "as `If-None-Match` has it")))]
pub(super) async fn get(
    State(state): State<ApiState>,
    caller: Caller,
    Path((name, version)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let choice = choice(&version)?;
    let found = state.services.prompts.fetch(&caller.actor, caller.project, &name, &choice).await?;
    answer_tagged(&headers, &VersionView::of(&found))
}

fn choice(version: &str) -> Result<VersionChoice, ServiceError> {
    match version.parse::<u32>() {
        Ok(number) => Ok(VersionChoice::Number(number)),
        Err(_) if version == LabelName::LATEST => Ok(VersionChoice::Latest),
        Err(_) => choose(None, Some(version)),
    }
}
