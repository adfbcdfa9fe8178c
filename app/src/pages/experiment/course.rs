//! What was served from when to when, and what was done.

use domain::time::TimeUs;
use leptos::prelude::*;
use ui::{Card, CardBody, Cell, CellKind, Chip, Column, EmptyRow, GroupRow, Instant, Moment, Table, Tone};

use super::model::{ActivityView, PhaseView};

/// Phases and their epochs.
#[component]
pub fn PhasesCard(phases: Vec<PhaseView>, earlier: Option<(String, Vec<PhaseView>)>) -> impl IntoView {
    let rows = if phases.is_empty() {
        view! { <EmptyRow columns=5>"Nothing was served yet. The first phase begins with the start."</EmptyRow> }
            .into_any()
    } else {
        rows_of(phases)
    };
    let earlier = earlier.map(|(words, phases)| {
        let table = table(words.clone(), rows_of(phases));
        view! { <details class="more served__earlier"><summary>{words}</summary>{table}</details> }.into_any()
    });
    view! {
        <Card
            title="Served"
            extra=|| view! { <span class="muted small">"a phase asks one question; its epochs differ in traffic or weights"</span> }
        >
            {table("Phases and epochs".to_owned(), rows)}
            {earlier}
        </Card>
    }
    .into_any()
}

fn table(caption: String, rows: AnyView) -> AnyView {
    let columns = vec![
        Column::text("Epoch"),
        Column::text("From"),
        Column::text("Until"),
        Column::number("Traffic"),
        Column::text("Split"),
    ];
    view! { <Table caption columns>{rows}</Table> }.into_any()
}

fn rows_of(phases: Vec<PhaseView>) -> AnyView {
    let rows = phases.into_iter().map(|phase| {
        let text = format!("Phase {}: {}", phase.number, phase.why);
        let epochs = phase
            .epochs
            .into_iter()
            .map(|epoch| {
                let until = match epoch.to_us {
                    Some(at) => view! { <Instant at=TimeUs(at)/> }.into_any(),
                    None => view! { <Chip tone=Tone::Good>"now"</Chip> }.into_any(),
                };
                view! {
                    <tr>
                        <Cell kind=CellKind::Title>{format!("Epoch {}", epoch.number)} <span class="sub">{epoch.why}</span></Cell>
                        <Cell label="From"><Instant at=TimeUs(epoch.from_us)/></Cell>
                        <Cell label="Until">{until}</Cell>
                        <Cell kind=CellKind::Number label="Traffic">{epoch.coverage}</Cell>
                        <Cell kind=CellKind::Wide label="Split">{epoch.split}</Cell>
                    </tr>
                }
                .into_any()
            })
            .collect_view();
        view! { <GroupRow columns=5 text/> {epochs} }.into_any()
    });
    rows.collect_view().into_any()
}

/// The log.
#[component]
pub fn ActivityCard(entries: Vec<ActivityView>, more: bool, now: TimeUs) -> impl IntoView {
    let items = entries
        .into_iter()
        .map(|entry| {
            let changes = entry
                .changes
                .into_iter()
                .map(|(field, before, after)| {
                    view! { <li><code>{field}</code> <span class="activity__change">{before} " → " {after}</span></li> }
                        .into_any()
                })
                .collect::<Vec<_>>();
            let changes = (!changes.is_empty()).then(|| {
                let count = ui::format::plural(i64::try_from(changes.len()).unwrap_or(i64::MAX), "field", "fields");
                view! { <details><summary>{count}</summary><ul class="plain-list small">{changes}</ul></details> }
                    .into_any()
            });
            let note = (!entry.note.is_empty()).then(|| view! { <p class="small">{entry.note.clone()}</p> }.into_any());
            view! {
                <li class="activity__item">
                    <span><b>{entry.what}</b> " " <span class="muted">"by " {entry.by}</span></span>
                    <Instant at=TimeUs(entry.at_us) shown=Moment::Ago(now)/>
                    {note}
                    {changes}
                </li>
            }
            .into_any()
        })
        .collect_view();
    let older = more.then(|| view! { <p class="muted small">"Older entries are in the API."</p> }.into_any());
    view! {
        <Card title="Activity">
            <CardBody><ol class="activity">{items}</ol> {older}</CardBody>
        </Card>
    }
    .into_any()
}
