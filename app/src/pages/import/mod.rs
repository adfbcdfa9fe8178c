//! Settings, Import: a file of another tool, tried first, then brought.

pub mod model;
#[cfg(feature = "ssr")]
mod read;
pub mod report;
mod send;
pub mod server;

use std::time::Duration;

use domain::{job::JobState, time::TimeUs};
use leptos::{
    ev::SubmitEvent,
    html::{Input, Select},
    prelude::*,
    task::spawn_local,
};
use leptos_router::{
    LazyRoute,
    hooks::{use_params_map, use_query_map},
    lazy_route,
};
use ui::{
    Button, ButtonKind, Card, CardBody, Cell, CellKind, Chip, Column, Instant, Moment, Notice, ProblemPanel, Query,
    Table, Tone, format, live,
};

use self::{
    model::{ImportLine, ImportsView, Report, format_of, format_words, size_words},
    report::ReportCard,
    server::{CancelImport, ListImports},
};
use crate::{
    pages::settings::nav::{self, Settings},
    panel::Panel,
    wire::{Act, ActForm, Asked, follow},
};

/// How often an import under way is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(700);

/// Route of the page.
#[derive(Debug)]
pub struct Import {
    view: Asked<ImportsView>,
}

#[lazy_route]
impl LazyRoute for Import {
    fn data() -> Self {
        let params = use_params_map();
        let query = use_query_map();
        Self {
            view: Asked::new(move || ListImports {
                project: params.read().get("project").unwrap_or_default(),
                job: query.read().get("job"),
            }),
        }
    }

    fn view(this: Self) -> AnyView {
        let params = use_params_map();
        let asked = this.view;
        let cancel = Act::<CancelImport>::new();
        Effect::new(move |_| {
            if cancel.is_done() {
                asked.again();
            }
        });
        // Made here: the panel is drawn anew with every answer, and the chosen file must stay chosen.
        let chosen = Chosen {
            project: Memo::new(move |_| params.read().get("project").unwrap_or_default()),
            file: NodeRef::new(),
            format: NodeRef::new(),
            checked: RwSignal::new(None),
            sending: RwSignal::new(false),
            sent_percent: RwSignal::new(0),
            refused: RwSignal::new(None),
            sent: Callback::new(move |()| asked.again()),
        };
        let jobs = RwSignal::new(ImportsView::default());
        let draw = move |view: ImportsView| {
            jobs.set(view);
            view! { <Jobs project=chosen.project jobs cancel chosen/> }.into_any()
        };
        view! {
            <Settings here=nav::IMPORT>
                <Start chosen jobs/>
                <Panel asked draw/>
            </Settings>
        }
        .into_any()
    }
}

/// The file, and what was done with it.
#[derive(Clone, Copy)]
struct Chosen {
    project: Memo<String>,
    file: NodeRef<Input>,
    format: NodeRef<Select>,
    /// Name and size of the file that was sent to be checked.
    checked: RwSignal<Option<(String, u64)>>,
    sending: RwSignal<bool>,
    /// Of the file under way, what share has left.
    sent_percent: RwSignal<u8>,
    refused: RwSignal<Option<String>>,
    sent: Callback<()>,
}

impl Chosen {
    fn file(self) -> Option<web_sys::File> {
        self.file.get_untracked()?.files()?.item(0)
    }

    fn send(self, dry_run: bool) {
        let Some(file) = self.file() else {
            self.refused.set(Some("Choose a file first.".to_owned()));
            return;
        };
        let said = self.format.get_untracked().map(|format| format.value()).unwrap_or_default();
        let name = file.name();
        let Some(format) = Some(said).filter(|said| !said.is_empty()).or_else(|| format_of(&name).map(str::to_owned))
        else {
            self.refused.set(Some(format!("“{name}” does not say how it is written: choose a format.")));
            return;
        };
        self.refused.set(None);
        self.sending.set(true);
        self.sent_percent.set(0);
        let project = self.project.get_untracked();
        let told = move |share: f64| {
            let percent = (share * 100.0).clamp(0.0, 100.0) as u8;
            // Often the same; the page may be gone by now.
            if self.sent_percent.try_get_untracked().is_some_and(|before| before != percent) {
                let _ = self.sent_percent.try_set(percent);
            }
        };
        spawn_local(async move {
            let outcome = send::send(&project, &file, &format, dry_run, told).await;
            // The page may be gone by now.
            let _ = self.sending.try_set(false);
            match outcome {
                Ok(()) => {
                    let _ = self.checked.try_set(dry_run.then(|| (name, file.size() as u64)));
                    self.sent.try_run(());
                }
                Err(words) => {
                    let _ = self.refused.try_set(Some(words));
                }
            }
        });
    }

