//! Home of a project: how things are and what changed this week, once something came; the set-up checklist until it is complete.

pub mod model;
#[cfg(feature = "ssr")]
mod read;
pub mod server;
#[cfg(feature = "ssr")]
mod week;
pub mod week_view;

use std::time::Duration;

use domain::time::TimeUs;
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::{LazyRoute, hooks::use_params_map, lazy_route};
use ui::{
    Button, ButtonKind, Card, Code, Crumb, Icon, IconName, LinkButton, Notice, Page, ProblemPanel, Snippet, Tone,
    format, live, page::PageHead,
};

use self::{
    model::{Credentials, Health, HomeView, Progress, javascript, python},
    server::{OpenHome, SetUpProgress},
    week_view::ThisWeek,
};
use crate::{
    pages::{
        experiments::table::ExperimentTable,
        projects::server::MakeDemo,
        settings::{model::NewKey, server::CreateKey},
    },
    panel::Panel,
    routes::project_href,
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
    let title = home.project_name.clone();
    let health = home.health.clone().map(|health| view! { <HealthStrip project=project.clone() health/> }.into_any());
    let week = home.week.clone().map(|week| view! { <ThisWeek project=project.clone() week now/> }.into_any());
    let experiments = (!home.experiments.is_empty()).then(|| {
        let (project, lines) = (project.clone(), home.experiments.clone());
        let all = format!("{}/experiments", project_href(&project));
        view! {
            <Card title="Experiments under way" extra=move || view! { <LinkButton href=all kind=ButtonKind::Quiet>"All"</LinkButton> }>
                <ExperimentTable project lines now/>
            </Card>
        }
        .into_any()
    });
    let set_up = live(move || {
        let (project, home) = (project.clone(), home.clone());
        (!is_complete.get()).then(|| view! { <SetUp project home progress/> }.into_any())
    });
    view! {
        <PageHead title/>
        {health}
        {set_up}
        {experiments}
        {week}
    }
    .into_any()
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

/// One line of numbers; each leads to what it counts.
#[component]
fn HealthStrip(project: String, health: Health) -> impl IntoView {
    let base = project_href(&project);
    let traces = format!("{base}/traces?range=24h");
    let nothing = || "–".to_owned();
    let whole = |number: u64| format::count(i64::try_from(number).unwrap_or(i64::MAX));
    let Health { lately, count, error_rate, latency_p95, cost, unlinked, waiting, lag_ms } = health;
    let costless = count.saturating_sub(cost.n);
    let cost_note = if costless > 0 { format!("24 h, {} without a price", whole(costless)) } else { "24 h".to_owned() };
    let lag = format!("counted within {}", format::duration_ms(lag_ms as f64));
    let items = [
        ("Generations", whole(count), format!("24 h, {lately}"), Some(traces.clone())),
        (
            "Failed",
            error_rate.value.map_or_else(nothing, format::percent),
            format!("24 h, of {}", whole(error_rate.n)),
            Some(format!("{traces}&errors=yes")),
        ),
        (
            "Latency, p95",
            latency_p95.value.map_or_else(nothing, |ns| format::duration_ns(ns as i64)),
            format!("24 h, n {}", whole(latency_p95.n)),
            Some(traces.clone()),
        ),
        (
            "Cost",
            cost.value.filter(|_| cost.n > 0).map_or_else(nothing, |nano| format::money(nano as i64)),
            cost_note,
            Some(traces),
        ),
        ("Without a prompt", whole(unlinked), format!("24 h, of {}", whole(count)), Some(format!("{base}/unlinked"))),
        ("Waiting", whole(waiting), lag, None),
    ];
    let items = items
        .into_iter()
        .map(|(name, value, note, href)| {
            let inside = view! {
                <span class="health-strip__name">{name}</span>
                <span class="health-strip__value">{value}</span>
                <span class="health-strip__note">{note}</span>
            };
            if let Some(href) = href {
                return view! { <a class="health-strip__item" href=href>{inside}</a> }.into_any();
            }
            let title = "Events received and not stored yet, of the whole server";
            view! { <div class="health-strip__item" title=title>{inside}</div> }.into_any()
        })
        .collect_view();
    view! { <div class="health-strip">{items}</div> }.into_any()
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
