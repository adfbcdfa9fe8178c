//! Home of a project: the set-up checklist until it is complete, the last day in numbers, what changed last.

pub mod model;
#[cfg(feature = "ssr")]
mod read;
pub mod server;

use std::time::Duration;

use domain::time::TimeUs;
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::{LazyRoute, hooks::use_params_map, lazy_route};
use ui::{
    Button, ButtonKind, Card, Cell, CellKind, Chip, Code, Column, Crumb, Icon, IconName, Instant, Moment, Notice, Page,
    ProblemPanel, Snippet, Table, Tone, format, live, page::PageHead,
};

use self::{
    model::{Credentials, Day, HomeView, Progress, RecentPrompt, javascript, python},
    server::{OpenHome, SetUpProgress},
};
use crate::{
    pages::{
        projects::server::MakeDemo,
        settings::{model::NewKey, server::CreateKey},
    },
    panel::Panel,
    routes::{project_href, prompt_href},
    wire::{Act, ActForm, Asked, ask},
};

/// How often an incomplete checklist looks for news.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// Route of the page.
#[derive(Debug)]
pub struct Home {
    home: Asked<HomeView>,
}

#[lazy_route]
impl LazyRoute for Home {
    fn data() -> Self {
        let params = use_params_map();
        Self { home: Asked::new(move || OpenHome { project: params.read().get("project").unwrap_or_default() }) }
    }

    fn view(this: Self) -> AnyView {
        let params = use_params_map();
        let draw = move |home: HomeView| {
            let project = params.read_untracked().get("project").unwrap_or_default();
            view! { <Opened project home/> }.into_any()
        };
        view! {
            <Title text="Home"/>
            <Page crumbs=vec![Crumb::here("Home")]>
                <Panel asked=this.home draw/>
            </Page>
        }
        .into_any()
    }
}

#[component]
fn Opened(project: String, home: HomeView) -> impl IntoView {
    let progress = RwSignal::new(home.progress);
    watch_progress(project.clone(), progress);
    let is_complete = Memo::new(move |_| progress.get().is_complete());
    let now = TimeUs(home.now_us);
    let set_up = {
        let (project, home) = (project.clone(), home.clone());
        live(move || {
            let (project, home) = (project.clone(), home.clone());
            (!is_complete.get()).then(|| view! { <SetUp project home progress/> }.into_any())
        })
    };
    let recent = (!home.prompts.is_empty())
        .then(|| view! { <Recent project=project.clone() prompts=home.prompts.clone() now/> }.into_any());
    view! {
        <PageHead title=home.project_name.clone() lead="The last 24 hours"/>
        <DayStrip project day=home.day/>
        {set_up}
        {recent}
    }
}

/// Looks for news every few seconds until the checklist is complete. Browser only.
fn watch_progress(project: String, progress: RwSignal<Progress>) {
    Effect::new(move |_| {
        if progress.get().is_complete() {
            return;
        }
        let project = project.clone();
        let look = move || {
            let project = project.clone();
            leptos::task::spawn_local(async move {
                // A look that fails says nothing; the next one may.
                if let Ok(now) = ask(SetUpProgress { project }).await
                    && progress.try_get_untracked().is_some_and(|before| before != now)
                {
                    let _ = progress.try_set(now);
                }
            });
        };
        if let Ok(timer) = set_interval_with_handle(look, LOOK_EVERY) {
            on_cleanup(move || timer.clear());
        }
    });
}

#[component]
fn DayStrip(project: String, day: Day) -> impl IntoView {
    let count = day.count.value.unwrap_or(0.0) as i64;
    let traces = format!("{}/traces?range=24h", project_href(&project));
    let errors = format!("{traces}&errors=yes");
    let nothing = || "–".to_owned();
    let items = [
        ("Generations", format::count(count), String::new(), traces.clone()),
        (
            "Failed",
            day.error_rate.value.map_or_else(nothing, format::percent),
            format!("of {}", format::count(count)),
            errors,
        ),
        (
            "Latency, p95",
            day.latency_p95.value.map_or_else(nothing, |ns| format::duration_ns(ns as i64)),
            format!("n {}", format::count(i64::try_from(day.latency_p95.n).unwrap_or(i64::MAX))),
            traces.clone(),
        ),
        (
            "Cost",
            day.cost.value.filter(|_| day.cost.n > 0).map_or_else(nothing, |nano| format::money(nano as i64)),
            if day.cost.n > 0 {
                format!("{} reported a cost", format::count(i64::try_from(day.cost.n).unwrap_or(i64::MAX)))
            } else {
                "none reported a cost".to_owned()
            },
            traces,
        ),
    ];
    let items = items
        .into_iter()
        .map(|(name, value, note, href)| {
            view! {
                <a class="health-strip__item" href=href>
                    <span class="health-strip__name">{name}</span>
                    <span class="health-strip__value">{value}</span>
                    <span class="health-strip__note">{note}</span>
                </a>
            }
            .into_any()
        })
        .collect_view();
    view! { <div class="health-strip">{items}</div> }
}

#[component]
fn SetUp(project: String, home: HomeView, progress: RwSignal<Progress>) -> impl IntoView {
    let made = RwSignal::new(None::<NewKey>);
    let look_around =
        (home.may_make_keys && !home.progress.span).then(|| view! { <LookAround project=project.clone()/> }.into_any());
    let steps = (0..progress.get_untracked().steps().len())
        .map(|place| {
            let extra = match place {
                0 => home.may_make_keys.then(|| view! { <MakeKey project=project.clone() made progress/> }.into_any()),
                1 => Some(view! { <Program home=home.clone() made/> }.into_any()),
                _ => None,
            };
            view! { <Step place progress>{extra}</Step> }.into_any()
        })
        .collect_view();
    view! {
        <Card
            title="Set up"
            extra=move || view! {
                <span class="num small muted">
                    {move || format!("{} of {}", progress.get().done(), progress.get().steps().len())}
                </span>
                <svg class="setup__progress" aria-hidden="true">
                    <rect width="100%" height="100%"></rect>
                    <rect
                        width=move || format!("{}%", 100 * progress.get().done() / progress.get().steps().len())
                        height="100%"
                    ></rect>
                </svg>
            }
        >
            <ol class="setup">{steps}</ol>
            {look_around}
        </Card>
    }
}

