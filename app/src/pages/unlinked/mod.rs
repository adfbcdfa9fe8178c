//! Generations that count for no prompt version, by what they lack, and those of versions nobody knows.

pub mod model;
#[cfg(feature = "ssr")]
mod read;
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
    Card, Cell, CellKind, Chip, Code, Column, Crumb, Empty, Estimate, Fact, Facts, FactsLayout, IconName, LinkButton,
    Notice, Page, Query, RangePicker, Snippet, Table, Tone, VersionBadge, format, page::PageHead,
};

use self::{
    model::{ReasonLine, UnknownLine, UnlinkedPage, UnlinkedQuery},
    server::ReportUnlinked,
};
use crate::{
    panel::Panel,
    routes::{project_href, prompt_href, trace_href},
    wire::Asked,
};

/// Route of the report.
#[derive(Debug)]
pub struct Unlinked {
    page: Asked<UnlinkedPage>,
}

#[lazy_route]
impl LazyRoute for Unlinked {
    fn data() -> Self {
        let params = use_params_map();
        let query = use_query_map();
        let page = Asked::new(move || {
            let query = query.read();
            let asked = UnlinkedQuery { range: query.get("range"), from: query.get("from"), to: query.get("to") };
            ReportUnlinked { project: params.read().get("project").unwrap_or_default(), query: asked }
        });
        Self { page }
    }

    fn view(this: Self) -> AnyView {
        let params = use_params_map();
        let query = use_query_map();
        let draw = move |page: UnlinkedPage| {
            let project = params.read_untracked().get("project").unwrap_or_default();
            let query = Query::from_pairs(query.get_untracked());
            view! { <Report project query page/> }.into_any()
        };
        let crumbs = Signal::derive(move || {
            let base = project_href(&params.read().get("project").unwrap_or_default());
            vec![Crumb::link("Prompts", format!("{base}/prompts")), Crumb::here("Unlinked")]
        });
        view! {
            <Title text="Unlinked"/>
            <Page crumbs>
                <PageHead title="Unlinked generations" lead="Calls of models that count for no prompt version"/>
                <Panel asked=this.page draw/>
            </Page>
        }
        .into_any()
    }
}

#[component]
fn Report(project: String, query: Query, page: UnlinkedPage) -> impl IntoView {
    if !page.any {
        return view! { <Nothing project/> }.into_any();
    }
    let picker = view! { <RangePicker choice=page.range.into() now=TimeUs(page.now_us) query=query.clone()/> };
    let facts = facts(&page);
    let partial = page.partial.clone().map(|why| {
        let why = format!("Not everything is counted: {why}.");
        view! { <Notice tone=Tone::Warn>{why}</Notice> }.into_any()
    });
    let looked = (page.looked_at < page.unlinked).then(|| {
        let (looked, all) = (count(page.looked_at), count(page.unlinked));
        let why = format!("The reasons are those of the newest {looked} of {all}.");
        view! { <Notice>{why}</Notice> }.into_any()
    });
    let nothing_wrong = (page.reasons.is_empty() && page.unknown.is_empty()).then(|| {
        let (title, text) = if page.generations == 0 {
            ("No generation in this range", "Choose a longer one.")
        } else {
            ("Every generation is linked", "Each one counts for a version of a prompt that is here.")
        };
        view! { <div class="card"><Empty icon=IconName::CircleCheck title text/></div> }.into_any()
    });
    let has_reasons = !page.reasons.is_empty();
    let reasons = has_reasons.then(|| view! { <Reasons project=project.clone() lines=page.reasons/> }.into_any());
    let unknown =
        (!page.unknown.is_empty()).then(|| view! { <UnknownVersions project query lines=page.unknown/> }.into_any());
    let how = has_reasons.then(|| view! { <How/> }.into_any());
    view! {
        <div class="toolbar">
            {facts}
            <span class="toolbar__end">{picker}</span>
        </div>
        {partial}
        {looked}
        {nothing_wrong}
        {reasons}
        {unknown}
        {how}
    }
    .into_any()
}

fn facts(page: &UnlinkedPage) -> AnyView {
    let unlinked = match page.share() {
        Some(share) if page.unlinked > 0 => format!("{} ({})", count(page.unlinked), format::percent(share)),
        _ => count(page.unlinked),
    };
    let mut items = vec![Fact::text("Generations", count(page.generations)), Fact::text("Unlinked", unlinked)];
    if page.unknown_count() > 0 {
        items.push(Fact::text("Of versions not here", count(page.unknown_count())));
    }
    view! { <Facts layout=FactsLayout::Strip items/> }.into_any()
}

