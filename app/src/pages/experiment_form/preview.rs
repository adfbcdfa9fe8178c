//! What the form would do, worked out in the browser by the code that assigns.

use std::collections::BTreeMap;

use assign::{Arm, Definition, Experiment, Filter, Holdout, Outcome, Range, attribute::Scalar};
use domain::experiment::Design;
use leptos::prelude::*;
use ui::{Card, CardBody, Skeleton, SkeletonShape, TextArea, live};

use super::{
    Typed,
    model::FormView,
    parse::{Parsed, parse, scalar},
    plan::Planned,
};
use crate::pages::experiments::{model::ArmLine, parts::SplitBar};

/// Units made up to count shares with.
const MADE_UP: u32 = 2_000;

/// The split, how many units get what, and one unit tried out; begun once the page answers.
#[component]
pub fn Preview(typed: Typed) -> impl IntoView {
    let answers = RwSignal::new(false);
    Effect::new(move |_| answers.set(true));
    let waiting = || {
        view! { <Card title="Preview"><CardBody><Skeleton shape=SkeletonShape::Text rows=8/></CardBody></Card> }
            .into_any()
    };
    live(move || {
        if !answers.get() {
            return Some(waiting());
        }
        let planned = || ().into_any();
        let both = view! {
            <Suspense fallback=waiting>{Suspend::new(async move { preview(typed).await })}</Suspense>
            // Last: it grows once it is answered, and nothing below it moves.
            <Suspense fallback=planned>{Suspend::new(async move { planning(typed).await })}</Suspense>
        };
        Some(both.into_any())
    })
}

/// A chunk of its own: the reader of the form and the code that assigns are as large as the form.
#[lazy]
fn preview(typed: Typed) -> AnyView {
    view! { <Card title="Preview"><CardBody><Tried typed/></CardBody></Card> }.into_any()
}

/// A chunk of its own, too: how long it takes and whom it would reach.
#[lazy]
fn planning(typed: Typed) -> AnyView {
    view! { <Planned typed/> }.into_any()
}

#[component]
fn Tried(typed: Typed) -> impl IntoView {
    // Once something was said to be wrong, mending it takes the word back at once.
    Effect::new(move |_| {
        let now = typed.draft.with(|draft| {
            let is_wrong = !typed.problems.with_untracked(Vec::is_empty);
            is_wrong.then(|| parse(draft, &Design::default()).all_problems())
        });
        if let Some(now) = now {
            typed.problems.update(|problems| problems.retain(|old| now.iter().any(|new| new.field == old.field)));
        }
    });
    let parsed = Memo::new(move |_| typed.draft.with(|draft| parse(draft, &Design::default())));
    let context = RwSignal::new("id = user-1".to_owned());
    let split = live(move || {
        let arms: Vec<ArmLine> = parsed.with(|parsed| parsed.design.arms.iter().map(ArmLine::from).collect());
        Some(view! { <SplitBar arms/> }.into_any())
    });
    let counted = live(move || {
        let experiment = parsed.with(|parsed| experiment(parsed, &typed.about.view.get_value()));
        let text = match experiment {
            Ok(experiment) => counts(&experiment),
            Err(why) => why,
        };
        Some(view! { <p class="small muted">{text}</p> }.into_any())
    });
    let tried = live(move || {
        let text = parsed.with(|parsed| match experiment(parsed, &typed.about.view.get_value()) {
            Ok(_) if typed.draft.with(|draft| !draft.audience.trim().is_empty()) => {
                "An audience written as JSON is read when it is saved; until then nobody can be tried.".to_owned()
            }
            Ok(experiment) => context.with(|context| tried(&experiment, parsed, context)),
            Err(_) => "The split has to add up first.".to_owned(),
        });
        Some(view! { <p class="preview__outcome" role="status">{text}</p> }.into_any())
    });
    let is_new = typed.about.view.with_value(|view| view.edited.is_none());
    let settled = is_new.then(|| {
        view! {
            <p class="field__hint">"Shares and audience hold; which unit gets which arm is settled when it is saved."</p>
        }
        .into_any()
    });
    view! {
        <div class="stack">
            {split}
            {counted}
            <div on:input=move |event| context.set(event_target_value(&event))>
                <TextArea name="preview" id="preview" label="Try one" value="id = user-1" rows=3 mono=true
                    hint="What a program would send, one attribute a line."/>
            </div>
            {tried}
            {settled}
        </div>
    }
    .into_any()
}

