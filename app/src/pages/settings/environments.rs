//! Settings, Environments: which there are, and how much comes from each.

use domain::time::TimeUs;
use leptos::prelude::*;
use leptos_router::{LazyRoute, hooks::use_params_map, lazy_route};
use ui::{
    Card, CardBody, Cell, CellKind, Code, Column, Empty, IconName, Instant, Moment, Query, Snippet, Table, format,
};

use super::{
    model::{EnvironmentLine, EnvironmentsView},
    nav::{self, Settings},
    server::ListEnvironments,
};
use crate::{
    panel::Panel,
    routes::{project_href, trace_href},
    wire::Asked,
};

/// Route of the page.
#[derive(Debug)]
pub struct Environments {
    view: Asked<EnvironmentsView>,
}

#[lazy_route]
impl LazyRoute for Environments {
    fn data() -> Self {
        let params = use_params_map();
        Self {
            view: Asked::new(move || ListEnvironments { project: params.read().get("project").unwrap_or_default() }),
        }
    }

    fn view(this: Self) -> AnyView {
        let params = use_params_map();
        let draw = move |view: EnvironmentsView| {
            let project = params.read_untracked().get("project").unwrap_or_default();
            view! { <Shown project view/> }.into_any()
        };
        view! { <Settings here=nav::ENVIRONMENTS><Panel asked=this.view draw/></Settings> }.into_any()
    }
}

#[component]
fn Shown(project: String, view: EnvironmentsView) -> impl IntoView {
    if view.lines.is_empty() {
        return view! {
            <Empty
                icon=IconName::Activity
                title="No environment yet"
                text="Senders name them, and they appear here with their first trace. One that names none is “default”."
            >
                <How/>
            </Empty>
        }
        .into_any();
    }
    let now = TimeUs(view.now_us);
    let rows =
        view.lines.into_iter().map(|line| view! { <Line project=project.clone() line now/> }.into_any()).collect_view();
    view! {
        <div class="card">
            <Table
                caption="Environments, generations of the last 90 days"
                columns=vec![
                    Column::text("Environment"),
                    Column::number("Generations"),
                    Column::number("Failed"),
                    Column::number("Cost"),
                    Column::number("Newest trace"),
                ]
            >
                {rows}
            </Table>
        </div>
        <Card title="Name one in your program">
            <CardBody>
                <div class="stack">
                <p class="muted">
                    "An environment is a word every trace carries. Numbers and lists can be filtered by it, and labels can differ: fetch "
                    <code>"staging"</code> " there and " <code>"production"</code> " here."
                </p>
                <How/>
                </div>
            </CardBody>
        </Card>
    }
    .into_any()
}

#[component]
fn Line(project: String, line: EnvironmentLine, now: TimeUs) -> impl IntoView {
    let traces = |query: &Query| format!("{}/traces{}", project_href(&project), query.href());
    let own = Query::from_pairs([("environment", line.name.clone())]);
    let (own_href, failed_href) = (traces(&own), traces(&own.set("errors", "yes")));
    let count = i64::try_from(line.generations).unwrap_or(i64::MAX);
    let failed = match line.failed.value.filter(|_| line.failed.n > 0) {
        Some(share) => view! { <a href=failed_href>{format::percent(share)}</a> }.into_any(),
        None => view! { <span class="faint">"–"</span> }.into_any(),
    };
    // Whole nano-dollars below nine billion dollars: exact in a float.
    let cost =
        line.cost.value.filter(|_| line.cost.n > 0).map_or_else(|| "–".to_owned(), |cost| format::money(cost as i64));
    let newest = match line.newest {
        Some((trace, at)) => {
            view! { <a href=trace_href(&project, &trace)><Instant at=TimeUs(at) shown=Moment::Ago(now)/></a> }
                .into_any()
        }
        None => view! { <span class="faint">"–"</span> }.into_any(),
    };
    view! {
        <tr>
            <Cell kind=CellKind::Title><a href=own_href data-row=""><b class="mono">{line.name}</b></a></Cell>
            <Cell kind=CellKind::Number label="Generations">{format::count(count)}</Cell>
            <Cell kind=CellKind::Number label="Failed">{failed}</Cell>
            <Cell kind=CellKind::Number label="Cost">{cost}</Cell>
            <Cell kind=CellKind::Number label="Newest trace">{newest}</Cell>
        </tr>
    }
    .into_any()
}

/// Where a program says it.
#[component]
fn How() -> impl IntoView {
    let snippets = vec![
        Snippet::new("Environment", "export LANGFUSE_TRACING_ENVIRONMENT=\"staging\""),
        Snippet::new("OpenTelemetry", "export OTEL_RESOURCE_ATTRIBUTES=\"deployment.environment.name=staging\""),
    ];
    view! { <Code id="name-environment" label="Name the environment" snippets/> }.into_any()
}
