//! One experiment: what is tested, who gets it, what was served, what was done.

pub mod actions;
#[cfg(feature = "ssr")]
mod code;
pub mod course;
pub mod explain;
pub mod model;
#[cfg(feature = "ssr")]
mod read;
pub mod results;
pub mod server;
pub mod wire;
#[cfg(feature = "ssr")]
pub(in crate::pages) mod words;

use domain::{experiment::State, problem::FieldProblem, time::TimeUs};
use leptos::{children::ViewFn, prelude::*};
use leptos_router::{
    LazyRoute,
    hooks::{use_params_map, use_query_map},
    lazy_route,
};
use ui::{
    Card, CardBody, Cell, CellKind, Chip, Column, Crumb, EmptyRow, Fact, Facts, FactsLayout, GroupRow, IconName,
    Instant, LinkButton, Moment, Notice, Page, Table, Tone, VersionBadge, page::PageHead, problem::sentence,
};

use self::{
    actions::{Actions, Doer},
    course::{ActivityCard, PhasesCard},
    explain::{ExplainCard, model::ExplainView},
    model::{ExperimentView, MetricLine},
    results::Results,
    server::OpenExperiment,
    wire::WireCard,
};
use crate::{
    pages::experiments::{
        model::ArmLine,
        parts::{SplitBar, running_words, state_chip},
    },
    panel::Panel,
    routes::{experiment_href, project_href, prompt_href},
    title::PageTitle,
    wire::Asked,
};

/// Route of the page.
#[derive(Debug)]
pub struct Experiment {
    view: Asked<ExperimentView>,
    results: Results,
    explained: Asked<ExplainView>,
}

#[lazy_route]
impl LazyRoute for Experiment {
    fn data() -> Self {
        let params = use_params_map();
        let view = Asked::new(move || {
            let params = params.read();
            OpenExperiment {
                project: params.get("project").unwrap_or_default(),
                key: params.get("key").unwrap_or_default(),
            }
        });
        Self { view, results: Results::ask(), explained: explain::ask() }
    }

    fn view(this: Self) -> AnyView {
        let params = use_params_map();
        let project = Memo::new(move |_| params.read().get("project").unwrap_or_default());
        let key = Memo::new(move |_| params.read().get("key").unwrap_or_default());
        let (asked, results, explained) = (this.view, this.results, this.explained);
        let changed = Callback::new(move |()| {
            asked.again();
            results.again();
        });
        let doer = Doer::new(project, key, changed);
        let crumbs = Signal::derive(move || {
            let list = format!("{}/experiments", project_href(&project.get()));
            vec![Crumb::link("Experiments", list), Crumb::here(key.get()).mono()]
        });
        let draw = move |view: ExperimentView| {
            view! { <Shown project=project.get_untracked() view doer results changed explained/> }.into_any()
        };
        let refused = doer.refused(Callback::new(move |()| asked.again()));
        view! {
            <PageTitle text=key/>
            <Page crumbs>
                {refused}
                <Panel asked draw/>
            </Page>
        }
        .into_any()
    }
}

