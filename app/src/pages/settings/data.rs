//! Settings, General: how long events are kept, and taking them away for good.

use std::time::Duration;

use domain::{job::JobState, time::TimeUs};
use leptos::prelude::*;
use ui::{
    Button, ButtonKind, Card, CardBody, Cell, CellKind, Chip, Column, Dialog, DialogButton, Instant, Moment, Notice,
    ProblemPanel, Table, TextField, Tone, format, live, problem::sentence,
};

use super::{
    model::{CONFIRM, DataView, ErasureLine},
    server::{EraseProject, SetRetention, ShowErasures},
};
use crate::wire::{Act, ActForm, follow};

/// How often a deletion under way is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// What can be done with the project's data.
#[derive(Clone, Copy)]
pub struct DataActs {
    /// Says how long events are kept.
    pub retain: Act<SetRetention>,
    /// Takes all of them away.
    pub erase: Act<EraseProject>,
}

/// How long events are kept.
#[component]
pub fn Retention(project: String, view: DataView, may_manage: bool, acts: DataActs) -> impl IntoView {
    // Asked before something goes, which is no failure.
    let asked = move || {
        let refused = acts.retain.refused()?;
        refused.0.fields.into_iter().find(|field| field.field == CONFIRM).map(|field| field.message)
    };
    let refused = live(move || {
        let error = acts.retain.refused().filter(|_| asked().is_none())?;
        Some(view! { <ProblemPanel problem=error.0/> }.into_any())
    });
    let label = format!("Type {project} to confirm");
    let confirm = live(move || {
        let message = sentence(&asked()?);
        let label = label.clone();
        Some(
            view! {
                <div role="alert"><Notice tone=Tone::Warn>{message}</Notice></div>
                <TextField name=CONFIRM id="confirm-retention" label autocomplete="off"/>
            }
            .into_any(),
        )
    });
    let kept = match view.retention_days {
        None => "Events are kept for ever.".to_owned(),
        Some(days) => format!("Events are kept for {}.", format::plural(i64::from(days), "day", "days")),
    };
    let form = may_manage.then(|| {
        let days = view.retention_days.map(|days| days.to_string()).unwrap_or_default();
        view! {
            <ActForm act=acts.retain class="form">
                <input type="hidden" name="project" value=project/>
                <input type="hidden" name="revision" value=view.revision.to_string()/>
                <TextField
                    name="days"
                    id="retention-days"
                    label="Days"
                    value=days
                    hint="1 to 3,650. Empty: for ever. What older events there are is said before they go."
                    optional=true
                    autocomplete="off"
                />
                {confirm}
                <div class="actions"><Button submit=true busy=acts.retain.pending()>"Set days"</Button></div>
            </ActForm>
        }
        .into_any()
    });
    view! {
        <Card title="How long events are kept">
            <CardBody>
                <div class="stack">
                    <p class="muted">
                        "Older traces, scores, outcome events and media are deleted day by day, and leave every number, list and chart. What a phase of an experiment needs stays until the whole phase is that old."
                    </p>
                    <p>{kept}</p>
                    {refused}
                    {form}
                </div>
            </CardBody>
        </Card>
    }
    .into_any()
}

/// Taking events away, and what went.
#[component]
pub fn Erasure(project: String, view: DataView, may_manage: bool, now: TimeUs, acts: DataActs) -> impl IntoView {
    let refused = live(move || acts.erase.refused().map(|error| view! { <ProblemPanel problem=error.0/> }.into_any()));
    let jobs = RwSignal::new(view.erasures);
    follow(
        move || jobs.with(|jobs| jobs.iter().any(|job| !job.state.is_final())),
        LOOK_EVERY,
        {
            let project = project.clone();
            move || ShowErasures { project: project.clone() }
        },
        // The page may be gone by now.
        move |now| drop(jobs.try_set(now)),
    );
    let form = may_manage.then(|| view! { <Ask project acts/> }.into_any());
    let lines = live(move || {
        let lines = jobs.get();
        (!lines.is_empty()).then(|| view! { <Lines lines now/> }.into_any())
    });
    view! {
        <div id="delete-data">
            <Card title="Delete data">
                <CardBody>
                    <div class="stack">
                        <p class="muted">
                            "Prompts, experiments, datasets, prices, members and keys stay. One user’s data is deleted on the user’s own page."
                        </p>
                        {refused}
                        {form}
                    </div>
                </CardBody>
                {lines}
            </Card>
        </div>
    }
    .into_any()
}

