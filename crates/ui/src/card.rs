//! A surface with a head.

use leptos::{children::ViewFnOnce, prelude::*};

use crate::{text::MaybeText, tone::Tone};

/// A section with a heading. A [`crate::Table`] may stand straight in it; other content goes in a [`CardBody`].
///
/// ```
/// # use leptos::prelude::*; use ui::*;
/// # fn example() -> impl IntoView {
/// view! {
///     <Card title="By version" extra=|| "every number links to its traces">
///         <CardBody>"…"</CardBody>
///     </Card>
/// }
/// # }
/// ```
#[component]
pub fn Card(
    /// Heading (h2). Without it the card has no head.
    #[prop(optional, into)]
    title: MaybeText,
    /// Right after the heading: legend, chips, a segmented control.
    #[prop(optional, into)]
    beside: Option<ViewFnOnce>,
    /// At the right of the head.
    #[prop(optional, into)]
    extra: Option<ViewFnOnce>,
    /// Draws a coloured edge for a verdict.
    #[prop(optional)]
    tone: Tone,
    /// Content.
    children: Children,
) -> impl IntoView {
    let MaybeText(title) = title;
    let tone = (tone != Tone::Plain).then(|| tone.name());
    let head = title.map(|title| {
        view! {
            <div class="card__head">
                <div class="card__title">
                    <h2>{title}</h2>
                    {beside.map(ViewFnOnce::run)}
                </div>
                {extra.map(|extra| view! { <div class="card__extra">{extra.run()}</div> }.into_any())}
            </div>
        }
        .into_any()
    });
    view! {
        <section class="card" data-tone=tone>
            {head}
            {children()}
        </section>
    }
    .into_any()
}

/// The padded part of a card.
#[component]
pub fn CardBody(children: Children) -> impl IntoView {
    view! { <div class="card__body">{children()}</div> }.into_any()
}

/// A quiet line at the foot of a card.
#[component]
pub fn CardFoot(children: Children) -> impl IntoView {
    view! { <div class="card__foot">{children()}</div> }.into_any()
}
