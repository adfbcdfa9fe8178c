//! How long the experiment in the form would take, what it would cost, and whom it would have reached yesterday. Comes after
//! the preview.

use std::time::Duration;

use leptos::prelude::*;
use ui::{Button, Card, CardBody, Fact, Facts, FactsLayout, IconName, Skeleton, SkeletonShape, live};

use super::{
    Typed,
    model::{DryRunCard, PlanCard},
    server::{DryRunDraft, PlanDraft},
};
use crate::{error::AppError, panel::Refused, routes::trace_href, wire::Act};

/// How long nobody types before it is asked again.
const PAUSE: Duration = Duration::from_millis(500);

/// The card.
#[component]
pub fn Planned(typed: Typed) -> impl IntoView {
    let plan = Act::<PlanDraft>::new();
    let run = Act::<DryRunDraft>::new();
    Effect::new(move |before: Option<()>| {
        typed.draft.track();
        let ask = move || {
            if let Some(form) = typed.text() {
                plan.send_form(form);
            }
        };
        // At once when the page opens, then whenever somebody stops typing.
        let pause = if before.is_some() { PAUSE } else { Duration::ZERO };
        if let Ok(timer) = set_timeout_with_handle(ask, pause) {
            on_cleanup(move || timer.clear());
        }
    });
    // What is shown stays while something new is worked out.
    let shown = live(move || {
        Some(match plan.outcome() {
            None => view! { <Skeleton shape=SkeletonShape::Text rows=6/> }.into_any(),
            Some(Ok(card)) => planned(card),
            Some(Err(error)) => refused(error),
        })
    });
    let try_it = move |_| {
        if let Some(form) = typed.text() {
            run.send_form(form);
        }
    };
    let project = typed.about.project;
    let tried = live(move || {
        Some(match run.outcome()? {
            Ok(card) => dry_run(card, &project.get_value()),
            Err(error) => refused(error),
        })
    });
    view! {
        <Card title="Dry run">
            <CardBody>
                <div class="stack" id="dry-run">
                    <p class="muted small">"Which units of the last day would have got which arm. Nobody is exposed."</p>
                    <div class="actions">
                        <Button icon=IconName::Play busy=run.pending() on:click=try_it>"Try it on yesterday’s units"</Button>
                    </div>
                    <div class="stack" aria-live="polite">{tried}</div>
                </div>
            </CardBody>
        </Card>
        <Card title="How long it takes">
            <CardBody>
                <div class="stack" aria-live="polite" id="plan">{shown}</div>
            </CardBody>
        </Card>
    }
    .into_any()
}

/// The form cannot be planned with as it is; or something else went wrong, which no field could mend.
fn refused(error: AppError) -> AnyView {
    let Some(first) = error.0.fields.first() else { return view! { <Refused error/> }.into_any() };
    let said = ui::problem::sentence(&first.message);
    view! { <p class="small muted">"Once the form adds up: " {said}</p> }.into_any()
}

fn paragraphs(lines: Vec<String>, class: &'static str) -> Vec<AnyView> {
    lines.into_iter().map(|line| view! { <p class=class>{line}</p> }.into_any()).collect()
}

fn planned(card: PlanCard) -> AnyView {
    let lines: Vec<Fact> = card
        .metrics
        .into_iter()
        .map(|line| {
            Fact::new(line.title, move || {
                view! { <span class="plan__line">{line.was} <span class="muted">{line.takes}</span></span> }.into_any()
            })
        })
        .collect();
    let found = (!card.found.is_empty()).then(|| {
        let items: Vec<Fact> = card.found.into_iter().map(|(days, found)| Fact::text(days, found)).collect();
        view! {
            <p class="small muted">"Smallest change found with the planned power, looked at all along:"</p>
            <Facts layout=FactsLayout::List items/>
        }
        .into_any()
    });
    let warnings = (!card.warnings.is_empty()).then(|| {
        let items: Vec<AnyView> = card.warnings.into_iter().map(|line| view! { <li>{line}</li> }.into_any()).collect();
        view! { <ul class="plan__warnings" aria-label="Better known before">{items}</ul> }.into_any()
    });
    view! {
        <p class="plan__headline">{card.headline}</p>
        {paragraphs(card.sentences, "small")}
        {warnings}
        <Facts layout=FactsLayout::List items=lines/>
        {found}
        {paragraphs(card.spend, "small")}
        <p class="small muted">{card.basis}</p>
    }
    .into_any()
}

fn dry_run(card: DryRunCard, project: &str) -> AnyView {
    let counts: Vec<Fact> = card.counts.into_iter().map(|(what, units)| Fact::text(what, units)).collect();
    let examples: Vec<AnyView> = card
        .examples
        .into_iter()
        .map(|(unit, trace, outcome)| {
            let href = trace_href(project, &trace);
            view! { <li><a class="mono" href=href>{unit}</a> " " <span class="muted">{outcome}</span></li> }.into_any()
        })
        .collect();
    view! {
        <p>{card.headline}</p>
        <Facts layout=FactsLayout::List items=counts/>
        <p class="small">{card.split}</p>
        <ul class="plain-list small" aria-label="Some of them">{examples}</ul>
        <p class="small muted">{card.note}</p>
    }
    .into_any()
}
