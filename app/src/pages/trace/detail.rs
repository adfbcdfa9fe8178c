//! The span chosen: facts, tokens, input and output, scores.

use domain::trace::Level;
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use ui::{
    Choice, Copy, Fact, Facts, Json, JsonValue, LinkButton, Query, SegmentedLinks, SkeletonShape, UsageBar, UsagePart,
    VersionBadge, format, live,
};

use super::{
    colour,
    cost::{CostNote, PastCosts},
    io::{Io, Reading},
    model::{ScoreView, ScoredOn, SpanDetail, SpanView, TraceView},
    scores::{Scorer, Scores},
};
use crate::{panel::Panel, routes::prompt_href, wire::Asked};

/// What is known of the span chosen.
#[component]
pub fn Detail(
    project: String,
    trace: TraceView,
    selected: Memo<Option<String>>,
    span: Asked<Option<SpanDetail>>,
    scorer: Scorer,
) -> impl IntoView {
    let trace = StoredValue::new(trace);
    let query = use_query_map();
    let reading = Memo::new(move |_| match query.read().get("view").as_deref() {
        Some("json") => Reading::Json,
        _ => Reading::Plain,
    });
    let head = live(move || {
        let id = selected.get();
        let found = trace.with_value(|trace| trace.spans.iter().find(|span| Some(&span.id) == id.as_ref()).cloned());
        Some(match found {
            Some(span) => view! { <Head project=project.clone() span reading/> }.into_any(),
            None => view! { <p class="muted">"This span is not among those shown."</p> }.into_any(),
        })
    });
    let scores = live(move || {
        let id = selected.get().unwrap_or_default();
        let (scores, may_score, configs) = trace.with_value(|trace| {
            let own = |score: &&ScoreView| !matches!(&score.on, ScoredOn::Span(span) if *span != id);
            let scores: Vec<ScoreView> = trace.scores.iter().filter(own).cloned().collect();
            (scores, trace.may_score, trace.configs.clone())
        });
        (may_score || !scores.is_empty())
            .then(|| view! { <Scores scores span=id may_score configs scorer/> }.into_any())
    });
    let draw = move |detail: Option<SpanDetail>| {
        let detail = detail.map(StoredValue::new);
        live(move || {
            let reading = reading.get();
            detail.map(|detail| view! { <Payload detail=detail.get_value() reading/> }.into_any())
        })
    };
    view! {
        {head}
        <Panel asked=span skeleton=SkeletonShape::Text draw/>
        {scores}
    }
}

#[component]
fn Head(project: String, span: SpanView, reading: Memo<Reading>) -> impl IntoView {
    let now = Query::from_pairs(use_query_map().get_untracked());
    let current = Signal::derive(move || if reading.get() == Reading::Json { "json" } else { "plain" }.to_owned());
    let prompt = span.prompt.clone().map(|prompt| {
        let href = format!("{}?v={}", prompt_href(&project, &prompt.name), prompt.version);
        let source = prompt.inherited.then_some("The link comes from a span above");
        view! { <VersionBadge prompt=prompt.name version=prompt.version href note=source/> }.into_any()
    });
    let open = span.prompt.clone().map(|prompt| {
        let href = format!("{}?v={}", prompt_href(&project, &prompt.name), prompt.version);
        view! { <LinkButton href key="p">"Open prompt"</LinkButton> }.into_any()
    });
    let tokens = span.tokens.map(|tokens| {
        let part = |name: &str, tokens: u64| UsagePart::new(name, i64::try_from(tokens).unwrap_or(i64::MAX));
        view! {
            <UsageBar parts=vec![
                part("cached", tokens.cache_read),
                part("cache write", tokens.cache_write),
                part("input", tokens.input),
                part("output", tokens.output),
                part("reasoning", tokens.reasoning),
                part("other", tokens.other),
            ]/>
        }
        .into_any()
    });
    let cost = span
        .costing
        .clone()
        .map(|cost| view! { <CostNote project=project.clone() model=span.model.clone() cost/> }.into_any());
    let id = span.id.clone();
    let facts = facts(&span);
    view! {
        <div class="detail__head">
            <h2><span class="dot" data-kind=colour(span.kind)></span>{span.name}</h2>
            {prompt}
            <SegmentedLinks
                label="How to read input and output"
                current
                items=vec![
                    Choice::link("plain", "Text", now.without("view").href()),
                    Choice::link("json", "JSON", now.set("view", "json").href()),
                ]
            />
        </div>
        <Facts items=facts/>
        {tokens}
        {cost}
        <div class="actions">
            {open}
            <Copy text=id label="Copy span id" shown=true/>
        </div>
    }
}

fn facts(span: &SpanView) -> Vec<Fact> {
    let mut facts = vec![Fact::text("Kind", span.kind.as_str())];
    if let Some(model) = span.model.clone() {
        facts.push(Fact::new("Model", move || view! { <span class="mono">{model}</span> }));
    }
    facts.push(Fact::text("Latency", format::duration_ns(span.duration_ns)));
    facts.extend(span.first_token_ns.map(|ns| Fact::text("First token", format::duration_ns(ns))));
    facts.extend(span.cost.map(|cost| Fact::text("Cost", format::money(cost))));
    if span.level != Level::Default {
        facts.push(Fact::text("Level", span.level.as_str()));
    }
    facts.push(Fact::text("Starts at", format!("+{}", format::duration_ns(span.offset_ns))));
    facts
}

#[component]
fn Payload(detail: SpanDetail, reading: Reading) -> impl IntoView {
    let error = detail.status_message.map(|message| view! { <div class="detail__error">{message}</div> }.into_any());
    let parameters = (!detail.model_parameters.is_empty()).then(|| {
        let items =
            detail.model_parameters.into_iter().map(|(name, value)| Fact::text(name, value)).collect::<Vec<_>>();
        view! {
            <div class="detail__section">
                <h3>"Parameters"</h3>
                <Facts items/>
            </div>
        }
        .into_any()
    });
    let metadata = (!detail.metadata.is_empty()).then(|| {
        view! {
            <div class="detail__section">
                <h3>"Metadata"</h3>
                <Json value=JsonValue::Object(detail.metadata)/>
            </div>
        }
        .into_any()
    });
    let scope = (!detail.scope.is_empty())
        .then(|| view! { <p class="faint small">{format!("Sent by {}", detail.scope)}</p> }.into_any());
    view! {
        {error}
        <Io title="Input" value=detail.input reading/>
        <Io title="Output" value=detail.output reading/>
        {parameters}
        {metadata}
        <PastCosts past=detail.past_costs/>
        {scope}
    }
}
