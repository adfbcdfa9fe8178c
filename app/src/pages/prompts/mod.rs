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
    ButtonKind, Cell, CellKind, Chip, Code, Column, Crumb, Empty, EmptyRow, Estimate, Filter, FilterMenu, Icon,
    IconName, Instant, LinkButton, MenuLink, Moment, Notice, Page, Query, SearchField, Snippet, SortDirection, Spark,
    Table, Tone, format, live, page::PageHead,
};

use self::{
    model::{Folder, PAGE, PromptLine, PromptsPage, Sort},
    server::ListPrompts,
};
use crate::{
    panel::Panel,
    routes::{new_prompt_href, project_href, prompt_href},
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
            // As the address writes it: what understands it need not come before the page.
            let query = Query::from_pairs(query.get()).pairs();
            ListPrompts { project: params.read().get("project").unwrap_or_default(), query }
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
            <Page
                crumbs=vec![Crumb::here("Prompts")]
                actions=move || {
                    let project = params.read_untracked().get("project").unwrap_or_default();
                    let href = format!("{}/unlinked", project_href(&project));
                    let new = move || {
                        let folder = query.read().get("folder").filter(|folder| !folder.is_empty());
                        let project = params.read().get("project").unwrap_or_default();
                        new_prompt_href(&project, &folder.map_or_else(String::new, |folder| format!("{folder}/")))
                    };
                    view! {
                        <LinkButton href>"Unlinked"</LinkButton>
                        <LinkButton href=Signal::derive(new) kind=ButtonKind::Primary icon=IconName::Plus key="n">"New prompt"</LinkButton>
                    }
                }
            >
                <PageHead title="Prompts" lead="Numbers of the last 7 days"/>
                <Panel asked=this.page draw/>
            </Page>
        }
        .into_any()
    }
}

#[component]
fn List(project: String, query: Query, page: PromptsPage) -> impl IntoView {
    let fresh = query.without("page");
    let is_filtered = ["q", "folder", "tag"].into_iter().any(|key| said(&fresh, key).is_some());
    if page.total == 0 && !is_filtered {
        return view! { <Nothing project address=page.address/> }.into_any();
    }
    let address = use_query_map();
    // Of the address and not of the list: who takes off two filters in a row must not get the first one back.
    let asked = Signal::derive(move || Query::from_pairs(address.get()).without("page"));
    let toolbar = live(move || Some(toolbar(&asked.get(), page.tags.clone())));
    let tree = (!page.folders.is_empty()).then(|| view! { <Folders asked folders=page.folders/> }.into_any());
    let now = TimeUs(page.now_us);
    let rows = if page.lines.is_empty() {
        view! { <EmptyRow columns=8>"No prompt matches. Search for less, or take a filter off."</EmptyRow> }.into_any()
    } else {
        page.lines
            .into_iter()
            .map(|line| view! { <Line project=project.clone() line now query=fresh.clone()/> }.into_any())
            .collect_view()
            .into_any()
    };
    let notices =
        page.notices.into_iter().map(|notice| view! { <p class="faint small">{notice}</p> }.into_any()).collect_view();
    let truncated = page.truncated.then(|| {
        view! { <Notice tone=Tone::Warn>"There are more prompts than one list takes in. Search, or choose a folder."</Notice> }
            .into_any()
    });
    let foot = foot(&query, page.page, page.total);
    view! {
        {toolbar}
        {truncated}
        <div class="prompts">
            {tree}
            <div class="card">
                <Table caption="Prompts" columns=columns(&fresh)>{rows}</Table>
                {foot}
            </div>
        </div>
        {notices}
    }
    .into_any()
}

/// What a parameter of the address says, when it says something.
fn said(query: &Query, name: &str) -> Option<String> {
    query.get(name).filter(|value| !value.is_empty()).map(str::to_owned)
}

/// Search and filters.
fn toolbar(query: &Query, tags: Vec<(String, u32)>) -> AnyView {
    let folder = said(query, "folder")
        .map(|folder| view! { <Filter name="Folder" value=folder href=query.without("folder").href()/> }.into_any());
    let tag = match said(query, "tag") {
        Some(tag) => Some(view! { <Filter name="Tag" value=tag href=query.without("tag").href()/> }.into_any()),
        None => (!tags.is_empty()).then(|| view! { <Tags query=query.clone() tags/> }.into_any()),
    };
    let (term, keep) = (said(query, "q").unwrap_or_default(), query.without("q").pairs());
    view! {
        <div class="toolbar">
            <SearchField name="q" label="Search prompts" value=term keep/>
            {folder}
            {tag}
        </div>
    }
    .into_any()
}

fn columns(query: &Query) -> Vec<Column> {
    let now = Sort::of(query.get("sort"));
    let sorted = |column: Column, sort: Sort| {
        let direction = if now.1 { SortDirection::Descending } else { SortDirection::Ascending };
        column.sort(query.set("sort", sort.next(now)).href(), (now.0 == sort).then_some(direction))
    };
    vec![
        sorted(Column::text("Prompt"), Sort::Name),
        Column::text("Labels"),
        sorted(Column::number("Generations"), Sort::Volume),
        sorted(Column::number("Latency").title("Median"), Sort::Latency),
        sorted(Column::number("Cost"), Sort::Cost),
        sorted(Column::number("Score").title("Mean of its numeric and boolean scores; yes counts as 1"), Sort::Score),
        Column::unnamed("Score day by day"),
        sorted(Column::number("Changed"), Sort::Changed),
    ]
}

