//! What an experiment says: the verdict, whether its numbers can be trusted, the table, and ways to look at it.
//!
//! The server draws the first picture. What it was made of goes with the page, and another method, level or segment is worked out
//! from that in the browser, by the same code, in a chunk of its own.

pub mod controls;
pub mod detail;
pub mod draw;
pub mod look;
pub mod measure;
pub mod model;
pub mod parts;
#[cfg(feature = "ssr")]
mod read;
pub mod segments;
pub mod sent;
pub mod server;
pub mod table;
pub mod trade;
#[cfg(feature = "ssr")]
mod verdict;

use leptos::{children::ViewFn, prelude::*, task::spawn_local};
use leptos_router::hooks::{use_params_map, use_query_map};
use ui::{ButtonKind, Card, CardBody, Chip, Empty, IconName, LinkButton, Notice, Query, Tone, live};

use self::{
    controls::{Address, Controls},
    detail::model::DetailView,
    look::Look,
    model::{Health, Picture, ResultsView, Verdict},
    server::{OpenMetric, OpenResults},
    table::{Around, table},
};
use crate::{panel::Panel, routes::project_href, wire::Asked};

/// The parameter that narrows everything to a segment.
const SEGMENT: &str = "segment";

/// What the page asks about results.
#[derive(Clone, Copy, Debug)]
pub struct Results {
    asked: Asked<Option<ResultsView>>,
    detail: Asked<Option<DetailView>>,
    /// Segments that came with the page.
    here: RwSignal<Vec<String>>,
}

impl Results {
    /// Asks. Looking otherwise asks nothing again, but for a segment that did not come with the page.
    pub fn ask() -> Self {
        let (params, query) = (use_params_map(), use_query_map());
        let param = move |name: &str| params.read().get(name).unwrap_or_default();
        let said = move |name: &str| query.read().get(name).filter(|value| !value.is_empty());
        let phase = Memo::new(move |_| said("phase"));
        let here = RwSignal::new(Vec::<String>::new());
        let far = Memo::new(move |held: Option<&Option<String>>| {
            let segment = said(SEGMENT);
            let is_here = |segment: &String| here.with_untracked(|here| here.contains(segment));
            if segment.as_ref().is_none_or(is_here) { held.cloned().flatten() } else { segment }
        });
        // How somebody looked first. Looking otherwise later asks nothing: the page has what it takes.
        let first = Query::from_pairs(query.get_untracked());
        let asked = Asked::new(move || OpenResults {
            project: param("project"),
            key: param("key"),
            phase: phase.get(),
            look: first.set(SEGMENT, far.get().unwrap_or_default()).pairs(),
        });
        let metric = Memo::new(move |_| said("metric"));
        let detail = Asked::when(move || {
            let metric = metric.get()?;
            Some(OpenMetric { project: param("project"), key: param("key"), phase: phase.get(), metric })
        });
        Self { asked, detail, here }
    }

    /// Asks again, when something was done.
    pub fn again(self) {
        self.asked.again();
    }

    /// Draws verdict, table and what belongs to them. `actions` stand beside the verdict, `standing` below it.
    pub fn draw(self, project: String, actions: ViewFn, standing: ViewFn) -> AnyView {
        let draw = move |view: Option<ResultsView>| match view {
            None => view! { {standing.run()} <div class="experiment__bar">{actions.run()}</div> }.into_any(),
            Some(view) => shown(self, &project, view, &actions, &standing),
        };
        view! { <Panel asked=self.asked draw/> }.into_any()
    }
}

