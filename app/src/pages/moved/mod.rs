//! Addresses other programs print: `/project/{id}/traces/{id}`, as every Langfuse and ABV SDK does.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::{LazyRoute, components::Redirect, hooks::use_params_map, lazy_route};
use ui::SkeletonShape;

use crate::{
    error::AppError,
    panel::Panel,
    wire::{Asked, Question},
};

/// Route of the address SDKs print for a trace.
#[derive(Debug)]
pub struct MovedTrace {
    target: Asked<String>,
}

#[lazy_route]
impl LazyRoute for MovedTrace {
    fn data() -> Self {
        let params = use_params_map();
        let target = Asked::new(move || {
            let params = params.read();
            FindTrace {
                project: params.get("project").unwrap_or_default(),
                trace: params.get("id").unwrap_or_default(),
            }
        });
        Self { target }
    }

    fn view(this: Self) -> AnyView {
        view! {
            <Title text="Trace"/>
            <main id="main" class="page">
                <Panel asked=this.target skeleton=SkeletonShape::Text draw=|path| view! { <Redirect path/> }.into_any()/>
            </main>
        }
        .into_any()
    }
}

/// Where a trace of a project, given by its id, is shown.
#[server(protocol = Question)]
pub async fn find_trace(project: String, trace: String) -> Result<String, AppError> {
    use domain::ids::TraceId;

    use crate::{context, panel::sign_in_href, routes::trace_href};

    let Ok(person) = context::person().await else {
        crate::error::set_status(200);
        return Ok(sign_in_href(&format!("/project/{project}/traces/{trace}"), ""));
    };
    let trace: TraceId = context::parse("trace", &trace)?;
    let project = context::parse("project", &project)?;
    let project = context::services().access.project(&person.actor, project).await.map_err(context::refusal)?;
    Ok(trace_href(project.slug.as_str(), &trace.to_string()))
}