    /// Whether the report is of the file that is still chosen here.
    fn is_checked(self, job: &ImportLine) -> bool {
        job.dry_run && self.checked.get().is_some_and(|(name, bytes)| name == job.name && bytes == job.bytes)
    }
}

#[component]
fn Start(chosen: Chosen, jobs: RwSignal<ImportsView>) -> impl IntoView {
    let busy = Signal::derive(move || chosen.sending.get() || jobs.with(|jobs| jobs.under_way().is_some()));
    let check = move |event: SubmitEvent| {
        event.prevent_default();
        chosen.send(true);
    };
    let changed = move |_: leptos::ev::Event| {
        chosen.checked.set(None);
        chosen.refused.set(None);
    };
    let refused = live(move || {
        let words = chosen.refused.get()?;
        Some(view! { <div role="alert"><Notice tone=Tone::Bad>{words}</Notice></div> }.into_any())
    });
    let sending =
        live(move || chosen.sending.get().then(|| view! { <Sending percent=chosen.sent_percent/> }.into_any()));
    view! {
        <Card title="Bring a file">
            <CardBody>
                <form class="form" on:submit=check>
                    <p class="muted">
                        "Prompts with their versions and labels, traces, observations and scores: as Langfuse’s API and exports give them, or one record "
                        "a line. Ids are kept, so the same file twice changes nothing. The check reads everything and stores nothing."
                    </p>
                    {refused}
                    <div class="form__row">
                        <div class="field">
                            <label class="field__label" for="import-file">"File"</label>
                            <input
                                class="input import__file"
                                id="import-file"
                                type="file"
                                accept=".json,.jsonl,.ndjson,.csv"
                                required=true
                                aria-describedby="import-file-hint"
                                node_ref=chosen.file
                                on:change=changed
                            />
                            <p class="field__hint" id="import-file-hint">"Up to 1 GiB; a single record up to 16 MiB."</p>
                        </div>
                        <div class="field">
                            <label class="field__label" for="import-format">"Format"</label>
                            <div class="select">
                                <select class="input" id="import-format" node_ref=chosen.format on:change=changed>
                                    <option value="">"By the file’s name"</option>
                                    <option value="langfuse">"JSON (Langfuse)"</option>
                                    <option value="jsonl">"JSON lines"</option>
                                    <option value="csv">"CSV"</option>
                                </select>
                                <ui::Icon name=ui::IconName::ChevronDown/>
                            </div>
                        </div>
                    </div>
                    <div class="actions">
                        <Button kind=ButtonKind::Primary submit=true busy>"Check the file"</Button>
                    </div>
                    {sending}
                    <noscript>
                        <p>"This needs the browser’s script. Without it: " <code>"assay import --help"</code></p>
                    </noscript>
                </form>
            </CardBody>
        </Card>
    }
    .into_any()
}

/// How much of the file has left.
#[component]
fn Sending(percent: RwSignal<u8>) -> impl IntoView {
    let words = move || match percent.get() {
        100 => "Sent; the server is taking it in…".to_owned(),
        percent => format!("Sending the file · {percent}%"),
    };
    view! {
        <div class="repricing">
            <progress aria-label="Sending" max="100" value=move || percent.get().to_string()></progress>
            <p class="num" role="status">{words}</p>
        </div>
    }
    .into_any()
}

/// What is under way, the report, and what was brought before.
#[component]
fn Jobs(
    project: Memo<String>,
    jobs: RwSignal<ImportsView>,
    cancel: Act<CancelImport>,
    chosen: Chosen,
) -> impl IntoView {
    follow(
        move || jobs.with(|jobs| jobs.under_way().is_some()),
        LOOK_EVERY,
        move || ListImports { project: project.get_untracked(), job: None },
        // The page may be gone by now.
        move |now| drop(jobs.try_set(now)),
    );
    let may_import = jobs.with_untracked(|jobs| jobs.may_import);
    let reader = (!may_import).then(|| view! { <Notice>"Importing needs the role editor."</Notice> }.into_any());
    let refused = live(move || cancel.refused().map(|error| view! { <ProblemPanel problem=error.0/> }.into_any()));
    // Drawn anew only when another job begins or ends: what has focus keeps it while the figures move.
    let under_way = Memo::new(move |_| jobs.with(|jobs| jobs.under_way().map(|job| job.id.clone())));
    let progress = live(move || {
        let job = under_way.get()?;
        Some(view! { <UnderWay project=project.get_untracked() job jobs cancel/> }.into_any())
    });
    let latest = live(move || {
        under_way.track();
        let (report, line) = jobs.with_untracked(|jobs| {
            let report = jobs.report.clone()?;
            let line = jobs.jobs.iter().find(|job| job.id == report.job).cloned();
            Some((report, line))
        })?;
        Some(reported(project.get_untracked(), report, line, chosen))
    });
    let past = live(move || {
        under_way.track();
        let (lines, now) = jobs.with_untracked(|jobs| (jobs.jobs.clone(), TimeUs(jobs.now_us)));
        let ended: Vec<ImportLine> = lines.into_iter().filter(|job| job.state.is_final()).collect();
        (!ended.is_empty()).then(|| view! { <Past ended now/> }.into_any())
    });
    view! {
        {reader}
        {refused}
        {progress}
        {latest}
        {past}
    }
    .into_any()
}

