//! The reference of the interface for programs: every operation of this very server, from its own OpenAPI document.

pub mod model;
pub mod operation;
#[cfg(feature = "ssr")]
mod read;
#[cfg(feature = "ssr")]
mod request;
#[cfg(feature = "ssr")]
mod schema;
pub mod server;

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::{
    LazyRoute,
    hooks::{use_params_map, use_query_map},
    lazy_route,
};
use ui::{
    Chip, Crumb, IconName, LinkButton, Page, Query, SearchField, SkeletonShape, Tone, format, live, page::PageHead,
};

use self::{
    model::{Opened, OperationGroup, OperationLine, ReferenceView},
    operation::Shown,
    server::{ListOperations, OpenOperation},
};
use crate::{panel::Panel, wire::Asked};

/// Route of the page.
#[derive(Debug)]
pub struct Reference {
    list: Asked<ReferenceView>,
    opened: Asked<Opened>,
}

#[lazy_route]
impl LazyRoute for Reference {
    fn data() -> Self {
        let params = use_params_map();
        let query = use_query_map();
        let project = Memo::new(move |_| params.read().get("project").unwrap_or_default());
        let text = Memo::new(move |_| query.read().get("q"));
        let operation = Memo::new(move |_| query.read().get("op"));
        Self {
            list: Asked::new(move || ListOperations { project: project.get(), q: text.get() }),
            opened: Asked::new(move || OpenOperation { project: project.get(), operation: operation.get() }),
        }
    }

    fn view(this: Self) -> AnyView {
        let query = use_query_map();
        let draw_list = move |view: ReferenceView| {
            live(move || {
                let query = Query::from_pairs(query.get());
                Some(view! { <List query view=view.clone()/> }.into_any())
            })
        };
        let draw_opened = move |opened: Opened| view! { <Shown opened/> }.into_any();
        let is_open = move || query.read().get("op").filter(|op| !op.is_empty()).map(|_| "");
        view! {
            <Title text="API reference"/>
            <Page
                crumbs=vec![Crumb::here("API reference")]
                actions=|| {
                    view! {
                        <LinkButton href="/openapi.json" icon=IconName::Code attr:rel="external">"OpenAPI document"</LinkButton>
                    }
                }
            >
                <PageHead title="API reference" lead="What this server answers programs"/>
                <div class="reference" data-open=is_open>
                    <Panel asked=this.list draw=draw_list/>
                    <Panel asked=this.opened draw=draw_opened skeleton=SkeletonShape::Text/>
                </div>
            </Page>
        }
        .into_any()
    }
}

#[component]
fn List(query: Query, view: ReferenceView) -> impl IntoView {
    let keep = query.without("q").without("op").pairs();
    let open = query.get("op").unwrap_or_default().to_owned();
    let total = format::plural(i64::from(view.total), "operation", "operations");
    let lead = if view.found == view.total { total } else { format!("{} of {total}", view.found) };
    let nothing = view.groups.is_empty().then(|| {
        let words = format!("No operation has “{}” in its path or name.", view.text);
        view! { <p class="muted">{words} " " <a href=query.without("q").href()>"Show all"</a></p> }.into_any()
    });
    let groups = view
        .groups
        .into_iter()
        .map(|group| view! { <Group query=query.clone() group open=open.clone()/> }.into_any())
        .collect_view();
    view! {
        <nav class="reference__list" aria-label="Operations">
            <SearchField name="q" label="Search operations" value=view.text keep/>
            <p class="faint small">{lead}</p>
            {nothing}
            {groups}
        </nav>
    }
    .into_any()
}

#[component]
fn Group(query: Query, group: OperationGroup, open: String) -> impl IntoView {
    let links = group
        .operations
        .into_iter()
        .map(|operation| {
            let OperationLine { id, method, path, summary } = operation;
            let current = (id == open).then_some("page");
            let href = query.set("op", id).href();
            view! {
                <li>
                    <a class="reference__link" href=href aria-current=current data-row="">
                        <Method method/>
                        <span class="reference__what">
                            {summary}
                            <span class="sub mono">{path}</span>
                        </span>
                    </a>
                </li>
            }
            .into_any()
        })
        .collect_view();
    view! {
        <section>
            <h2 class="reference__group">{group.name}</h2>
            <ul>{links}</ul>
        </section>
    }
    .into_any()
}

/// `GET` and the like, told apart by more than a colour: it is written.
#[component]
pub fn Method(method: String) -> impl IntoView {
    let tone = match method.as_str() {
        "GET" => Tone::Plain,
        "DELETE" => Tone::Bad,
        _ => Tone::Accent,
    };
    view! { <span class="reference__method"><Chip tone>{method}</Chip></span> }.into_any()
}
