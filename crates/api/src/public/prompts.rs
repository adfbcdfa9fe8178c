use axum::{Json, extract::State, http::StatusCode};
use domain::{page::PageSize, prompt::PromptAtVersion, time::TimeUs};
use serde::Deserialize;
use serde_json::{Value, json};
use services::{
    Numbered, ServiceError,
    prompts::{LatestLabel, ListedPrompt, PromptFilter, SaveVersion, choose},
};

use super::numbered;
use crate::{
    extract::{SdkBody, SdkCaller, SdkPath, SdkQuery},
    prompt_body,
    refusal::SdkRefusal,
    state::ApiState,
};

#[derive(Deserialize)]
pub(super) struct Choice {
    version: Option<u32>,
    label: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ListQuery {
    name: Option<String>,
    label: Option<String>,
    tag: Option<String>,
    page: Option<u32>,
    limit: Option<u32>,
    from_updated_at: Option<TimeUs>,
    to_updated_at: Option<TimeUs>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Create {
    name: String,
    #[serde(rename = "type")]
    kind: Option<String>,
    prompt: Value,
    config: Option<Value>,
    labels: Option<Vec<String>>,
    tags: Option<Vec<String>>,
    commit_message: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct NewLabels {
    new_labels: Vec<String>,
}

/// Prompts, page by page
#[utoipa::path(get, path = "/api/public/v2/prompts", tag = "SDK", operation_id = "sdk_list_prompts",
    params(("name" = Option<String>, Query), ("label" = Option<String>, Query), ("tag" = Option<String>, Query),
        ("page" = Option<u32>, Query), ("limit" = Option<u32>, Query),
        ("fromUpdatedAt" = Option<String>, Query), ("toUpdatedAt" = Option<String>, Query)),
    responses((status = 200, description = "`data` and `meta`")))]
pub(super) async fn list(
    State(state): State<ApiState>,
    caller: SdkCaller,
    SdkQuery(query): SdkQuery<ListQuery>,
) -> Result<Json<Value>, SdkRefusal> {
    let filter = PromptFilter {
        name: query.name,
        label: query.label,
        tag: query.tag,
        updated_from: query.from_updated_at,
        updated_to: query.to_updated_at,
        ..PromptFilter::default()
    };
    let size = PageSize::new(query.limit.unwrap_or(50)).map_err(ServiceError::of("limit"))?;
    let prompts = &state.services.prompts;
    let page = prompts.list_numbered(&caller.actor, caller.project, &filter, query.page.unwrap_or(1), size).await?;
    Ok(Json(listed(&page)))
}

/// Save a prompt version
#[utoipa::path(post, path = "/api/public/v2/prompts", tag = "SDK", operation_id = "sdk_create_prompt",
    request_body(content = Object, content_type = "application/json"),
    responses((status = 201, description = "the version as saved")))]
pub(super) async fn create(
    State(state): State<ApiState>,
    caller: SdkCaller,
    SdkBody(sent): SdkBody<Create>,
) -> Result<(StatusCode, Json<Value>), SdkRefusal> {
    let save = SaveVersion {
        config: sent.config.filter(|config| !config.is_null()),
        tags: sent.tags,
        labels: sent.labels.unwrap_or_default(),
        latest: LatestLabel::Ignore,
        commit_message: sent.commit_message,
        ..SaveVersion::new(sent.name, prompt_body::read(sent.kind.as_deref(), sent.prompt)?)
    };
    let saved = state.services.prompts.save(&caller.actor, caller.project, save).await?;
    Ok((StatusCode::CREATED, Json(shown(&caller, &saved))))
}

/// A prompt at a version or label
///
/// Without either: the label `production`. The name may be one encoded segment or hold plain slashes.
#[utoipa::path(get, path = "/api/public/v2/prompts/{*name}", tag = "SDK", operation_id = "sdk_get_prompt",
    params(("name" = String, Path), ("version" = Option<u32>, Query), ("label" = Option<String>, Query)),
    responses((status = 200, description = "the prompt"), (status = 404, description = "no such prompt, version or label")))]
