//! The experiments of a project.

pub mod model;
pub mod parts;
#[cfg(feature = "ssr")]
pub(super) mod read;
pub mod server;
pub mod table;

use domain::time::TimeUs;
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::{
    LazyRoute,
    hooks::{use_params_map, use_query_map},
    lazy_route,
};
use ui::{
    ButtonKind, Choice, Crumb, Empty, Filter, IconName, LinkButton, Page, Query, SegmentedLinks, live, page::PageHead,
};

use self::{
    model::{ExperimentsView, Status},
    server::ListExperiments,
    table::ExperimentTable,
};
use crate::{panel::Panel, routes::new_experiment_href, wire::Asked};

/// Route of the list.
#[derive(Debug)]
pub struct Experiments {
    view: Asked<ExperimentsView>,
}

#[lazy_route]
impl LazyRoute for Experiments {
    fn data() -> Self {
        let params = use_params_map();
        let query = use_query_map();
        let view = Asked::new(move || {
            let query = query.read();
            ListExperiments {
                project: params.read().get("project").unwrap_or_default(),
                status: query.get("status"),
                prompt: query.get("prompt"),
                cursor: query.get("cursor"),
            }
        });
        Self { view }
    }

    fn view(this: Self) -> AnyView {
        let params = use_params_map();
        let query = use_query_map();
        let project = move || params.read_untracked().get("project").unwrap_or_default();
        let draw = move |view: ExperimentsView| {
            let query = Query::from_pairs(query.get_untracked());
            view! { <List project=project() query view/> }.into_any()
        };
        view! {
            <Title text="Experiments"/>
            <Page
                crumbs=vec![Crumb::here("Experiments")]
                actions=move || {
                    let href = new_experiment_href(&project(), "", "");
                    view! { <LinkButton href kind=ButtonKind::Primary icon=IconName::Plus key="n">"New experiment"</LinkButton> }
                }
            >
                <PageHead title="Experiments" lead="Versions of a prompt compared on live traffic"/>
                <Panel asked=this.view draw/>
            </Page>
        }
        .into_any()
    }
}

#[component]
fn List(project: String, query: Query, view: ExperimentsView) -> impl IntoView {
    if view.none_yet {
        return view! { <Nothing project may_write=view.may_write/> }.into_any();
    }
    let now = TimeUs(view.now_us);
    let address = use_query_map();
    // Of the address and not of the list: who makes two choices in a row must not lose the first.
    let toolbar = live(move || Some(toolbar(&Query::from_pairs(address.get()).without("cursor"))));
    let older = view.next.map(|cursor| {
        let href = query.set("cursor", cursor).href();
        view! { <div class="actions"><LinkButton href>"Older"</LinkButton></div> }.into_any()
    });
    view! {
        {toolbar}
        <div class="card">
            <ExperimentTable project lines=view.lines now/>
        </div>
        {older}
    }
    .into_any()
}

/// State, and the filter of a prompt.
fn toolbar(query: &Query) -> AnyView {
    let status = Status::of(query.get("status"));
    let choices = Status::ALL
        .into_iter()
        .map(|choice| {
            let href =
                if choice == Status::Current { query.without("status") } else { query.set("status", choice.word()) };
            Choice::link(choice.word(), choice.title(), href.href())
        })
        .collect();
    let prompt = query.get("prompt").filter(|prompt| !prompt.is_empty()).map(|prompt| {
        view! { <Filter name="Prompt" value=prompt.to_owned() href=query.without("prompt").href()/> }.into_any()
    });
    view! {
        <div class="toolbar">
            <SegmentedLinks label="State" current=status.word().to_owned() items=choices/>
            {prompt}
        </div>
    }
    .into_any()
}

#[component]
fn Nothing(project: String, may_write: bool) -> impl IntoView {
    let href = new_experiment_href(&project, "", "");
    let actions = move || {
        may_write.then(|| {
            view! { <LinkButton href kind=ButtonKind::Primary icon=IconName::Flask>"Set up an experiment"</LinkButton> }
                .into_any()
        })
    };
    view! {
        <Empty
            icon=IconName::Flask
            title="No experiments yet"
            text="An experiment gives some of your users another version of a prompt and says, with numbers, whether it is better. \
                Whoever is not in it keeps getting what the label points at."
            actions
        >
            <ol class="steps">
                <li>"Save the new version of the prompt; it gets no traffic yet."</li>
                <li>"Choose the label to split, the share of users, and what decides: a score, cost, latency, errors."</li>
                <li>"Launch. Programs that ask for the label follow without a restart; pausing or stopping gives everybody the control again."</li>
            </ol>
        </Empty>
    }
    .into_any()
}
