//! Metrics tab: one trend, then every number of every version.

#[cfg(feature = "ssr")]
mod chart;
pub mod model;
#[cfg(feature = "ssr")]
mod read;
pub mod server;

use domain::time::TimeUs;
use leptos::prelude::*;
use ui::{
    Card, CardBody, Cell, CellKind, Chart, Chip, Choice, Column, Empty, Estimate, Filter, IconName, Instant,
    LinkButton, Menu, MenuLink, Moment, Notice, Query, RangePicker, SegmentedLinks, Series, Spark, Table, Tone, format,
};

use self::model::{MetricsView, ScoreCell, Trend, VersionRow};
use crate::{measured::Measured, routes::project_href};

/// The tab's content.
#[component]
pub(super) fn Metrics(project: String, name: String, query: Query, view: MetricsView) -> impl IntoView {
    let now = TimeUs(view.now_us);
    let toolbar = view! {
        <div class="toolbar">
            {dimension_filter("environment", "Environment", &view.environments, &query)}
            {dimension_filter("model", "Model", &view.models, &query)}
            <span class="toolbar__end"><RangePicker choice=view.range.into() now query=query.clone()/></span>
        </div>
    };
    if view.rows.is_empty() {
        return view! {
            {toolbar}
            <div class="card">
                <Empty
                    icon=IconName::Chart
                    title="No generation of this prompt in this range"
                    text="Numbers appear within a second once a generation names this prompt and its version. With the SDK, pass the prompt you fetched to the generation: prompt=prompt."
                    actions=move || view! { <LinkButton href=query.set("range", "90d").without("from").without("to").href()>"Look back 90 days"</LinkButton> }
                />
            </div>
        }
        .into_any();
    }
    let partial = view.partial.clone().map(|reason| {
        view! { <Notice tone=Tone::Warn>{format!("These numbers are not whole: {reason}.")}</Notice> }.into_any()
    });
    let lag = (view.lag_ms > 2_000).then(|| {
        view! { <Notice>{format!("The newest {} are not counted yet.", format::duration_ms(view.lag_ms as f64))}</Notice> }.into_any()
    });
    let trend = Trend::of(&view.trend).unwrap_or(Trend::Latency);
    let choices = trends(&view, &query);
    let chart = view.chart.clone().map(|spec| view! { <Chart caption=trend.title() titled=true spec/> }.into_any());
    view! {
        {toolbar}
        {partial}
        {lag}
        <Card
            title=trend.title()
            extra=move || view! { <SegmentedLinks label="What the chart shows" current=view.trend items=choices/> }
        >
            <CardBody>{chart}</CardBody>
        </Card>
        <ByVersion project name query rows=view.rows score_names=view.score_names palette=view.palette now/>
    }
    .into_any()
}

/// The trends to choose from: up to three scores, then what every generation has.
fn trends(view: &MetricsView, query: &Query) -> Vec<Choice> {
    let scores = view.score_names.iter().take(3).map(|name| Trend::Score(name.clone()));
    let fixed = [Trend::Latency, Trend::LatencyP95, Trend::Cost, Trend::Volume, Trend::Errors];
    scores
        .chain(fixed)
        .map(|trend| {
            let short = match &trend {
                Trend::Score(name) => name.clone(),
                Trend::Latency => "Latency".to_owned(),
                Trend::LatencyP95 => "p95".to_owned(),
                Trend::Cost => "Cost".to_owned(),
                Trend::Volume => "Volume".to_owned(),
                Trend::Errors => "Errors".to_owned(),
            };
            Choice::link(trend.key(), short, query.set("metric", trend.key()).href())
        })
        .collect()
}

fn dimension_filter(key: &'static str, name: &'static str, values: &[String], query: &Query) -> AnyView {
    if let Some(value) = query.get(key).filter(|value| !value.is_empty()) {
        return view! { <Filter name value=value.to_owned() href=query.without(key).href()/> }.into_any();
    }
    if values.len() < 2 {
        return ().into_any();
    }
    let links = values
        .iter()
        .cloned()
        .map(|value| view! { <MenuLink href=query.set(key, value.clone()).href()>{value}</MenuLink> }.into_any())
        .collect_view();
    view! { <Menu id=format!("filter-{key}") label=name align_start=true>{links}</Menu> }.into_any()
}

/// Every number of every version.
#[component]
fn ByVersion(
    project: String,
    name: String,
    query: Query,
    rows: Vec<VersionRow>,
    score_names: Vec<String>,
    palette: Vec<(u32, u32)>,
    now: TimeUs,
) -> impl IntoView {
    let mut columns = vec![
        Column::text("Version"),
        Column::text("Change"),
        Column::number("Generations"),
        Column::unnamed("Generations over time"),
    ];
    columns.extend(score_names.iter().map(|score| Column::number(score.clone()).title("Mean, and what it rests on")));
    if score_names.len() > 1 {
        columns.push(
            Column::number("All scores")
                .title("Median over all numeric and yes-or-no scores together, whatever their scales"),
        );
    }
    columns.extend([
        Column::number("Latency p50").title("Median time of a generation, within 1%"),
        Column::number("p95"),
        Column::number("p99"),
        Column::number("First token").title("Median time to the first token"),
        Column::number("Tokens in").title("Median"),
        Column::number("Tokens out").title("Median"),
        Column::number("Cost, median"),
        Column::number("Cost, total"),
        Column::number("Errors"),
        Column::number("Empty").title("Generations that gave nothing back"),
        Column::number("Seen"),
    ]);
    let rows = rows
        .into_iter()
        .map(|row| {
            let series = palette.iter().find(|(version, _)| *version == row.version).map_or(0, |(_, colour)| *colour);
            view! { <VersionLine project=project.clone() name=name.clone() query=query.clone() row score_names=score_names.clone() series now/> }.into_any()
        })
        .collect_view();
    view! {
        <Card title="By version" extra=|| view! { <span class="muted small">"every number rests on the n beside it"</span> }>
            <div class="metrics">
                <Table caption="Numbers by version" columns>{rows}</Table>
            </div>
        </Card>
    }
}

