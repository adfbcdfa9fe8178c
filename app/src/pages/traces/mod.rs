//! The list of traces, newest first.

pub mod model;
#[cfg(feature = "ssr")]
mod read;
pub mod server;

use domain::{time::TimeUs, trace::PromptLink};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::{
    LazyRoute,
    hooks::{use_params_map, use_query_map},
    lazy_route,
};
use ui::{
    Cell, CellKind, Code, Column, Crumb, Empty, EmptyRow, Estimate, Filter, IconName, Instant, LinkButton, Moment,
    Page, Query, RangePicker, Snippet, Table, VersionBadge, format, page::PageHead,
};

use self::{
    model::{TraceLine, TracesPage, TracesQuery},
    server::ListTraces,
};
use crate::{
    panel::Panel,
    routes::{project_href, prompt_href, trace_href},
    wire::Asked,
};

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
            let query = query.read();
            let asked = TracesQuery {
                range: query.get("range"),
                from: query.get("from"),
                to: query.get("to"),
                prompt: query.get("prompt"),
                version: query.get("version").and_then(|version| version.parse().ok()),
                environment: query.get("environment"),
                user: query.get("user"),
                session: query.get("session"),
                errors: query.get("errors"),
                cursor: query.get("cursor"),
            };
            ListTraces { project: params.read().get("project").unwrap_or_default(), query: asked }
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

/// The filters an address may carry, and what they are called.
const FILTERS: [(&str, &str); 6] = [
    ("prompt", "Prompt"),
    ("version", "Version"),
    ("environment", "Environment"),
    ("user", "User"),
    ("session", "Session"),
    ("errors", "Errors"),
];

#[component]
fn List(project: String, query: Query, page: TracesPage) -> impl IntoView {
    if !page.any {
        return view! { <Nothing project/> }.into_any();
    }
    let now = TimeUs(page.now_us);
    let picker = view! { <RangePicker choice=page.range.into() now query=query.without("cursor")/> };
    let fresh = query.without("cursor");
    let filters = FILTERS
        .into_iter()
        .filter_map(|(key, name)| {
            let value = fresh.get(key).filter(|value| !value.is_empty())?.to_owned();
            // A version means nothing without its prompt.
            let without = if key == "prompt" { fresh.without("version") } else { fresh.clone() };
            Some(view! { <Filter name value href=without.without(key).href()/> }.into_any())
        })
        .collect_view();
    let errors = fresh
        .get("errors")
        .is_none_or(str::is_empty)
        .then(|| view! { <Filter name="Only errors" href=fresh.set("errors", "yes").href()/> }.into_any());
    let newest = query
        .get("cursor")
        .map(|_| view! { <LinkButton href=fresh.href() icon=IconName::ArrowUp>"Newest"</LinkButton> }.into_any());
    let older = page.next.map(|next| {
        view! { <LinkButton href=query.set("cursor", next).href() icon=IconName::ArrowRight key="n">"Older"</LinkButton> }.into_any()
    });
    let rows = if page.lines.is_empty() {
        view! { <EmptyRow columns=8>"No trace matches. Take a filter off, or choose a longer range."</EmptyRow> }
            .into_any()
    } else {
        page.lines
            .into_iter()
            .map(|line| view! { <Line project=project.clone() line now query=fresh.clone()/> }.into_any())
            .collect_view()
            .into_any()
    };
    view! {
        <div class="toolbar">
            {filters} {errors}
            <span class="toolbar__end">{picker}</span>
        </div>
        <div class="card traces">
            <Table
                caption="Traces"
                columns=vec![
                    Column::text("When"),
                    Column::text("Trace"),
                    Column::text("Prompt"),
                    Column::text("User"),
                    Column::text("Environment"),
                    Column::number("Duration").title("From the first start to the last end"),
                    Column::number("Tokens").title("Read and written by its generations"),
                    Column::number("Cost"),
                ]
            >
                {rows}
            </Table>
            <div class="table-foot">{newest} {older}</div>
        </div>
    }
    .into_any()
}

#[component]
fn Line(project: String, line: TraceLine, now: TimeUs, query: Query) -> impl IntoView {
    let state = (line.errors > 0).then_some("error");
    let failed = (line.errors > 0).then(|| {
        let words = format::plural(i64::from(line.errors), "error", "errors");
        view! { <span class="trace-name__error">{words}</span> }.into_any()
    });
    let user = line.user.map(|user| {
        let href = query.set("user", user.clone()).href();
        view! { <a class="ident" href=href title=user.clone()>{user.clone()}</a> }.into_any()
    });
    let session = line.session.map(|session| {
        let href = query.set("session", session.clone()).href();
        view! { <a class="sub ident" href=href title=session.clone()>{session.clone()}</a> }.into_any()
    });
    let environment = query.set("environment", line.environment.clone()).href();
    let tokens = line.tokens.map(|(input, output)| {
        let count = |tokens: u64| format::count(i64::try_from(tokens).unwrap_or(i64::MAX));
        view! { <Estimate value=count(input.saturating_add(output)) under=format!("{} in · {} out", count(input), count(output))/> }.into_any()
    });
    let spans = format::plural(i64::from(line.spans), "span", "spans");
    let href = trace_href(&project, &line.id);
    view! {
        <tr data-state=state>
            <Cell label="When"><Instant at=TimeUs(line.start_us) shown=Moment::Ago(now)/></Cell>
            <Cell kind=CellKind::Title>
                <span class="trace-name">
                    <a class="trace-name__link" data-row="" data-state=state href=href>{line.name}</a>
                    {failed}
                </span>
                <span class="sub">{spans}</span>
            </Cell>
            <Cell label="Prompt"><Links project links=line.links/></Cell>
            <Cell label="User">{user} {session}</Cell>
            <Cell label="Environment"><a href=environment>{line.environment}</a></Cell>
            <Cell kind=CellKind::Number label="Duration">{format::duration_ns(line.duration_ns)}</Cell>
            <Cell kind=CellKind::Number label="Tokens">{tokens}</Cell>
            <Cell kind=CellKind::Number label="Cost">{line.cost.map(format::money)}</Cell>
        </tr>
    }
}

#[component]
fn Links(project: String, links: Vec<PromptLink>) -> impl IntoView {
    links
        .into_iter()
        .map(|link| {
            let href = format!("{}?v={}", prompt_href(&project, &link.name), link.version);
            view! { <VersionBadge prompt=link.name version=link.version href/> }.into_any()
        })
        .collect_view()
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
                text="Point the Langfuse or ABV SDK at this server, or any OpenTelemetry exporter. The home page has a whole program to copy."
                actions=move || view! { <LinkButton href=project_href(&project)>"Open the set-up"</LinkButton> }
            >
                <Code id="otlp" label="Settings of an OpenTelemetry exporter" snippets=vec![Snippet::new("OpenTelemetry", code)]/>
            </Empty>
        </div>
    }
}
