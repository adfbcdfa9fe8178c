//! The experiments of a project.

pub mod model;
pub mod parts;
#[cfg(feature = "ssr")]
pub(super) mod read;
pub mod server;

use domain::time::TimeUs;
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::{
    LazyRoute,
    hooks::{use_params_map, use_query_map},
    lazy_route,
};
use ui::{
    ButtonKind, Cell, CellKind, Chip, Choice, Column, Crumb, Empty, EmptyRow, Filter, IconName, Instant, LinkButton,
    Moment, Page, Query, SegmentedLinks, Table, VersionBadge, page::PageHead,
};

use self::{
    model::{ExperimentLine, ExperimentsView, Status},
    parts::{SplitBar, running_words, state_chip},
    server::ListExperiments,
};
use crate::{
    panel::Panel,
    routes::{experiment_href, new_experiment_href, prompt_href},
    wire::Asked,
};

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
    let status = Status::of(query.get("status"));
    let fresh = query.without("cursor");
    let choices = Status::ALL
        .into_iter()
        .map(|choice| {
            let href =
                if choice == Status::Current { fresh.without("status") } else { fresh.set("status", choice.word()) };
            Choice::link(choice.word(), choice.title(), href.href())
        })
        .collect();
    let prompt = query.get("prompt").filter(|prompt| !prompt.is_empty()).map(|prompt| {
        view! { <Filter name="Prompt" value=prompt.to_owned() href=fresh.without("prompt").href()/> }.into_any()
    });
    let rows = if view.lines.is_empty() {
        view! { <EmptyRow columns=5>"No experiment is in this state."</EmptyRow> }.into_any()
    } else {
        let line = |line| view! { <Line project=project.clone() line now/> }.into_any();
        view.lines.into_iter().map(line).collect_view().into_any()
    };
    let older = view.next.map(|cursor| {
        let href = query.set("cursor", cursor).href();
        view! { <div class="actions"><LinkButton href>"Older"</LinkButton></div> }.into_any()
    });
    view! {
        <div class="toolbar">
            <SegmentedLinks label="State" current=status.word().to_owned() items=choices/>
            {prompt}
        </div>
        <div class="card">
            <Table
                caption="Experiments"
                columns=vec![
                    Column::text("Experiment"),
                    Column::text("State"),
                    Column::text("Prompt and label"),
                    Column::text("Split"),
                    Column::number("Running"),
                ]
            >
                {rows}
            </Table>
        </div>
        {older}
    }
    .into_any()
}

#[component]
fn Line(project: String, line: ExperimentLine, now: TimeUs) -> impl IntoView {
    let href = experiment_href(&project, &line.key);
    let running = line.started_us.map(|started| running_words(started, line.ended_us.unwrap_or(now.0)));
    let sub = match line.ended_us {
        Some(ended) => view! { "ended " <Instant at=TimeUs(ended) shown=Moment::Ago(now)/> }.into_any(),
        None => view! { "changed " <Instant at=TimeUs(line.updated_us) shown=Moment::Ago(now)/> }.into_any(),
    };
    let control = line.arms.first().map_or(0, |arm| arm.version);
    let prompt_page = prompt_href(&project, &line.prompt);
    let prompt = if control == 0 {
        view! { <a class="badge" href=prompt_page>{line.prompt}</a> }.into_any()
    } else {
        view! { <VersionBadge prompt=line.prompt version=control href=format!("{prompt_page}?v={control}")/> }
            .into_any()
    };
    let split = if line.arms.is_empty() {
        view! { <span class="faint">"no arms yet"</span> }.into_any()
    } else {
        view! { <SplitBar arms=line.arms/> <span class="sub">{format!("of {} of the traffic", line.coverage)}</span> }
            .into_any()
    };
    view! {
        <tr>
            <Cell kind=CellKind::Title>
                <a href=href data-row=""><b>{line.title}</b></a>
                <span class="sub mono">{line.key}</span>
            </Cell>
            <Cell label="State">{state_chip(line.state)}</Cell>
            <Cell label="Prompt"><span class="row--wrap">{prompt} <Chip>{line.label}</Chip></span></Cell>
            <Cell kind=CellKind::Wide label="Split">{split}</Cell>
            <Cell kind=CellKind::Number label="Running">
                {running.unwrap_or_else(|| "–".to_owned())}
                <span class="sub">{sub}</span>
            </Cell>
        </tr>
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
