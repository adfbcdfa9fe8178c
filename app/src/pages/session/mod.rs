//! One session: a conversation, trace by trace.

pub mod model;
#[cfg(feature = "ssr")]
mod read;
pub mod server;

use domain::time::TimeUs;
use leptos::prelude::*;
use leptos_router::{
    LazyRoute,
    hooks::{use_params_map, use_query_map},
    lazy_route,
};
use ui::{
    Chip, Copy, Crumb, Fact, Facts, FactsLayout, IconName, Instant, LinkButton, Moment, Page, Query, VersionBadge,
    format,
};

use self::{
    model::{SessionView, TurnView},
    server::OpenSession,
};
use crate::{
    pages::{
        gathered::model::{GatheredLine, Kind},
        trace::io::{Io, Reading},
    },
    panel::Panel,
    routes::{gathered_href, project_href, prompt_href, trace_href},
    title::PageTitle,
    wire::Asked,
};

/// Route of the page.
#[derive(Debug)]
pub struct Session {
    session: Asked<SessionView>,
}

#[lazy_route]
impl LazyRoute for Session {
    fn data() -> Self {
        let params = use_params_map();
        let query = use_query_map();
        let session = Asked::new(move || {
            let params = params.read();
            OpenSession {
                project: params.get("project").unwrap_or_default(),
                id: params.get("id").unwrap_or_default(),
                cursor: query.read().get("cursor"),
            }
        });
        Self { session }
    }

    fn view(this: Self) -> AnyView {
        let params = use_params_map();
        let project = Memo::new(move |_| params.read().get("project").unwrap_or_default());
        let id = Memo::new(move |_| params.read().get("id").unwrap_or_default());
        let query = use_query_map();
        let crumbs = Signal::derive(move || {
            let sessions = format!("{}/sessions", project_href(&project.get()));
            vec![Crumb::link("Sessions", sessions), Crumb::here(id.get()).mono()]
        });
        let draw = move |session: SessionView| {
            let query = Query::from_pairs(query.get_untracked());
            view! { <Opened project=project.get_untracked() query session/> }.into_any()
        };
        view! {
            <PageTitle text=Signal::derive(move || format!("Session {}", id.get()))/>
            <Page crumbs>
                <Panel asked=this.session draw/>
            </Page>
        }
        .into_any()
    }
}

#[component]
fn Opened(project: String, query: Query, session: SessionView) -> impl IntoView {
    let now = TimeUs(session.now_us);
    let chips = chips(session.scores);
    let facts = facts(&project, &session.head, now);
    let title = session.head.id.clone();
    let turns =
        session.turns.into_iter().map(|turn| view! { <Turn project=project.clone() turn/> }.into_any()).collect_view();
    let first = query.get("cursor").map(|_| {
        view! { <LinkButton href=query.without("cursor").href() icon=IconName::ArrowUp>"From the beginning"</LinkButton> }
            .into_any()
    });
    let more = session.next.map(|next| {
        view! { <LinkButton href=query.set("cursor", next).href() icon=IconName::ArrowRight key="n">"Later"</LinkButton> }
            .into_any()
    });
    view! {
        <div class="page__head">
            <h1 tabindex="-1" class="gathered__title">{title.clone()}</h1>
            <Copy text=title label="Copy session id"/>
            <span class="chips">{chips}</span>
        </div>
        <Facts layout=FactsLayout::Strip items=facts/>
        <div class="turns">{turns}</div>
        <div class="turns__foot">{first} {more}</div>
    }
    .into_any()
}

/// Scores as chips: name and value.
pub fn chips(scores: Vec<(String, String)>) -> AnyView {
    scores
        .into_iter()
        .map(|(name, value)| view! { <Chip>{format!("{name}: {value}")}</Chip> }.into_any())
        .collect_view()
        .into_any()
}

/// The numbers of a session or user.
pub fn facts(project: &str, head: &GatheredLine, now: TimeUs) -> Vec<Fact> {
    let (first, last) = (TimeUs(head.first_us), TimeUs(head.last_us));
    let count = |number: u64| format::count(i64::try_from(number).unwrap_or(i64::MAX));
    let traces = format::plural(i64::from(head.traces), "trace", "traces");
    let traces = if head.more { format!("newest {traces}") } else { traces };
    let mut facts = vec![
        Fact::new("First seen", move || view! { <Instant at=first shown=Moment::Ago(now)/> }),
        Fact::new("Last seen", move || view! { <Instant at=last shown=Moment::Ago(now)/> }),
        Fact::text("In these numbers", traces),
        Fact::text("Generations", count(head.generations)),
    ];
    if head.failed > 0 {
        facts.push(Fact::text("Failed traces", format::count(i64::from(head.failed))));
    }
    let (input, output) = head.tokens;
    if input > 0 || output > 0 {
        facts.push(Fact::text("Tokens", format!("{} in · {} out", count(input), count(output))));
    }
    facts.extend(head.cost.map(|cost| Fact::text("Cost", format::money(cost))));
    facts.push(Fact::text("Environment", head.environment.clone()));
    if let Some(user) = head.user.clone().filter(|user| *user != head.id) {
        let href = gathered_href(project, Kind::User, &user);
        facts.push(Fact::new("User", move || view! { <a href=href>{user}</a> }));
    }
    facts
}

#[component]
fn Turn(project: String, turn: TurnView) -> impl IntoView {
    let href = trace_href(&project, &turn.id);
    let state = (turn.errors > 0).then_some("error");
    let failed = (turn.errors > 0).then(|| {
        let words = format::plural(i64::from(turn.errors), "error", "errors");
        view! { <span class="trace-name__error">{words}</span> }.into_any()
    });
    let badges = turn
        .links
        .into_iter()
        .map(|link| {
            let href = format!("{}?v={}", prompt_href(&project, &link.name), link.version);
            view! { <VersionBadge prompt=link.name version=link.version href/> }.into_any()
        })
        .collect_view();
    let cost = turn.cost.map(|cost| view! { <span>{format::money(cost)}</span> }.into_any());
    let cut = turn.cut.then(|| {
        let href = href.clone();
        view! { <p class="faint small">"Long texts end early here. " <a href=href>"The trace has them whole."</a></p> }
            .into_any()
    });
    let chips = (!turn.scores.is_empty()).then(|| view! { <div class="chips">{chips(turn.scores)}</div> }.into_any());
    view! {
        <article class="card turn">
            <header class="turn__head">
                <h2><a data-row="" data-state=state href=href>{turn.name}</a></h2>
                {failed}
                {badges}
                <span class="turn__numbers">
                    <Instant at=TimeUs(turn.start_us)/>
                    <span>{format::duration_ns(turn.duration_ns)}</span>
                    {cost}
                </span>
            </header>
            <div class="turn__io">
                <Io title="Input" value=turn.input reading=Reading::Plain/>
                <Io title="Output" value=turn.output reading=Reading::Plain/>
            </div>
            {cut}
            {chips}
        </article>
    }
    .into_any()
}
