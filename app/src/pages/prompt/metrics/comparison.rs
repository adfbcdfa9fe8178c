//! How two rows differ: in words, then measure by measure.

use leptos::prelude::*;
use ui::{
    Axis, Button, Card, CardBody, Cell as TableCell, CellKind, Column, IntervalBar, IntervalScale, Query, SelectField,
    SelectOption, Series, Table, Tone, Verdict, format, live,
};

use super::{
    model::{Choosable, ComparedRow, ComparedView, Reading},
    numbers::number,
};

/// The form that chooses two rows, and what is known of their difference.
#[component]
pub(super) fn Comparison(
    asked: Signal<Query>,
    group: String,
    groups: Vec<Choosable>,
    view: Option<ComparedView>,
) -> impl IntoView {
    let keep = live(move || {
        let pairs = asked.get().without("a").without("b").pairs();
        let kept = |(name, value)| view! { <input type="hidden" name=name value=value/> }.into_any();
        Some(pairs.into_iter().map(kept).collect_view().into_any())
    });
    let options = || groups.iter().map(|choice| SelectOption::new(choice.key.clone(), choice.text.clone())).collect();
    let chosen = |place: usize| groups.get(place).map(|choice| choice.key.clone()).unwrap_or_default();
    let (a, b) = view.as_ref().map_or_else(|| (chosen(1), chosen(0)), |view| (view.a.clone(), view.b.clone()));
    let form = view! {
        <form class="compare__form" method="get">
            {keep}
            <SelectField name="a" label="From" options=options() value=a bare=true/>
            <span aria-hidden="true">"→"</span>
            <SelectField name="b" label="To" options=options() value=b bare=true/>
            <Button submit=true>"Compare"</Button>
        </form>
    };
    let content = match view {
        Some(view) => found(view),
        None => view! {
            <CardBody>
                <p class="muted">{format!("Choose two to see how they differ. Each {} is compared over the same range and filters.", group.to_lowercase())}</p>
            </CardBody>
        }
        .into_any(),
    };
    view! { <Card title="Comparison" extra=move || form.into_any()>{content}</Card> }
}

fn found(view: ComparedView) -> AnyView {
    let (a, b) = view.names;
    let said = view.said.into_iter().map(|sentence| view! { <li>{sentence}</li> }.into_any()).collect_view();
    let ends = view.rows.iter().filter_map(|row| row.relative.map(|(_, lower, upper)| (lower, upper)));
    let scale = IntervalScale::around(ends);
    let rows = view.rows.into_iter().map(|row| line(row, scale, (&a, &b))).collect_view();
    let columns = vec![
        Column::text("Measure"),
        Column::number(a.clone()),
        Column::number(b.clone()),
        Column::number("Difference").title("With its 95% interval. Both sides are taken for independent"),
        Column::unnamed("Relative difference with its interval"),
        Column::text("Reading"),
    ];
    let caption = format!("{b} compared with {a}");
    view! {
        <CardBody><ul class="compare__said">{said}</ul></CardBody>
        <Table caption columns>
            {rows}
            <tr class="compare__axis" aria-hidden="true">
                <td colspan="4"></td>
                <td><div class="compare__bar"><Axis scale/></div></td>
                <td></td>
            </tr>
        </Table>
    }
    .into_any()
}

fn line(row: ComparedRow, scale: IntervalScale, (a, b): (&str, &str)) -> AnyView {
    let (tone, series, text) = match row.reading {
        Reading::Better => (Tone::Good, Series::Good, "Better"),
        Reading::Worse => (Tone::Bad, Series::Bad, "Worse"),
        Reading::Differs => (Tone::Accent, Series::Arm(1), "Differs"),
        Reading::Unclear => (Tone::Plain, Series::Flat, "Could be luck"),
        Reading::Same => (Tone::Plain, Series::Flat, "The same"),
        Reading::NotEnough => (Tone::Plain, Series::Flat, "Not enough data"),
    };
    let bar = row.relative.map(|(estimate, low, high)| {
        let ends = (format::change(estimate), format::change(low), format::change(high));
        let label = format!("{}: {}, interval {} to {}", row.title, ends.0, ends.1, ends.2);
        view! { <IntervalBar scale low estimate high series label/> }.into_any()
    });
    let icon = matches!(row.reading, Reading::Better | Reading::Worse);
    view! {
        <tr>
            <TableCell kind=CellKind::Title>{row.title}</TableCell>
            {number(a.to_owned(), row.before)}
            {number(b.to_owned(), row.after)}
            {number("Difference".to_owned(), row.difference)}
            <TableCell kind=CellKind::Wide><div class="compare__bar">{bar}</div></TableCell>
            <TableCell label="Reading"><Verdict tone text icon/></TableCell>
        </tr>
    }
    .into_any()
}