/// Pages of a list that is all known: so it says how many there are.
fn foot(query: &Query, page: u32, total: u32) -> AnyView {
    let size = u32::try_from(PAGE).unwrap_or(u32::MAX);
    let pages = total.div_ceil(size);
    if pages <= 1 {
        return ().into_any();
    }
    let link = |page: u32, words: &'static str, icon: IconName, key: &'static str| {
        let href = if page == 1 { query.without("page").href() } else { query.set("page", page.to_string()).href() };
        view! { <LinkButton href icon key>{words}</LinkButton> }.into_any()
    };
    let before = (page > 1).then(|| link(page - 1, "Before", IconName::ArrowLeft, "b"));
    let next = (page < pages).then(|| link(page + 1, "Next", IconName::ArrowRight, "n"));
    let words = format!("Page {page} of {pages}, {} prompts", format::count(i64::from(total)));
    view! { <div class="table-foot">{before} <span>{words}</span> {next}</div> }.into_any()
}

/// The folders beside the list.
#[component]
fn Folders(asked: Signal<Query>, folders: Vec<Folder>) -> impl IntoView {
    let open = Signal::derive(move || said(&asked.get(), "folder"));
    let all = move || asked.get().without("folder").href();
    let items = folders
        .into_iter()
        .map(|folder| {
            let (path, own) = (folder.path.clone(), folder.path.clone());
            let current = move || (open.get().as_ref() == Some(&own)).then_some("page");
            let href = move || asked.get().set("folder", path.clone()).href();
            let count = format::count(i64::from(folder.count));
            view! {
                <a class="folders__link" href=href data-level=folder.level.min(6) aria-current=current title=folder.path.clone()>
                    <Icon name=IconName::Folder/>
                    <span class="truncate">{folder.name().to_owned()}</span>
                    <span class="folders__count">{count}</span>
                </a>
            }
            .into_any()
        })
        .collect_view();
    view! {
        <nav class="folders" aria-label="Folders">
            <a class="folders__link" href=all data-level="0" aria-current=move || open.get().is_none().then_some("page")>
                "All prompts"
            </a>
            {items}
        </nav>
    }
    .into_any()
}

#[component]
fn Tags(query: Query, tags: Vec<(String, u32)>) -> impl IntoView {
    let items = tags
        .into_iter()
        .map(|(tag, count)| {
            let href = query.set("tag", tag.clone()).href();
            view! { <MenuLink href>{format!("{tag} ({count})")}</MenuLink> }.into_any()
        })
        .collect_view();
    view! { <FilterMenu id="filter-tag" name="Tag">{items}</FilterMenu> }.into_any()
}

#[component]
fn Line(project: String, line: PromptLine, now: TimeUs, query: Query) -> impl IntoView {
    let href = prompt_href(&project, &line.name);
    let metrics = format!("{href}?tab=metrics&range=7d");
    let of_prompt = Query::from_pairs([("prompt", line.name.as_str()), ("range", "7d")]);
    let traces = format!("{}/traces{}", project_href(&project), of_prompt.href());
    let folder = line.name.rsplit_once('/').map(|(folder, _)| {
        let href = query.set("folder", folder).href();
        view! { <a href=href>{folder.to_owned()}</a> " · " }.into_any()
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
    let whole = |number: u64| format::count(i64::try_from(number).unwrap_or(i64::MAX));
    let count = if line.count > 0 {
        view! { <Estimate value=whole(line.count) href=traces/> }.into_any()
    } else {
        view! { <span class="faint">"0"</span> }.into_any()
    };
    let latency = line
        .latency
        .value
        .map(|ns| view! { <Estimate value=format::duration_ns(ns as i64) href=metrics.clone()/> }.into_any());
    let cost = line.cost.value.filter(|_| line.cost.n > 0).map(|nano| {
        let under = (line.cost.n < line.count).then(|| format!("of {}", whole(line.cost.n)));
        view! { <Estimate value=format::money(nano as i64) under href=metrics.clone()/> }.into_any()
    });
    let score = line.score.value.map(|mean| {
        let under = match line.score_margin {
            Some(margin) => format!("{} · n {}", format::plus_minus(margin, 3), whole(line.score.n)),
            None => format!("n {}", whole(line.score.n)),
        };
        view! { <Estimate value=format::score(mean) under href=metrics.clone()/> }.into_any()
    });
    let spark = (line.score_days.iter().flatten().count() > 1).then(|| {
        let label = spark_label(&line.score_days);
        view! { <Spark values=line.score_days label/> }.into_any()
    });
    let leaf = line.name.rsplit('/').next().unwrap_or(&line.name).to_owned();
    view! {
        <tr>
            <Cell kind=CellKind::Title>
                <span class="prompt-name">
                    <a class="prompt-name__link" data-row="" href=href title=line.name.clone()>{leaf}</a>
                    <span class="sub">{folder} {format!("{}, v{}", line.kind.as_str(), line.latest)}</span>
                </span>
            </Cell>
            <Cell label="Labels"><span class="chips">{labels} {tags}</span></Cell>
            <Cell kind=CellKind::Number label="Generations">{count}</Cell>
            <Cell kind=CellKind::Number label="Latency">{latency}</Cell>
            <Cell kind=CellKind::Number label="Cost">{cost}</Cell>
            <Cell kind=CellKind::Number label="Score">{score}</Cell>
            <Cell kind=CellKind::Wide>{spark}</Cell>
            <Cell kind=CellKind::Number label="Changed"><Instant at=TimeUs(line.updated_us) shown=Moment::Ago(now)/></Cell>
        </tr>
    }
    .into_any()
}

fn spark_label(days: &[Option<f64>]) -> String {
    let mut seen = days.iter().flatten();
    match (seen.next(), seen.next_back()) {
        (Some(first), Some(last)) => {
            format!("Score over the last 7 days: {} to {}", format::score(*first), format::score(*last))
        }
        _ => String::new(),
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