#[component]
fn Ask(project: String, acts: DataActs) -> impl IntoView {
    let label = format!("Type {project} to confirm");
    view! {
        <div class="actions">
            <DialogButton dialog="erase-project" kind=ButtonKind::Danger>"Delete all events"</DialogButton>
        </div>
        <Dialog id="erase-project" title="Delete all events?">
            <p>"Every trace, score, outcome event, exposure and piece of media of this project is deleted for good. Running experiments begin to count anew."</p>
            <ActForm act=acts.erase class="form" closes="erase-project">
                <input type="hidden" name="project" value=project/>
                <TextField name="confirm" id="confirm-erase" label required=true autocomplete="off"/>
                <div class="actions"><Button kind=ButtonKind::Danger submit=true>"Delete all events"</Button></div>
            </ActForm>
        </Dialog>
    }
    .into_any()
}

#[component]
fn Lines(lines: Vec<ErasureLine>, now: TimeUs) -> impl IntoView {
    let rows = lines.into_iter().map(|line| view! { <Line line now/> }.into_any()).collect_view();
    view! {
        <Table
            caption="Deletions, newest first"
            columns=vec![
                Column::text("Whose"),
                Column::text("State"),
                Column::text("Deleted"),
                Column::text("Asked for by"),
                Column::number("When"),
            ]
        >
            {rows}
        </Table>
    }
    .into_any()
}

#[component]
fn Line(line: ErasureLine, now: TimeUs) -> impl IntoView {
    let whose = match &line.user {
        Some(user) => view! { <span class="mono">{user.clone()}</span> }.into_any(),
        None => view! { "All events" }.into_any(),
    };
    let (tone, state) = match line.state {
        JobState::Waiting => (Tone::Plain, "waiting"),
        JobState::Running => (Tone::Accent, "under way"),
        JobState::Done => (Tone::Good, "done"),
        JobState::Failed => (Tone::Bad, "failed"),
        JobState::Cancelled => (Tone::Plain, "stopped"),
    };
    let state = line.error.clone().unwrap_or_else(|| state.to_owned());
    let deleted = words(&line);
    view! {
        <tr>
            <Cell kind=CellKind::Title>{whose}</Cell>
            <Cell label="State"><Chip tone>{state}</Chip></Cell>
            <Cell label="Deleted"><span class="num">{deleted}</span></Cell>
            <Cell label="Asked for by">{line.created_by}</Cell>
            <Cell kind=CellKind::Number label="When"><Instant at=TimeUs(line.created_us) shown=Moment::Ago(now)/></Cell>
        </tr>
    }
    .into_any()
}

/// What went, in words; sorts of which nothing went are left out.
fn words(line: &ErasureLine) -> String {
    let [traces, spans, scores, events, units, media] = line.counts;
    let count = |count: u64, one, many| {
        (count > 0).then(|| format::plural(i64::try_from(count).unwrap_or(i64::MAX), one, many))
    };
    let said: Vec<String> = [
        count(traces, "trace", "traces"),
        count(spans, "span", "spans"),
        count(scores, "score", "scores"),
        count(events, "event", "events"),
        count(units, "unit of an experiment", "units of experiments"),
        count(media, "piece of media", "pieces of media"),
    ]
    .into_iter()
    .flatten()
    .collect();
    if said.is_empty() { "nothing yet".to_owned() } else { said.join(", ") }
}