/// The experiment as it would assign. Its seed is its id where it has one.
fn experiment(parsed: &Parsed, view: &FormView) -> Result<Experiment, String> {
    let design = &parsed.design;
    let project = &view.project_id;
    let definition = Definition {
        key: "preview".to_owned(),
        seed: view.edited.as_ref().map_or_else(|| "preview".to_owned(), |edited| edited.id.clone()),
        unit: design.unit.attribute().to_owned(),
        arms: design
            .arms
            .iter()
            .map(|arm| Arm {
                key: arm.key.to_string(),
                name: arm.name.clone(),
                value: arm.version.to_string(),
                weight: arm.weight,
            })
            .collect(),
        coverage: design.coverage.fraction(),
        condition: parsed.condition.clone(),
        holdout: design
            .holdout
            .map(|holdout| Holdout { seed: format!("holdout-{project}"), share: holdout.share.fraction() }),
        exclusion: design.exclusion.as_ref().map(|exclusion| Filter {
            seed: format!("{project}-{}", exclusion.group),
            ranges: exclusion.ranges.iter().map(|range| Range { start: range.start, end: range.end }).collect(),
        }),
        forced: design.forced.iter().map(|(unit, arm)| (unit.clone(), arm.to_string())).collect(),
        allocation: assign::Allocation::Fixed,
        sticky: false,
        stage: assign::Stage::default(),
    };
    Experiment::new(definition).map_err(|problems| {
        problems.fields().first().map_or_else(String::new, |problem| ui::problem::sentence(&problem.message))
    })
}

/// How made-up units fare, whatever the audience.
fn counts(experiment: &Experiment) -> String {
    let anybody = Definition { condition: None, ..experiment.definition().clone() };
    let Ok(experiment) = Experiment::new(anybody) else { return String::new() };
    let mut by_arm: BTreeMap<&str, u32> = BTreeMap::new();
    for number in 0..MADE_UP {
        let outcome = experiment.assign(Some(&format!("unit-{number}")), &());
        let key = outcome.arm().map_or("", |arm| arm.key.as_str());
        *by_arm.entry(key).or_default() += 1;
    }
    let of = |key: &str| by_arm.get(key).copied().unwrap_or(0);
    let arms: Vec<String> =
        experiment.definition().arms.iter().map(|arm| format!("{} {}", of(&arm.key), arm.key)).collect();
    let outside = if of("") > 0 { format!(" and {} outside", of("")) } else { String::new() };
    format!("Of {MADE_UP} made-up units of the audience: {}{outside}.", arms.join(", "))
}

/// What one unit gets, and why.
fn tried(experiment: &Experiment, parsed: &Parsed, context: &str) -> String {
    let mut attributes: BTreeMap<String, Scalar> = BTreeMap::new();
    for line in context.lines() {
        if let Some((name, value)) = line.split_once('=') {
            attributes.insert(name.trim().to_owned(), scalar(value.trim()));
        }
    }
    let unit = attributes.get(parsed.design.unit.attribute()).map(|unit| match unit {
        Scalar::Text(text) => text.clone(),
        Scalar::Number(number) => number.to_string(),
        Scalar::Bool(truth) => truth.to_string(),
    });
    let control =
        parsed.design.arms.first().map_or_else(|| "the control".to_owned(), |arm| format!("v{}", arm.version));
    match experiment.assign(unit.as_deref(), &attributes) {
        Outcome::Assigned { arm, bucket, .. } => {
            format!("Gets {} (v{}), at place {} of 10000.", arm.key, arm.value, bucket.number())
        }
        Outcome::Forced { arm } => format!("A tester: always {} (v{}), never analysed.", arm.key, arm.value),
        Outcome::MissingUnit => {
            format!("Gets {control}: no {} was sent, so there is nothing to split by.", parsed.design.unit.attribute())
        }
        Outcome::HeldOut => format!("Gets {control}: it is in the holdout."),
        Outcome::Excluded => format!("Gets {control}: its place in the group belongs to other experiments."),
        Outcome::NotTargeted => format!("Gets {control}: the audience’s rules do not hold."),
        Outcome::OutsideCoverage { .. } => format!("Gets {control}: the traffic share does not reach it."),
    }
}
