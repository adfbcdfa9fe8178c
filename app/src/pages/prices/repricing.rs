//! Pricing stored calls again: the form, how far it is, what was done before.

use std::time::Duration;

use domain::{job::JobState, time::TimeUs};
use leptos::prelude::*;
use ui::{
    Button, ButtonKind, Card, CardBody, Cell, CellKind, Checkbox, Chip, Column, Instant, Moment, ProblemPanel,
    SelectField, SelectOption, Table, TextField, Tone, format, live,
};

use super::{
    Acts,
    model::{JobLine, JobsView},
    server::ListRepricings,
};
use crate::wire::{ActForm, follow};

/// How often a job under way is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(700);

/// The card. `finished` is raised when a job ends.
#[component]
pub fn RepricingCard(project: String, view: JobsView, acts: Acts, finished: RwSignal<u32>) -> impl IntoView {
    let (now, may_write) = (TimeUs(view.now_us), view.may_write);
    let jobs = RwSignal::new(view);
    follow(
        move || jobs.with(|jobs| jobs.under_way().is_some()),
        LOOK_EVERY,
        {
            let project = project.clone();
            move || ListRepricings { project: project.clone() }
        },
        move |now| {
            let ended = now.under_way().is_none();
            // The page may be gone by now.
            if jobs.try_set(now).is_none() && ended {
                finished.update(|times| *times += 1);
            }
        },
    );
    let refused = live(move || {
        let error = acts.reprice.refused().or_else(|| acts.cancel.refused());
        error.map(|error| view! { <ProblemPanel problem=error.0/> }.into_any())
    });
    // Drawn anew only when another job begins or ends: what has focus keeps it while the figures move.
    let under_way = Memo::new(move |_| jobs.with(|jobs| jobs.under_way().map(|job| job.id.clone())));
    let progress = {
        let project = project.clone();
        live(move || {
            let job = under_way.get()?;
            Some(view! { <UnderWay project=project.clone() job may_write jobs acts/> }.into_any())
        })
    };
    let form = live(move || {
        (may_write && under_way.get().is_none()).then(|| view! { <Start project=project.clone() acts/> }.into_any())
    });
    let past = live(move || {
        // Followed by the job under way alone, for the same reason.
        under_way.track();
        let lines = jobs.with_untracked(|jobs| jobs.jobs.clone());
        let ended: Vec<JobLine> = lines.into_iter().filter(|job| job.state.is_final()).take(5).collect();
        (!ended.is_empty()).then(|| view! { <Past ended now/> }.into_any())
    });
    view! {
        <Card title="Price stored calls again">
            <CardBody>
                <div class="stack">
                    <p class="muted">
                        "Calls keep the cost they came in with. Have them priced by the prices as they are, as of when each began: what they cost before stays readable with each call, and what senders said they cost stands."
                    </p>
                    {refused}
                    {progress}
                    {form}
                </div>
            </CardBody>
            {past}
        </Card>
    }
    .into_any()
}

#[component]
fn UnderWay(project: String, job: String, may_write: bool, jobs: RwSignal<JobsView>, acts: Acts) -> impl IntoView {
    let line = Memo::new(move |_| jobs.with(|jobs| jobs.under_way().cloned()));
    let percent = move || line.with(|line| line.as_ref().map_or(100, |line| line.percent));
    let words = move || line.with(|line| line.as_ref().map(words).unwrap_or_default());
    let cancel = may_write.then(|| {
        view! {
            <ActForm act=acts.cancel>
                <input type="hidden" name="project" value=project/>
                <input type="hidden" name="job" value=job/>
                <Button kind=ButtonKind::Danger submit=true busy=acts.cancel.pending()>"Stop"</Button>
            </ActForm>
        }
        .into_any()
    });
    view! {
        <div class="repricing">
            <progress aria-label="Pricing stored calls again" max="100" value=move || percent().to_string()></progress>
            <p class="num" role="status">{words}</p>
            {cancel}
        </div>
    }
    .into_any()
}

fn words(job: &JobLine) -> String {
    if job.state == JobState::Waiting {
        return format!("Waiting to begin: {}", job.what);
    }
    let changed = i64::try_from(job.changed).unwrap_or(i64::MAX);
    let changed = format::plural(changed, "call costs something else", "calls cost something else");
    format!("{}% of {} · {changed}", job.percent, job.what)
}

#[component]
fn Start(project: String, acts: Acts) -> impl IntoView {
    let ranges = vec![
        SelectOption::new("", "of any time"),
        SelectOption::new("24h", "of the last 24 hours"),
        SelectOption::new("7d", "of the last 7 days"),
        SelectOption::new("4w", "of the last 4 weeks"),
        SelectOption::new("90d", "of the last 90 days"),
    ];
    view! {
        <ActForm act=acts.reprice class="form">
            <input type="hidden" name="project" value=project/>
            <div class="form__row">
                <TextField
                    id="reprice-model"
                    name="model"
                    label="Models"
                    hint="* stands for anything. Empty: all."
                    optional=true
                    mono=true
                    autocomplete="off"
                />
                <SelectField id="reprice-range" name="range" label="Calls" options=ranges/>
                <Checkbox id="reprice-unpriced" name="only_unpriced" label="Only calls without a cost"/>
            </div>
            <div class="actions"><Button submit=true busy=acts.reprice.pending()>"Price again"</Button></div>
        </ActForm>
    }
    .into_any()
}

#[component]
fn Past(ended: Vec<JobLine>, now: TimeUs) -> impl IntoView {
    let count = |calls: u64| format::count(i64::try_from(calls).unwrap_or(i64::MAX));
    let rows = ended
        .into_iter()
        .map(|job| {
            let (tone, word) = match job.state {
                JobState::Failed => (Tone::Bad, "failed"),
                JobState::Cancelled => (Tone::Plain, "stopped"),
                _ => (Tone::Good, "done"),
            };
            let error = job.error.map(|error| view! { <span class="sub">{error}</span> }.into_any());
            view! {
                <tr>
                    <Cell kind=CellKind::Title>
                        {job.what}
                        <span class="sub">{job.created_by} ", " <Instant at=TimeUs(job.created_us) shown=Moment::Ago(now)/></span>
                    </Cell>
                    <Cell label="State"><Chip tone>{word}</Chip> {error}</Cell>
                    <Cell kind=CellKind::Number label="Changed">{count(job.changed)}</Cell>
                    <Cell kind=CellKind::Number label="As before">{count(job.unchanged)}</Cell>
                    <Cell kind=CellKind::Number label="Still no price">{count(job.unpriced)}</Cell>
                </tr>
            }
            .into_any()
        })
        .collect_view();
    view! {
        <Table
            caption="Stored calls priced again"
            columns=vec![
                Column::text("Calls"),
                Column::text("State"),
                Column::number("Changed"),
                Column::number("As before"),
                Column::number("Still no price").title("Among both: calls that have tokens and no price"),
            ]
        >
            {rows}
        </Table>
    }
    .into_any()
}
