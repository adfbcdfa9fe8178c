//! The lists of sessions and of users: traces gathered by who they served.

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
    Cell, CellKind, Code, Column, Crumb, Empty, EmptyRow, Estimate, Filter, IconName, Instant, LinkButton, Moment,
    Page, Query, SearchField, Snippet, Table, Width, format, page::PageHead,
};

use self::{
    model::{GatheredLine, GatheredLines, GatheredQuery, Kind},
    server::ListGathered,
};
use crate::{
    panel::Panel,
    routes::{gathered_href, project_href, trace_href},
    wire::Asked,
};

/// Route of the list of sessions.
#[derive(Debug)]
pub struct Sessions {
    list: Asked<GatheredLines>,
}

#[lazy_route]
impl LazyRoute for Sessions {
    fn data() -> Self {
        Self { list: asked(Kind::Session) }
    }

    fn view(this: Self) -> AnyView {
        page(Kind::Session, this.list)
    }
}

/// Route of the list of users.
#[derive(Debug)]
pub struct Users {
    list: Asked<GatheredLines>,
}

#[lazy_route]
impl LazyRoute for Users {
    fn data() -> Self {
        Self { list: asked(Kind::User) }
    }

    fn view(this: Self) -> AnyView {
        page(Kind::User, this.list)
    }
}

fn asked(kind: Kind) -> Asked<GatheredLines> {
    let params = use_params_map();
    let query = use_query_map();
    Asked::new(move || {
        let query = query.read();
        ListGathered {
            project: params.read().get("project").unwrap_or_default(),
            kind,
            query: GatheredQuery { q: query.get("q"), cursor: query.get("cursor") },
        }
    })
}

fn page(kind: Kind, list: Asked<GatheredLines>) -> AnyView {
    let params = use_params_map();
    let query = use_query_map();
    let draw = move |list: GatheredLines| {
        let project = params.read_untracked().get("project").unwrap_or_default();
        let query = Query::from_pairs(query.get_untracked());
        view! { <List project kind query list/> }.into_any()
    };
    view! {
        <Title text=kind.title()/>
        <Page crumbs=vec![Crumb::here(kind.title())]>
            <PageHead title=kind.title()/>
            <Panel asked=list draw/>
        </Page>
    }
    .into_any()
}

#[component]
fn List(project: String, kind: Kind, query: Query, list: GatheredLines) -> impl IntoView {
    let prefix = query.get("q").unwrap_or_default().to_owned();
    let fresh = query.without("cursor");
    if list.lines.is_empty() && prefix.is_empty() && list.looked_back_to_us.is_none() && query.get("cursor").is_none() {
        return view! { <Nothing project kind/> }.into_any();
    }
    let now = TimeUs(list.now_us);
    let rows = if list.lines.is_empty() {
        let why = if prefix.is_empty() {
            format!("No {} among the traces looked at so far. Look further back below.", kind.word())
        } else {
            format!("No {} has an id that begins with “{prefix}”. Capitals count.", kind.word())
        };
        view! { <EmptyRow columns=7>{why}</EmptyRow> }.into_any()
    } else {
        list.lines
            .into_iter()
            .map(|line| view! { <Line project=project.clone() kind line now/> }.into_any())
            .collect_view()
            .into_any()
    };
    let order = if prefix.is_empty() { "Last seen first" } else { "By id" };
    let chip = (!prefix.is_empty())
        .then(|| view! { <Filter name="Begins with" value=prefix.clone() href=fresh.without("q").href()/> }.into_any());
    let partial = list.looked_back_to_us.map(|at| {
        let words = format!("There are many: looked through the newest traces, back to {}.", format::date_time(at));
        view! { <span>{words}</span> }.into_any()
    });
    let first = query
        .get("cursor")
        .map(|_| view! { <LinkButton href=fresh.href() icon=IconName::ArrowUp>"First page"</LinkButton> }.into_any());
    let words = if list.looked_back_to_us.is_some() { "Look further back" } else { "More" };
    let more = list.next.map(|next| {
        view! { <LinkButton href=query.set("cursor", next).href() icon=IconName::ArrowRight key="n">{words}</LinkButton> }
            .into_any()
    });
    let label = format!("Find a {} by how its id begins", kind.word());
    view! {
        <div class="toolbar">
            <SearchField name="q" label value=prefix/>
            {chip}
            <span class="toolbar__note">{order}</span>
        </div>
        <div class="card">
            <Table
                caption=kind.title()
                columns=vec![
                    Column::text(if kind == Kind::User { "User" } else { "Session" }),
                    Column::text("Last trace"),
                    Column::number("Last seen").width(Width::Medium),
                    Column::number("First seen").width(Width::Medium),
                    Column::number("Traces").width(Width::Short).title("Of the newest 100; a + says that there are more"),
                    Column::number("Tokens").width(Width::Long).title("Read and written in those traces"),
                    Column::number("Cost").width(Width::Medium).title("Of those traces"),
                ]
            >
                {rows}
            </Table>
            <div class="table-foot">{first} {partial} {more}</div>
        </div>
    }
    .into_any()
}

