//! How values are spread, row by row on one axis.

use leptos::prelude::*;
use ui::{Card, CardBody, Menu, MenuLink, Query, Series, format, live};

use super::model::{Choosable, SpreadRow, SpreadView};

/// Bars of every row, each as high as its share.
#[component]
pub(super) fn Distribution(asked: Signal<Query>, view: SpreadView) -> impl IntoView {
    let choices = live(move || {
        let query = asked.get();
        let link = |choice: &Choosable| {
            let (href, text) = (query.set("spread", choice.key.clone()).href(), choice.text.clone());
            view! { <MenuLink href current=choice.key == view.key attr:data-noscroll="">{text}</MenuLink> }.into_any()
        };
        Some(view.choices.iter().map(link).collect_view().into_any())
    });
    let rows = view.rows.into_iter().map(row).collect_view();
    let percent = |at: f64| format!("{}%", format::fixed(at, 2));
    let ticks = view
        .ticks
        .into_iter()
        .map(|(at, text)| view! { <text x=percent(at) y="12" text-anchor=anchor(at)>{text}</text> }.into_any())
        .collect_view();
    let title = format!("Distribution of {}", view.title);
    view! {
        <Card title extra=move || view! { <Menu id="spread" label=view.title>{choices}</Menu> }>
            <CardBody>
                <dl class="spread">{rows}</dl>
                <svg class="axis spread__axis" height="16" aria-hidden="true">{ticks}</svg>
            </CardBody>
        </Card>
    }
}

/// Texts at the ends stay inside the picture.
fn anchor(at: f64) -> &'static str {
    match at {
        at if at < 1.0 => "start",
        at if at > 99.0 => "end",
        _ => "middle",
    }
}

fn row(row: SpreadRow) -> AnyView {
    let percent = |at: f64| format!("{}%", format::fixed(at, 2));
    let bars = row
        .bars
        .into_iter()
        .map(|(at, width, height)| {
            // What is there is seen, however rare.
            let height = height.max(1.0);
            view! {
                <rect x=percent(at) width=percent(width) y=percent(100.0 - height) height=percent(height)></rect>
            }
            .into_any()
        })
        .collect_view();
    let n = format!("n {}", format::count(row.n as i64));
    let series = row.series.map_or(Series::Flat, Series::Arm).name();
    view! {
        <div class="spread__row">
            <dt>{row.group} <span class="sub">{n}</span></dt>
            <dd>
                <svg class="spread__bars" height="40" data-series=series aria-hidden="true">{bars}</svg>
                <p class="small muted">{row.words}</p>
            </dd>
        </div>
    }
    .into_any()
}