#[component]
fn Reasons(project: String, lines: Vec<ReasonLine>) -> impl IntoView {
    let rows = lines.into_iter().map(|line| view! { <Reason project=project.clone() line/> }.into_any()).collect_view();
    view! {
        <Card title="What is missing">
            <Table
                caption="What unlinked generations lack"
                columns=vec![
                    Column::text("What is missing"),
                    Column::number("Generations"),
                    Column::text("Sent by"),
                    Column::text("Newest traces"),
                ]
            >
                {rows}
            </Table>
        </Card>
    }
}

#[component]
fn Reason(project: String, line: ReasonLine) -> impl IntoView {
    let title = line.lack.title();
    let advice = line.lack.advice(&line.absent);
    let scopes = line.scopes.into_iter().map(|scope| view! { <Chip>{scope}</Chip> }.into_any()).collect_view();
    let traces = line
        .examples
        .into_iter()
        .enumerate()
        .map(|(place, (trace, span))| {
            let href = format!("{}?span={span}", trace_href(&project, &trace));
            let row = (place == 0).then_some("");
            view! { <a class="mono small" data-row=row href=href>{format::short_id(&trace)}</a> }.into_any()
        })
        .collect_view();
    view! {
        <tr>
            <Cell kind=CellKind::Title>
                <span class="unlinked__lack">{title}</span>
                <span class="unlinked__advice">{advice}</span>
            </Cell>
            <Cell kind=CellKind::Number label="Generations"><Estimate value=count(line.count)/></Cell>
            <Cell label="Sent by"><span class="chips">{scopes}</span></Cell>
            <Cell kind=CellKind::Wide label="Newest traces"><span class="chips">{traces}</span></Cell>
        </tr>
    }
}

#[component]
fn UnknownVersions(project: String, query: Query, lines: Vec<UnknownLine>) -> impl IntoView {
    let rows = lines
        .into_iter()
        .map(|line| {
            let traces = query.set("prompt", line.prompt.clone()).set("version", line.version.to_string()).href();
            let traces = format!("{}/traces{traces}", project_href(&project));
            let href = line.prompt_known.then(|| prompt_href(&project, &line.prompt));
            let what = if line.prompt_known {
                "The prompt is here, this version of it is not"
            } else {
                "No prompt of this name is here; it may have been deleted"
            };
            view! {
                <tr>
                    <Cell kind=CellKind::Title>
                        <VersionBadge prompt=line.prompt version=line.version href/>
                        <span class="unlinked__advice">{what}</span>
                    </Cell>
                    <Cell kind=CellKind::Number label="Generations">
                        <a data-row="" href=traces>{count(line.count)}</a>
                    </Cell>
                </tr>
            }
            .into_any()
        })
        .collect_view();
    view! {
        <Card title="Versions that are not here">
            <Table
                caption="Generations of versions the registry does not have"
                columns=vec![Column::text("Version"), Column::number("Generations")]
            >
                {rows}
            </Table>
        </Card>
    }
}

/// How to link a call, in every way there is.
#[component]
fn How() -> impl IntoView {
    let python = "prompt = langfuse.get_prompt(\"support/answer\")\n\
                  with langfuse.start_as_current_observation(as_type=\"generation\", name=\"answer\", prompt=prompt):\n    \
                  ...";
    let javascript = "const prompt = await langfuse.prompt.get(\"support/answer\");\n\
                      startObservation(\"answer\", { prompt }, { asType: \"generation\" });";
    let otel = "span.set_attribute(\"gen_ai.prompt.name\", \"support/answer\")\n\
                span.set_attribute(\"gen_ai.prompt.version\", 3)\n\
                # on the call itself, or on any span above it";
    view! {
        <Card title="How a call is linked">
            <Code
                id="link"
                label="Linking a call to a prompt version"
                snippets=vec![
                    Snippet::new("Python", python),
                    Snippet::new("JavaScript", javascript),
                    Snippet::new("OpenTelemetry", otel),
                ]
            />
        </Card>
    }
}

/// A project that has never received anything.
#[component]
fn Nothing(project: String) -> impl IntoView {
    view! {
        <div class="card">
            <Empty
                icon=IconName::Activity
                title="No generations yet"
                text="Once your program sends some, those that count for no prompt version are counted here by what they lack."
                actions=move || view! { <LinkButton href=project_href(&project)>"Open the set-up"</LinkButton> }
            />
        </div>
    }
}

fn count(number: u64) -> String {
    format::count(i64::try_from(number).unwrap_or(i64::MAX))
}
