//! The catalogue of published prices.

use leptos::prelude::*;
use ui::{Card, CardBody, Cell, CellKind, Chip, Column, EmptyRow, LinkButton, Query, SearchField, Table, Tone, format};

use super::{
    Rates,
    model::{CatalogueLine, CatalogueView},
};

/// The card.
#[component]
pub fn CatalogueCard(view: CatalogueView, query: Query) -> impl IntoView {
    let may_write = view.may_write;
    let edition = format!("edition of {}", format::date(view.edition_us));
    let shown = u32::try_from(view.models.len()).unwrap_or(u32::MAX);
    let nothing_asked = view.text.trim().is_empty();
    let more = (!nothing_asked && shown < view.total).then(|| {
        let text = format!("The first {shown} of {}. Search for more of the name.", models(view.total));
        view! { <div class="table-foot"><span>{text}</span></div> }.into_any()
    });
    let rows = if nothing_asked {
        let text = format!("{} with published prices: search for the one your calls name.", models(view.total));
        view! { <EmptyRow columns=4>{text}</EmptyRow> }.into_any()
    } else if view.models.is_empty() {
        let text = format!("The catalogue knows no model like “{}”. Set a price of your own above.", view.text);
        view! { <EmptyRow columns=4>{text}</EmptyRow> }.into_any()
    } else {
        let used = view.used.clone();
        view.models
            .into_iter()
            .map(|line| {
                let is_used = used.as_ref() == Some(&line.entry);
                view! { <Line line is_used may_write query=query.clone()/> }.into_any()
            })
            .collect_view()
            .into_any()
    };
    view! {
        <Card title="Catalogue" extra=move || view! { <span class="muted small">{edition}</span> }.into_any()>
            <CardBody>
                <SearchField name="q" label="Search models" value=view.text/>
            </CardBody>
            <Table
                caption="Published prices"
                columns=vec![
                    Column::text("Model"),
                    Column::text("Dollars a million tokens"),
                    Column::number("Context"),
                    Column::unnamed("Actions"),
                ]
            >
                {rows}
            </Table>
            {more}
        </Card>
    }
    .into_any()
}

fn models(number: u32) -> String {
    format::plural(i64::from(number), "model", "models")
}

#[component]
fn Line(line: CatalogueLine, is_used: bool, may_write: bool, query: Query) -> impl IntoView {
    let used = is_used.then(|| view! { <Chip tone=Tone::Accent>"prices this name"</Chip> }.into_any());
    let notes = (!line.notes.is_empty()).then(|| {
        let notes = line.notes.iter().map(|note| view! { <li>{note.clone()}</li> }.into_any()).collect_view();
        let summary = format::plural(i64::try_from(line.notes.len()).unwrap_or(i64::MAX), "other rate", "other rates");
        view! {
            <details class="price-notes">
                <summary>{summary}</summary>
                <ul>{notes}</ul>
            </details>
        }
        .into_any()
    });
    let context = line
        .context
        .map_or_else(|| "–".to_owned(), |tokens| format::compact(i64::try_from(tokens).unwrap_or(i64::MAX)));
    let action = may_write.then(|| {
        let begun = query.set("price", line.model.clone()).set("provider", line.provider.clone());
        let begun = line.fields.iter().fold(begun, |begun, (item, rate)| begun.set(item, rate.clone()));
        view! { <LinkButton href=format!("{}#set-price", begun.href())>"Override"</LinkButton> }.into_any()
    });
    view! {
        <tr>
            <Cell kind=CellKind::Title>
                <span class="cell-title"><b class="mono">{line.model}</b> {used}</span>
                <span class="sub">{line.provider}</span>
            </Cell>
            <Cell kind=CellKind::Wide label="Dollars a million tokens"><Rates rates=line.rates/> {notes}</Cell>
            <Cell kind=CellKind::Number label="Context">{context}</Cell>
            <Cell kind=CellKind::Wide>{action}</Cell>
        </tr>
    }
    .into_any()
}