pub(super) async fn get(
    State(state): State<ApiState>,
    caller: SdkCaller,
    SdkPath(name): SdkPath<String>,
    SdkQuery(choice): SdkQuery<Choice>,
) -> Result<Json<Value>, SdkRefusal> {
    let choice = choose(choice.version, choice.label.as_deref())?;
    let found = state.services.prompts.fetch(&caller.actor, caller.project, &name, &choice).await?;
    Ok(Json(shown(&caller, &found)))
}

/// Remove a prompt, or one version of it
#[utoipa::path(delete, path = "/api/public/v2/prompts/{*name}", tag = "SDK", operation_id = "sdk_delete_prompt",
    params(("name" = String, Path), ("version" = Option<u32>, Query), ("label" = Option<String>, Query)),
    responses((status = 204, description = "removed")))]
pub(super) async fn remove(
    State(state): State<ApiState>,
    caller: SdkCaller,
    SdkPath(name): SdkPath<String>,
    SdkQuery(choice): SdkQuery<Choice>,
) -> Result<StatusCode, SdkRefusal> {
    let only = match (choice.version, choice.label.as_deref()) {
        (None, None) => None,
        (version, label) => Some(choose(version, label)?),
    };
    state.services.prompts.remove(&caller.actor, caller.project, &name, only.as_ref()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Move labels to a version
///
/// The path ends in `/versions/{version}` after the name.
#[utoipa::path(patch, path = "/api/public/v2/prompts/{*name}", tag = "SDK", operation_id = "sdk_label_prompt",
    params(("name" = String, Path)),
    request_body(content = Object, content_type = "application/json"),
    responses((status = 200, description = "the version with its labels")))]
pub(super) async fn label(
    State(state): State<ApiState>,
    caller: SdkCaller,
    SdkPath(path): SdkPath<String>,
    SdkBody(sent): SdkBody<NewLabels>,
) -> Result<Json<Value>, SdkRefusal> {
    let target = path.rsplit_once("/versions/").and_then(|(name, version)| Some((name, version.parse::<u32>().ok()?)));
    let Some((name, version)) = target else {
        return Err(ServiceError::NotFound { entity: "prompt version", id: path.chars().take(200).collect() }.into());
    };
    let prompts = &state.services.prompts;
    let moved =
        prompts.add_labels(&caller.actor, caller.project, name, version, &sent.new_labels, LatestLabel::Ignore).await?;
    Ok(Json(shown(&caller, &moved)))
}

fn shown(caller: &SdkCaller, found: &PromptAtVersion) -> Value {
    let PromptAtVersion { prompt, version } = found;
    json!({
        "id": prompt.id,
        "name": prompt.name,
        "version": version.number,
        "type": prompt.kind,
        "prompt": version.body,
        "config": version.config,
        "labels": found.labels(),
        "tags": prompt.tags,
        "commitMessage": version.commit_message,
        "resolutionGraph": null,
        "createdAt": version.created_us,
        "updatedAt": prompt.updated_us,
        "projectId": caller.project,
        "createdBy": version.author,
    })
}

fn listed(page: &Numbered<ListedPrompt>) -> Value {
    let data: Vec<Value> = page
        .items
        .iter()
        .map(|listed| {
            let labels = listed.prompt.labels.iter().map(|label| label.name.as_str());
            json!({
                "name": listed.prompt.name,
                "type": listed.prompt.kind,
                "versions": listed.versions,
                "labels": labels.chain(["latest"]).collect::<Vec<_>>(),
                "tags": listed.prompt.tags,
                "lastUpdatedAt": listed.prompt.updated_us,
                "lastConfig": listed.latest_config,
            })
        })
        .collect();
    numbered(page, data)
}