#[component]
fn Shown(
    project: String,
    view: ExperimentView,
    doer: Doer,
    results: Results,
    changed: Callback<()>,
    explained: Asked<ExplainView>,
) -> impl IntoView {
    let now = TimeUs(view.now_us);
    let traces = {
        let query = ui::Query::from_pairs([("prompt", view.slot.prompt.clone())]).href();
        format!("{}/traces{query}", project_href(&project))
    };
    let running = view
        .started_us
        .map(|started| format!("running {} · ", running_words(started, view.ended_us.unwrap_or(view.now_us))));
    let running = if view.ended_us.is_some() { running.map(|words| words.replace("running", "ran")) } else { running };
    let lead = format!("{}{} · label {}", running.unwrap_or_default(), view.slot.prompt, view.slot.label);
    let edit = (view.may_write && !view.state.is_over()).then(|| {
        let href = format!("{}/edit", experiment_href(&project, &view.key));
        view! { <LinkButton href icon=IconName::Pencil key="e">"Edit"</LinkButton> }.into_any()
    });
    let hypothesis = (!view.hypothesis.is_empty())
        .then(|| view! { <p class="experiment__hypothesis">{view.hypothesis.clone()}</p> }.into_any());
    let state = view.state;
    let launch =
        (state == State::Draft).then(|| view! { <Launch project=project.clone() view=view.clone()/> }.into_any());
    let wire = view! { <div id="wire"><WireCard wire=view.slot.wire.clone()/></div> }.into_any();
    let facts = |facts: Vec<(String, String)>| {
        let items = facts.into_iter().map(|(name, value)| Fact::text(name, value)).collect();
        view! { <Facts layout=FactsLayout::List items/> }.into_any()
    };
    let (who, plan) = (facts(view.who.clone()), facts(view.plan.clone()));
    let actions = {
        let (project, view) = (project.clone(), view.clone());
        ViewFn::from(move || {
            let (project, view) = (project.clone(), view.clone());
            view! { <Actions project view doer/> }.into_any()
        })
    };
    let standing = {
        let view = view.clone();
        ViewFn::from(move || {
            let view = view.clone();
            view! { <Standing view now/> }.into_any()
        })
    };
    let explain = (state != State::Draft).then(|| view! { <ExplainCard asked=explained/> }.into_any());
    let drawn = results.draw(results::Page { project: project.clone(), actions, standing, changed });
    let query = use_query_map();
    // What a report leaves out is said by the style sheet, which prints the same.
    let report = move || query.read().get("view").filter(|view| view == "report");
    view! {
        <div class="experiment" data-view=report>
        <PageHead title=view.title.clone() lead>
            {state_chip(state)}
            <span class="actions experiment__links">
                <LinkButton href=traces icon=IconName::Activity key="r">"Traces"</LinkButton>
                {edit}
            </span>
        </PageHead>
        {hypothesis}
        {launch}
        {drawn}
        <div class="experiment__columns">
            <div class="stack">
                <TestedCard project view=view.clone()/>
                <MetricsCard metrics=view.metrics.clone()/>
                {wire}
                <PhasesCard phases=view.phases earlier=view.earlier/>
            </div>
            <div class="stack">
                <Card title="Who"><CardBody>{who}</CardBody></Card>
                <Card title="Plan" extra=move || view! { <span class="muted small">{if state == State::Draft { "fixed by the launch" } else { "fixed" }}</span> }>
                    <CardBody>{plan}</CardBody>
                </Card>
                {explain}
                <ActivityCard entries=view.activity more=view.more_activity now/>
            </div>
        </div>
        </div>
    }
    .into_any()
}

/// What holds now, in a sentence.
#[component]
fn Standing(view: ExperimentView, now: TimeUs) -> impl IntoView {
    let control = view.arms.first().map_or_else(String::new, ArmLine::version_words);
    let (tone, title, text) = match view.state {
        State::Draft => return ().into_any(),
        State::Scheduled => (
            Tone::Accent,
            "Waits for its start.".to_owned(),
            format!("The label is taken already. Until it starts everybody gets {control}."),
        ),
        State::Running => (
            Tone::Good,
            format!("{} of the traffic is split.", view.coverage.clone().unwrap_or_default()),
            format!("Whoever does not take part gets {control}, as the control’s users do."),
        ),
        State::Paused => (
            Tone::Warn,
            "Paused.".to_owned(),
            format!("Everybody gets {control} until it is resumed. The label stays taken."),
        ),
        _ => match &view.decision {
            Some(decision) => (Tone::Plain, decision.sentence.clone(), decision.note.clone()),
            None => return ().into_any(),
        },
    };
    let starts = view.starts_us.map(|at| {
        view! { <p class="muted">"Starts " <Instant at=TimeUs(at) shown=Moment::DateTime/> " UTC"</p> }.into_any()
    });
    let by = view.decision.map(|decision| {
        view! {
            <p class="muted small">{decision.by} ", " <Instant at=TimeUs(decision.at_us) shown=Moment::Ago(now)/></p>
        }
        .into_any()
    });
    let ramp = view.ramp.map(|ramp| {
        let last = ramp.steps.len().saturating_sub(1);
        let steps = ramp
            .steps
            .iter()
            .enumerate()
            .map(|(index, step)| {
                let current = (index == ramp.step.min(last)).then_some("step");
                view! { <li aria-current=current>{step.clone()}</li> }.into_any()
            })
            .collect_view();
        let waits = ramp
            .waits
            .map(|waits| view! { <span class="muted">{format!("next step after {waits}")}</span> }.into_any());
        view! { <div class="ramp"><span class="muted">"Ramp"</span> <ol>{steps}</ol> {waits}</div> }.into_any()
    });
    view! {
        <div class="standing" data-tone=tone.name()>
            <h3 class="standing__title">{title}</h3>
            <p>{text}</p>
            {starts}
            {by}
            {ramp}
        </div>
    }
    .into_any()
}

