//! What an experiment says: the verdict, whether its numbers can be trusted, the table, and ways to look at it.
//!
//! The server draws the first picture. What it was made of goes with the page, and another method, level or segment is worked out
//! from that in the browser, by the same code, in a chunk of its own.

pub mod controls;
mod decided;
#[cfg(feature = "ssr")]
mod decided_read;
pub mod detail;
pub mod draw;
mod head;
pub mod look;
pub mod measure;
pub mod model;
mod news;
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
use ui::{ButtonKind, CardBody, Empty, IconName, LinkButton, Notice, Query, Skeleton, SkeletonShape, Tone, live};

use self::{
    controls::{Address, Controls, Looking},
    detail::model::DetailView,
    look::Look,
    model::{Head, Picture, ResultsView},
    news::News,
    server::{OpenMetric, OpenResults},
    table::{Around, table},
};
use crate::{
    error::AppError,
    panel::{Answered, Panel, Refused},
    routes::project_href,
    wire::Asked,
};

/// The parameter that narrows everything to a segment.
const SEGMENT: &str = "segment";

/// What results are shown in.
pub struct Page {
    /// The project.
    pub project: String,
    /// What can be done, beside the verdict.
    pub actions: ViewFn,
    /// What holds now, below it.
    pub standing: ViewFn,
    /// Told when the experiment itself is another than the page shows.
    pub changed: Callback<()>,
}

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

    fn keep(self, head: &Head) {
        self.here.set(head.segments.iter().map(|(segment, _)| segment.clone()).collect());
    }

    /// Draws verdict, table and what belongs to them.
    pub fn draw(self, page: Page) -> AnyView {
        let draw = move |answer: Result<Option<ResultsView>, AppError>| {
            let refused = match answer {
                Ok(Some(view)) => return shown(self, &page, view),
                Ok(None) => None,
                // What can be done to it does not wait for its numbers.
                Err(error) => Some(view! { <Refused error/> }.into_any()),
            };
            view! { {refused} {page.standing.run()} <div class="experiment__bar">{page.actions.run()}</div> }.into_any()
        };
        let fallback = || view! { <Skeleton shape=SkeletonShape::Table rows=6/> }.into_any();
        view! { <Answered asked=self.asked fallback draw/> }.into_any()
    }
}

fn shown(results: Results, around: &Page, view: ResultsView) -> AnyView {
    let Page { project, actions, standing, changed } = around;
    let changed = *changed;
    let ResultsView { head, picture, material, plan, has_caps, phases, phase, decided, exposing } = view;
    let drawn = Drawn::new(head, picture, material, results);
    drawn.follow();
    let head = drawn.head;
    let news = News::new(head);
    let (params, query) = (use_params_map(), use_query_map());
    let question = move || {
        let (params, query) = (params.read_untracked(), query.get_untracked());
        let param = |name: &str| params.get(name).unwrap_or_default();
        let phase = query.get("phase").filter(|phase| !phase.is_empty());
        OpenResults { project: param("project"), key: param("key"), phase, look: Query::from_pairs(query).pairs() }
    };
    Effect::new(move |_| {
        if head.get_untracked().stamp.is_some() {
            news.watch(question, move |view| drawn.take(view), changed);
        }
    });
    let address = Address::new();
    let verdict = head::card(head, news, actions, standing);
    let earlier = phase_words(&phases, &phase, address);
    let partial = live(move || {
        let why = head.get().partial?;
        Some(view! { <Notice tone=Tone::Warn>{format!("Not the whole truth yet: {why}.")}</Notice> }.into_any())
    });
    let decided = decided.map(decided::card);
    let counted = Memo::new(move |_| head.get().exposed > 0);
    let traces = format!("{}/traces", project_href(project));
    let body = live(move || {
        let around = Around { address, traces: traces.clone(), head, open: open(results.detail) };
        Some(if counted.get() {
            let segments = head.get_untracked().segments.into_iter().map(|(segment, _)| segment).collect();
            let controls = Looking { plan: plan.clone(), has_caps, phases: phases.clone(), segments };
            counted_body(drawn, around, controls)
        } else {
            nobody(exposing.clone(), &phases, &phase, address)
        })
    });
    view! { {verdict} {earlier} {partial} {body} {decided} }.into_any()
}

/// What is shown of a result, and what it is made of.
#[derive(Clone, Copy)]
struct Drawn {
    head: RwSignal<Head>,
    picture: RwSignal<Picture>,
    material: StoredValue<Vec<u8>>,
    /// The picture as the server drew it last.
    first: RwSignal<Picture>,
    results: Results,
}

impl Drawn {
    fn new(head: Head, picture: Picture, material: Vec<u8>, results: Results) -> Self {
        results.keep(&head);
        Self {
            head: RwSignal::new(head),
            first: RwSignal::new(picture.clone()),
            picture: RwSignal::new(picture),
            material: StoredValue::new(material),
            results,
        }
    }

    /// Shows what the server sent since, in place.
    fn take(self, view: ResultsView) {
        self.results.keep(&view.head);
        self.material.set_value(view.material);
        self.head.set(view.head);
        self.first.set(view.picture);
        if self.picture.get_untracked().look.metric.is_some() {
            self.results.detail.again();
        }
    }

