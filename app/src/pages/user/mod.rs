//! One user: their generations in numbers, their scores, their newest traces.

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
    Button, ButtonKind, Card, Cell, CellKind, Column, Copy, Crumb, Dialog, DialogButton, EmptyRow, Estimate, Facts,
    FactsLayout, IconName, LinkButton, Notice, Page, ProblemPanel, Query, RangePicker, Table, TextField, Tone, format,
    live,
};

use self::{
    model::{UserNumbers, UserScore, UserView},
    server::OpenUser,
};
use crate::{
    pages::{
        session::facts,
        settings::server::EraseUser,
        traces::line::{COLUMNS, Line, columns},
    },
    panel::Panel,
    routes::project_href,
    title::PageTitle,
    wire::{Act, ActForm, Asked},
};

/// Route of the page.
#[derive(Debug)]
pub struct User {
    user: Asked<UserView>,
}

#[lazy_route]
impl LazyRoute for User {
    fn data() -> Self {
        let params = use_params_map();
        let query = use_query_map();
        let user = Asked::new(move || {
            let (params, query) = (params.read(), query.read());
            OpenUser {
                project: params.get("project").unwrap_or_default(),
                id: params.get("id").unwrap_or_default(),
                range: query.get("range"),
                from: query.get("from"),
                to: query.get("to"),
            }
        });
        Self { user }
    }

    fn view(this: Self) -> AnyView {
        let params = use_params_map();
        let project = Memo::new(move |_| params.read().get("project").unwrap_or_default());
        let id = Memo::new(move |_| params.read().get("id").unwrap_or_default());
        let query = use_query_map();
        let crumbs = Signal::derive(move || {
            let users = format!("{}/users", project_href(&project.get()));
            vec![Crumb::link("Users", users), Crumb::here(id.get()).mono()]
        });
        let erase = Act::<EraseUser>::new();
        let draw = move |user: UserView| {
            let query = Query::from_pairs(query.get_untracked());
            view! { <Opened project=project.get_untracked() query user erase/> }.into_any()
        };
        view! {
            <PageTitle text=Signal::derive(move || format!("User {}", id.get()))/>
            <Page crumbs>
                <Panel asked=this.user draw/>
            </Page>
        }
        .into_any()
    }
}

#[component]
fn Opened(project: String, query: Query, user: UserView, erase: Act<EraseUser>) -> impl IntoView {
    let now = TimeUs(user.now_us);
    let facts = facts(&project, &user.head, now);
    let id = user.head.id.clone();
    // The list of traces over the same range, of this user.
    let list = {
        let range =
            ["range", "from", "to"].into_iter().filter_map(|key| Some((key.to_owned(), query.get(key)?.to_owned())));
        let own = Query::from_pairs(std::iter::once(("user".to_owned(), id.clone())).chain(range));
        let base = format!("{}/traces", project_href(&project));
        Callback::new(move |(name, value): (&'static str, String)| {
            let query = if name.is_empty() { own.clone() } else { own.set(name, value) };
            format!("{base}{}", query.href())
        })
    };
    let all = list.run(("", String::new()));
    let rows = if user.traces.is_empty() {
        view! { <EmptyRow columns=COLUMNS>"No trace in this range. Choose a longer one."</EmptyRow> }.into_any()
    } else {
        user.traces
            .into_iter()
            .map(|line| view! { <Line project=project.clone() line now narrowed=list/> }.into_any())
            .collect_view()
            .into_any()
    };
    let more = user.more.then(|| {
        let all = all.clone();
        view! { <div class="table-foot"><LinkButton href=all icon=IconName::ArrowRight>"All traces"</LinkButton></div> }
            .into_any()
    });
    let partial = user.partial.map(|why| view! { <Notice tone=Tone::Warn>{why}</Notice> }.into_any());
    let scores = (!user.scores.is_empty()).then(|| view! { <Scores scores=user.scores list/> }.into_any());
    let removal = user.may_erase.then(|| {
        let project = project.clone();
        view! { <Removal project user=id.clone() erase/> }.into_any()
    });
    let picker = view! { <RangePicker choice=user.range.into() now query/> };
    view! {
        <div class="page__head">
            <h1 tabindex="-1" class="gathered__title">{id.clone()}</h1>
            <Copy text=id label="Copy user id"/>
            <span class="toolbar__end">{picker}</span>
        </div>
        <Facts layout=FactsLayout::Strip items=facts/>
        {partial}
        <Numbers numbers=user.numbers all/>
        {scores}
        <Card title="Newest traces">
            <Table caption="Newest traces" columns=columns()>{rows}</Table>
            {more}
        </Card>
        {removal}
    }
    .into_any()
}

