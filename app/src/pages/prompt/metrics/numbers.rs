//! The tables of numbers: one row a version (or model, …), and one a score's name.

use domain::time::TimeUs;
use leptos::prelude::*;
use ui::{
    Card, Cell as TableCell, CellKind, Chip, Choice, Column, GroupRow, Instant, Moment, Query, SegmentedLinks, Series,
    Spark, Table as UiTable, Tone, format, live,
};

use super::model::{Cell, Change, Row, ScoreLine, Table};

/// Tables there are, in the address and shown.
const TABLES: [(&str, &str); 6] = [
    ("overview", "Overview"),
    ("quality", "Quality"),
    ("speed", "Speed"),
    ("tokens", "Tokens"),
    ("cost", "Cost"),
    ("traffic", "Traffic"),
];

/// Numbers by row.
#[component]
pub(super) fn Numbers(
    asked: Signal<Query>,
    by: String,
    group: String,
    show: String,
    table: Table,
    now: TimeUs,
) -> impl IntoView {
    let by_version = by == "version";
    let mut columns = vec![Column::text(group)];
    if by_version {
        columns.push(Column::text("Change"));
    }
    let mut headings = Vec::with_capacity(table.columns.len());
    for (place, (heading, hint)) in table.columns.into_iter().enumerate() {
        columns.push(Column::number(heading.clone()).title(hint));
        if place == 0 {
            columns.push(Column::unnamed("Generations over time"));
        }
        headings.push(heading);
    }
    let rows = table.rows.into_iter().map(|row| line(row, by_version, &headings, now)).collect_view();
    let hidden = (table.hidden > 0).then(|| {
        let more = format!("{} more with less traffic. Filter to see them.", format::count(table.hidden as i64));
        view! { <div class="table-foot">{more}</div> }.into_any()
    });
    let tables = live(move || {
        let query = asked.get();
        let items = TABLES.map(|(key, text)| Choice::link(key, text, query.set("show", key).href())).to_vec();
        Some(view! { <SegmentedLinks label="Which numbers" current=show.clone() items/> }.into_any())
    });
    let title = format!("By {by}");
    let caption = format!("Numbers by {by}");
    view! {
        <Card title extra=move || tables>
            <div class="metrics">
                <UiTable caption columns>{rows}</UiTable>
            </div>
            {hidden}
        </Card>
    }
}

fn line(row: Row, by_version: bool, headings: &[String], now: TimeUs) -> AnyView {
    let series = row.series.map_or(Series::Flat, Series::Arm);
    let spark: Vec<Option<f64>> = row.volume.into_iter().map(Some).collect();
    let mut cells: Vec<AnyView> = Vec::with_capacity(row.cells.len() + 1);
    for (place, cell) in row.cells.into_iter().enumerate() {
        let label = headings.get(place).cloned().unwrap_or_default();
        cells.push(number(label, cell));
        if place == 0 {
            let values = spark.clone();
            cells.push(view! { <TableCell kind=CellKind::Wide><Spark values series/></TableCell> }.into_any());
        }
    }
    let change = by_version.then(|| {
        let shown = row.change.map_or_else(|| ().into_any(), |known| change(known, now));
        view! { <TableCell kind=CellKind::Wide><div class="metrics__change">{shown}</div></TableCell> }.into_any()
    });
    view! {
        <tr>
            <TableCell kind=CellKind::Title>
                <span class="metrics__name">
                    <span class="swatch" data-series=series.name() aria-hidden="true"></span>
                    <a class="num" data-row="" href=row.href><b>{row.name}</b></a>
                </span>
            </TableCell>
            {change}
            {cells}
        </tr>
    }
    .into_any()
}

fn change(known: Change, now: TimeUs) -> AnyView {
    let Change::Known { message, author, created_us, labels } = known else {
        return view! { <span class="faint">"Not in the registry: only traces name it"</span> }.into_any();
    };
    let chips = labels
        .into_iter()
        .map(|label| {
            let tone = if label == "production" { Tone::Good } else { Tone::Accent };
            view! { <Chip tone>{label}</Chip> }.into_any()
        })
        .collect_view();
    let message = message.unwrap_or_else(|| "No message".to_owned());
    view! {
        <div class="message-line"><span>{message}</span> {chips}</div>
        <span class="sub">{author} ", " <Instant at=TimeUs(created_us) shown=Moment::Ago(now)/></span>
    }
    .into_any()
}

/// A number with its interval and what it rests on beneath, in a cell of the table.
pub(super) fn number(label: String, cell: Cell) -> AnyView {
    view! { <TableCell kind=CellKind::Number label>{written(cell)}</TableCell> }.into_any()
}

/// The same without a cell around it.
pub(super) fn written(cell: Cell) -> AnyView {
    let value = match cell.href {
        Some(href) => view! { <a class="estimate__value" href=href>{cell.text}</a> }.into_any(),
        None => view! { <span class="estimate__value">{cell.text}</span> }.into_any(),
    };
    let under = |text: String| view! { <span class="sub">{text}</span> }.into_any();
    view! {
        <span class="estimate" title=cell.why>
            {value}
            {cell.interval.map(under)}
            {cell.n.map(under)}
        </span>
    }
    .into_any()
}

/// Scores by row and name.
#[component]
pub(super) fn Scores(group: String, lines: Vec<ScoreLine>) -> impl IntoView {
    const HEADINGS: [&str; 7] = ["Mean", "Median", "p10", "p90", "Smallest", "Largest", "Deviation"];
    let mut columns = vec![Column::text("Score")];
    columns.extend(HEADINGS.map(Column::number));
    let mut rows: Vec<AnyView> = Vec::with_capacity(lines.len());
    let mut last: Option<String> = None;
    for line in lines {
        if last.as_deref() != Some(line.group.as_str()) {
            rows.push(view! { <GroupRow columns=8 text=line.group.clone()/> }.into_any());
            last = Some(line.group);
        }
        let cells =
            line.cells.into_iter().zip(HEADINGS).map(|(cell, heading)| number(heading.to_owned(), cell)).collect_view();
        rows.push(view! { <tr><TableCell kind=CellKind::Title>{line.name}</TableCell> {cells}</tr> }.into_any());
    }
    let caption = format!("Scores by {}", group.to_lowercase());
    view! {
        <Card title="Scores" extra=|| view! { <span class="muted small">"with 95% intervals"</span> }>
            <UiTable caption columns>{rows}</UiTable>
        </Card>
    }
}
