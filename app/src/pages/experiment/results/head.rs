//! What is known, at the top: the verdict, reasons to trust it or not, how fresh it is.

use leptos::{children::ViewFn, prelude::*};
use ui::{Chip, live};

use super::{
    model::{Head, Health, Verdict},
    news::News,
    table::reading,
};

/// The card. What is known may be replaced while it stands; buttons and dialogs stay as they are.
pub(super) fn card(head: RwSignal<Head>, news: News, actions: &ViewFn, standing: &ViewFn) -> AnyView {
    let tone = move || {
        let mood = head.get().verdict.mood;
        (mood != super::model::Mood::Plain).then(|| mood.tone().name())
    };
    let said = live(move || Some(said(head.get())));
    let fresh = live(move || Some(news.line()));
    let checks = live(move || checks(&head.get().health));
    let (actions, standing) = (actions.run(), standing.run());
    view! {
        <section class="card" data-tone=tone>
            <div class="verdict-bar">
                <div class="verdict-bar__said">
                    {said}
                    {fresh}
                </div>
                {actions}
            </div>
            {checks}
            {standing}
        </section>
    }
    .into_any()
}

fn said(head: Head) -> AnyView {
    let Verdict { mood, word, headline, text, others } = head.verdict;
    let tone = mood.tone();
    let headline = if head.exposed > 0 { headline } else { format!("No {} yet.", head.units) };
    let word = (!word.is_empty()).then(|| view! { <Chip tone>{word}</Chip> }.into_any());
    let text = text.into_iter().map(|sentence| view! { <p>{sentence}</p> }.into_any()).collect_view();
    let others = (!others.is_empty()).then(|| {
        let items =
            others.into_iter().map(|(mood, text)| view! { <li>{reading(mood, text)}</li> }.into_any()).collect_view();
        view! { <ul class="plain-list">{items}</ul> }.into_any()
    });
    view! {
        <h2 class="verdict-bar__headline">{headline}</h2>
        {word}
        {text}
        {others}
    }
    .into_any()
}

fn checks(health: &[Health]) -> Option<AnyView> {
    if health.is_empty() {
        return None;
    }
    let items = health.iter().map(check).collect_view();
    Some(view! { <ul class="health" aria-label="Health">{items}</ul> }.into_any())
}

fn check(health: &Health) -> AnyView {
    let inside = reading(health.mood, health.text.clone());
    let more = health.more.clone().map(|more| view! { <span class="health__more">{more}</span> }.into_any());
    view! { <li class="health__check">{inside} {more}</li> }.into_any()
}
