use leptos::prelude::*;
use serde_json::json;
use ui::{
    Button, ButtonKind, Card, CardBody, Cell, CellKind, Chart, Chip, Choice, Column, Copy, Crumb, Dialog, DialogButton,
    Estimate, Filter, Instant, Json, LinkButton, Message, Messages, Moment, Page, PageHead, Part, Query, RangePicker,
    Role, SegmentedLinks, SelectField, SelectOption, Series, Spark, Tab, Table, Tabs, TextField, Tone, Verdict, format,
};

use super::{DAY, NOW, days_ago, in_shell};

fn tabs(current: &'static str) -> AnyView {
    let tabs = vec![
        Tab::new("editor", "Editor", "?tab=editor"),
        Tab::new("versions", "Versions", "versions.html").count("8"),
        Tab::new("metrics", "Metrics", "prompt.html"),
        Tab::new("compare", "Compare", "?tab=compare"),
        Tab::new("experiments", "Experiments", "?tab=experiments"),
        Tab::new("traces", "Traces", "?tab=traces"),
        Tab::new("usage", "Usage", "?tab=usage"),
    ];
    view! { <Tabs label="support/answer" current=current.to_owned() items=tabs/> }.into_any()
}

fn crumbs() -> Vec<Crumb> {
    vec![Crumb::link("Prompts", "prompts.html"), Crumb::text("support"), Crumb::here("answer")]
}

fn noise(seed: i64) -> f64 {
    ((seed * 7919 + 104_729) % 1000) as f64 / 1000.0 - 0.5
}

#[expect(clippy::unwrap_used, reason = "a test’s fixture")]
pub(crate) fn trend() -> domain::chart::ChartSpec {
    let group = |name: &str, series, from: i64, to: i64, level: f64| charts::Group {
        name: name.into(),
        series,
        points: (from..to)
            .map(|step| {
                let value = level + noise(step * 13 + i64::from(series) * 5) * 0.03;
                let at = domain::time::TimeUs((days_ago(90).0 / DAY + step * 2) * DAY);
                charts::Point { at, value, interval: Some((value - 0.017, value + 0.017)), n: Some(1_200 + step) }
            })
            .collect(),
    };
    let moved = |step: i64, text: &str| charts::Marker {
        at: domain::time::TimeUs((days_ago(90).0 / DAY + step * 2) * DAY),
        text: text.into(),
    };
    charts::trend(&charts::Trend {
        metric: "Thumbs up".into(),
        unit: charts::Unit::Score,
        range: domain::time::TimeRange { from: days_ago(90), to: days_ago(0) },
        bucket_us: 2 * DAY,
        zone: "UTC".to_owned(),
        groups: vec![
            group("v5", 0, 0, 20, 0.628),
            group("v6", 2, 8, 34, 0.599),
            group("v7", 1, 26, 45, 0.612),
            group("v8", 3, 37, 45, 0.653),
        ],
        legend: true,
        markers: vec![moved(8, "v6 · model changed"), moved(26, "v7 → production"), moved(37, "experiment 50/50")],
    })
    .unwrap()
}