/// Everything of the user goes, once their id was typed.
#[component]
fn Removal(project: String, user: String, erase: Act<EraseUser>) -> impl IntoView {
    let refused = live(move || erase.refused().map(|error| view! { <ProblemPanel problem=error.0/> }.into_any()));
    let label = format!("Type {user} to confirm");
    view! {
        {refused}
        <div class="actions">
            <DialogButton dialog="erase-user" kind=ButtonKind::Danger>"Delete this user’s data"</DialogButton>
        </div>
        <Dialog id="erase-user" title="Delete this user’s data?">
            <p>"Their traces with scores and media, outcome events about them and their part in experiments are deleted for good, and leave every number."</p>
            <ActForm act=erase class="form" closes="erase-user">
                <input type="hidden" name="project" value=project/>
                <input type="hidden" name="user" value=user/>
                <TextField name="confirm" id="confirm-erase" label required=true autocomplete="off"/>
                <div class="actions"><Button kind=ButtonKind::Danger submit=true>"Delete data"</Button></div>
            </ActForm>
        </Dialog>
    }
    .into_any()
}

#[component]
fn Numbers(numbers: UserNumbers, all: String) -> impl IntoView {
    let nothing = || "–".to_owned();
    let whole = |number: u64| format::count(i64::try_from(number).unwrap_or(i64::MAX));
    let UserNumbers { count, error_rate, latency_p95, cost } = numbers;
    let items = [
        ("Generations", whole(count.n), String::new(), all.clone()),
        (
            "Failed",
            error_rate.value.map_or_else(nothing, format::percent),
            format!("of {}", whole(error_rate.n)),
            format!("{all}&errors=yes"),
        ),
        (
            "Latency, p95",
            latency_p95.value.map_or_else(nothing, |ns| format::duration_ns(ns as i64)),
            format!("n {}", whole(latency_p95.n)),
            all.clone(),
        ),
        (
            "Cost",
            cost.value.filter(|_| cost.n > 0).map_or_else(nothing, |nano| format::money(nano as i64)),
            format!("{} with a cost", whole(cost.n)),
            all,
        ),
    ];
    let items = items
        .into_iter()
        .map(|(name, value, note, href)| {
            view! {
                <a class="health-strip__item" href=href>
                    <span class="health-strip__name">{name}</span>
                    <span class="health-strip__value">{value}</span>
                    <span class="health-strip__note">{note}</span>
                </a>
            }
            .into_any()
        })
        .collect_view();
    view! { <div class="health-strip">{items}</div> }.into_any()
}

#[component]
fn Scores(scores: Vec<UserScore>, list: Callback<(&'static str, String), String>) -> impl IntoView {
    let rows = scores
        .into_iter()
        .map(|score| {
            let href = list.run(("score", score.name.clone()));
            let count = format::count(i64::try_from(score.count.max(score.mean.n)).unwrap_or(i64::MAX));
            let mean = score.mean.value.map(|mean| {
                let ends =
                    score.ends.map(|(least, most)| format!("{} to {}", format::number(least), format::number(most)));
                view! { <Estimate value=format::score(mean) under=ends/> }.into_any()
            });
            view! {
                <tr>
                    <Cell kind=CellKind::Title>{score.name}</Cell>
                    <Cell kind=CellKind::Number label="Scores"><a href=href>{count}</a></Cell>
                    <Cell kind=CellKind::Number label="Mean">{mean}</Cell>
                </tr>
            }
            .into_any()
        })
        .collect_view();
    view! {
        <Card title="Scores">
            <Table
                caption="Scores"
                columns=vec![
                    Column::text("Score"),
                    Column::number("Scores"),
                    Column::number("Mean").title("With the least and the greatest; yes counts as 1"),
                ]
            >
                {rows}
            </Table>
        </Card>
    }
    .into_any()
}
