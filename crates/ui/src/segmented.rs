//! A choice of two to five ways to look at the same thing.

use leptos::prelude::*;

/// One way.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Choice {
    /// Its value.
    pub key: String,
    /// Text.
    pub text: String,
    /// Where it leads; unused by [`SegmentedButtons`].
    pub href: String,
}

impl Choice {
    /// A way that is a link.
    pub fn link(key: impl Into<String>, text: impl Into<String>, href: impl Into<String>) -> Self {
        Self { key: key.into(), text: text.into(), href: href.into() }
    }

    /// A way that is a button.
    pub fn button(key: impl Into<String>, text: impl Into<String>) -> Self {
        Self::link(key, text, "")
    }
}

/// The choice is in the URL: links that stay where the page is scrolled to. This is the usual one.
///
/// ```
/// # use leptos::prelude::*; use ui::*;
/// # fn example(metric: Signal<String>) -> impl IntoView {
/// view! {
///     <SegmentedLinks label="Metric" current=metric items=vec![
///         Choice::link("quality", "Quality", "?metric=quality"),
///         Choice::link("latency", "Latency", "?metric=latency"),
///     ]/>
/// }
/// # }
/// ```
#[component]
pub fn SegmentedLinks(
    /// What is chosen.
    #[prop(into)]
    label: String,
    /// Key of the choice made.
    #[prop(into)]
    current: Signal<String>,
    /// The choices.
    items: Vec<Choice>,
) -> impl IntoView {
    let items = items
        .into_iter()
        .map(|item| {
            let key = item.key;
            let is_current = move || current.with(|current| *current == key).then_some("true");
            view! { <a class="segmented__item" href=item.href aria-current=is_current data-noscroll="">{item.text}</a> }
                .into_any()
        })
        .collect_view();
    view! { <div class="segmented" role="group" aria-label=label>{items}</div> }.into_any()
}

/// The choice lives in the page only, such as how a message is shown: buttons.
#[component]
pub fn SegmentedButtons(
    /// What is chosen.
    #[prop(into)]
    label: String,
    /// Key of the choice made; set on press.
    current: RwSignal<String>,
    /// The choices.
    items: Vec<Choice>,
) -> impl IntoView {
    let items = items
        .into_iter()
        .map(|item| {
            let key = item.key.clone();
            let pressed = move || current.with(|current| if *current == key { "true" } else { "false" });
            let choose = move |_| current.set(item.key.clone());
            view! {
                <button type="button" class="segmented__item" aria-pressed=pressed on:click=choose>{item.text}</button>
            }
            .into_any()
        })
        .collect_view();
    view! { <div class="segmented" role="group" aria-label=label>{items}</div> }.into_any()
}
