use domain::problem::{FieldProblem, Problem, ProblemCode};
use leptos::prelude::*;
use serde_json::json;
use ui::{
    Axis, Badge, Button, ButtonKind, Card, CardBody, CardFoot, Cell, CellKind, Chip, Choice, Column, Crumb, GroupRow,
    Icon, IconName, IntervalBar, IntervalScale, Json, Legend, LegendItem, Menu, MenuButton, MenuLink, Notice, Page,
    PageHead, ProblemPanel, SegmentedButtons, Series, Skeleton, SkeletonShape, Table, TextArea, TextField, Toaster,
    Tone, Verdict, format,
};

use super::in_shell;

pub(crate) fn page() -> AnyView {
    in_shell("/p/support-bot/experiments", || {
        let toaster = Toaster::from_context();
        toaster.undoable("production moved to v8", Callback::new(|()| ()));
        let chosen = RwSignal::new("a".to_owned());
        let scale = IntervalScale::new(-0.12, 0.12);
        let mut problem = Problem::new(ProblemCode::Invalid, "unknown metric `ctr2`; known metrics: `ctr`, `cost`");
        problem.request_id = Some("01JD3V9X7Q".into());
        problem.fields.push(FieldProblem::new("metric", "not one of the project's metrics"));
        let rows = [
            ("Thumbs up", "share of rated answers", (0.01, 0.067, 0.13), Series::Good, None, Tone::Good, "Better"),
            ("Latency p95", "per generation", (-0.026, 0.008, 0.042), Series::Flat, Some(0.05), Tone::Good, "Within margin"),
            ("Answer length", "output tokens, median", (-0.06, -0.042, -0.024), Series::Flat, None, Tone::Plain, "Lower"),
        ].into_iter().map(|(name, under, (low, estimate, high), series, margin, tone, reading)| {
            let label = format!("{name}: {}, interval {} to {}", format::change(estimate), format::change(low), format::change(high));
            view! {
                <tr>
                    <Cell kind=CellKind::Title><b>{name}</b><span class="sub">{under}</span></Cell>
                    <Cell kind=CellKind::Number label="Change"><b>{format::change(estimate)}</b></Cell>
                    <Cell kind=CellKind::Wide><IntervalBar scale low estimate high series margin=margin inner=Some((estimate - 0.02, estimate + 0.02)) label/></Cell>
                    <Cell><Verdict tone text=reading icon=true/></Cell>
                </tr>
            }
        }).collect_view();
        let rows_of_json = vec![json!({"id": 1, "text": "a"}); 90];
        let large = json!({"rows": rows_of_json, "model": "gpt-4o", "ok": true, "none": null});
        let icons = IconName::ALL.iter().map(|name| view! { <Icon name=*name/> }).collect_view();
        view! {
            <Page crumbs=vec![Crumb::link("Experiments", "?"), Crumb::here("components")] actions=|| view! {
                <Menu id="more" label="More actions" icon=IconName::More>
                    <div class="menu__head">"support/answer"</div>
                    <MenuLink href="?" icon=IconName::History>"Versions"</MenuLink>
                    <MenuLink href="?" icon=IconName::Link key="c" current=true>"Copy link"</MenuLink>
                    <hr/>
                    <MenuButton icon=IconName::Trash danger=true>"Archive"</MenuButton>
                </Menu>
            }>
                <PageHead title="Shorter greeting, cite the policy" lead="day 12 of 14 · 9,602 users · support/answer"><Chip tone=Tone::Good dot=true>"Running"</Chip></PageHead>
                <div class="actions">
                    <Button>"Normal"</Button><Button kind=ButtonKind::Primary key="s">"Primary"</Button><Button kind=ButtonKind::Quiet>"Quiet"</Button><Button kind=ButtonKind::Danger icon=IconName::Trash>"Danger"</Button><Button disabled=true>"Disabled"</Button><Button busy=true>"Saving…"</Button>
                    <SegmentedButtons label="Kind" current=chosen items=vec![Choice::button("a", "Always valid"), Choice::button("b", "Fixed horizon"), Choice::button("c", "Bayesian")]/>
                    <Chip tone=Tone::Good>"production"</Chip><Chip tone=Tone::Bad>"▼ down"</Chip><Chip tone=Tone::Warn>"stale cache"</Chip><Chip tone=Tone::Accent>"variant-b"</Chip><Chip>"chat"</Chip><Badge>"support/answer v8"</Badge>
                </div>
                <Card title="Results" tone=Tone::Good beside=|| view! { <Legend items=vec![LegendItem { text: "v7 control".into(), series: Series::Arm(0) }, LegendItem { text: "v8".into(), series: Series::Arm(1) }]/> }>
                    <Table caption="Results" columns=vec![Column::text("Metric"), Column::number("Change"), Column::unnamed("Interval"), Column::text("Reading")]>
                        <GroupRow columns=4 text="Goal"/>
                        <tr><td></td><td></td><td><Axis scale/></td><td></td></tr>
                        {rows}
                    </Table>
                    <CardFoot><span class="good">"✓ Split as planned 50.1 / 49.9"</span><span>"✓ No user in two arms"</span></CardFoot>
                </Card>
                <ProblemPanel problem title="The chart could not be loaded"><Button icon=IconName::Refresh>"Try again"</Button></ProblemPanel>
                <Notice tone=Tone::Warn><span>"Partial: 2 of 3 hours were read in time."</span></Notice>
                <Notice tone=Tone::Accent><span>"Version 8 exists and gets no traffic yet."</span><Button>"Test against production"</Button></Notice>
                <div class="grid-2">
                    <Card title="Form"><CardBody><form class="form" method="post">
                        <TextField name="name" label="Name" mono=true hint="Letters, digits, `/` and `-`" placeholder="support/answer" error=Some("taken by another prompt".to_owned())/>
                        <TextArea name="text" label="Text" value="You are the support assistant of {{company}}." optional=true/>
                    </form></CardBody></Card>
                    <Card title="Large JSON"><CardBody><Json value=large/></CardBody></Card>
                </div>
                <Card title="Loading"><Skeleton shape=SkeletonShape::Table rows=3/></Card>
                <div class="row--wrap">{icons}</div>
            </Page>
        }
        .into_any()
    })
}
