use axum::{Json, extract::State, http::StatusCode};
use domain::ids::ProjectId;
use serde::Deserialize;
use serde_json::{Value, json};
use services::{
    ServiceError,
    notes::{
        Comment, CommentFilter, NewComment, NewScoreConfig, ScoreCategory, ScoreConfig, ScoreConfigChange, ScoreKind,
    },
};

use super::numbered;
use crate::{
    extract::{SdkBody, SdkCaller, SdkList, SdkPath},
    refusal::SdkRefusal,
    state::ApiState,
};

/// Rows a page at most.
const MOST: u16 = 100;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CreateComment {
    project_id: Option<String>,
    object_type: String,
    object_id: String,
    content: String,
    author_user_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CreateConfig {
    name: String,
    data_type: ScoreKind,
    categories: Option<Vec<ScoreCategory>>,
    min_value: Option<f64>,
    max_value: Option<f64>,
    description: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ChangeConfig {
    is_archived: Option<bool>,
    name: Option<String>,
    categories: Option<Vec<ScoreCategory>>,
    min_value: Option<f64>,
    max_value: Option<f64>,
    description: Option<String>,
}

/// Write a comment
#[utoipa::path(post, path = "/api/public/comments", tag = "SDK", operation_id = "sdk_create_comment",
    request_body(content = Object, content_type = "application/json"),
    responses((status = 201, description = "its `id`")))]
pub(super) async fn create_comment(
    State(state): State<ApiState>,
    caller: SdkCaller,
    SdkBody(sent): SdkBody<CreateComment>,
) -> Result<(StatusCode, Json<Value>), SdkRefusal> {
    if sent.project_id.is_some_and(|project| project != caller.project.to_string()) {
        return Err(ServiceError::field("projectId", "the key belongs to another project").into());
    }
    let new = NewComment {
        object_type: sent.object_type,
        object_id: sent.object_id,
        content: sent.content,
        author: sent.author_user_id,
    };
    let id = state.services.notes.comment(&caller.actor, caller.project, new).await?;
    Ok((StatusCode::CREATED, Json(json!({ "id": id }))))
}

/// Comments, newest first, page by page
#[utoipa::path(get, path = "/api/public/comments", tag = "SDK", operation_id = "sdk_list_comments",
    params(("objectType" = Option<String>, Query), ("objectId" = Option<String>, Query),
        ("authorUserId" = Option<String>, Query), ("page" = Option<u32>, Query), ("limit" = Option<u32>, Query)),
    responses((status = 200, description = "`data` and `meta`")))]
pub(super) async fn list_comments(SdkList { state, caller, params }: SdkList) -> Result<Json<Value>, SdkRefusal> {
    let filter = CommentFilter {
        object_type: params.owned("objectType"),
        object_id: params.owned("objectId"),
        author: params.owned("authorUserId"),
    };
    let (number, size) = (params.page()?, params.limit(MOST)?);
    let page = state.services.notes.comments(&caller.actor, caller.project, &filter, number, size).await?;
    let data = page.items.iter().map(|of| comment(caller.project, of)).collect();
    Ok(Json(numbered(&page, data)))
}

/// A comment
#[utoipa::path(get, path = "/api/public/comments/{comment}", tag = "SDK", operation_id = "sdk_get_comment",
    params(("comment" = String, Path)),
    responses((status = 200, description = "the comment"), (status = 404, description = "no such comment")))]
pub(super) async fn get_comment(
    State(state): State<ApiState>,
    caller: SdkCaller,
    SdkPath(id): SdkPath<String>,
) -> Result<Json<Value>, SdkRefusal> {
    let found = state.services.notes.get_comment(&caller.actor, caller.project, &id).await?;
    Ok(Json(comment(caller.project, &found)))
}

/// Make a score configuration
#[utoipa::path(post, path = "/api/public/score-configs", tag = "SDK", operation_id = "sdk_create_score_config",
    request_body(content = Object, content_type = "application/json"),
    responses((status = 201, description = "the configuration")))]
pub(super) async fn create_config(
    State(state): State<ApiState>,
    caller: SdkCaller,
    SdkBody(sent): SdkBody<CreateConfig>,
) -> Result<(StatusCode, Json<Value>), SdkRefusal> {
    let new = NewScoreConfig {
        name: sent.name,
        kind: sent.data_type,
        min: sent.min_value,
        max: sent.max_value,
        categories: sent.categories.unwrap_or_default(),
        description: sent.description,
    };
    let made = state.services.notes.make_config(&caller.actor, caller.project, new).await?;
    Ok((StatusCode::CREATED, Json(config(caller.project, &made))))
}

/// Score configurations, newest first, page by page
#[utoipa::path(get, path = "/api/public/score-configs", tag = "SDK", operation_id = "sdk_list_score_configs",
    params(("page" = Option<u32>, Query), ("limit" = Option<u32>, Query)),
    responses((status = 200, description = "`data` and `meta`")))]
pub(super) async fn list_configs(SdkList { state, caller, params }: SdkList) -> Result<Json<Value>, SdkRefusal> {
    let (number, size) = (params.page()?, params.limit(MOST)?);
    let page = state.services.notes.configs(&caller.actor, caller.project, number, size).await?;
    let data = page.items.iter().map(|of| config(caller.project, of)).collect();
    Ok(Json(numbered(&page, data)))
}

/// A score configuration
#[utoipa::path(get, path = "/api/public/score-configs/{config}", tag = "SDK", operation_id = "sdk_get_score_config",
    params(("config" = String, Path)),
    responses((status = 200, description = "the configuration"), (status = 404, description = "no such configuration")))]
pub(super) async fn get_config(
    State(state): State<ApiState>,
    caller: SdkCaller,
    SdkPath(id): SdkPath<String>,
) -> Result<Json<Value>, SdkRefusal> {
    let found = state.services.notes.config(&caller.actor, caller.project, &id).await?;
    Ok(Json(config(caller.project, &found)))
}

/// Change a score configuration
///
/// What is absent stays.
#[utoipa::path(patch, path = "/api/public/score-configs/{config}", tag = "SDK", operation_id = "sdk_change_score_config",
    params(("config" = String, Path)), request_body(content = Object, content_type = "application/json"),
    responses((status = 200, description = "the configuration"), (status = 404, description = "no such configuration")))]
pub(super) async fn change_config(
    State(state): State<ApiState>,
    caller: SdkCaller,
    SdkPath(id): SdkPath<String>,
    SdkBody(sent): SdkBody<ChangeConfig>,
) -> Result<Json<Value>, SdkRefusal> {
    let change = ScoreConfigChange {
        archived: sent.is_archived,
        name: sent.name,
        min: sent.min_value,
        max: sent.max_value,
        categories: sent.categories,
        description: sent.description,
    };
    let changed = state.services.notes.change_config(&caller.actor, caller.project, &id, change).await?;
    Ok(Json(config(caller.project, &changed)))
}

fn comment(project: ProjectId, of: &Comment) -> Value {
    json!({
        "id": of.id, "projectId": project, "objectType": of.object_type, "objectId": of.object_id, "content": of.content,
        "authorUserId": of.author, "createdAt": of.created_us, "updatedAt": of.created_us,
    })
}

fn config(project: ProjectId, of: &ScoreConfig) -> Value {
    json!({
        "id": of.id, "projectId": project, "name": of.name, "dataType": of.kind, "isArchived": of.archived,
        "minValue": of.min, "maxValue": of.max,
        "categories": (!of.categories.is_empty()).then_some(&of.categories),
        "description": of.description, "createdAt": of.created_us, "updatedAt": of.updated_us,
    })
}
