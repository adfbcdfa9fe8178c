//! The table: one row for each metric and treatment on one shared axis.

use leptos::{children::ViewFn, prelude::*};
use ui::{Axis, Cell, CellKind, Estimate, GroupRow, IntervalBar, IntervalScale, Series, Tone, Verdict, live};

use super::{
    controls::Address,
    model::{ArmHead, Bar, Figure, Head, Mood, Picture},
};

/// Columns of the table.
const COLUMNS: u32 = 7;

/// What the table stands in: where its numbers lead, and what an open row shows.
#[derive(Clone)]
pub(super) struct Around {
    pub(super) address: Address,
    pub(super) traces: String,
    pub(super) head: RwSignal<Head>,
    pub(super) open: ViewFn,
}

/// What stands in a line of the table. Numbers that change leave the lines where they are, with whoever stands on one.
#[derive(Clone, Eq, Hash, PartialEq)]
enum Line {
    Group(String),
    /// A metric of one treatment.
    Row(String, u32),
    /// What the open metric shows.
    Detail(String),
}

/// The lines of a picture: of the metric that is open the detail stands below its last row.
fn lines(picture: &Picture) -> Vec<Line> {
    let open = picture.look.metric.as_deref();
    let mut lines = Vec::new();
    let mut shown_open = false;
    for group in &picture.groups {
        lines.push(Line::Group(format!("{} · {}", group.title, group.note)));
        let mut rows = group.rows.iter().peekable();
        while let Some(row) = rows.next() {
            lines.push(Line::Row(row.key.clone(), row.arm));
            let is_last = rows.peek().is_none_or(|next| next.key != row.key);
            if is_last && !shown_open && open == Some(row.key.as_str()) {
                shown_open = true;
                lines.push(Line::Detail(row.key.clone()));
            }
        }
    }
    lines
}

/// The table.
pub(super) fn table(picture: RwSignal<Picture>, around: Around) -> AnyView {
    let head = around.head;
    // Titles and versions of a phase stay what they are.
    let arms = head.get_untracked().arms;
    let several = arms.len() > 2;
    let heads = move || {
        if several {
            view! { <th scope="col" data-align="end">{arm_head(arms.first(), 0)}</th> <th scope="col" data-align="end">"Treatment"</th> }
            .into_any()
        } else {
            let heads = arms.iter().zip(0_u32..).map(|(arm, index)| {
                view! { <th scope="col" data-align="end">{arm_head(Some(arm), index)}</th> }.into_any()
            });
            heads.collect_view().into_any()
        }
    };
    let headings = live(move || Some(headings(&picture.get(), heads())));
    let line = move |line: Line| match line {
        Line::Group(text) => view! { <GroupRow columns=COLUMNS text/> }.into_any(),
        Line::Row(key, arm) => {
            let around = around.clone();
            live(move || row(&picture.get(), &around, &key, arm))
        }
        Line::Detail(_) => {
            let inside = around.open.run();
            view! { <tr class="results__detail"><td colspan=COLUMNS data-cell="wide">{inside}</td></tr> }.into_any()
        }
    };
    view! {
        <div class="table-box">
            <div class="table-scroll">
                <table class="table results">
                    <caption class="visually-hidden">"Results by metric"</caption>
                    <thead>{headings}</thead>
                    <tbody>
                        <For each=move || lines(&picture.get()) key=Clone::clone children=line/>
                    </tbody>
                </table>
            </div>
        </div>
    }
    .into_any()
}

fn headings(picture: &Picture, arms: AnyView) -> AnyView {
    let scale = IntervalScale::new(picture.axis.0, picture.axis.1);
    let (odds, meaning) = picture.chance.clone();
    let interval = picture.interval.clone();
    view! {
        <tr>
            <th scope="col">"Metric"</th>
            {arms}
            <th scope="col" data-align="end">"Change"</th>
            <th scope="col" class="results__axis" title=interval>
                <span class="visually-hidden">"Interval"</span>
                <Axis scale/>
            </th>
            <th scope="col" data-align="end" title=meaning>{odds}</th>
            <th scope="col">"Reading"</th>
        </tr>
    }
    .into_any()
}

fn arm_head(arm: Option<&ArmHead>, index: u32) -> AnyView {
    let Some(arm) = arm else { return ().into_any() };
    let text = format!("{} v{}", arm.title, arm.version);
    let series = Series::Arm(index).name();
    view! { <span class="results__arm"><span class="swatch" data-series=series></span> {text}</span> }.into_any()
}

/// The row of a metric and treatment; the first of a metric names it.
fn row(picture: &Picture, around: &Around, key: &str, treatment: u32) -> Option<AnyView> {
    let mut rows = picture.groups.iter().flat_map(|group| &group.rows).filter(|row| row.key == key).enumerate();
    let (place, row) = rows.find(|(_, row)| row.arm == treatment)?;
    let first = place == 0;
    let open = picture.look.metric.as_deref() == Some(key);
    let scale = IntervalScale::new(picture.axis.0, picture.axis.1);
    let title = if first {
        let href = around.address.with("metric", if open { "" } else { key }, "");
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
    let head = around.head.get();
    let several = head.arms.len() > 2;
    let arm = |index: u32| head.arms.get(usize::try_from(index).unwrap_or(usize::MAX));
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
    let odds = picture.chance.0.clone();
    let row = view! {
        <tr data-first=first.then_some("")>
            <Cell kind=CellKind::Title>{title}</Cell>
            <Cell kind=CellKind::Number label=of_control>{control}</Cell>
            <Cell kind=CellKind::Number label=of_treatment>{treated} {treatment}</Cell>
            <Cell kind=CellKind::Number label="Change">{change}</Cell>
            <Cell kind=CellKind::Wide>{bar}</Cell>
            <Cell kind=CellKind::Number label=odds>{chance}</Cell>
            <Cell label="Reading">{reading}</Cell>
        </tr>
    };
    Some(row.into_any())
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