fn shown(results: Results, project: &str, view: ResultsView, actions: &ViewFn, standing: &ViewFn) -> AnyView {
    let (drawn_for, first) = (view.picture.look.clone(), view.picture.clone());
    let picture = RwSignal::new(view.picture);
    results.here.set(view.segments.iter().map(|(segment, _)| segment.clone()).collect());
    let material = StoredValue::new(view.material);
    let query = use_query_map();
    let look = Memo::new(move |_| Look::of(&Query::from_pairs(query.get())));
    let turn = StoredValue::new(0_u32);
    // Begun once the page answers: by then the chunk has a moment to come before somebody chooses.
    Effect::new(move |before: Option<()>| {
        let wanted = look.get();
        let mine = turn.try_update_value(|turn| {
            *turn = turn.wrapping_add(1);
            *turn
        });
        if before.is_none() && wanted == drawn_for {
            spawn_local(async {
                statistics(Vec::new(), Look::default()).await;
            });
            return;
        }
        if wanted == drawn_for {
            picture.set(first.clone());
            return;
        }
        let bytes = material.get_value();
        spawn_local(async move {
            let drawn = statistics(bytes, wanted).await;
            // Somebody may have chosen again meanwhile.
            if let (Some(drawn), true) = (drawn, turn.try_get_value() == mine) {
                picture.set(drawn);
            }
        });
    });
    let address = Address::new();
    let counted = view.exposed > 0;
    let verdict = verdict_card(&view.verdict, &view.health, &view.units, counted, actions, standing);
    let partial = view
        .partial
        .map(|why| view! { <Notice tone=Tone::Warn>{format!("Not the whole truth yet: {why}.")}</Notice> }.into_any());
    if !counted {
        let empty = view! {
            <div class="card">
                <Empty
                    icon=IconName::Chart
                    title="Nobody was exposed yet"
                    text="A unit is exposed when a program asks for this slot with the unit’s id, or sends a generation of its prompt. Wire a program below; the first exposure appears here within seconds. Results with intervals need 50 units an arm."
                    actions=|| view! { <LinkButton href="#wire".to_owned() icon=IconName::Code>"Wire a program"</LinkButton> }.into_any()
                />
            </div>
        };
        return view! { {verdict} {partial} {empty.into_any()} }.into_any();
    }
    let detail = results.detail;
    let around = Around {
        address,
        traces: format!("{}/traces", project_href(project)),
        arms: view.arms,
        open: ViewFn::from(move || {
            let draw = |view: Option<DetailView>| match view {
                Some(view) => detail::detail(view),
                None => view! { <p class="muted">"This experiment has no such metric."</p> }.into_any(),
            };
            view! { <Panel asked=detail draw/> }.into_any()
        }),
    };
    let rows = live(move || Some(picture.with(|picture| table(picture, &around))));
    let differs = live(move || picture.with(|picture| differs(picture, address)));
    let by_segment =
        live(move || picture.with(|picture| Some(segments::segments(picture.segments.as_ref()?, address))));
    let trades = live(move || picture.with(|picture| trades(&picture.trades)));
    let export = live(move || {
        let href = picture.with(|picture| format!("data:text/csv;charset=utf-8,{}", ui::query::segment(&picture.csv)));
        let link = view! { <a class="button" data-kind="quiet" href=href download="results.csv">"CSV"</a> };
        Some(link.into_any())
    });
    let interval = live(move || {
        let text = picture.with(|picture| picture.interval.clone());
        let words =
            format!("Line: {text}. Shape: Bayesian belief. Shaded: beyond the margin. A metric opens its course.");
        Some(words.into_any())
    });
    let covered = view.broken.map(|why| cover(&why, address));
    let is_covered = Memo::new(move |_| address.get("show").as_deref() != Some("anyway"));
    let hides = covered.is_some();
    let plan = view.plan;
    let report = live(move || {
        let is_report = address.get("view").is_some();
        let (view, text) = if is_report { ("", "Whole page") } else { ("report", "Report") };
        let href = address.with("view", view, "");
        Some(view! { <LinkButton href kind=ButtonKind::Quiet attr:data-noscroll="">{text}</LinkButton> }.into_any())
    });
    let controls = view! { <Controls address plan segments=view.segments has_caps=view.has_caps/> }.into_any();
    let cover = live(move || if is_covered.get() { covered.as_ref().map(ViewFn::run) } else { None });
    let state = move || (hides && is_covered.get()).then_some("yes");
    view! {
        {verdict}
        {partial}
        <section class="card results-card" data-covered=state>
            <div class="card__head">
                <div class="card__title"><h2>"Results"</h2></div>
                <div class="card__extra results__export">{export} {report}</div>
                {controls}
            </div>
            {cover}
            <div class="results__body">
                {differs}
                {rows}
                <p class="results__legend faint small">{interval}</p>
                {trades}
            </div>
        </section>
        {by_segment}
    }
    .into_any()
}

