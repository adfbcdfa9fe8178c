//! `App` and the route table. Paths are those of the product page; state beyond the path lives in the query string.

use leptos::prelude::*;
use leptos_meta::{Title, provide_meta_context};
use leptos_router::{
    Lazy, SsrMode,
    components::{ParentRoute, Route, Router, Routes},
    path,
};

use ui::query::segment;

use crate::{
    layout::ProjectLayout,
    pages::{
        auth::{Root, Setup, SignIn},
        experiment::Experiment,
        experiment_form::ExperimentForm,
        experiments::Experiments,
        feedback::Feedback,
        gathered::{Sessions, Users, model::Kind},
        home::Home,
        import::Import,
        moved::MovedTrace,
        not_found::NotFound,
        prices::Prices,
        projects::Projects,
        prompt::Prompt,
        prompt_form::PromptForm,
        prompts::Prompts,
        reference::Reference,
        session::Session,
        settings::{Environments, General, Keys, Members},
        trace::Trace,
        traces::Traces,
        unlinked::Unlinked,
        user::User,
    },
};

/// The whole interface. Runs once at server start to list the routes, so nothing here may assume a request.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();

    view! {
        <Title formatter=|title: String| if title == "Assay" { title } else { format!("{title} · Assay") }/>
        <Router>
            <Routes fallback=NotFound>
                <Route path=path!("/") view={Lazy::<Root>::new()} ssr=SsrMode::Async/>
                <Route path=path!("/signin") view={Lazy::<SignIn>::new()} ssr=SsrMode::PartiallyBlocked/>
                <Route path=path!("/setup") view={Lazy::<Setup>::new()} ssr=SsrMode::PartiallyBlocked/>
                <Route path=path!("/project/:project/traces/:id") view={Lazy::<MovedTrace>::new()} ssr=SsrMode::PartiallyBlocked/>
                <ParentRoute path=path!("/p/:project") view=ProjectLayout ssr=SsrMode::Async>
                    <Route path=path!("") view={Lazy::<Home>::new()}/>
                    <Route path=path!("prompts") view={Lazy::<Prompts>::new()}/>
                    <Route path=path!("prompts/:name") view={Lazy::<Prompt>::new()}/>
                    <Route path=path!("prompts/:name/new") view={Lazy::<PromptForm>::new()}/>
                    <Route path=path!("new-prompt") view={Lazy::<PromptForm>::new()}/>
                    <Route path=path!("experiments") view={Lazy::<Experiments>::new()}/>
                    <Route path=path!("experiments/new") view={Lazy::<ExperimentForm>::new()}/>
                    <Route path=path!("experiments/:key") view={Lazy::<Experiment>::new()}/>
                    <Route path=path!("experiments/:key/edit") view={Lazy::<ExperimentForm>::new()}/>
                    <Route path=path!("unlinked") view={Lazy::<Unlinked>::new()}/>
                    <Route path=path!("traces") view={Lazy::<Traces>::new()}/>
                    <Route path=path!("traces/:id") view={Lazy::<Trace>::new()}/>
                    <Route path=path!("sessions") view={Lazy::<Sessions>::new()}/>
                    <Route path=path!("sessions/:id") view={Lazy::<Session>::new()}/>
                    <Route path=path!("users") view={Lazy::<Users>::new()}/>
                    <Route path=path!("users/:id") view={Lazy::<User>::new()}/>
                    <Route path=path!("docs/api") view={Lazy::<Reference>::new()}/>
                    <Route path=path!("settings") view={Lazy::<General>::new()}/>
                    <Route path=path!("settings/environments") view={Lazy::<Environments>::new()}/>
                    <Route path=path!("settings/keys") view={Lazy::<Keys>::new()}/>
                    <Route path=path!("settings/feedback") view={Lazy::<Feedback>::new()}/>
                    <Route path=path!("settings/projects") view={Lazy::<Projects>::new()}/>
                    <Route path=path!("settings/prices") view={Lazy::<Prices>::new()}/>
                    <Route path=path!("settings/import") view={Lazy::<Import>::new()}/>
                    <Route path=path!("settings/members") view={Lazy::<Members>::new()}/>
                </ParentRoute>
            </Routes>
        </Router>
    }
}

/// Address of a project's home.
pub fn project_href(project: &str) -> String {
    format!("/p/{}", segment(project))
}

/// Address of a prompt; its name becomes one encoded segment.
pub fn prompt_href(project: &str, name: &str) -> String {
    format!("/p/{}/prompts/{}", segment(project), segment(name))
}

/// Address where a new prompt is written, under a name or in a folder if one is known.
pub fn new_prompt_href(project: &str, name: &str) -> String {
    let query = if name.is_empty() { String::new() } else { ui::Query::from_pairs([("name", name)]).href() };
    format!("/p/{}/new-prompt{query}", segment(project))
}

/// Address where a version of a prompt is written, from another one if it is known.
pub fn new_version_href(project: &str, name: &str, from: &str) -> String {
    let query = if from.is_empty() { String::new() } else { ui::Query::from_pairs([("from", from)]).href() };
    format!("{}/new{query}", prompt_href(project, name))
}

/// Address of an experiment.
pub fn experiment_href(project: &str, key: &str) -> String {
    format!("/p/{}/experiments/{}", segment(project), segment(key))
}

/// Address where an experiment is set up, on a prompt and a label if they are known.
pub fn new_experiment_href(project: &str, prompt: &str, label: &str) -> String {
    let said = [("prompt", prompt), ("label", label)].into_iter().filter(|(_, value)| !value.is_empty());
    let query = ui::Query::from_pairs(said).href();
    let query = if query == "?" { "" } else { &query };
    format!("/p/{}/experiments/new{query}", segment(project))
}

/// Address of the prices of a project.
pub fn prices_href(project: &str) -> String {
    format!("/p/{}/settings/prices", segment(project))
}

/// Address of a trace.
pub fn trace_href(project: &str, trace: &str) -> String {
    format!("/p/{}/traces/{}", segment(project), segment(trace))
}

/// Address of a session's or user's page; its id becomes one encoded segment.
pub fn gathered_href(project: &str, kind: Kind, id: &str) -> String {
    format!("/p/{}/{}/{}", segment(project), kind.segment(), segment(id))
}