/// The report; below one of a check the button that does it.
fn reported(project: String, report: Report, line: Option<ImportLine>, chosen: Chosen) -> AnyView {
    let is_dry = report.dry_run;
    let next = live(move || {
        let line = line.clone().filter(|_| is_dry)?;
        if !chosen.is_checked(&line) {
            let words = format!("Nothing was stored. To bring “{}”, choose it again and check it.", line.name);
            return Some(view! { <p class="muted">{words}</p> }.into_any());
        }
        let import = move |_| chosen.send(false);
        Some(
            view! {
                <div class="actions">
                    <Button kind=ButtonKind::Primary busy=chosen.sending on:click=import>{format!("Import “{}”", line.name)}</Button>
                    <span class="muted">"Nothing is stored yet."</span>
                </div>
            }
            .into_any(),
        )
    });
    view! { <ReportCard project report next/> }.into_any()
}

#[component]
fn UnderWay(project: String, job: String, jobs: RwSignal<ImportsView>, cancel: Act<CancelImport>) -> impl IntoView {
    let line = Memo::new(move |_| jobs.with(|jobs| jobs.under_way().cloned()));
    let percent = move || line.with(|line| line.as_ref().map_or(100, |line| line.percent)).to_string();
    let words = move || {
        line.with(|line| {
            let Some(line) = line else { return String::new() };
            let doing = if line.dry_run { "Checking" } else { "Importing" };
            if line.state == JobState::Waiting {
                return format!("Waiting to begin: {}", line.name);
            }
            format!("{doing} {} · {}%", line.name, line.percent)
        })
    };
    view! {
        <Card title="Under way">
            <CardBody>
                <div class="repricing">
                    <progress aria-label="Import" max="100" value=percent></progress>
                    <p class="num" role="status">{words}</p>
                    <ActForm act=cancel>
                        <input type="hidden" name="project" value=project/>
                        <input type="hidden" name="job" value=job/>
                        <Button kind=ButtonKind::Danger submit=true busy=cancel.pending()>"Stop"</Button>
                    </ActForm>
                </div>
            </CardBody>
        </Card>
    }
    .into_any()
}

#[component]
fn Past(ended: Vec<ImportLine>, now: TimeUs) -> impl IntoView {
    let count = |records: u64| format::count(i64::try_from(records).unwrap_or(i64::MAX));
    let rows = ended
        .into_iter()
        .map(|job| {
            let (tone, word) = match (job.state, job.dry_run) {
                (JobState::Failed, _) => (Tone::Bad, "failed"),
                (JobState::Cancelled, _) => (Tone::Plain, "stopped"),
                (_, true) => (Tone::Plain, "checked"),
                (_, false) => (Tone::Good, "imported"),
            };
            let href = Query::from_pairs([("job", job.id)]).href();
            let error = job.error.map(|error| view! { <span class="sub">{error}</span> }.into_any());
            let [stored, left_out] = match job.outcome {
                Some((stored, left_out)) => [count(stored), count(left_out)],
                None => ["–".to_owned(), "–".to_owned()],
            };
            view! {
                <tr>
                    <Cell kind=CellKind::Title>
                        <a href=href data-row="" data-noscroll=""><b>{job.name}</b></a>
                        <span class="sub">{format_words(&job.format)} ", " {size_words(job.bytes)}</span>
                    </Cell>
                    <Cell label="State"><Chip tone>{word}</Chip> {error}</Cell>
                    <Cell kind=CellKind::Number label="Good records">{stored}</Cell>
                    <Cell kind=CellKind::Number label="Left out">{left_out}</Cell>
                    <Cell label="Sent by">
                        {job.created_by}
                        <span class="sub"><Instant at=TimeUs(job.created_us) shown=Moment::Ago(now)/></span>
                    </Cell>
                </tr>
            }
            .into_any()
        })
        .collect_view();
    view! {
        <Card title="Before">
            <Table
                caption="Earlier imports"
                columns=vec![
                    Column::text("File"),
                    Column::text("State"),
                    Column::number("Good records").title("Stored, or there already; of a check: would be"),
                    Column::number("Left out"),
                    Column::text("Sent by"),
                ]
            >
                {rows}
            </Table>
        </Card>
    }
    .into_any()
}
