//! One trace: facts, tree with waterfall, and the span chosen.

mod chat;
pub mod cost;
pub mod detail;
pub mod io;
pub mod model;
#[cfg(feature = "ssr")]
mod read;
pub mod scores;
pub mod server;

use domain::{
    time::TimeUs,
    trace::{Level, SpanKind},
};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::{
    LazyRoute,
    hooks::{use_params_map, use_query_map},
    lazy_route,
};
use ui::{
    Badge, Copy, Crumb, Fact, Facts, FactsLayout, HatchDefs, Instant, Minimap, MinimapSpan, Page, Query, Ruler, Tree,
    TreeNode, VersionBadge, WaterfallBar, format, page::PageLayout,
};

use self::{
    detail::Detail,
    model::{SpanDetail, SpanView, TraceView},
    scores::Scorer,
    server::{OpenSpan, OpenTrace},
};
use crate::{
    pages::gathered::model::Kind,
    panel::Panel,
    routes::{gathered_href, prices_href, project_href, trace_href},
    wire::Asked,
};

/// Route of the page.
#[derive(Debug)]
pub struct Trace {
    trace: Asked<TraceView>,
    span: Asked<Option<SpanDetail>>,
}

#[lazy_route]
impl LazyRoute for Trace {
    fn data() -> Self {
        let params = use_params_map();
        let query = use_query_map();
        let place = Memo::new(move |_| {
            let params = params.read();
            (params.get("project").unwrap_or_default(), params.get("id").unwrap_or_default())
        });
        let trace = Asked::new(move || {
            let (project, id) = place.get();
            OpenTrace { project, id }
        });
        // Asked beside the trace, not after it: the server knows which span is shown without a choice.
        let chosen = Memo::new(move |_| query.read().get("span"));
        let span = Asked::new(move || {
            let (project, trace) = place.get();
            OpenSpan { project, trace, span: chosen.get() }
        });
        Self { trace, span }
    }

    fn view(this: Self) -> AnyView {
        let params = use_params_map();
        let project = Memo::new(move |_| params.read().get("project").unwrap_or_default());
        let id = Memo::new(move |_| params.read().get("id").unwrap_or_default());
        let span = this.span;
        let crumbs = Signal::derive(move || {
            vec![
                Crumb::link("Traces", format!("{}/traces", project_href(&project.get()))),
                Crumb::here(format::short_id(&id.get())).mono(),
            ]
        });
        let asked = this.trace;
        let scorer = Scorer::new(project, id, Callback::new(move |()| asked.again()));
        let draw =
            move |trace: TraceView| view! { <Opened project=project.get_untracked() trace span scorer/> }.into_any();
        view! {
            <Page crumbs layout=PageLayout::Fill>
                <Panel asked=this.trace draw/>
            </Page>
        }
        .into_any()
    }
}

#[component]
fn Opened(project: String, trace: TraceView, span: Asked<Option<SpanDetail>>, scorer: Scorer) -> impl IntoView {
    let query = use_query_map();
    let root = trace.root.clone();
    let selected = Memo::new(move |_| query.read().get("span").or_else(|| root.clone()));
    let total_ns = trace.duration_ns;
    let now = Query::from_pairs(query.get_untracked());
    let nodes = model::rows(&trace.spans)
        .into_iter()
        .filter_map(|row| Some(node(trace.spans.get(row.index)?, row.depth, total_ns, &now)))
        .collect();
    let minimap = trace
        .spans
        .iter()
        .map(|span| MinimapSpan {
            start_ns: span.offset_ns,
            duration_ns: span.duration_ns,
            error: span.level == Level::Error,
        })
        .collect();
    let count = summary(&trace);
    let title = trace.name.clone();
    let facts = facts(&project, &trace);
    view! {
        <Title text=title/>
        <HatchDefs/>
        <div class="trace">
            <div class="trace__facts">
                <Facts layout=FactsLayout::Strip items=facts/>
            </div>
            <div class="trace__panes">
                <div class="trace__tree">
                    <Minimap spans=minimap total_ns/>
                    <Ruler total_ns>{count}</Ruler>
                    <Tree label="Spans" selected nodes/>
                </div>
                <section class="trace__detail" aria-label="Span">
                    <Detail project trace selected span scorer/>
                </section>
            </div>
        </div>
    }
}

fn summary(trace: &TraceView) -> AnyView {
    let shown = u32::try_from(trace.spans.len()).unwrap_or(u32::MAX);
    let mut words = format::plural(i64::from(trace.span_count), "span", "spans");
    if shown < trace.span_count {
        words = format!("first {} of {words}", format::count(i64::from(shown)));
    }
    let errors = (trace.errors > 0).then(|| {
        let errors = format::plural(i64::from(trace.errors), "error", "errors");
        view! { <span class="tree__error">{format!(" · {errors} ")}</span> <kbd aria-hidden="true">"e"</kbd> }
            .into_any()
    });
    view! { {words} {errors} }.into_any()
}

