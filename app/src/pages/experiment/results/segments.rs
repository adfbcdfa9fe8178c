//! The effect by segment.

use leptos::prelude::*;
use ui::{Axis, Card, CardBody, Cell, CellKind, IntervalScale};

use super::{
    controls::Address,
    model::Segments,
    table::{bar, plain, reading},
};

/// A line for everybody and for each segment, and what they say together.
pub(super) fn segments(view: &Segments, address: Address) -> AnyView {
    let scale = IntervalScale::new(view.axis.0, view.axis.1);
    let rows = view
        .rows
        .iter()
        .map(|row| {
            let name = match &row.segment {
                None => view! { <b>"Everybody"</b> }.into_any(),
                Some(segment) => {
                    let href = address.with("segment", segment, "");
                    view! { <a href=href data-noscroll="">{segment.clone()}</a> }.into_any()
                }
            };
            let arm = (!row.arm.is_empty()).then(|| view! { <span class="sub">{row.arm.clone()}</span> }.into_any());
            let drawn = bar(row.bar.as_ref(), row.why_not.as_deref(), row.reading.0, scale);
            let (mood, text) = row.reading.clone();
            let (units, change, said) = (row.units.clone(), plain(&row.change), reading(mood, text));
            view! {
                <tr>
                    <Cell kind=CellKind::Title>{name} {arm}</Cell>
                    <Cell kind=CellKind::Number label="Units">{units}</Cell>
                    <Cell kind=CellKind::Number label="Change">{change}</Cell>
                    <Cell kind=CellKind::Wide>{drawn}</Cell>
                    <Cell label="Reading">{said}</Cell>
                </tr>
            }
            .into_any()
        })
        .collect_view();
    let said = [&view.same, &view.simpson].into_iter().filter(|(_, text)| !text.is_empty());
    let said = said.map(|(mood, text)| view! { <li>{reading(*mood, text.clone())}</li> }.into_any()).collect_view();
    let title = format!("{} by segment", view.metric);
    view! {
        <Card title extra=|| view! { <span class="muted small">"an exploration: it decides nothing"</span> }.into_any()>
            <div class="table-box">
                <div class="table-scroll">
                    <table class="table segments">
                        <caption class="visually-hidden">"Effect by segment"</caption>
                        <thead>
                            <tr>
                                <th scope="col">"Segment"</th>
                                <th scope="col" data-align="end">"Units"</th>
                                <th scope="col" data-align="end">"Change"</th>
                                <th scope="col" class="results__axis"><span class="visually-hidden">"Interval"</span> <Axis scale/></th>
                                <th scope="col">"Reading"</th>
                            </tr>
                        </thead>
                        <tbody>{rows}</tbody>
                    </table>
                </div>
            </div>
            <CardBody><ul class="plain-list segments__said">{said}</ul></CardBody>
        </Card>
    }
    .into_any()
}
