//! Experiments as rows, on their list and at home.

use domain::time::TimeUs;
use leptos::prelude::*;
use ui::{Cell, CellKind, Chip, Column, EmptyRow, Instant, Moment, Table, VersionBadge, Width};

use super::{
    model::ExperimentLine,
    parts::{SplitBar, running_words, state_chip},
};
use crate::routes::{experiment_href, prompt_href};

/// A row for each.
#[component]
pub fn ExperimentTable(project: String, lines: Vec<ExperimentLine>, now: TimeUs) -> impl IntoView {
    let rows = if lines.is_empty() {
        view! { <EmptyRow columns=5>"No experiment is in this state."</EmptyRow> }.into_any()
    } else {
        let line = |line| view! { <Line project=project.clone() line now/> }.into_any();
        lines.into_iter().map(line).collect_view().into_any()
    };
    let columns = vec![
        Column::text("Experiment"),
        Column::text("State").width(Width::Medium),
        Column::text("Prompt and label"),
        Column::text("Split"),
        Column::number("Running").width(Width::Long),
    ];
    view! { <Table caption="Experiments" columns>{rows}</Table> }
}

#[component]
fn Line(project: String, line: ExperimentLine, now: TimeUs) -> impl IntoView {
    let href = experiment_href(&project, &line.key);
    let running = line.started_us.map(|started| running_words(started, line.ended_us.unwrap_or(now.0)));
    let sub = match line.ended_us {
        Some(ended) => view! { "ended " <Instant at=TimeUs(ended) shown=Moment::Ago(now)/> }.into_any(),
        None => view! { "changed " <Instant at=TimeUs(line.updated_us) shown=Moment::Ago(now)/> }.into_any(),
    };
    let known = line.known.map(|known| view! { <span class="sub experiment__known">{known}</span> }.into_any());
    let control = line.arms.first().map_or(0, |arm| arm.version);
    let prompt_page = prompt_href(&project, &line.prompt);
    let prompt = if control == 0 {
        view! { <a class="badge" href=prompt_page>{line.prompt}</a> }.into_any()
    } else {
        view! { <VersionBadge prompt=line.prompt version=control href=format!("{prompt_page}?v={control}")/> }
            .into_any()
    };
    let split = if line.arms.is_empty() {
        view! { <span class="faint">"no arms yet"</span> }.into_any()
    } else {
        view! { <SplitBar arms=line.arms/> <span class="sub">{format!("of {} of the traffic", line.coverage)}</span> }
            .into_any()
    };
    view! {
        <tr>
            <Cell kind=CellKind::Title>
                <a href=href data-row=""><b>{line.title}</b></a>
                <span class="sub mono">{line.key}</span>
                {known}
            </Cell>
            <Cell label="State">{state_chip(line.state)}</Cell>
            <Cell label="Prompt"><span class="row--wrap">{prompt} <Chip>{line.label}</Chip></span></Cell>
            <Cell kind=CellKind::Wide label="Split">{split}</Cell>
            <Cell kind=CellKind::Number label="Running">
                {running.unwrap_or_else(|| "–".to_owned())}
                <span class="sub">{sub}</span>
            </Cell>
        </tr>
    }
    .into_any()
}
