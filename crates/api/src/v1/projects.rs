use axum::{Json, extract::State};
use domain::{
    ids::ProjectId,
    project::{Project, ProjectSlug},
    time::TimeUs,
};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{extract::Person, refusal::Refusal, state::ApiState};

pub(super) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(list))
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
