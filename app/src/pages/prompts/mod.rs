//! The prompts of a project.

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
    Cell, CellKind, Chip, Code, Column, Crumb, Empty, EmptyRow, Filter, IconName, Instant, LinkButton, Moment, Page,
    Query, SearchField, Snippet, Table, Tone, format, page::PageHead,
};

use self::{
    model::{PromptLine, PromptsPage, PromptsQuery},
    server::ListPrompts,
};
use crate::{
    panel::Panel,
    routes::{project_href, prompt_href},
    wire::Asked,
};

/// Route of the list.
#[derive(Debug)]
pub struct Prompts {
    page: Asked<PromptsPage>,
}

#[lazy_route]
impl LazyRoute for Prompts {
    fn data() -> Self {
        let params = use_params_map();
        let query = use_query_map();
        let page = Asked::new(move || {
            let query = query.read();
            let asked = PromptsQuery {
                q: query.get("q"),
                folder: query.get("folder"),
                tag: query.get("tag"),
                cursor: query.get("cursor"),
            };
            ListPrompts { project: params.read().get("project").unwrap_or_default(), query: asked }
        });
        Self { page }
    }

    fn view(this: Self) -> AnyView {
        let params = use_params_map();
        let query = use_query_map();
        let draw = move |page: PromptsPage| {
            let project = params.read_untracked().get("project").unwrap_or_default();
            let query = Query::from_pairs(query.get_untracked());
            view! { <List project query page/> }.into_any()
        };
        view! {
            <Title text="Prompts"/>
            <Page crumbs=vec![Crumb::here("Prompts")]>
                <PageHead title="Prompts"/>
                <Panel asked=this.page draw/>
            </Page>
        }
        .into_any()
    }
}

#[component]
fn List(project: String, query: Query, page: PromptsPage) -> impl IntoView {
    let asked = PromptsQuery {
        q: query.get("q").map(str::to_owned),
        folder: query.get("folder").map(str::to_owned),
        tag: query.get("tag").map(str::to_owned),
        cursor: None,
    };
    if page.lines.is_empty() && !asked.is_filtered() {
        return view! { <Nothing project address=page.address/> }.into_any();
    }
    let fresh = query.without("cursor");
    let filters = [("folder", "Folder"), ("tag", "Tag")]
        .into_iter()
        .filter_map(|(key, name)| {
            let value = fresh.get(key).filter(|value| !value.is_empty())?.to_owned();
            Some(view! { <Filter name value href=fresh.without(key).href()/> }.into_any())
        })
        .collect_view();
    let keep = fresh.without("q").pairs();
    let now = TimeUs(page.now_us);
    let rows = if page.lines.is_empty() {
        view! { <EmptyRow columns=6>"No prompt matches. Search for less, or take a filter off."</EmptyRow> }.into_any()
    } else {
        page.lines
            .into_iter()
            .map(|line| view! { <Line project=project.clone() line now query=fresh.clone()/> }.into_any())
            .collect_view()
            .into_any()
    };
    let more = page.next.map(|next| {
        view! {
            <div class="table-foot">
                <LinkButton href=query.set("cursor", next).href() icon=IconName::ArrowRight key="n">"More"</LinkButton>
            </div>
        }
        .into_any()
    });
    view! {
        <div class="toolbar">
            <SearchField name="q" label="Search prompts" value=asked.q.unwrap_or_default() keep/>
            {filters}
        </div>
        <div class="card">
            <Table
                caption="Prompts"
                columns=vec![
                    Column::text("Prompt"),
                    Column::text("Type"),
                    Column::text("Labels"),
                    Column::number("Newest"),
                    Column::number("Generations, 7 days"),
                    Column::number("Changed"),
                ]
            >
                {rows}
            </Table>
            {more}
        </div>
    }
    .into_any()
}

#[component]
fn Line(project: String, line: PromptLine, now: TimeUs, query: Query) -> impl IntoView {
    let href = prompt_href(&project, &line.name);
    let metrics = format!("{href}?tab=metrics&range=7d");
    let folder = line.name.rsplit_once('/').map(|(folder, _)| {
        let href = query.set("folder", folder).href();
        view! { <a class="sub" href=href>{folder.to_owned()}</a> }.into_any()
    });
    let labels = line
        .labels
        .into_iter()
        .map(|(name, version)| {
            let tone = if name == "production" { Tone::Good } else { Tone::Plain };
            view! { <Chip tone>{format!("{name} v{version}")}</Chip> }.into_any()
        })
        .collect_view();
    let tags = line
        .tags
        .into_iter()
        .map(|tag| {
            let href = query.set("tag", tag.clone()).href();
            view! { <Chip icon=IconName::Tag href=href>{tag}</Chip> }.into_any()
        })
        .collect_view();
    let week = if line.week > 0 {
        view! { <a href=metrics>{format::count(i64::try_from(line.week).unwrap_or(i64::MAX))}</a> }.into_any()
    } else {
        view! { <span class="faint">"0"</span> }.into_any()
    };
    let leaf = line.name.rsplit('/').next().unwrap_or(&line.name).to_owned();
    view! {
        <tr>
            <Cell kind=CellKind::Title>
                <span class="prompt-name">
                    <a class="prompt-name__link" data-row="" href=href title=line.name.clone()>{leaf}</a>
                    {folder}
                </span>
            </Cell>
            <Cell label="Type">{line.kind.as_str()}</Cell>
            <Cell label="Labels"><span class="chips">{labels} {tags}</span></Cell>
            <Cell kind=CellKind::Number label="Newest">{format!("v{}", line.latest)}</Cell>
            <Cell kind=CellKind::Number label="Generations, 7 days">{week}</Cell>
            <Cell kind=CellKind::Number label="Changed"><Instant at=TimeUs(line.updated_us) shown=Moment::Ago(now)/></Cell>
        </tr>
    }
}

/// A project without prompts.
#[component]
fn Nothing(project: String, address: String) -> impl IntoView {
    let code = format!(
        "curl {address}/api/v1/prompts \\\n  -u \"$ASSAY_PUBLIC_KEY:$ASSAY_SECRET_KEY\" \\\n  -H 'Content-Type: application/json' \\\n  \
         -d '{{\"name\": \"support/answer\", \"prompt\": \"Answer {{{{question}}}}\", \"labels\": [\"production\"]}}'"
    );
    view! {
        <div class="card">
            <Empty
                icon=IconName::FileText
                title="No prompts yet"
                text="Save one from your code with the Langfuse or ABV SDK, or with a plain request. Every save is a new version; a label such as production says which one your application gets."
                actions=move || view! { <LinkButton href=project_href(&project)>"Open the set-up"</LinkButton> }
            >
                <Code id="save" label="A request that saves a prompt" snippets=vec![Snippet::new("curl", code)]/>
            </Empty>
        </div>
    }
}
