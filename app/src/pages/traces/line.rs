//! One trace as a row, for every list of traces.

use domain::{time::TimeUs, trace::PromptLink};
use leptos::prelude::*;
use ui::{Cell, CellKind, Column, Estimate, Instant, Moment, VersionBadge, Width, format};

use super::model::TraceLine;
use crate::routes::{prompt_href, trace_href};

/// Headings of a list of traces.
pub fn columns() -> Vec<Column> {
    vec![
        Column::text("When").width(Width::Medium),
        Column::text("Trace"),
        Column::text("Prompt"),
        Column::text("User"),
        Column::text("Environment").width(Width::Medium),
        Column::number("Duration").width(Width::Short).title("From the first start to the last end"),
        Column::number("Tokens").width(Width::Long).title("Read and written by its generations"),
        Column::number("Cost").width(Width::Medium),
    ]
}

/// How many headings there are.
pub const COLUMNS: u32 = 8;

/// One row. `narrowed` gives the address of the list with one more filter.
#[component]
pub fn Line(
    /// Slug of the project.
    project: String,
    /// The trace.
    line: TraceLine,
    /// The server's present.
    now: TimeUs,
    /// Address of the list of traces with a filter: name, value.
    narrowed: Callback<(&'static str, String), String>,
) -> impl IntoView {
    let state = (line.errors > 0).then_some("error");
    let failed = (line.errors > 0).then(|| {
        let words = format::plural(i64::from(line.errors), "error", "errors");
        view! { <span class="trace-name__error">{words}</span> }.into_any()
    });
    let user = line.user.map(|user| {
        let href = narrowed.run(("user", user.clone()));
        view! { <a class="ident" href=href title=user.clone()>{user.clone()}</a> }.into_any()
    });
    let session = line.session.map(|session| {
        let href = narrowed.run(("session", session.clone()));
        view! { <a class="sub ident" href=href title=session.clone()>{session.clone()}</a> }.into_any()
    });
    let environment = narrowed.run(("environment", line.environment.clone()));
    let tokens = line.tokens.map(|(input, output)| {
        let count = |tokens: u64| format::count(i64::try_from(tokens).unwrap_or(i64::MAX));
        let under = format!("{} in · {} out", count(input), count(output));
        view! { <Estimate value=count(input.saturating_add(output)) under/> }.into_any()
    });
    let spans = format::plural(i64::from(line.spans), "span", "spans");
    let href = trace_href(&project, &line.id);
    view! {
        <tr data-state=state>
            <Cell label="When"><Instant at=TimeUs(line.start_us) shown=Moment::Ago(now)/></Cell>
            <Cell kind=CellKind::Title>
                <span class="trace-name">
                    <a class="trace-name__link" data-row="" data-state=state href=href>{line.name}</a>
                    {failed}
                </span>
                <span class="sub">{spans}</span>
            </Cell>
            <Cell label="Prompt"><Links project links=line.links/></Cell>
            <Cell label="User">{user} {session}</Cell>
            <Cell label="Environment"><a href=environment>{line.environment}</a></Cell>
            <Cell kind=CellKind::Number label="Duration">{format::duration_ns(line.duration_ns)}</Cell>
            <Cell kind=CellKind::Number label="Tokens">{tokens}</Cell>
            <Cell kind=CellKind::Number label="Cost">{line.cost.map(format::money)}</Cell>
        </tr>
    }
    .into_any()
}

#[component]
fn Links(project: String, links: Vec<PromptLink>) -> impl IntoView {
    links
        .into_iter()
        .map(|link| {
            let href = format!("{}?v={}", prompt_href(&project, &link.name), link.version);
            view! { <VersionBadge prompt=link.name version=link.version href/> }.into_any()
        })
        .collect_view()
}