#[component]
fn Line(project: String, kind: Kind, line: GatheredLine, now: TimeUs) -> impl IntoView {
    let href = gathered_href(&project, kind, &line.id);
    let state = (line.failed > 0).then_some("error");
    let under = match (&line.user, kind) {
        (Some(user), Kind::Session) => {
            let href = gathered_href(&project, Kind::User, user);
            Some(view! { <a class="sub ident" href=href title=user.clone()>{user.clone()}</a> }.into_any())
        }
        _ => None,
    };
    let traces = format!("{}{}", format::count(i64::from(line.traces)), if line.more { "+" } else { "" });
    let failed = (line.failed > 0).then(|| format!("{} failed", format::count(i64::from(line.failed))));
    let of_traces = Query::from_pairs([(kind.word(), line.id.clone())]).href();
    let of_traces = format!("{}/traces{of_traces}", project_href(&project));
    let count = |tokens: u64| format::count(i64::try_from(tokens).unwrap_or(i64::MAX));
    let (input, output) = line.tokens;
    let tokens = (input > 0 || output > 0).then(|| {
        let under = format!("{} in · {} out", count(input), count(output));
        view! { <Estimate value=count(input.saturating_add(output)) under/> }.into_any()
    });
    view! {
        <tr data-state=state>
            <Cell kind=CellKind::Title>
                <a class="ident trace-name__link" data-row="" data-state=state href=href title=line.id.clone()>{line.id.clone()}</a>
                {under}
            </Cell>
            <Cell label="Last trace"><a class="ident" href=trace_href(&project, &line.last_trace)>{line.last_name}</a></Cell>
            <Cell kind=CellKind::Number label="Last seen"><Instant at=TimeUs(line.last_us) shown=Moment::Ago(now)/></Cell>
            <Cell kind=CellKind::Number label="First seen"><Instant at=TimeUs(line.first_us) shown=Moment::Ago(now)/></Cell>
            <Cell kind=CellKind::Number label="Traces"><Estimate value=traces under=failed href=of_traces/></Cell>
            <Cell kind=CellKind::Number label="Tokens">{tokens}</Cell>
            <Cell kind=CellKind::Number label="Cost">{line.cost.map(format::money)}</Cell>
        </tr>
    }
    .into_any()
}

/// A project whose traces name no session, or no user.
#[component]
fn Nothing(project: String, kind: Kind) -> impl IntoView {
    let (title, text, python, attribute) = match kind {
        Kind::Session => (
            "No sessions yet",
            "A session is a conversation: several traces under one id of yours. Name it in your code, and its traces are read here one after another.",
            "with propagate_attributes(session_id=\"chat-1\"):",
            "session.id",
        ),
        Kind::User => (
            "No users yet",
            "Say whom a trace serves, with an id of yours, and see here what each of them asks, costs and thinks of the answers.",
            "with propagate_attributes(user_id=\"ana\"):",
            "user.id",
        ),
    };
    let python = format!(
        "from langfuse import get_client, propagate_attributes\n\nassay = get_client()\nwith assay.start_as_current_observation(name=\"chat\"):\n    {python}\n        answer(question)"
    );
    let otel = format!("span.set_attribute(\"{attribute}\", \"…\")");
    view! {
        <div class="card">
            <Empty
                icon=IconName::Users
                title
                text
                actions=move || view! { <LinkButton href=project_href(&project)>"Open the set-up"</LinkButton> }
            >
                <Code
                    id="name-it"
                    label=format!("How to name the {}", kind.word())
                    snippets=vec![Snippet::new("Python", python), Snippet::new("OpenTelemetry", otel)]
                />
            </Empty>
        </div>
    }
    .into_any()
}
