//! Metrics tab: trends, every number of every row, scores and how they are spread, and how two rows differ.

#[cfg(feature = "ssr")]
mod catalogue;
#[cfg(feature = "ssr")]
mod cells;
#[cfg(feature = "ssr")]
mod chart;
#[cfg(feature = "ssr")]
mod compare;
pub mod comparison;
pub mod distribution;
#[cfg(feature = "ssr")]
mod known;
pub mod model;
pub mod numbers;
#[cfg(feature = "ssr")]
mod query;
#[cfg(feature = "ssr")]
mod read;
pub mod server;
#[cfg(feature = "ssr")]
mod spread;
#[cfg(feature = "ssr")]
mod table;
pub mod toolbar;

use domain::time::TimeUs;
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use ui::{
    Card, CardBody, Chart, ChartSize, Choice, Empty, IconName, Legend, LegendItem, LinkButton, Menu, MenuLink, Notice,
    Query, SegmentedLinks, Series, Tone, format, live,
};

use self::{
    comparison::Comparison,
    distribution::Distribution,
    model::{Choosable, MetricsView, TitledChart},
    numbers::{Numbers, Scores},
    toolbar::Toolbar,
};

/// Word for the small charts.
pub(super) const ALL: &str = "all";
/// Trends that stand beside the heading; all others are in the menu.
const AT_HAND: [(&str, &str); 5] = [
    ("latency.p50", "Latency"),
    ("latency.p95", "p95"),
    ("cost.p50", "Cost"),
    ("count", "Volume"),
    ("error_rate", "Errors"),
];

/// The tab's content.
#[component]
pub(super) fn Metrics(query: Query, view: MetricsView) -> impl IntoView {
    let now = TimeUs(view.now_us);
    let MetricsView {
        filters,
        by,
        group,
        show,
        trend,
        trends,
        charts,
        legend,
        table,
        scores,
        distribution,
        groups,
        ..
    } = view;
    let address = use_query_map();
    // Of the address and not of the numbers shown: who makes two choices in a row must not lose the first.
    let asked = Signal::derive(move || Query::from_pairs(address.get()).set("tab", "metrics").without("v"));
    let toolbar = {
        let (by, zone, zones, range) = (by.clone(), view.zone, view.zones, view.range);
        live(move || {
            let (filters, by, zone, zones) = (filters.clone(), by.clone(), zone.clone(), zones.clone());
            Some(view! { <Toolbar query=asked.get() filters by zone zones range now/> }.into_any())
        })
    };
    if table.rows.is_empty() {
        let wider = query.set("range", "90d").without("from").without("to").href();
        return view! {
            {toolbar}
            <div class="card">
                <Empty
                    icon=IconName::Chart
                    title="No generation of this prompt in this range"
                    text="Numbers appear once a generation names this prompt and its version. With the SDK, pass it the prompt you fetched: prompt=prompt. Filters may also leave nothing."
                    actions=move || view! { <LinkButton href=wider>"Look back 90 days"</LinkButton> }
                />
            </div>
        }
        .into_any();
    }
    let partial = view.partial.map(|reason| {
        view! { <Notice tone=Tone::Warn>{format!("These numbers are not whole: {reason}.")}</Notice> }.into_any()
    });
    let lag = (view.lag_ms > 2_000).then(|| {
        view! { <Notice>{format!("The newest {} are not counted yet.", format::duration_ms(view.lag_ms as f64))}</Notice> }
            .into_any()
    });
    let notices = view.notices.into_iter().map(|notice| view! { <Notice>{notice}</Notice> }.into_any()).collect_view();
    let comparison = (groups.len() > 1)
        .then(|| view! { <Comparison asked group=group.clone() groups view=view.comparison/> }.into_any());
    let distribution = distribution.map(|view| view! { <Distribution asked view/> }.into_any());
    let scores = (!scores.is_empty()).then(|| view! { <Scores group=group.clone() lines=scores/> }.into_any());
    view! {
        {toolbar}
        {partial}
        {lag}
        {notices}
        <Trends asked trend trends charts legend/>
        <Numbers asked by group=group.clone() show table now/>
        {comparison}
        {scores}
        {distribution}
    }
    .into_any()
}

/// One trend large, or the main ones small.
#[component]
fn Trends(
    asked: Signal<Query>,
    trend: String,
    trends: Vec<Choosable>,
    charts: Vec<TitledChart>,
    legend: Vec<(String, u32)>,
) -> impl IntoView {
    let link = move |key: &str| asked.with_untracked(|query| query.set("metric", key).href());
    let is_all = trend == ALL;
    let title = match charts.first() {
        Some(chart) if !is_all => chart.title.clone(),
        _ => "Trends".to_owned(),
    };
    let drawn = charts
        .into_iter()
        .map(|chart| {
            let TitledChart { title, spec, key } = chart;
            let nothing = spec.table.rows.is_empty();
            let size = if is_all { ChartSize::Short } else { ChartSize::default() };
            let caption = title.clone();
            let picture = if nothing {
                view! { <p class="trends__none faint">"None of it was sent in this range."</p> }.into_any()
            } else {
                view! { <Chart caption titled=true spec size/> }.into_any()
            };
            if !is_all {
                return picture;
            }
            let href = link(&key);
            view! { <section class="trends__one"><h3><a href=href>{title}</a></h3>{picture}</section> }.into_any()
        })
        .collect_view();
    let class = if is_all { "trends" } else { "" };
    let legend = is_all.then(|| {
        let items = legend.into_iter().map(|(text, series)| LegendItem { text, series: Series::Arm(series) });
        view! { <Legend items=items.collect()/> }.into_any()
    });
    let choices = live(move || {
        asked.track();
        let of_scores = trends.iter().filter(|choice| choice.key.starts_with("score:")).take(3);
        let mut at_hand: Vec<Choice> =
            of_scores.map(|choice| Choice::link(choice.key.clone(), choice.text.clone(), link(&choice.key))).collect();
        at_hand.extend(AT_HAND.map(|(key, text)| Choice::link(key, text, link(key))));
        at_hand.push(Choice::link(ALL, "All", link(ALL)));
        let every = trends
            .iter()
            .map(|choice| {
                let (href, current, text) = (link(&choice.key), choice.key == trend, choice.text.clone());
                view! { <MenuLink href current attr:data-noscroll="">{text}</MenuLink> }.into_any()
            })
            .collect_view();
        let choices = view! {
            <SegmentedLinks label="What the chart shows" current=trend.clone() items=at_hand/>
            <Menu id="trend" label="More">{every}</Menu>
        };
        Some(choices.into_any())
    });
    view! {
        <Card title extra=move || choices>
            <CardBody>{legend}<div class=class>{drawn}</div></CardBody>
        </Card>
    }
}