/// For whoever wants to see Assay at work before they connect anything.
#[component]
fn LookAround(project: String) -> impl IntoView {
    let make = Act::<MakeDemo>::new();
    let refused = live(move || make.refused().map(|error| view! { <ProblemPanel problem=error.0/> }.into_any()));
    view! {
        <ActForm act=make class="look-around">
            <input type="hidden" name="project" value=project/>
            <p class="muted">
                "Nothing to connect yet? See two weeks of answers of real models first. The demo is a project of its own and is removed in one click."
            </p>
            <Button submit=true busy=make.pending()>"Look around in a demo project"</Button>
        </ActForm>
        {refused}
    }
}

#[component]
fn Step(place: usize, progress: RwSignal<Progress>, children: Children) -> impl IntoView {
    let step = move || progress.get().steps().get(place).copied().unwrap_or((false, "", ""));
    let state = move || {
        let steps = progress.get().steps();
        let next = steps.iter().position(|(done, ..)| !done);
        match step().0 {
            true => "done",
            false if next == Some(place) => "now",
            false => "todo",
        }
    };
    let words = live(move || match state() {
        "done" => Some(view! { "Done" }.into_any()),
        "now" => Some(view! { <span class="dot"></span> "Waiting" }.into_any()),
        _ => None,
    });
    let icon = live(move || {
        let name = if step().0 { IconName::CircleCheck } else { IconName::Circle };
        Some(view! { <Icon name/> }.into_any())
    });
    view! {
        <li class="setup__step" data-state=state>
            {icon}
            <div class="setup__body">
                <h3>{move || step().1}</h3>
                <p>{move || step().2}</p>
                {children()}
            </div>
            <span class="setup__state">{words}</span>
        </li>
    }
}

/// Makes a key on the spot, so that the program below carries it.
#[component]
fn MakeKey(project: String, made: RwSignal<Option<NewKey>>, progress: RwSignal<Progress>) -> impl IntoView {
    let create = Act::<CreateKey>::new();
    Effect::new(move |_| {
        if let Some(Ok(key)) = create.outcome() {
            made.set(Some(key));
            progress.update(|progress| progress.key = true);
        }
    });
    let refused = live(move || create.refused().map(|error| view! { <ProblemPanel problem=error.0/> }.into_any()));
    let shown = live(move || {
        made.get().map(|_| {
            view! {
                <Notice tone=Tone::Warn>
                    "The program below carries the new key. The secret is shown only now: copy it before you leave."
                </Notice>
            }
            .into_any()
        })
    });
    view! {
        <ActForm act=create>
            <input type="hidden" name="project" value=project/>
            <input type="hidden" name="name" value="First key"/>
            <input type="hidden" name="scopes[0]" value="ingest"/>
            <input type="hidden" name="scopes[1]" value="read"/>
            <input type="hidden" name="scopes[2]" value="write"/>
            <input type="hidden" name="scopes[3]" value="resolve"/>
            <Button kind=ButtonKind::Primary submit=true icon=IconName::Key busy=create.pending()>
                "Make a key and fill it in below"
            </Button>
        </ActForm>
        {refused}
        {shown}
    }
}

/// A whole program to copy, with the real address and key.
#[component]
fn Program(home: HomeView, made: RwSignal<Option<NewKey>>) -> impl IntoView {
    live(move || {
        let key = made.get();
        let credentials = Credentials {
            address: &home.address,
            public_key: key.as_ref().map(|key| key.public_key.as_str()).or(home.public_key.as_deref()),
            secret_key: key.as_ref().map(|key| key.secret_key.as_str()),
        };
        let code = view! {
            <Code
                id="program"
                label="A program that does all of the steps below"
                snippets=vec![
                    Snippet::new("Python", python(credentials)),
                    Snippet::new("JavaScript", javascript(credentials)),
                ]
            />
        };
        Some(code.into_any())
    })
}

#[component]
fn Recent(project: String, prompts: Vec<RecentPrompt>, now: TimeUs) -> impl IntoView {
    let rows = prompts
        .into_iter()
        .map(|prompt| {
            let href = prompt_href(&project, &prompt.name);
            let production = prompt.production.map(|version| view! { <Chip tone=Tone::Good>{format!("production v{version}")}</Chip> }.into_any());
            view! {
                <tr>
                    <Cell kind=CellKind::Title><a class="prompt-name__link" data-row="" href=href>{prompt.name}</a></Cell>
                    <Cell label="Labels">{production}</Cell>
                    <Cell kind=CellKind::Number label="Newest">{format!("v{}", prompt.latest)}</Cell>
                    <Cell kind=CellKind::Number label="Changed"><Instant at=TimeUs(prompt.updated_us) shown=Moment::Ago(now)/></Cell>
                </tr>
            }.into_any()
        })
        .collect_view();
    view! {
        <Card title="Prompts changed last">
            <Table
                caption="Prompts changed last"
                columns=vec![Column::text("Prompt"), Column::text("Labels"), Column::number("Newest"), Column::number("Changed")]
            >
                {rows}
            </Table>
        </Card>
    }
}
