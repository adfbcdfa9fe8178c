//! What an ended experiment was decided on, beside what is known now.

use domain::time::TimeUs;
use leptos::prelude::*;
use ui::{Card, CardBody, Cell, CellKind, Column, Instant, Table};

use super::model::DecidedView;

/// The card.
pub(super) fn card(view: DecidedView) -> AnyView {
    let DecidedView { at_us, by, note, basis, since, rows } = view;
    let rows = rows
        .into_iter()
        .map(|[metric, arm, units, change, interval, now]| {
            let arm = (!arm.is_empty()).then(|| view! { <span class="sub">{arm}</span> }.into_any());
            view! {
                <tr>
                    <Cell kind=CellKind::Title><b>{metric}</b> {arm}</Cell>
                    <Cell kind=CellKind::Number label="Units">{units}</Cell>
                    <Cell kind=CellKind::Number label="Change">{change}</Cell>
                    <Cell kind=CellKind::Number label="Interval">{interval}</Cell>
                    <Cell kind=CellKind::Number label="Now">{now}</Cell>
                </tr>
            }
            .into_any()
        })
        .collect_view();
    let columns = vec![
        Column::text("Metric"),
        Column::number("Units"),
        Column::number("Change"),
        Column::number("Interval"),
        Column::number("Now"),
    ];
    let note = (!note.is_empty()).then(|| view! { <p>{note}</p> }.into_any());
    view! {
        <Card title="Decided on">
            <CardBody>
                <div class="stack small">
                    <p><Instant at=TimeUs(at_us)/> " UTC, by " {by} ". " {basis}</p>
                    {note}
                    <p>{since} " " <a href="#results">"The numbers of today"</a></p>
                </div>
            </CardBody>
            <Table caption="The numbers of the decision" columns>{rows}</Table>
        </Card>
    }
    .into_any()
}