struct Row {
    version: &'static str,
    change: &'static str,
    label: Option<(&'static str, Tone)>,
    by: &'static str,
    days: i64,
    count: i64,
    share: &'static str,
    score: f64,
    half: f64,
    delta: Option<f64>,
    latency: (f64, f64),
    cost: i64,
    errors: f64,
}

fn rows() -> Vec<Row> {
    let row = |version, change, label, by, days, count, share, score, half, delta, latency, cost, errors| Row {
        version,
        change,
        label,
        by,
        days,
        count,
        share,
        score,
        half,
        delta,
        latency,
        cost,
        errors,
    };
    vec![
        row(
            "v8",
            "Shorter greeting, cite the policy",
            Some(("variant-b", Tone::Accent)),
            "Ana",
            2,
            4_790,
            "20% of traffic",
            0.653,
            0.019,
            Some(0.067),
            (1_210.0, 2_430.0),
            4_200_000,
            0.008,
        ),
        row(
            "v7",
            "Ask one question at a time",
            Some(("production", Tone::Good)),
            "Ben",
            19,
            31_204,
            "79% of traffic",
            0.612,
            0.009,
            Some(0.022),
            (1_190.0, 2_410.0),
            4_100_000,
            0.009,
        ),
        row(
            "v6",
            "Switch to gpt-4o-mini",
            None,
            "Ana",
            31,
            88_410,
            "1% of traffic",
            0.599,
            0.006,
            Some(-0.046),
            (1_180.0, 2_380.0),
            4_000_000,
            0.009,
        ),
        row(
            "v5",
            "German tone",
            None,
            "Ana",
            49,
            52_020,
            "retired",
            0.628,
            0.008,
            None,
            (1_940.0, 4_100.0),
            18_700_000,
            0.011,
        ),
    ]
}

fn version_row(row: Row) -> impl IntoView {
    let spark = (0..16).map(|index| (index != 5).then(|| noise(index * 31 + row.count))).collect::<Vec<_>>();
    let verdict = match row.delta {
        Some(delta) => {
            view! { <Verdict tone={ if delta > 0.0 { Tone::Good } else { Tone::Bad } } text=format::change(delta)/> }
                .into_any()
        }
        None => view! { <Verdict tone=Tone::Plain text="can’t tell"/> }.into_any(),
    };
    let number = |label: &str, text: String| view! { <Cell kind=CellKind::Number label=label.to_owned()>{text}</Cell> };
    view! {
        <tr>
            <Cell kind=CellKind::Title><a href="versions.html" data-row=""><b>{row.version}</b></a></Cell>
            <Cell kind=CellKind::Wide>
                <div class="cell-title">
                    <span>{row.change}</span>
                    {row.label.map(|(text, tone)| view! { <Chip tone>{text}</Chip> })}
                </div>
                <span class="sub">{row.by} ", " <Instant at=days_ago(row.days) shown=Moment::Ago(NOW)/></span>
            </Cell>
            <Cell kind=CellKind::Number label="Generations"><Estimate value=format::count(row.count) under=row.share href="traces.html"/></Cell>
            <Cell kind=CellKind::Extra label="90 days"><Spark values=spark/></Cell>
            <Cell kind=CellKind::Number label="Thumbs up"><Estimate value=format::score(row.score) under=format::plus_minus(row.half, 3)/></Cell>
            <Cell kind=CellKind::Number label="vs before">{verdict}</Cell>
            {number("Latency p50", format::duration_ms(row.latency.0))}
            {number("p95", format::duration_ms(row.latency.1))}
            {number("Cost, median", format::money(row.cost))}
            {number("Errors", format::percent(row.errors))}
        </tr>
    }
}

pub(crate) fn metrics() -> AnyView {
    in_shell("/p/support-bot/prompts/support%2Fanswer", || {
        let query = Query::from_pairs([("tab", "metrics"), ("metric", "quality")]);
        let choices = vec![
            Choice::link("quality", "Quality", "?metric=quality"),
            Choice::link("latency", "Latency", "?metric=latency"),
            Choice::link("cost", "Cost", "?metric=cost"),
            Choice::link("volume", "Volume", "?metric=volume"),
        ];
        let columns = vec![
            Column::text("Version"),
            Column::text("Change"),
            Column::number("Generations").sort("?sort=-count", Some(ui::SortDirection::Descending)),
            Column::text("90 days"),
            Column::number("Thumbs up").sort("?sort=-score", None),
            Column::number("vs before"),
            Column::number("Latency p50"),
            Column::number("p95"),
            Column::number("Cost, median"),
            Column::number("Errors"),
        ];
        view! {
            <Page
                crumbs=crumbs()
                actions=move || view! {
                    <RangePicker choice=domain::time::RangeChoice::Last { minutes: 129_600 } now=NOW query/>
                    <span class="hide-s"><Copy text="https://assay.example/p/support-bot" label="Copy link" shown=true key="c" kind=ButtonKind::Normal/></span>
                    <LinkButton href="?new" kind=ButtonKind::Primary>"Test v8"</LinkButton>
                }
            >
                <PageHead title="support/answer" lead="8 versions · 2,140 generations today · $8.90"><Chip>"chat"</Chip></PageHead>
                {tabs("metrics")}
                <div class="toolbar">
                    <Filter name="Environment" value="production" href="?"/>
                    <Filter name="Model" href="?filter=model"/>
                    <Filter name="Segment" href="?filter=segment"/>
                    <Filter name="User" href="?filter=user"/>
                    <span class="toolbar__note">"Aug 23 – now, compared with the version before"</span>
                </div>
                <Card
                    title="Thumbs up"
                    extra=|| view! { <SegmentedLinks label="Metric" current="quality".to_owned() items=choices/> }
                >
                    <CardBody>
                        <Chart caption="Thumbs up by version" titled=true spec=trend()/>
                    </CardBody>
                </Card>
                <Card title="By version" extra=|| "every number links to its traces">
                    <Table caption="Versions of support/answer" columns=columns>
                        {rows().into_iter().map(version_row).collect_view()}
                    </Table>
                </Card>
            </Page>
        }
        .into_any()
    })
}

pub(crate) fn versions() -> AnyView {
    in_shell("/p/support-bot/prompts/support%2Fanswer", || {
        let list = rows()
            .into_iter()
            .map(|row| {
                view! {
                    <li>
                        <a class="version-list__item" href="?v=8" data-row="" aria-current=(row.version == "v8").then_some("true")>
                            <span class="version-list__number">{row.version}</span>
                            <span class="version-list__message">{row.change}</span>
                            <span class="sub">{row.by} ", " <Instant at=days_ago(row.days) shown=Moment::Ago(NOW)/></span>
                            {row.label.map(|(text, tone)| view! { <span class="chips"><Chip tone>{text}</Chip></span> })}
                        </a>
                    </li>
                }
            })
            .collect_view();
        let labels = vec![SelectOption::new("production", "production"), SelectOption::new("staging", "staging")];
        view! {
            <Page crumbs=crumbs() actions=|| view! { <LinkButton href="?tab=editor" kind=ButtonKind::Primary key="n">"New version"</LinkButton> }>
                <PageHead title="support/answer" lead="8 versions · 2,140 generations today · $8.90"><Chip>"chat"</Chip></PageHead>
                {tabs("versions")}
                <div class="versions">
                    <ol class="version-list">{list}</ol>
                    <div class="version">
                        <div class="version__head">
                            <h2>"v8"</h2>
                            <Chip tone=Tone::Accent>"variant-b"</Chip>
                            <span class="muted small">"Shorter greeting, cite the policy · Ana, 2 days ago"</span>
                            <span class="push actions">
                                <DialogButton dialog="move-label">"Move label"</DialogButton>
                                <Copy text="…" label="Copy text"/>
                            </span>
                        </div>
                        <Card>
                            <CardBody>
                                <Messages>
                                    <Message role=Role::System parts=Part::of_template("You are the support assistant of {{company}}.\nGreet the customer warmly and answer in one paragraph.\nQuote the sentence of the policy you rely on: {{policy}}")/>
                                    <Message role=Role::Placeholder parts=vec![Part::Text("history".into())]/>
                                    <Message role=Role::User parts=Part::of_template("{{question}}")/>
                                </Messages>
                            </CardBody>
                        </Card>
                        <Card title="Config"><CardBody><Json value=json!({"model": "gpt-4o-mini", "temperature": 0.2, "stop": [], "response_format": {"type": "json_schema", "strict": true}})/></CardBody></Card>
                        <Card title="Label moves">
                            <CardBody>
                                <ol>
                                    <li class="label-moves__item"><Instant at=days_ago(2)/><span>"Ana moved " <Chip tone=Tone::Accent>"variant-b"</Chip> " from v6 to v8"</span></li>
                                    <li class="label-moves__item"><Instant at=days_ago(19)/><span>"Ben moved " <Chip tone=Tone::Good>"production"</Chip> " from v6 to v7"</span></li>
                                </ol>
                            </CardBody>
                        </Card>
                    </div>
                </div>
                <Dialog id="move-label" title="Move a label to v8">
                    <p>"Programs that ask for the label get v8 within two seconds. 31,204 generations came through " <b>"production"</b> " in 90 days."</p>
                    <form class="form" method="post">
                        <SelectField name="label" label="Label" options=labels/>
                        <TextField name="comment" label="Why" optional=true/>
                        <div class="dialog__foot">
                            <Button kind=ButtonKind::Primary submit=true>"Move to v8"</Button>
                        </div>
                    </form>
                </Dialog>
                <span class="dot" data-series=Series::Arm(1).name() hidden></span>
            </Page>
        }
        .into_any()
    })
}
