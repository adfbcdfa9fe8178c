//! Server functions of the projects page.

use leptos::prelude::*;

use super::model::ProjectsView;
use crate::{
    error::AppError,
    wire::{Command, Question},
};

/// The visitor's projects.
#[server(protocol = Question)]
pub async fn list_projects(project: String) -> Result<ProjectsView, AppError> {
    use domain::auth::{Actor, Role};

    use super::model::ProjectLine;
    use crate::context;

    let visit = context::visit(&project).await?;
    let access = &visit.services.access;
    let roles = match &visit.actor {
        Actor::Person { roles, .. } => roles.as_slice(),
        _ => &[],
    };
    let mut projects = Vec::new();
    for project in access.projects(&visit.actor).await.map_err(context::refusal)? {
        let Some((_, role)) = roles.iter().find(|(of, _)| *of == project.id) else { continue };
        let settings = access.settings(&visit.actor, project.id).await.map_err(context::refusal)?.settings;
        projects.push(ProjectLine {
            slug: project.slug.as_str().to_owned(),
            name: project.name,
            role: *role,
            demo: settings.demo,
            created_us: project.created_us.0,
        });
    }
    let may_create = roles.iter().any(|(_, role)| *role == Role::Owner);
    Ok(ProjectsView { projects, may_create, now_us: visit.now.0 })
}

/// Makes a project and opens it.
#[server(protocol = Command)]
pub async fn create_project(project: String, name: String) -> Result<(), AppError> {
    use crate::{context, routes::project_href};

    let visit = context::visit(&project).await?;
    let made = visit.services.access.create_project(&visit.actor, &name, None).await.map_err(context::refusal)?;
    leptos_axum::redirect(&project_href(made.slug.as_str()));
    Ok(())
}

/// Makes the demo project and opens it.
#[server(protocol = Command)]
pub async fn make_demo(project: String) -> Result<(), AppError> {
    use services::demo::DemoSize;

    use crate::{context, routes::project_href};

    let visit = context::visit(&project).await?;
    let made = visit.services.demo.create(&visit.actor, DemoSize::default(), |_| ()).await.map_err(context::refusal)?;
    // The first page to be seen has all its numbers.
    visit.services.ingest.fold().await.map_err(context::refusal)?;
    leptos_axum::redirect(&project_href(made.slug.as_str()));
    Ok(())
}

/// Removes a project with everything in it. `confirm` repeats its address.
#[server(protocol = Command)]
pub async fn remove_project(project: String, confirm: String) -> Result<(), AppError> {
    use services::ServiceError;

    use crate::context;

    let visit = context::visit(&project).await?;
    if confirm.trim() != project {
        let message = format!("type `{project}` to remove it; nothing was removed");
        return Err(context::refusal(ServiceError::field("confirm", message)));
    }
    visit.services.access.remove_project(&visit.actor, visit.project.id).await.map_err(context::refusal)?;
    leptos_axum::redirect("/");
    Ok(())
}
