//! One prompt: its versions and its numbers, a tab each.

pub mod metrics;
pub mod versions;

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::{
    LazyRoute,
    hooks::{use_params_map, use_query_map},
    lazy_route,
};
use ui::{Chip, Crumb, IconName, LinkButton, Page, Query, Tab, Tabs, format, page::PageHead};

use self::{
    metrics::{
        Metrics,
        model::{MetricsQuery, MetricsView},
        server::prompt_metrics,
    },
    versions::{LabelMover, Versions, model::VersionsView, server::open_versions},
};
use crate::{error::AppError, panel::Panel, routes::project_href};

/// Route of the page.
#[derive(Debug)]
pub struct Prompt {
    tab: Memo<TabKey>,
    versions: Resource<Result<VersionsView, AppError>>,
    metrics: Resource<Result<Option<MetricsView>, AppError>>,
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
        let versions = Resource::new_blocking(
            move || (place.get(), version.get()),
            |((project, name), version)| open_versions(project, name, version),
        );
        let asked = Memo::new(move |_| {
            let query = query.read();
            (tab.get() == TabKey::Metrics).then(|| MetricsQuery {
                range: query.get("range"),
                from: query.get("from"),
                to: query.get("to"),
                environment: query.get("environment"),
                model: query.get("model"),
                metric: query.get("metric"),
            })
        });
        // Only the tab shown asks its questions.
        let metrics = Resource::new_blocking(
            move || (place.get(), asked.get()),
            |((project, name), asked)| async move {
                match asked {
                    Some(asked) => prompt_metrics(project, name, asked).await.map(Some),
                    None => Ok(None),
                }
            },
        );
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
        let traces = move || {
            let query = Query::from_pairs([("prompt", name.get())]).href();
            format!("{}/traces{query}", project_href(&project.get()))
        };
        let tab = this.tab;
        let (versions, metrics) = (this.versions, this.metrics);
        let mover = LabelMover::new(Callback::new(move |()| versions.refetch()));
        let content = move || match tab.get() {
            TabKey::Versions => {
                let draw = move |view: VersionsView| {
                    let query = Query::from_pairs(query.get_untracked()).set("tab", "versions");
                    let (project, name) = (project.get_untracked(), name.get_untracked());
                    view! { <Versions project name query view mover/> }.into_any()
                };
                view! { <Panel resource=versions draw/> }.into_any()
            }
            TabKey::Metrics => {
                let draw = move |view: Option<MetricsView>| {
                    let Some(view) = view else { return ().into_any() };
                    let query = Query::from_pairs(query.get_untracked()).set("tab", "metrics").without("v");
                    let (project, name) = (project.get_untracked(), name.get_untracked());
                    view! { <Metrics project name query view/> }.into_any()
                };
                view! { <Panel resource=metrics draw/> }.into_any()
            }
        };
        view! {
            <Title text=move || name.get()/>
            <Page
                crumbs
                actions=move || view! { <LinkButton href=Signal::derive(traces) icon=IconName::Activity key="r">"Traces"</LinkButton> }
            >
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
fn Head(name: Memo<String>, versions: Resource<Result<VersionsView, AppError>>) -> impl IntoView {
    view! {
        <Transition fallback=move || view! { <PageHead title=name.get_untracked()/> }>
            {move || Suspend::new(async move {
                let title = name.get_untracked();
                match versions.await {
                    Ok(view) => {
                        let count = i64::try_from(view.versions.len()).unwrap_or(i64::MAX);
                        let mut lead = format::plural(count, "version", "versions");
                        if let Some(production) = view.head.labels.iter().find(|label| label.name == "production") {
                            lead = format!("{lead} · production is v{}", production.version);
                        }
                        let tags = view.head.tags.into_iter().map(|tag| view! { <Chip icon=IconName::Tag>{tag}</Chip> }).collect_view();
                        view! {
                            <PageHead title lead>
                                <Chip>{view.head.kind.as_str()}</Chip>
                                {tags}
                            </PageHead>
                        }
                        .into_any()
                    }
                    Err(_) => view! { <PageHead title/> }.into_any(),
                }
            })}
        </Transition>
    }
}