/// What stands between a draft and its launch.
#[component]
fn Launch(project: String, view: ExperimentView) -> impl IntoView {
    let edit = format!("{}/edit", experiment_href(&project, &view.key));
    let list = |problems: Vec<FieldProblem>| {
        problems
            .into_iter()
            .map(|problem| view! { <li><code>{problem.field}</code> " " {sentence(&problem.message)}</li> }.into_any())
            .collect_view()
    };
    let warnings = (!view.warnings.is_empty()).then(|| {
        view! { <Notice tone=Tone::Warn><ul class="plain-list">{list(view.warnings)}</ul></Notice> }.into_any()
    });
    let problems = if view.problems.is_empty() {
        view! { <Notice tone=Tone::Good>"Everything a launch needs is there. Nobody is split before you launch it."</Notice> }
            .into_any()
    } else {
        let count = ui::format::plural(i64::try_from(view.problems.len()).unwrap_or(i64::MAX), "thing", "things");
        view! {
            <Notice tone=Tone::Warn>
                <p>{format!("{count} to mend before it can be launched: ")} <a href=edit>"edit the draft"</a></p>
                <ul class="plain-list">{list(view.problems)}</ul>
            </Notice>
        }
        .into_any()
    };
    view! { {problems} {warnings} }.into_any()
}

#[component]
fn TestedCard(project: String, view: ExperimentView) -> impl IntoView {
    let base = prompt_href(&project, &view.slot.prompt);
    let all_traces = format!("{}/traces", project_href(&project));
    let prompt = view.slot.prompt.clone();
    let arms = view.arms.clone();
    let rows = arms
        .into_iter()
        .enumerate()
        .map(|(index, arm)| {
            let role = if index == 0 { "control" } else { "treatment" };
            let query =
                ui::Query::from_pairs([("prompt", prompt.clone()), ("version", arm.version.to_string())]).href();
            let traces = (arm.version != 0).then(|| {
                let href = format!("{all_traces}{query}");
                view! { <a href=href>"traces"</a> }.into_any()
            });
            let key =
                (arm.title != arm.key).then(|| view! { <span class="sub mono">{arm.key.clone()}</span> }.into_any());
            let version = if arm.version == 0 {
                view! { <span class="warn">"no version chosen"</span> }.into_any()
            } else {
                let href = format!("{base}?v={}", arm.version);
                view! { <VersionBadge prompt=prompt.clone() version=arm.version href/> }.into_any()
            };
            view! {
                <tr>
                    <Cell kind=CellKind::Title><b>{arm.title}</b> {key}</Cell>
                    <Cell label="Role">{role}</Cell>
                    <Cell label="Version">{version}</Cell>
                    <Cell label="Traces">{traces}</Cell>
                </tr>
            }
            .into_any()
        })
        .collect_view();
    let rows = if view.arms.is_empty() {
        view! { <EmptyRow columns=4>"No arms yet. Two versions at least are compared; the first arm is the control."</EmptyRow> }.into_any()
    } else {
        rows.into_any()
    };
    let slot = view.slot;
    view! {
        <Card
            title="What is tested"
            beside=move || view! { <span class="chips"><Chip>{slot.prompt}</Chip> <Chip>{slot.label}</Chip></span> }
        >
            <CardBody><SplitBar arms=view.arms/></CardBody>
            <Table
                caption="Arms"
                columns=vec![Column::text("Arm"), Column::text("Role"), Column::text("Version"), Column::text("Traces")]
            >
                {rows}
            </Table>
        </Card>
    }
    .into_any()
}

#[component]
fn MetricsCard(metrics: Vec<MetricLine>) -> impl IntoView {
    let groups = [("goal", "Goal"), ("guardrail", "Guardrails"), ("secondary", "Secondary")];
    let rows = groups
        .into_iter()
        .map(|(role, title)| {
            let of_role: Vec<AnyView> = metrics
                .iter()
                .filter(|metric| metric.role == role)
                .cloned()
                .map(|metric| {
                    let margin = if metric.margin.is_empty() { "–".to_owned() } else { metric.margin };
                    view! {
                        <tr>
                            <Cell kind=CellKind::Title><b>{metric.title}</b> <span class="sub">{metric.how}</span></Cell>
                            <Cell label="Better">{metric.better}</Cell>
                            <Cell kind=CellKind::Number label="Margin">{margin}</Cell>
                        </tr>
                    }
                    .into_any()
                })
                .collect();
            (!of_role.is_empty()).then(|| view! { <GroupRow columns=3 text=title/> {of_role} }.into_any())
        })
        .collect_view();
    let rows = if metrics.is_empty() {
        view! { <EmptyRow columns=3>"No metric yet: a goal says what the experiment is for."</EmptyRow> }.into_any()
    } else {
        rows.into_any()
    };
    view! {
        <Card title="What decides">
            <Table
                caption="Metrics"
                columns=vec![
                    Column::text("Metric"),
                    Column::text("Better"),
                    Column::number("Margin").title("Of a guardrail: how much worse it may get. Of a goal: the smallest difference that matters."),
                ]
            >
                {rows}
            </Table>
        </Card>
    }
    .into_any()
}
