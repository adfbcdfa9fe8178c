//! What stands beside the list: one operation in full, or what holds for all of them.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use ui::{Card, CardBody, Code, Copy, IconName, LinkButton, Query, Snippet, format};

use super::{
    Method,
    model::{AnswerView, Content, GroupLine, Introduction, Opened, OperationView, SchemaLine},
};

/// The operation of the address, else what holds for all.
#[component]
pub fn Shown(opened: Opened) -> impl IntoView {
    match opened {
        Opened::Introduction(introduction) => view! { <Beginning introduction=*introduction/> }.into_any(),
        Opened::Operation(operation) => view! { <Operation operation=*operation/> }.into_any(),
    }
}

#[component]
fn Beginning(introduction: Introduction) -> impl IntoView {
    let Introduction { words, address, curl, groups, refusals } = introduction;
    let groups = groups.into_iter().map(|group| view! { <About group/> }.into_any()).collect_view();
    let words = code_spans(&words);
    view! {
        <div class="reference__page">
            <Card title="A first request">
                <CardBody>
                    <div class="stack">
                        <p>
                            "Everything stands below " <code>{address}</code>
                            ". A key pair signs in with HTTP Basic; its secret half alone, as a Bearer token, will do as well."
                        </p>
                        <Code id="first-request" label="A first request" snippets=vec![Snippet::new("curl", curl)] wrap=true/>
                        <p class="muted">{words}</p>
                    </div>
                </CardBody>
            </Card>
            <Card title="What there is"><CardBody><dl class="reference__about">{groups}</dl></CardBody></Card>
            <Card title="How it refuses"><CardBody><Refusals refusals/></CardBody></Card>
        </div>
    }
    .into_any()
}

#[component]
fn About(group: GroupLine) -> impl IntoView {
    let query = use_query_map();
    // What is searched for changes while this stands.
    let href = move || Query::from_pairs(query.get()).set("op", group.first.clone()).href();
    let count = format::plural(i64::from(group.operations), "operation", "operations");
    let words = code_spans(&group.words);
    view! {
        <dt><a href=href>{group.name}</a> <span class="faint small">{count}</span></dt>
        <dd>{words}</dd>
    }
    .into_any()
}

#[component]
fn Operation(operation: OperationView) -> impl IntoView {
    let query = use_query_map();
    let back = Signal::derive(move || Query::from_pairs(query.get()).without("op").href());
    let OperationView { line, description, needs, parameters, bodies, answers, refusals, refusal, curl } = operation;
    let description = description.map(|words| view! { <p>{code_spans(&words)}</p> }.into_any());
    let path = line.path.clone();
    let needs = code_spans(&needs);
    let parameters = (!parameters.is_empty()).then(|| {
        view! { <Card title="Parameters"><CardBody><Fields lines=parameters sent=true/></CardBody></Card> }.into_any()
    });
    let body = (!bodies.is_empty()).then(|| {
        let bodies = bodies.into_iter().enumerate().map(sent).collect_view();
        view! { <Card title="What is sent"><CardBody><div class="stack">{bodies}</div></CardBody></Card> }.into_any()
    });
    let answers = answers
        .into_iter()
        .enumerate()
        .map(|(place, answer)| view! { <Answer id=format!("answer-{place}") answer/> }.into_any())
        .collect_view();
    let refused = (!refusals.is_empty()).then(|| {
        let shape = refusal.map(|content| view! { <Body id="refusal" content/> }.into_any());
        view! {
            <Card title="How it refuses">
                <CardBody><div class="stack"><Refusals refusals/> {shape}</div></CardBody>
            </Card>
        }
        .into_any()
    });
    view! {
        <article class="reference__page" aria-labelledby="operation">
            <div class="reference__back"><LinkButton href=back icon=IconName::ArrowLeft>"All operations"</LinkButton></div>
            <Card>
                <CardBody>
                    <div class="stack">
                        <h2 id="operation" class="reference__title">{line.summary}</h2>
                        <p class="reference__path"><Method method=line.method/> <code>{line.path}</code> <Copy text=path label="Copy path"/></p>
                        {description}
                        <p class="muted">{needs}</p>
                        <Code id="request" label="The request" snippets=vec![Snippet::new("curl", curl)] wrap=true/>
                    </div>
                </CardBody>
            </Card>
            {parameters}
            {body}
            <Card title="What comes back"><CardBody><div class="stack">{answers}</div></CardBody></Card>
            {refused}
        </article>
    }
    .into_any()
}

#[component]
fn Answer(id: String, answer: AnswerView) -> impl IntoView {
    let words = code_spans(&answer.words);
    let content = answer.content.map(|content| view! { <Body id content/> }.into_any());
    view! {
        <p><b class="mono">{answer.status}</b> " " <span class="muted">{words}</span></p>
        {content}
    }
    .into_any()
}

fn sent((place, content): (usize, Content)) -> AnyView {
    view! { <Body id=format!("body-{place}") content sent=true/> }.into_any()
}

/// Fields of a body, and one written out.
#[component]
fn Body(#[prop(into)] id: String, content: Content, #[prop(optional)] sent: bool) -> impl IntoView {
    let example = content.example.map(|text| {
        let label = format!("Example, {}", content.media);
        view! { <Code id label snippets=vec![Snippet::new("Example", text)]/> }.into_any()
    });
    view! {
        <p class="faint small mono">{content.media}</p>
        <Fields lines=content.lines sent/>
        {example}
    }
    .into_any()
}

#[component]
fn Refusals(refusals: Vec<(String, String)>) -> impl IntoView {
    let line = |(status, words): (String, String)| {
        let words = code_spans(&words);
        view! { <dt class="mono">{status}</dt><dd>{words}</dd> }.into_any()
    };
    let lines = refusals.into_iter().map(line).collect_view();
    view! { <dl class="reference__refusals">{lines}</dl> }.into_any()
}

/// Fields, children after their parent. Of what is sent it is said what must be there, of what comes back what may be missing.
#[component]
fn Fields(lines: Vec<SchemaLine>, sent: bool) -> impl IntoView {
    if lines.is_empty() {
        return ().into_any();
    }
    let rows = lines
        .into_iter()
        .map(|line| {
            let is_named = !line.name.is_empty();
            let name = is_named.then(|| view! { <b class="mono">{line.name}</b> }.into_any());
            let presence = match (sent, line.required) {
                (true, true) => view! { <span class="reference__must">"required"</span> }.into_any(),
                (false, false) if is_named => view! { <span class="faint small">"may be absent"</span> }.into_any(),
                _ => ().into_any(),
            };
            let words = (!line.words.is_empty())
                .then(|| view! { <span class="reference__words">{code_spans(&line.words)}</span> }.into_any());
            view! {
                <li class="reference__field" data-depth=line.depth.to_string()>
                    <span class="reference__name">{name} <span class="faint small">{line.kind}</span> {presence}</span>
                    {words}
                </li>
            }
            .into_any()
        })
        .collect_view();
    view! { <ul class="reference__fields">{rows}</ul> }.into_any()
}

/// Text with what stands in backticks as code.
fn code_spans(text: &str) -> AnyView {
    text.split('`')
        .enumerate()
        .map(|(place, part)| {
            let part = part.to_owned();
            if place % 2 == 1 { view! { <code>{part}</code> }.into_any() } else { part.into_any() }
        })
        .collect_view()
        .into_any()
}
