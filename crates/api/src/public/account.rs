use axum::{Json, extract::State};
use serde_json::{Value, json};

use crate::{extract::SdkCaller, refusal::SdkRefusal, state::ApiState};

/// Whether the server answers
#[utoipa::path(get, path = "/api/public/health", tag = "SDK", operation_id = "sdk_health", security(()),
    responses((status = 200, description = "`{\"status\":\"OK\",\"version\":…}`")))]
pub(super) async fn health(State(state): State<ApiState>) -> Json<Value> {
    Json(json!({ "status": "OK", "version": state.config.version }))
}

/// The project a key belongs to
#[utoipa::path(get, path = "/api/public/projects", tag = "SDK", operation_id = "sdk_projects",
    responses((status = 200, description = "one project")))]
pub(super) async fn projects(State(state): State<ApiState>, caller: SdkCaller) -> Result<Json<Value>, SdkRefusal> {
    let projects = state.services.access.projects(&caller.actor).await?;
    let data: Vec<Value> = projects
        .iter()
        .map(|project| {
            json!({
                "id": project.id,
                "name": project.name,
                // There are no organisations here; the Langfuse SDKs require one.
                "organization": { "id": project.id, "name": project.name },
                "metadata": {},
                "retentionDays": null,
            })
        })
        .collect();
    Ok(Json(json!({ "data": data })))
}