fn facts(project: &str, trace: &TraceView) -> Vec<Fact> {
    let list = |key: &str, value: &str| {
        let query = Query::from_pairs([(key, value)]).href();
        format!("{}/traces{query}", project_href(project))
    };
    let linked = |name: &'static str, key: &str, value: &Option<String>| {
        let text = value.clone()?;
        let href = list(key, &text);
        Some(Fact::new(name, move || view! { <a href=href>{text}</a> }))
    };
    let gathered = |name: &'static str, kind: Kind, id: &Option<String>| {
        let id = id.clone()?;
        let href = gathered_href(project, kind, &id);
        Some(Fact::new(name, move || view! { <a href=href>{id}</a> }))
    };
    let name = trace.name.clone();
    let start = TimeUs(trace.start_us);
    let count = |tokens: u64| format::count(i64::try_from(tokens).unwrap_or(i64::MAX));
    let (id, link) = (trace.id.clone(), trace_href(project, &trace.id));
    let mut facts = vec![
        Fact::new("Trace", move || view! { <h1 tabindex="-1">{name}</h1> }),
        Fact::new("When", move || view! { <Instant at=start/> }),
        Fact::text("Duration", format::duration_ns(trace.duration_ns)),
    ];
    facts.extend(cost(project, trace));
    if trace.input_tokens > 0 || trace.output_tokens > 0 {
        facts.push(Fact::text(
            "Tokens",
            format!("{} in · {} out", count(trace.input_tokens), count(trace.output_tokens)),
        ));
    }
    facts.extend(gathered("User", Kind::User, &trace.user));
    facts.extend(gathered("Session", Kind::Session, &trace.session));
    facts.extend(linked("Environment", "environment", &Some(trace.environment.clone())));
    facts.extend(trace.release.clone().map(|release| Fact::text("Release", release)));
    facts.extend(trace.version.clone().map(|version| Fact::text("Version", version)));
    if !trace.tags.is_empty() {
        let tags = trace.tags.clone();
        facts.push(Fact::new("Tags", move || {
            tags.into_iter().map(|tag| view! { <Badge>{tag}</Badge> }.into_any()).collect_view()
        }));
    }
    facts.push(Fact::new("Id", move || {
        view! {
            <a class="mono" href=link>{format::short_id(&id)}</a>
            <Copy text=id label="Copy trace id"/>
        }
        .into_any()
    }));
    facts
}

/// What all of it cost, and how many calls that leaves out.
fn cost(project: &str, trace: &TraceView) -> Option<Fact> {
    let amount = trace.cost.map(format::money);
    if trace.unpriced == 0 {
        return amount.map(|amount| Fact::text("Cost", amount));
    }
    let text = format::plural(i64::from(trace.unpriced), "call has no price", "calls have no price");
    let text = if amount.is_some() { format!("+ {text}") } else { text };
    let (amount, href) = (amount.unwrap_or_default(), prices_href(project));
    Some(Fact::new("Cost", move || view! { {amount} " " <a class="warn" href=href>{text}</a> }.into_any()))
}

/// Which colour a span has: the kinds that have none of their own share one.
fn colour(kind: SpanKind) -> &'static str {
    match kind {
        SpanKind::Generation => "generation",
        SpanKind::Tool => "tool",
        SpanKind::Retriever | SpanKind::Embedding => "retriever",
        SpanKind::Agent => "agent",
        _ => "other",
    }
}

fn node(span: &SpanView, depth: u32, total_ns: i64, query: &Query) -> TreeNode {
    let is_error = span.level == Level::Error;
    let mut text = format::duration_ns(span.duration_ns);
    if let Some(cost) = span.cost {
        text = format!("{text} · {}", format::money(cost));
    }
    let kind = colour(span.kind);
    let badge = span
        .prompt
        .clone()
        .map(|prompt| view! { <VersionBadge prompt=prompt.name version=prompt.version/> }.into_any());
    let word = is_error.then(|| {
        let word = span.status.clone().unwrap_or_else(|| "error".to_owned());
        view! { <span class="tree__error">{word}</span> }.into_any()
    });
    let name = view! {
        <span class="dot" data-kind=kind></span>
        <span class="tree__label">{span.name.clone()}</span>
        {badge}
        {word}
    };
    TreeNode::new(span.id.clone(), depth, query.set("span", span.id.clone()).href(), name).error(is_error).beside(
        view! {
            <WaterfallBar
                kind
                start_ns=span.offset_ns
                duration_ns=span.duration_ns
                total_ns
                first_token_ns=span.first_token_ns
                error=is_error
                text
            />
        },
    )
}