    /// Draws the picture anew when somebody looks otherwise, or when there are other numbers.
    fn follow(self) {
        let query = use_query_map();
        let look = Memo::new(move |_| Look::of(&Query::from_pairs(query.get())));
        let turn = StoredValue::new(0_u32);
        // Begun once the page answers: by then the chunk has a moment to come before somebody chooses.
        Effect::new(move |before: Option<()>| {
            let (wanted, first) = (look.get(), self.first.get());
            let mine = turn.try_update_value(|turn| {
                *turn = turn.wrapping_add(1);
                *turn
            });
            let is_drawn = first.look == wanted;
            if before.is_none() && is_drawn {
                spawn_local(async {
                    statistics(Vec::new(), Look::default()).await;
                });
                return;
            }
            if is_drawn {
                self.picture.set(first);
                return;
            }
            let bytes = self.material.get_value();
            spawn_local(async move {
                let drawn = statistics(bytes, wanted).await;
                // Somebody may have chosen again meanwhile.
                if let (Some(drawn), true) = (drawn, turn.try_get_value() == mine) {
                    self.picture.set(drawn);
                }
            });
        });
    }
}

/// What an open row shows.
fn open(detail: Asked<Option<DetailView>>) -> ViewFn {
    // Where somebody points stays while numbers are replaced.
    let at = RwSignal::new(String::new());
    ViewFn::from(move || {
        let draw = move |view: Option<DetailView>| match view {
            Some(view) => detail::detail(view, at),
            None => view! { <p class="muted">"This experiment has no such metric."</p> }.into_any(),
        };
        view! { <Panel asked=detail draw/> }.into_any()
    })
}

/// Says that an earlier phase is looked at, and leads to the present one.
fn phase_words(phases: &[(String, String)], phase: &str, address: Address) -> Option<AnyView> {
    let (last, _) = phases.first().filter(|(last, _)| last != phase)?;
    let (_, when) = phases.iter().find(|(number, _)| number == phase)?;
    let text = format!("You look at phase {phase}, {when}. What follows now is said by phase {last}.");
    let notice = view! {
        <Notice tone=Tone::Accent><p>{text} " " <a href=move || address.with("phase", "", "")>"Look at it"</a></p></Notice>
    };
    Some(notice.into_any())
}

/// Nobody met the phase yet.
fn nobody(text: String, phases: &[(String, String)], phase: &str, address: Address) -> AnyView {
    let others = phases.iter().filter(|(number, _)| number != phase).map(|(number, when)| {
        let href = address.with("phase", number, "");
        view! { <li><a href=href>{format!("Phase {number}")}</a> " " <span class="muted">{when.clone()}</span></li> }
            .into_any()
    });
    let others: Vec<AnyView> = others.collect();
    let others = (!others.is_empty())
        .then(|| view! { <ul class="plain-list" aria-label="Other phases">{others}</ul> }.into_any());
    view! {
        <div class="card">
            <Empty
                icon=IconName::Chart
                title="Nobody was exposed yet"
                text
                actions=|| view! { <LinkButton href="#wire".to_owned() icon=IconName::Code>"Wire a program"</LinkButton> }.into_any()
            >
                {others}
            </Empty>
        </div>
    }
    .into_any()
}

fn counted_body(drawn: Drawn, around: Around, looking: Looking) -> AnyView {
    let Drawn { head, picture, .. } = drawn;
    let address = around.address;
    let rows = table(picture, around);
    let differs = live(move || differs(&picture.get(), address));
    let by_segment = live(move || Some(segments::segments(picture.get().segments.as_ref()?, address)));
    let trades = live(move || trades(&picture.get().trades));
    let export = live(move || {
        let href = format!("data:text/csv;charset=utf-8,{}", ui::query::segment(&picture.get().csv));
        let link = view! { <a class="button" data-kind="quiet" href=href download="results.csv">"CSV"</a> };
        Some(link.into_any())
    });
    let interval = live(move || {
        let text = picture.get().interval;
        let words =
            format!("Line: {text}. Shape: Bayesian belief. Shaded: beyond the margin. A metric opens its course.");
        Some(words.into_any())
    });
    let report = live(move || {
        let is_report = address.get("view").is_some();
        let (view, text) = if is_report { ("", "Whole page") } else { ("report", "Report") };
        let href = address.with("view", view, "");
        Some(view! { <LinkButton href kind=ButtonKind::Quiet attr:data-noscroll="">{text}</LinkButton> }.into_any())
    });
    let controls = view! { <Controls address looking/> }.into_any();
    let hidden_by = move || head.get().broken.filter(|_| address.get("show").as_deref() != Some("anyway"));
    let cover = live(move || Some(cover(hidden_by()?, address)));
    let state = move || hidden_by().map(|_| "yes");
    view! {
        <section class="card results-card" id="results" data-covered=state>
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

/// Stands over numbers that must not be used.
fn cover(why: String, address: Address) -> AnyView {
    let href = address.with("show", "anyway", "");
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
