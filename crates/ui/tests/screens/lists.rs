use leptos::prelude::*;
use ui::{
    Badge, ButtonKind, Card, Cell, CellKind, Chip, Column, Crumb, Empty, EmptyRow, Estimate, Filter, Icon, IconName,
    Instant, LinkButton, Moment, Page, PageHead, Query, RangePicker, SearchField, SortDirection, Spark, Table, Tone,
    format,
};

use super::{NOW, days_ago, in_shell};

pub(crate) fn prompts() -> AnyView {
    in_shell("/p/support-bot/prompts", || {
        let columns = vec![
            Column::text("Prompt"),
            Column::text("Labels"),
            Column::number("Versions"),
            Column::number("7 days").sort("?sort=-count", Some(SortDirection::Descending)),
            Column::unnamed("Trend"),
            Column::number("Latency p50").sort("?sort=-latency", None),
            Column::number("Cost").sort("?sort=-cost", None),
            Column::number("Thumbs up"),
        ];
        let names =
            ["support/answer", "support/final", "support/router", "billing/refund-decision", "onboarding/first-mail"];
        let rows = names.into_iter().enumerate().map(|(index, name)| {
            let step = index as i64;
            let spark = (0..12).map(|day| Some(((day * 37 + step * 11) % 17) as f64)).collect::<Vec<_>>();
            view! {
                <tr>
                    <Cell kind=CellKind::Title>
                        <span class="prompt-name">
                            <a class="prompt-name__link" href="prompt.html" data-row="">{name}</a>
                            <span class="sub">"v8, Ana, " <Instant at=days_ago(step * 3 + 1) shown=Moment::Ago(NOW)/></span>
                        </span>
                    </Cell>
                    <Cell kind=CellKind::Wide><span class="chips"><Chip tone=Tone::Good>"production"</Chip> {(step % 2 == 0).then(|| view! { <Chip>"staging"</Chip> })}</span></Cell>
                    <Cell kind=CellKind::Number label="Versions">{format::count(8 - step)}</Cell>
                    <Cell kind=CellKind::Number label="7 days"><Estimate value=format::count(31_204 / (step + 1)) href="traces.html"/></Cell>
                    <Cell kind=CellKind::Extra><Spark values=spark/></Cell>
                    <Cell kind=CellKind::Number label="Latency p50">{format::duration_ms(1_190.0 + step as f64 * 310.0)}</Cell>
                    <Cell kind=CellKind::Number label="Cost">{format::money(8_900_000_000 / (step + 1))}</Cell>
                    <Cell kind=CellKind::Number label="Thumbs up"><Estimate value=format::score(0.653 - step as f64 * 0.02) under=format::plus_minus(0.009, 3)/></Cell>
                </tr>
            }
        }).collect_view();
        let folder = |name: &'static str, level: &'static str, count: &'static str, current: bool| {
            view! {
                <a class="folders__link" href="?folder=" data-level=level aria-current=current.then_some("page")><Icon name=IconName::Folder/>{name}<span class="folders__count">{count}</span></a>
            }
        };
        view! {
            <Page crumbs=vec![Crumb::here("Prompts")] actions=|| view! { <LinkButton href="?new" kind=ButtonKind::Primary icon=IconName::Plus key="n">"New prompt"</LinkButton> }>
                <PageHead title="Prompts" lead="14 prompts · 41,300 generations in 7 days"/>
                <div class="toolbar">
                    <SearchField name="q" label="Search prompts"/>
                    <Filter name="Tag" href="?filter=tag"/>
                    <Filter name="Label" value="production" href="?"/>
                </div>
                <div class="prompts">
                    <nav class="folders" aria-label="Folders">
                        {folder("All", "1", "14", true)} {folder("support", "1", "9", false)} {folder("german", "2", "2", false)} {folder("billing", "1", "3", false)}
                    </nav>
                    <Card><Table caption="Prompts" columns=columns>{rows}</Table></Card>
                </div>
            </Page>
        }
        .into_any()
    })
}

pub(crate) fn traces() -> AnyView {
    in_shell("/p/support-bot/traces", || {
        let columns = || {
            vec![
                Column::text("When"),
                Column::text("Name"),
                Column::text("Prompt"),
                Column::text("Input"),
                Column::number("Duration"),
                Column::number("Cost"),
                Column::number("Tokens"),
                Column::text("Scores"),
            ]
        };
        let rows = (0..7_i64).map(|index| {
            let failed = index == 2;
            view! {
                <tr>
                    <Cell><Instant at=domain::time::TimeUs(NOW.0 - index * 37_000_000)/></Cell>
                    <Cell kind=CellKind::Title>
                        <span class="trace-name">
                            <a class="trace-name__link" href="trace.html" data-row="" data-state=failed.then_some("error")>"handle_ticket"</a>
                            {failed.then(|| view! { <span class="trace-name__error">"timeout"</span> })}
                        </span>
                    </Cell>
                    <Cell><Badge>"support/answer v8"</Badge></Cell>
                    <Cell kind=CellKind::Wide><span class="preview">"Wo ist meine Bestellung? Ich warte seit zwei Wochen."</span></Cell>
                    <Cell kind=CellKind::Number label="Duration">{format::duration_ns(4_820_000_000 - index * 410_000_000)}</Cell>
                    <Cell kind=CellKind::Number label="Cost">{format::money(12_100_000 - index * 1_300_000)}</Cell>
                    <Cell kind=CellKind::Number label="Tokens">{format::count(3_622 - index * 211)}</Cell>
                    <Cell>{(index % 3 == 0).then(|| view! { <Chip tone=Tone::Bad>"▼ thumbs"</Chip> })}</Cell>
                </tr>
            }
        }).collect_view();
        view! {
            <Page crumbs=vec![Crumb::here("Traces")] actions=|| view! { <RangePicker choice=domain::time::RangeChoice::Last { minutes: 1_440 } now=NOW query=Query::default()/> }>
                <PageHead title="Traces" lead="1,204 in 24 hours · 12 with errors"/>
                <div class="toolbar">
                    <SearchField name="q" label="Search name, user, session"/>
                    <Filter name="Prompt" value="support/answer" href="?"/>
                    <Filter name="Status" href="?filter=status"/>
                </div>
                <div class="traces card">
                    <a class="new-rows" href="?">"12 new"</a>
                    <Table caption="Traces, newest first" columns=columns()>{rows}</Table>
                    <div class="table-foot"><span>"7 of many"</span><LinkButton href="?cursor=1" kind=ButtonKind::Quiet>"Older"</LinkButton></div>
                </div>
                <Card><Table caption="No traces" columns=columns()><EmptyRow columns=8>"No traces match. " <a href="?">"Remove the filters"</a></EmptyRow></Table></Card>
                <Card>
                    <Empty icon=IconName::Activity title="No traces yet" text="They appear here as soon as your program sends one. This key and address are yours:"
                        actions=|| view! { <LinkButton href="?sample" icon=IconName::Play>"Send a sample trace"</LinkButton> }>
                        <ui::Code id="first" label="Send a first trace" snippets=vec![
                            ui::Snippet::new("Python", "pip install langfuse\n\nimport os\nos.environ[\"LANGFUSE_HOST\"] = \"http://localhost:4600\"\nos.environ[\"LANGFUSE_PUBLIC_KEY\"] = \"pk-lf-1f0c\""),
                            ui::Snippet::new("JavaScript", "npm install @langfuse/tracing"),
                        ]/>
                    </Empty>
                </Card>
            </Page>
        }
        .into_any()
    })
}
