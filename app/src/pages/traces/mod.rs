//! The list of traces, newest first.

pub mod filters;
pub mod follow;
pub mod line;
pub mod model;
#[cfg(feature = "ssr")]
pub mod read;
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
    Button, ButtonKind, Code, Crumb, Empty, EmptyRow, IconName, LinkButton, Notice, Page, Query, RangePicker, Snippet,
    Table, Tone, format, live, page::PageHead,
};

use self::{
    filters::Filters,
    follow::Following,
    line::{COLUMNS, Line, columns},
    model::{TraceLines, TracesPage, TracesQuery},
    server::ListTraces,
};
use crate::{panel::Panel, routes::project_href, wire::Asked};

/// Route of the list.
#[derive(Debug)]
pub struct Traces {
    page: Asked<TracesPage>,
}

#[lazy_route]
impl LazyRoute for Traces {
    fn data() -> Self {
        let params = use_params_map();
        let query = use_query_map();
        let page = Asked::new(move || {
            // As the address writes it: what understands it need not come before the page.
            let query = Query::from_pairs(query.get()).pairs();
            ListTraces { project: params.read().get("project").unwrap_or_default(), query }
        });
        Self { page }
    }

    fn view(this: Self) -> AnyView {
        let params = use_params_map();
        let query = use_query_map();
        let draw = move |page: TracesPage| {
            let project = params.read_untracked().get("project").unwrap_or_default();
            let query = Query::from_pairs(query.get_untracked());
            view! { <List project query page/> }.into_any()
        };
        view! {
            <Title text="Traces"/>
            <Page crumbs=vec![Crumb::here("Traces")]>
                <PageHead title="Traces" lead="Newest first, times in UTC"/>
                <Panel asked=this.page draw/>
            </Page>
        }
        .into_any()
    }
}

#[component]
fn List(project: String, query: Query, page: TracesPage) -> impl IntoView {
    let asked = TracesQuery::of(&query);
    let now = TimeUs(page.list.now_us);
    let following = Following::new(page.list.clone(), project.clone(), asked);
    let address = use_query_map();
    // Drawn of the address and not of the list: who takes off two filters in a row must not get the first one back.
    let toolbar = live(move || {
        let query = Query::from_pairs(address.get()).without("cursor");
        let range = page.range.into();
        let picker = view! { <RangePicker choice=range now query=query.clone()/> };
        let asked = TracesQuery::of(&query);
        let is_live = asked.is_live();
        let switch = asked.can_grow().then(|| view! { <LiveSwitch query=query.clone() is_live/> }.into_any());
        let toolbar = view! {
            <div class="toolbar">
                <Filters query page=page.clone()/>
                <span class="toolbar__end traces__end">{switch} {picker}</span>
            </div>
        };
        Some(toolbar.into_any())
    });
    // Drawn anew only when the first trace of all comes.
    let any = Memo::new(move |_| following.shown.with(|list| list.any));
    let body = live(move || {
        let (project, query) = (project.clone(), query.clone());
        Some(if any.get() {
            view! { <Rows project query following/> }.into_any()
        } else {
            view! { <Nothing project/> }.into_any()
        })
    });
    view! { {toolbar} {body} }.into_any()
}

/// Turns following on and off; the state is in the address.
#[component]
fn LiveSwitch(query: Query, is_live: bool) -> impl IntoView {
    let (href, kind, state, title) = if is_live {
        (query.without("live").href(), ButtonKind::Primary, "on", "New traces are shown as they come")
    } else {
        (query.set("live", "on").href(), ButtonKind::Normal, "off", "New traces wait until you ask for them")
    };
    view! {
        <LinkButton href kind key="l" attr:data-noscroll="" attr:title=title>
            <span class="dot" data-live=state></span>
            "Live"
            <span class="visually-hidden">{format!(" is {state}")}</span>
        </LinkButton>
    }
    .into_any()
}

#[component]
fn Rows(project: String, query: Query, following: Following) -> impl IntoView {
    let fresh = query.without("cursor");
    let narrowed = {
        let fresh = fresh.clone();
        Callback::new(move |(name, value): (&'static str, String)| fresh.set(name, value).href())
    };
    let rows = live(move || Some(following.shown.with(|list| rows(&project, list, narrowed))));
    let news = live(move || {
        let count = following.count();
        (count > 0).then(|| {
            let words = format!("{} new", format::count(i64::try_from(count).unwrap_or(i64::MAX)));
            view! {
                <div class="new-rows">
                    <Button kind=ButtonKind::Quiet icon=IconName::ArrowUp key="u" on:click=move |_| following.show_waiting()>
                        {words}
                    </Button>
                </div>
            }
            .into_any()
        })
    });
    let lost = live(move || {
        following.lost.get().then(|| {
            view! { <Notice tone=Tone::Warn>"New traces are not shown: the server does not answer. Trying again."</Notice> }
                .into_any()
        })
    });
    let foot = live(move || Some(following.shown.with(|list| foot(&query, &fresh, list))));
    view! {
        {lost}
        <div class="card traces">
            {news}
            <Table caption="Traces" columns=columns()>{rows}</Table>
            {foot}
        </div>
    }
    .into_any()
}

fn rows(project: &str, list: &TraceLines, narrowed: Callback<(&'static str, String), String>) -> AnyView {
    if list.lines.is_empty() {
        let why = if list.looked_back_to_us.is_some() {
            "No trace matches among those looked at so far. Look further back below, or take a filter off."
        } else {
            "No trace matches. Take a filter off, or choose a longer range."
        };
        return view! { <EmptyRow columns=COLUMNS>{why}</EmptyRow> }.into_any();
    }
    let now = TimeUs(list.now_us);
    list.lines
        .iter()
        .map(|line| view! { <Line project=project.to_owned() line=line.clone() now narrowed/> }.into_any())
        .collect_view()
        .into_any()
}

fn foot(query: &Query, fresh: &Query, list: &TraceLines) -> AnyView {
    let newest = query
        .get("cursor")
        .map(|_| view! { <LinkButton href=fresh.href() icon=IconName::ArrowUp>"Newest"</LinkButton> }.into_any());
    let partial = list.looked_back_to_us.map(|at| {
        let words = format!(
            "Model, score and duration are looked up trace by trace. Looked back to {} so far.",
            format::date_time(at)
        );
        view! { <span class="traces__partial">{words}</span> }.into_any()
    });
    let words = if list.looked_back_to_us.is_some() { "Look further back" } else { "Older" };
    let older = list.next.as_ref().map(|next| {
        let href = query.set("cursor", next).without("live").href();
        view! { <LinkButton href icon=IconName::ArrowRight key="n">{words}</LinkButton> }.into_any()
    });
    view! { <div class="table-foot">{newest} {partial} {older}</div> }.into_any()
}

/// A project that has never received anything.
#[component]
fn Nothing(project: String) -> impl IntoView {
    let code = "export OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=\"$ASSAY_URL/v1/traces\"\n\
                export OTEL_EXPORTER_OTLP_HEADERS=\"Authorization=Bearer $ASSAY_SECRET_KEY\"";
    view! {
        <div class="card">
            <Empty
                icon=IconName::Activity
                title="No traces yet"
                text="Point the Langfuse or ABV SDK at this server, or any OpenTelemetry exporter. The home page has a whole program to copy. The first trace appears here by itself."
                actions=move || view! { <LinkButton href=project_href(&project)>"Open the set-up"</LinkButton> }
            >
                <Code id="otlp" label="Settings of an OpenTelemetry exporter" snippets=vec![Snippet::new("OpenTelemetry", code)]/>
            </Empty>
        </div>
    }
    .into_any()
}
