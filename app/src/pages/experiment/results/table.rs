//! The table: one row for each metric and treatment on one shared axis.

use leptos::prelude::*;
use ui::{Axis, Cell, CellKind, Estimate, GroupRow, IntervalBar, IntervalScale, Series, Tone, Verdict};

use super::{
    controls::Address,
    model::{ArmHead, Bar, Figure, Mood, Picture, Row},
};

/// Columns of the table.
const COLUMNS: u32 = 7;

/// What the table stands in: where its numbers lead, and what an open row shows.
#[derive(Clone)]
pub(super) struct Around {
    pub(super) address: Address,
    pub(super) traces: String,
    pub(super) arms: Vec<ArmHead>,
    pub(super) open: ViewFn,
}

/// The table.
pub(super) fn table(picture: &Picture, around: &Around) -> AnyView {
    let scale = IntervalScale::new(picture.axis.0, picture.axis.1);
    let several = around.arms.len() > 2;
    let heads = if several {
        view! { <th scope="col" data-align="end">{arm_head(around.arms.first(), 0)}</th> <th scope="col" data-align="end">"Treatment"</th> }
            .into_any()
    } else {
        let heads = around.arms.iter().zip(0_u32..).map(|(arm, index)| {
            view! { <th scope="col" data-align="end">{arm_head(Some(arm), index)}</th> }.into_any()
        });
        heads.collect_view().into_any()
    };
    let open = picture.look.metric.as_deref();
    let mut shown_open = false;
    let rows = picture
        .groups
        .iter()
        .map(|group| {
            let text = format!("{} · {}", group.title, group.note);
            let mut last = "";
            let mut rows: Vec<AnyView> = Vec::new();
            let mut after: Option<AnyView> = None;
            for own in &group.rows {
                let first = own.key != last;
                if first {
                    rows.extend(after.take());
                }
                last = &own.key;
                let is_open = open == Some(own.key.as_str());
                rows.push(row(own, scale, around, first, several, is_open));
                if is_open && first && !shown_open {
                    shown_open = true;
                    let inside = around.open.run();
                    let detail = view! {
                        <tr class="results__detail">
                            <td colspan=COLUMNS data-cell="wide">{inside}</td>
                        </tr>
                    };
                    after = Some(detail.into_any());
                }
            }
            rows.extend(after.take());
            view! { <GroupRow columns=COLUMNS text/> {rows} }.into_any()
        })
        .collect_view();
    let (chance, meaning) = picture.chance.clone();
    let interval = picture.interval.clone();
    view! {
        <div class="table-box">
            <div class="table-scroll">
                <table class="table results">
                    <caption class="visually-hidden">"Results by metric"</caption>
                    <thead>
                        <tr>
                            <th scope="col">"Metric"</th>
                            {heads}
                            <th scope="col" data-align="end">"Change"</th>
                            <th scope="col" class="results__axis" title=interval>
                                <span class="visually-hidden">"Interval"</span>
                                <Axis scale/>
                            </th>
                            <th scope="col" data-align="end" title=meaning>{chance}</th>
                            <th scope="col">"Reading"</th>
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        </div>
    }
    .into_any()
}

fn arm_head(arm: Option<&ArmHead>, index: u32) -> AnyView {
    let Some(arm) = arm else { return ().into_any() };
    let text = format!("{} v{}", arm.title, arm.version);
    let series = Series::Arm(index).name();
    view! { <span class="results__arm"><span class="swatch" data-series=series></span> {text}</span> }.into_any()
}

fn row(row: &Row, scale: IntervalScale, around: &Around, first: bool, several: bool, open: bool) -> AnyView {
    let title = if first {
        let href = around.address.with("metric", if open { "" } else { &row.key }, "");
        let expanded = if open { "true" } else { "false" };
        let mut under = vec![row.how.clone()];
        under.extend(row.notes.iter().cloned());
        view! {
            <a class="results__metric" href=href data-row="" data-noscroll="" aria-expanded=expanded><b>{row.title.clone()}</b></a>
            <span class="sub">{under.join(", ")}</span>
        }
        .into_any()
    } else {
        view! { <span class="visually-hidden">{row.title.clone()}</span> }.into_any()
    };
    let arm = |index: u32| around.arms.get(usize::try_from(index).unwrap_or(usize::MAX));
    let figure = |index: u32, figure: &Figure| {
        let failures = if row.failures { "&errors=yes" } else { "" };
        let href = arm(index).map(|arm| format!("{}{}{failures}", around.traces, arm.traces));
        view! { <Estimate value=figure.text.clone() under=figure.under.clone() href=href/> }.into_any()
    };
    let label = |index: u32| arm(index).map(|arm| format!("{} v{}", arm.title, arm.version)).unwrap_or_default();
    let treated = several.then(|| arm_head(arm(row.arm), row.arm));
    let bar = bar(row.bar.as_ref(), row.why_not.as_deref(), row.reading.0, scale);
    let (mood, text) = row.reading.clone();
    let (control, treatment) = (figure(0, &row.control), figure(row.arm, &row.treatment));
    let (of_control, of_treatment) = (label(0), label(row.arm));
    let (change, chance, reading) = (plain(&row.change), plain(&row.chance), reading(mood, text));
    view! {
        <tr data-first=first.then_some("")>
            <Cell kind=CellKind::Title>{title}</Cell>
            <Cell kind=CellKind::Number label=of_control>{control}</Cell>
            <Cell kind=CellKind::Number label=of_treatment>{treated} {treatment}</Cell>
            <Cell kind=CellKind::Number label="Change">{change}</Cell>
            <Cell kind=CellKind::Wide>{bar}</Cell>
            <Cell kind=CellKind::Number label="Chance">{chance}</Cell>
            <Cell label="Reading">{reading}</Cell>
        </tr>
    }
    .into_any()
}

/// An interval on an axis, or why there is none.
pub(super) fn bar(bar: Option<&Bar>, why_not: Option<&str>, mood: Mood, scale: IntervalScale) -> AnyView {
    let Some(bar) = bar else {
        let why = why_not.unwrap_or("nothing yet").to_owned();
        return view! { <span class="results__why faint small">{why}</span> }.into_any();
    };
    let Bar { low, estimate, high, bell, margin, label } = bar.clone();
    view! { <IntervalBar scale low estimate high series=mood.series() bell margin label/> }.into_any()
}

/// A number that leads nowhere.
pub(super) fn plain(figure: &Figure) -> AnyView {
    let under = (!figure.under.is_empty()).then(|| figure.under.clone());
    view! { <Estimate value=figure.text.clone() under=under/> }.into_any()
}

/// What a row means; the sign says what the colour says.
pub(super) fn reading(mood: Mood, text: String) -> AnyView {
    let tone = mood.tone();
    view! { <Verdict tone text icon=tone != Tone::Plain/> }.into_any()
}