/// A chunk of its own: statistics and the words for them.
#[lazy]
fn statistics(material: Vec<u8>, look: Look) -> Option<Picture> {
    let material = sent::read(&material)?;
    draw::draw(&material, &look).ok()
}

fn verdict_card(
    verdict: &Verdict,
    health: &[Health],
    units: &str,
    counted: bool,
    actions: &ViewFn,
    standing: &ViewFn,
) -> AnyView {
    let Verdict { mood, word, headline, text, others } = verdict.clone();
    let tone = mood.tone();
    let headline = if counted { headline } else { format!("No {units} yet.") };
    let word = (!word.is_empty()).then(|| view! { <Chip tone>{word}</Chip> }.into_any());
    let text = text.into_iter().map(|sentence| view! { <p>{sentence}</p> }.into_any()).collect_view();
    let others = (!others.is_empty()).then(|| {
        let items = others
            .into_iter()
            .map(|(mood, text)| view! { <li>{table::reading(mood, text)}</li> }.into_any())
            .collect_view();
        view! { <ul class="plain-list">{items}</ul> }.into_any()
    });
    let checks = (!health.is_empty()).then(|| {
        let items = health.iter().map(check).collect_view();
        view! { <ul class="health" aria-label="Health">{items}</ul> }.into_any()
    });
    let (actions, standing) = (actions.run(), standing.run());
    view! {
        <Card tone>
            <div class="verdict-bar">
                <div class="verdict-bar__said">
                    <h2 class="verdict-bar__headline">{headline}</h2>
                    {word}
                    {text}
                    {others}
                </div>
                {actions}
            </div>
            {checks}
            {standing}
        </Card>
    }
    .into_any()
}

fn check(health: &Health) -> AnyView {
    let text = health.text.clone();
    let inside = table::reading(health.mood, text);
    let more = health.more.clone().map(|more| view! { <span class="health__more">{more}</span> }.into_any());
    view! { <li class="health__check">{inside} {more}</li> }.into_any()
}

/// Stands over numbers that must not be used.
fn cover(why: &str, address: Address) -> ViewFn {
    let why = why.to_owned();
    ViewFn::from(move || {
        let href = address.with("show", "anyway", "");
        let why = why.clone();
        view! {
            <CardBody>
                <Notice tone=Tone::Bad>
                    <p><b>"These numbers cannot be trusted: "</b> {why}</p>
                    <p>"Find the cause first. An experiment with this fault cannot be mended by waiting; change its arms or wiring, which begins a new phase."</p>
                    <LinkButton href attr:data-noscroll="">"Show them anyway"</LinkButton>
                </Notice>
            </CardBody>
        }
        .into_any()
    })
}

/// Says when somebody looks otherwise than the plan.
fn differs(picture: &Picture, address: Address) -> Option<AnyView> {
    if picture.differs.is_empty() {
        return None;
    }
    let text =
        format!("For looking: {}. The plan decides, and the verdict above is the plan’s.", picture.differs.join(", "));
    let href = address.planned();
    let notice = view! {
        <div class="results__differs" role="status">
            <Notice tone=Tone::Accent><p>{text} " " <a href=href data-noscroll="">"Look as planned"</a></p></Notice>
        </div>
    };
    Some(notice.into_any())
}

fn trades(sentences: &[String]) -> Option<AnyView> {
    if sentences.is_empty() {
        return None;
    }
    let items = sentences.iter().map(|text| view! { <p>{text.clone()}</p> }.into_any()).collect_view();
    Some(view! { <div class="results__trade"><h3>"Cost against quality"</h3>{items}</div> }.into_any())
}
