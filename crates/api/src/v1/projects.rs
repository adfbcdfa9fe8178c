use axum::{Json, extract::State};
use domain::{
    ids::ProjectId,
    project::{Change, Project, ProjectSlug, SettingsAt},
    segment::SegmentAttribute,
    time::TimeUs,
};
use serde::{Deserialize, Serialize};
use services::access::SettingsChange;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    extract::{Body, Caller, Person},
    refusal::Refusal,
    state::ApiState,
};

pub(super) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(get, change))
}

#[derive(Serialize, ToSchema)]
struct ProjectView {
    #[schema(value_type = String, format = "uuid")]
    id: ProjectId,
    /// Its name in addresses.
    #[schema(value_type = String)]
    slug: ProjectSlug,
    name: String,
    #[schema(value_type = String, format = DateTime)]
    created_at: TimeUs,
}

#[derive(Serialize, ToSchema)]
struct Projects {
    items: Vec<ProjectView>,
}

impl From<Project> for ProjectView {
    fn from(project: Project) -> Self {
        Self { id: project.id, slug: project.slug, name: project.name, created_at: project.created_us }
    }
}

/// The projects of whoever asks
#[utoipa::path(get, path = "/api/v1/projects", tag = "Projects", operation_id = "list_projects",
    responses((status = 200, body = Projects)))]
async fn list(State(state): State<ApiState>, Person(actor): Person) -> Result<Json<Projects>, Refusal> {
    let projects = state.services.access.projects(&actor).await?;
    Ok(Json(Projects { items: projects.into_iter().map(ProjectView::from).collect() }))
}

/// A project with its settings.
#[derive(Serialize, ToSchema)]
struct ProjectWithSettings {
    #[serde(flatten)]
    project: ProjectView,
    settings: SettingsView,
    /// Raised by each change of the settings.
    revision: u64,
}

#[derive(Serialize, ToSchema)]
struct SettingsView {
    /// The attribute whose values are the project's segments: `metadata.KEY`, `tag.PREFIX`, `release` or `version`.
    #[schema(value_type = Option<String>)]
    segment: Option<SegmentAttribute>,
    /// For how many days events are kept; null: for ever.
    retention_days: Option<u32>,
}

/// What to change; what is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ProjectChange {
    /// Its name for people, 1 to 80 characters; its address stays.
    name: Option<String>,
    /// The attribute to segment by: `metadata.KEY`, `tag.PREFIX`, `release` or `version`; null for none.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    segment: Change<Option<SegmentAttribute>>,
    /// For how many days events are kept, 1 to 3,650; null for ever. Older ones are deleted for good, and leave every number;
    /// what the phase of an experiment needs stays until that is too old as a whole.
    #[serde(default)]
    #[schema(value_type = Option<u32>)]
    retention_days: Change<Option<u32>>,
    /// The revision this was decided from: when it is no longer the present one, nothing is changed.
    revision: Option<u64>,
}

/// The project and its settings
#[utoipa::path(get, path = "/api/v1/project", tag = "Projects", operation_id = "get_project",
    responses((status = 200, body = ProjectWithSettings)))]
async fn get(State(state): State<ApiState>, caller: Caller) -> Result<Json<ProjectWithSettings>, Refusal> {
    let access = &state.services.access;
    let settings = access.settings(&caller.actor, caller.project).await?;
    let project = access.project(&caller.actor, caller.project).await?;
    Ok(Json(shown(project, settings)))
}

/// Change the project's name and settings
///
/// What is stored already is sorted into new segments in the background.
#[utoipa::path(patch, path = "/api/v1/project", tag = "Projects", operation_id = "change_project",
    request_body = ProjectChange, responses((status = 200, body = ProjectWithSettings)))]
async fn change(
    State(state): State<ApiState>,
    caller: Caller,
    Body(change): Body<ProjectChange>,
) -> Result<Json<ProjectWithSettings>, Refusal> {
    let access = &state.services.access;
    if let Some(name) = &change.name {
        access.rename_project(&caller.actor, caller.project, name).await?;
    }
    let change =
        SettingsChange { segment: change.segment, retention_days: change.retention_days, revision: change.revision };
    let settings = access.change_settings(&caller.actor, caller.project, change).await?;
    let project = access.project(&caller.actor, caller.project).await?;
    Ok(Json(shown(project, settings)))
}

fn shown(project: Project, at: SettingsAt) -> ProjectWithSettings {
    ProjectWithSettings {
        project: project.into(),
        settings: SettingsView { segment: at.settings.segment, retention_days: at.settings.retention_days },
        revision: at.revision,
    }
}
