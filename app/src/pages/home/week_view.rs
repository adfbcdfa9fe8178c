//! What changed this week: versions and labels, and the numbers that moved.

use domain::time::TimeUs;
use leptos::prelude::*;
use ui::{
    Card, CardBody, Cell, CellKind, Column, Estimate, Instant, Moment, Query, Table, Tone, Verdict, VersionBadge,
    format,
};

use super::model::{ChangeLine, MovedLine, Week};
use crate::routes::prompt_href;

/// Both lists.
#[component]
pub fn ThisWeek(project: String, week: Week, now: TimeUs) -> impl IntoView {
    let Week { changes, moved, compared } = week;
    let changes = if changes.is_empty() {
        view! {
            <CardBody><p class="muted">"No version was saved and no label moved in the last 7 days."</p></CardBody>
        }
        .into_any()
    } else {
        let items = changes
            .into_iter()
            .map(|change| view! { <Change project=project.clone() change now/> }.into_any())
            .collect_view();
        view! { <ul class="changes">{items}</ul> }.into_any()
    };
    view! {
        <Card title="What changed this week">{changes}</Card>
        <Card title="Numbers that moved">{numbers(&project, moved, compared)}</Card>
    }
    .into_any()
}

/// A version saved, or a label moved.
#[component]
fn Change(project: String, change: ChangeLine, now: TimeUs) -> impl IntoView {
    let base = prompt_href(&project, &change.prompt);
    let badge = |version: u32| {
        let href = format!("{base}?v={version}");
        view! { <VersionBadge prompt=change.prompt.clone() version href/> }.into_any()
    };
    let what = match (change.label.clone(), change.from, change.to) {
        (None, _, Some(saved)) => view! { {badge(saved)} " saved" }.into_any(),
        (Some(label), Some(from), Some(to)) => {
            view! { <b>{label}</b> {format!(" moved from v{from} to ")} {badge(to)} }.into_any()
        }
        (Some(label), None, Some(to)) => view! { <b>{label}</b> " set to " {badge(to)} }.into_any(),
        (label, from, None) => {
            let from = from.map(|from| format!(" v{from}")).unwrap_or_default();
            let words = format!(" taken off {}{from}", change.prompt);
            view! { <b>{label}</b> {words} }.into_any()
        }
    };
    let why = change.why.map(|why| view! { <span class="changes__why">{format!("“{why}”")}</span> }.into_any());
    view! {
        <li class="changes__item">
            <Instant at=TimeUs(change.at_us) shown=Moment::Ago(now)/>
            <div class="changes__what">
                <span>{what} <span class="muted">{format!(" by {}", change.by)}</span></span>
                {why}
            </div>
        </li>
    }
    .into_any()
}

fn numbers(project: &str, moved: Vec<MovedLine>, compared: u32) -> AnyView {
    if moved.is_empty() {
        let words = if compared == 0 {
            "Nothing can be compared yet: that needs generations in this week and in the one before.".to_owned()
        } else {
            let numbers = format::plural(i64::from(compared), "number", "numbers");
            format!("{numbers} compared with the week before; none moved by more than chance explains.")
        };
        return view! { <CardBody><p class="muted">{words}</p></CardBody> }.into_any();
    }
    let rows = moved
        .into_iter()
        .map(|line| {
            let query = Query::from_pairs([("tab", "metrics"), ("metric", &line.trend), ("range", "14d")]);
            let href = format!("{}{}", prompt_href(project, &line.prompt), query.href());
            let tone = match line.is_good {
                Some(true) => Tone::Good,
                Some(false) => Tone::Bad,
                None => Tone::Plain,
            };
            let whole = |number: u64| format::count(i64::try_from(number).unwrap_or(i64::MAX));
            let (n_before, n_now) = line.n;
            view! {
                <tr>
                    <Cell kind=CellKind::Title>
                        <a class="prompt-name__link" data-row="" href=href>{line.prompt}</a>
                        <span class="sub">{line.name}</span>
                    </Cell>
                    <Cell kind=CellKind::Number label="Week before"><Estimate value=line.before under=format!("n {}", whole(n_before))/></Cell>
                    <Cell kind=CellKind::Number label="This week"><Estimate value=line.now under=format!("n {}", whole(n_now))/></Cell>
                    <Cell kind=CellKind::Number label="Change">
                        <span class="estimate"><Verdict tone text=line.change/> <span class="sub">{line.interval}</span></span>
                    </Cell>
                </tr>
            }
            .into_any()
        })
        .collect_view();
    // One in twenty intervals misses the truth.
    let by_luck = compared.div_ceil(20);
    let words = format!(
        "{} compared with the week before, each with a 95% interval: about {} would be here by luck alone.",
        format::plural(i64::from(compared), "number", "numbers"),
        format::count(i64::from(by_luck)),
    );
    view! {
        <Table
            caption="Numbers that moved"
            columns=vec![
                Column::text("Prompt"),
                Column::number("Week before"),
                Column::number("This week"),
                Column::number("Change"),
            ]
        >
            {rows}
        </Table>
        <div class="table-foot">{words}</div>
    }
    .into_any()
}