fn n(value: Measured) -> i64 {
    i64::try_from(value.n).unwrap_or(i64::MAX)
}

#[component]
fn VersionLine(
    project: String,
    name: String,
    query: Query,
    row: VersionRow,
    score_names: Vec<String>,
    series: u32,
    now: TimeUs,
) -> impl IntoView {
    let range = ["range", "from", "to", "environment"]
        .into_iter()
        .filter_map(|key| Some((key.to_owned(), query.get(key)?.to_owned())));
    let mut traces = Query::from_pairs([("prompt".to_owned(), name), ("version".to_owned(), row.version.to_string())]);
    for (key, value) in range {
        traces = traces.set(&key, value);
    }
    let base = format!("{}/traces", project_href(&project));
    let all = format!("{base}{}", traces.href());
    let failed = format!("{base}{}", traces.set("errors", "yes").href());
    let version = Query::from_pairs([("v", row.version.to_string())]).href();
    let change = match row.known {
        Some(known) => {
            let chips = known
                .labels
                .into_iter()
                .map(|label| {
                    let tone = if label == "production" { Tone::Good } else { Tone::Accent };
                    view! { <Chip tone>{label}</Chip> }.into_any()
                })
                .collect_view();
            let message = known.message.unwrap_or_else(|| "No message".to_owned());
            view! {
                <div class="message-line"><span>{message}</span> {chips}</div>
                <span class="sub">{known.author} ", " <Instant at=TimeUs(known.created_us) shown=Moment::Ago(now)/></span>
            }
            .into_any()
        }
        None => view! { <span class="faint">"Not in the registry: only traces name it"</span> }.into_any(),
    };
    let duration = |value: Measured| measured(value, |ns| format::duration_ns(ns as i64), &all);
    let tokens = |value: Measured| measured(value, |tokens| format::count(tokens as i64), &all);
    let money = |value: Measured| measured(value, |nano| format::money(nano as i64), &all);
    let mut numbers: Vec<AnyView> =
        row.scores.iter().zip(&score_names).map(|(cell, name)| number_cell(name, score(*cell, &all))).collect();
    if score_names.len() > 1 {
        numbers.push(number_cell("All scores", measured(row.score_p50, format::number, &all)));
    }
    let empty = row.null_rate.value.filter(|share| *share > 0.0).map_or_else(|| "0%".to_owned(), format::percent);
    numbers.extend([
        number_cell("Latency p50", duration(row.latency_p50)),
        number_cell("p95", duration(row.latency_p95)),
        number_cell("p99", duration(row.latency_p99)),
        number_cell("First token", duration(row.first_token_p50)),
        number_cell("Tokens in", tokens(row.input_p50)),
        number_cell("Tokens out", tokens(row.output_p50)),
        number_cell("Cost, median", money(row.cost_p50)),
        number_cell("Cost, total", money(row.cost_sum)),
        number_cell("Errors", measured(row.error_rate, format::percent, &failed)),
        number_cell("Empty", empty.into_any()),
    ]);
    let seen = match (row.first_us.value, row.last_us.value) {
        (Some(first), Some(last)) => view! {
            <Instant at=TimeUs(last as i64) shown=Moment::Ago(now)/>
            <span class="sub">"first " <Instant at=TimeUs(first as i64) shown=Moment::Ago(now)/></span>
        }
        .into_any(),
        _ => ().into_any(),
    };
    let spark: Vec<Option<f64>> = row.volume.iter().copied().map(Some).collect();
    view! {
        <tr>
            <Cell kind=CellKind::Title><a class="num" data-row="" href=version><b>{format!("v{}", row.version)}</b></a></Cell>
            <Cell label="Change">{change}</Cell>
            <Cell kind=CellKind::Number label="Generations">
                <Estimate value=format::count(n(row.count)) under=format!("{} of traffic", format::percent(row.share)) href=all.clone()/>
            </Cell>
            <Cell kind=CellKind::Wide><Spark values=spark series=Series::Arm(series)/></Cell>
            {numbers}
            <Cell kind=CellKind::Number label="Seen">{seen}</Cell>
        </tr>
    }
}

fn number_cell(label: &str, inside: AnyView) -> AnyView {
    view! { <Cell kind=CellKind::Number label=label.to_owned()>{inside}</Cell> }.into_any()
}

/// A number over what it rests on, leading to the traces behind it.
fn measured(value: Measured, write: impl Fn(f64) -> String, href: &str) -> AnyView {
    match value.value.filter(|_| value.n > 0) {
        Some(number) => {
            let under = format!("n {}", format::compact(n(value)));
            view! { <Estimate value=write(number) under href=href.to_owned()/> }.into_any()
        }
        None => view! { <span class="faint">"–"</span> }.into_any(),
    }
}

fn score(cell: Option<ScoreCell>, href: &str) -> AnyView {
    match cell {
        Some(cell) => {
            let value = if cell.is_share() { format::percent(cell.mean) } else { format::score(cell.mean) };
            view! { <Estimate value under=cell.under() href=href.to_owned()/> }.into_any()
        }
        None => view! { <span class="faint">"–"</span> }.into_any(),
    }
}
