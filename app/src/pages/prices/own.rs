//! The project's own prices with their history.

use domain::time::TimeUs;
use leptos::prelude::*;
use ui::{
    Button, ButtonKind, Card, Cell, CellKind, Chip, Column, Dialog, DialogButton, EmptyRow, Instant, Moment, Table,
    Tone, format,
};

use super::{
    Acts, Rates,
    model::{OwnLine, OwnState},
    server::EndPrice,
};
use crate::wire::{Act, ActForm};

/// The card.
#[component]
pub fn OwnCard(project: String, lines: Vec<OwnLine>, may_write: bool, now: TimeUs, acts: Acts) -> impl IntoView {
    let rows = if lines.is_empty() {
        view! {
            <EmptyRow columns=5>
                "No own price. Calls cost what the catalogue below says; set a price for a model it does not know, or for terms of your own."
            </EmptyRow>
        }
        .into_any()
    } else {
        lines
            .into_iter()
            .map(|line| view! { <Line project=project.clone() line may_write now end=acts.end/> }.into_any())
            .collect_view()
            .into_any()
    };
    view! {
        <Card title="Own prices" extra=|| view! { <span class="muted small">"dollars a million tokens; they come before the catalogue"</span> }.into_any()>
            <Table
                caption="Own prices"
                columns=vec![
                    Column::text("Models"),
                    Column::text("Rates"),
                    Column::text("Holds"),
                    Column::text("Set by"),
                    Column::unnamed("Actions"),
                ]
            >
                {rows}
            </Table>
        </Card>
    }
    .into_any()
}

fn chip(state: OwnState) -> AnyView {
    let (tone, words) = match state {
        OwnState::Holds => (Tone::Good, "in force"),
        OwnState::Later => (Tone::Accent, "begins later"),
        OwnState::Replaced => (Tone::Plain, "replaced by a later one"),
        OwnState::Ended => (Tone::Plain, "ended"),
        OwnState::Undone => (Tone::Plain, "undone"),
    };
    view! { <Chip tone>{words}</Chip> }.into_any()
}

/// From when until when: `always`, `since Nov 1, 2026`, `Nov 1, 2026 to Nov 3, 2026`.
fn holds(line: &OwnLine) -> String {
    match (line.from_us, line.until_us) {
        (None, None) => "calls of any time".to_owned(),
        (Some(from), None) => format!("since {} UTC", format::date_time(from)),
        (None, Some(until)) => format!("until {} UTC", format::date_time(until)),
        (Some(from), Some(until)) => format!("{} to {} UTC", format::date_time(from), format::date_time(until)),
    }
}

#[component]
fn Line(project: String, line: OwnLine, may_write: bool, now: TimeUs, end: Act<EndPrice>) -> impl IntoView {
    let is_open = line.until_us.is_none();
    let only = line.only.join(", ");
    let only = (!only.is_empty()).then(|| view! { <span class="sub">{only}</span> }.into_any());
    let tiers = line
        .tiers
        .iter()
        .map(|(above, rates)| {
            let above = format::count(i64::try_from(*above).unwrap_or(i64::MAX));
            view! {
                <span class="sub">{format!("above {above} input tokens")}</span>
                <Rates rates=rates.clone()/>
            }
            .into_any()
        })
        .collect_view();
    let when = if line.state == OwnState::Undone { "for nothing".to_owned() } else { holds(&line) };
    let ended =
        line.ended_by.clone().map(|by| view! { <span class="sub">{format!("ended by {by}")}</span> }.into_any());
    let action = (may_write && is_open).then(|| view! { <End project line=line.clone() end/> }.into_any());
    let dimmed = matches!(line.state, OwnState::Ended | OwnState::Undone | OwnState::Replaced).then_some("off");
    view! {
        <tr data-state=dimmed>
            <Cell kind=CellKind::Title><b class="mono">{line.model}</b> {only}</Cell>
            <Cell kind=CellKind::Wide label="Rates"><Rates rates=line.rates/> {tiers}</Cell>
            <Cell label="Holds">{chip(line.state)} <span class="sub">{when}</span></Cell>
            <Cell label="Set by">
                {line.created_by}
                <span class="sub"><Instant at=TimeUs(line.created_us) shown=Moment::Ago(now)/></span>
                {ended}
            </Cell>
            <Cell kind=CellKind::Wide>{action}</Cell>
        </tr>
    }
    .into_any()
}

/// The two ways a price ends.
#[component]
fn End(project: String, line: OwnLine, end: Act<EndPrice>) -> impl IntoView {
    let dialog = format!("end-{}", line.id);
    let way = |at: &'static str, words: &'static str, button: &'static str| {
        let (project, price, closes) = (project.clone(), line.id.clone(), dialog.clone());
        view! {
            <ActForm act=end closes class="end-price">
                <input type="hidden" name="project" value=project/>
                <input type="hidden" name="price" value=price/>
                <input type="hidden" name="at" value=at/>
                <p>{words}</p>
                <div class="actions"><Button kind=ButtonKind::Danger submit=true>{button}</Button></div>
            </ActForm>
        }
        .into_any()
    };
    let now = way(
        "now",
        "From now on calls cost what the next price says: another own one, or the catalogue's. Calls that began before keep this one.",
        "End now",
    );
    let start = way(
        "start",
        "As if it had never been set: it holds for no call at all. Stored calls keep their cost until they are priced again.",
        "Undo",
    );
    view! {
        <DialogButton dialog=dialog.clone() kind=ButtonKind::Danger>"End"</DialogButton>
        <Dialog id=dialog.clone() title=format!("End the price of {}?", line.model)>
            {now}
            {start}
        </Dialog>
    }
    .into_any()
}
