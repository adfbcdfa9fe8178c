//! One prompt: its versions and its numbers, a tab each.

pub mod metrics;
pub mod versions;

use leptos::prelude::*;
use leptos_router::{
    LazyRoute,
    hooks::{use_params_map, use_query_map},
    lazy_route,
};
use ui::{Chip, Crumb, IconName, LinkButton, Page, Query, Tab, Tabs, format, live, page::PageHead};

use self::{
    metrics::{Metrics, model::MetricsView, server::PromptMetrics},
    versions::{LabelMover, Versions, model::OpenedPrompt, server::OpenVersions, unsaved::Unsaved},
};
use crate::{
    error::AppError,
    panel::{Answered, Panel},
    routes::{new_experiment_href, new_version_href, project_href},
    title::PageTitle,
    wire::Asked,
};

/// Route of the page.
#[derive(Debug)]
pub struct Prompt {
    tab: Memo<TabKey>,
    versions: Asked<OpenedPrompt>,
    metrics: Asked<MetricsView>,
}

/// The tab the address names.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum TabKey {
    Versions,
    Metrics,
}

impl TabKey {
    fn key(self) -> &'static str {
        match self {
            Self::Versions => "versions",
            Self::Metrics => "metrics",
        }
    }
}

#[lazy_route]
impl LazyRoute for Prompt {
    fn data() -> Self {
        let params = use_params_map();
        let query = use_query_map();
        let place = Memo::new(move |_| {
            let params = params.read();
            (params.get("project").unwrap_or_default(), params.get("name").unwrap_or_default())
        });
        let tab = Memo::new(move |_| match query.read().get("tab").as_deref() {
            Some("metrics") => TabKey::Metrics,
            _ => TabKey::Versions,
        });
        let version = Memo::new(move |_| query.read().get("v").and_then(|version| version.parse().ok()));
        let versions = Asked::new(move || {
            let (project, name) = place.get();
            OpenVersions { project, name, version: version.get() }
        });
        // Only the tab shown asks its questions.
        let metrics = Asked::when(move || {
            if tab.get() != TabKey::Metrics {
                return None;
            }
            let (project, name) = place.get();
            Some(PromptMetrics { project, name, query: Query::from_pairs(query.get()).pairs() })
        });
        Self { tab, versions, metrics }
    }

    fn view(this: Self) -> AnyView {
        let params = use_params_map();
        let query = use_query_map();
        let project = Memo::new(move |_| params.read().get("project").unwrap_or_default());
        let name = Memo::new(move |_| params.read().get("name").unwrap_or_default());
        let crumbs = Signal::derive(move || {
            let base = format!("{}/prompts", project_href(&project.get()));
            let name = name.get();
            let mut crumbs = vec![Crumb::link("Prompts", base.clone())];
            if let Some((folder, leaf)) = name.rsplit_once('/') {
                let href = format!("{base}{}", Query::from_pairs([("folder", folder)]).href());
                crumbs.push(Crumb::link(folder, href));
                crumbs.push(Crumb::here(leaf));
            } else {
                crumbs.push(Crumb::here(name));
            }
            crumbs
        });
        let actions = move || {
            live(move || {
                let (project, name) = (project.get(), name.get());
                let new = new_version_href(&project, &name, &query.read().get("v").unwrap_or_default());
                let test = new_experiment_href(&project, &name, "");
                let of_prompt = Query::from_pairs([("prompt", name)]).href();
                let traces = format!("{}/traces{of_prompt}", project_href(&project));
                let links = view! {
                    <LinkButton href=new icon=IconName::Plus key="n">"New version"</LinkButton>
                    <LinkButton href=test icon=IconName::Flask>"Test"</LinkButton>
                    <LinkButton href=traces icon=IconName::Activity key="r">"Traces"</LinkButton>
                };
                Some(links.into_any())
            })
        };
        let tab = this.tab;
        let (versions, metrics) = (this.versions, this.metrics);
        let mover = LabelMover::new(project, name, Callback::new(move |()| versions.again()));
        let content = live(move || match tab.get() {
            TabKey::Versions => {
                let draw = move |opened: OpenedPrompt| {
                    let query = Query::from_pairs(query.get_untracked()).set("tab", "versions");
                    let (project, name) = (project.get_untracked(), name.get_untracked());
                    match opened {
                        OpenedPrompt::Saved(view) => {
                            view! { <Versions project name query view=*view mover/> }.into_any()
                        }
                        OpenedPrompt::Unsaved(view) => view! { <Unsaved project name view/> }.into_any(),
                    }
                };
                Some(view! { <Panel asked=versions draw/> }.into_any())
            }
            TabKey::Metrics => {
                let draw = move |view: MetricsView| {
                    let query = Query::from_pairs(query.get_untracked()).set("tab", "metrics").without("v");
                    view! { <Metrics query view/> }.into_any()
                };
                Some(view! { <Panel asked=metrics draw/> }.into_any())
            }
        });
        view! {
            <PageTitle text=name/>
            <Page crumbs actions>
                <Head name versions/>
                <Tabs
                    label="Parts of the prompt"
                    current=Signal::derive(move || tab.get().key().to_owned())
                    items=vec![Tab::new("versions", "Versions", "?tab=versions"), Tab::new("metrics", "Metrics", "?tab=metrics")]
                />
                {content}
            </Page>
        }
        .into_any()
    }
}

/// Name, type and labels; there whatever the tab. A prompt only traces know has a name and no more.
#[component]
fn Head(name: Memo<String>, versions: Asked<OpenedPrompt>) -> impl IntoView {
    let draw = move |answer: Result<OpenedPrompt, AppError>| {
        let title = name.get_untracked();
        let view = match answer {
            Ok(OpenedPrompt::Saved(view)) => *view,
            Ok(OpenedPrompt::Unsaved(_)) => {
                return view! { <PageHead title lead="Known from traces only"/> }.into_any();
            }
            Err(_) => return view! { <PageHead title/> }.into_any(),
        };
        let count = i64::try_from(view.versions.len()).unwrap_or(i64::MAX);
        let mut lead = format::plural(count, "version", "versions");
        if let Some(production) = view.head.labels.iter().find(|label| label.name == "production") {
            lead = format!("{lead} · production is v{}", production.version);
        }
        let tags = view
            .head
            .tags
            .into_iter()
            .map(|tag| view! { <Chip icon=IconName::Tag>{tag}</Chip> }.into_any())
            .collect_view();
        view! {
            <PageHead title lead>
                <Chip>{view.head.kind.as_str()}</Chip>
                {tags}
            </PageHead>
        }
        .into_any()
    };
    view! { <Answered asked=versions fallback=move || view! { <PageHead title=name.get_untracked()/> } draw/> }
}
