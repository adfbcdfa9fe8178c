//! What became of a file: counts, and what was left out or changed, by line.

use leptos::prelude::*;
use ui::{Card, CardBody, Cell, CellKind, Chip, Column, LinkButton, Query, Table, Tone, format};

use super::model::{NoteLine, Report};

/// The report. `next` is what can be done now.
#[component]
pub fn ReportCard(project: String, report: Report, next: AnyView) -> impl IntoView {
    let Report { job, name, dry_run, counts, unknown, notes, more_notes } = report;
    let title = if dry_run { format!("Check of {name}") } else { format!("Import of {name}") };
    let query = Query::from_pairs([("project", project)]);
    let whole = format!("/api/v1/imports/{job}{}", query.href());
    let count = |records: u64| format::count(i64::try_from(records).unwrap_or(i64::MAX));
    let is_empty = counts.is_empty();
    let rows = counts
        .into_iter()
        .map(|(name, [read, stored, skipped])| {
            view! {
                <tr>
                    <Cell kind=CellKind::Title>{name}</Cell>
                    <Cell kind=CellKind::Number label="In the file">{count(read)}</Cell>
                    <Cell kind=CellKind::Number label=stored_words(dry_run)>{count(stored)}</Cell>
                    <Cell kind=CellKind::Number label="Left out">{count(skipped)}</Cell>
                </tr>
            }
            .into_any()
        })
        .collect_view();
    let table = (!is_empty).then(|| {
        view! {
            <Table
                caption="Records of the file"
                columns=vec![
                    Column::text("Records"),
                    Column::number("In the file"),
                    Column::number(stored_words(dry_run)),
                    Column::number("Left out"),
                ]
            >
                {rows}
            </Table>
        }
        .into_any()
    });
    let nothing = is_empty.then(|| view! { <p>"The file has no record that can be brought."</p> }.into_any());
    let unknown = (unknown > 0).then(|| {
        let count = i64::try_from(unknown).unwrap_or(i64::MAX);
        let words = format::plural(count, "record is", "records are");
        view! { <p class="muted">{format!("{words} no prompt, trace, observation or score.")}</p> }.into_any()
    });
    let notes = (!notes.is_empty()).then(|| view! { <Notes notes more=more_notes/> }.into_any());
    view! {
        <Card
            title
            extra=move || view! {
                <LinkButton href=Signal::stored(whole) attr:download="import-report.json" attr:rel="external">"Download the report"</LinkButton>
            }
        >
            {table}
            <CardBody>
                <div class="stack">
                    {nothing}
                    {unknown}
                    {next}
                </div>
            </CardBody>
            {notes}
        </Card>
    }
    .into_any()
}

fn stored_words(dry_run: bool) -> &'static str {
    if dry_run { "Would be stored" } else { "Stored" }
}

#[component]
fn Notes(notes: Vec<NoteLine>, more: u64) -> impl IntoView {
    let rows = notes
        .into_iter()
        .map(|note| {
            let (tone, word) = if note.skipped { (Tone::Warn, "left out") } else { (Tone::Plain, "changed") };
            view! {
                <tr>
                    <Cell kind=CellKind::Title><span class="mono">{note.place}</span> <span class="sub">{note.kind}</span></Cell>
                    <Cell label="What"><Chip tone>{word}</Chip></Cell>
                    <Cell kind=CellKind::Wide label="Why">{note.reason}</Cell>
                </tr>
            }
            .into_any()
        })
        .collect_view();
    let more = (more > 0).then(|| {
        let words = format!("and {} more", format::count(i64::try_from(more).unwrap_or(i64::MAX)));
        view! { <p class="muted import__more">{words}</p> }.into_any()
    });
    view! {
        <Table caption="What was left out or changed" columns=vec![Column::text("Where"), Column::text("What"), Column::text("Why")]>
            {rows}
        </Table>
        {more}
    }
    .into_any()
}
