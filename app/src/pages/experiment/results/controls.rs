//! The choices above the table. They are links, so that they work before the script does and can be shared.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use ui::{Menu, Query, live};

use super::{
    SEGMENT,
    look::{CORRECTIONS, DIFFERENCES, Level, METHODS, PARAMETERS},
    model::PlanWords,
};

/// The present address.
#[derive(Clone, Copy)]
pub struct Address(Memo<Query>);

impl Address {
    pub(super) fn new() -> Self {
        let query = use_query_map();
        Self(Memo::new(move |_| Query::from_pairs(query.get())))
    }

    /// The address with a parameter changed, or without it where it says what holds anyway.
    pub(super) fn with(self, name: &'static str, value: &str, default: &str) -> String {
        self.0.with(|query| {
            let changed = if value == default { query.without(name) } else { query.set(name, value) };
            // Another phase has segments of its own.
            if name == "phase" { changed.without(SEGMENT) } else { changed }.href()
        })
    }

    /// The value of a parameter.
    pub(super) fn get(self, name: &'static str) -> Option<String> {
        self.0.with(|query| query.get(name).filter(|value| !value.is_empty()).map(str::to_owned))
    }

    /// The address as the plan has it.
    pub(super) fn planned(self) -> String {
        self.0.with(|query| {
            let names = PARAMETERS.iter().filter(|name| **name != "metric");
            names.fold(query.clone(), |query, name| query.without(name)).href()
        })
    }
}

/// One choice of one parameter.
fn choice(
    address: Address,
    class: &'static str,
    name: &'static str,
    value: &str,
    default: &str,
    text: String,
) -> AnyView {
    let (own, plan) = (value.to_owned(), default.to_owned());
    let current = {
        let (own, plan) = (own.clone(), plan.clone());
        move || (address.get(name).unwrap_or_else(|| plan.clone()) == own).then_some("true")
    };
    let href = move || address.with(name, &own, &plan);
    view! { <a class=class href=href aria-current=current data-noscroll="">{text}</a> }.into_any()
}

fn segmented(
    address: Address,
    label: &'static str,
    name: &'static str,
    all: &[(&'static str, &'static str)],
    default: &str,
) -> AnyView {
    let items = all
        .iter()
        .map(|(word, title)| choice(address, "segmented__item", name, word, default, (*title).to_owned()))
        .collect_view();
    view! { <div class="segmented" role="group" aria-label=label>{items}</div> }.into_any()
}

fn menu(
    address: Address,
    id: &'static str,
    label: &str,
    name: &'static str,
    all: Vec<(String, String)>,
    default: &str,
) -> AnyView {
    let current = {
        let (all, default) = (all.clone(), default.to_owned());
        move || {
            let word = address.get(name).unwrap_or_else(|| default.clone());
            all.iter().find(|(own, _)| *own == word).map(|(_, title)| title.clone()).unwrap_or(word)
        }
    };
    let items =
        all.into_iter().map(|(word, title)| choice(address, "menu__item", name, &word, default, title)).collect_view();
    let name = label.to_owned();
    // The button says what is chosen, so it is drawn anew with each choice; what was opened closes with it.
    let said = live(move || {
        let text = current();
        Some(view! { <span class="muted small">{format!("{name}: {text}")}</span> }.into_any())
    });
    view! {
        <span class="results__choice">
            {said}
            <Menu id label=format!("Change {}", label.to_lowercase()) icon=ui::IconName::ChevronDown>{items}</Menu>
        </span>
    }
    .into_any()
}

/// What there is to choose from.
pub struct Looking {
    /// What the plan chose.
    pub(super) plan: PlanWords,
    /// Whether some metric has a cap.
    pub(super) has_caps: bool,
    /// Its phases, the newest first; empty where there is one.
    pub(super) phases: Vec<(String, String)>,
    /// Segments that came with the page, the largest first.
    pub(super) segments: Vec<String>,
}

/// Every choice.
#[component]
pub(super) fn Controls(
    /// The present address.
    address: Address,
    /// What there is to choose from.
    looking: Looking,
) -> impl IntoView {
    let Looking { plan, has_caps, phases, segments } = looking;
    let methods = METHODS.map(|(_, word, title)| (word, title));
    let differences = DIFFERENCES.map(|(_, word, title)| (word, title));
    let mut levels: Vec<(String, String)> = vec![(plan.alpha.clone(), format!("{} (plan)", plan.level))];
    let others = Level::ALL.into_iter().filter(|level| level.word() != plan.alpha);
    levels.extend(others.map(|level| (level.word().to_owned(), ui::format::percent(level.alpha()))));
    let corrections = CORRECTIONS.iter().map(|(_, word, title)| ((*word).to_owned(), (*title).to_owned())).collect();
    let caps = has_caps.then(|| {
        let all = vec![("on".to_owned(), "as planned".to_owned()), ("off".to_owned(), "none".to_owned())];
        menu(address, "look-caps", "Caps", "caps", all, "on")
    });
    let newest = phases.first().map(|(number, _)| number.clone());
    let phase = newest.map(|newest| {
        let all = phases.into_iter().map(|(number, when)| (number.clone(), format!("{number}, {when}"))).collect();
        menu(address, "look-phase", "Phase", "phase", all, &newest)
    });
    let segment = (!segments.is_empty()).then(|| {
        let everybody = (String::new(), "everybody".to_owned());
        let all = std::iter::once(everybody).chain(segments.into_iter().map(|segment| (segment.clone(), segment)));
        menu(address, "look-segment", "Segment", "segment", all.collect(), "")
    });
    view! {
        <div class="results__controls">
            {segmented(address, "Method", "method", &methods, &plan.method)}
            {segmented(address, "Difference", "difference", &differences, &plan.difference)}
            <span class="results__menus">
                {phase}
                {segment}
                {menu(address, "look-level", "Error level", "alpha", levels, &plan.alpha)}
                {menu(address, "look-correction", "Correction", "correction", corrections, &plan.correction)}
                {caps}
            </span>
        </div>
    }
    .into_any()
}
