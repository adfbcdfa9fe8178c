//! Tabs of a page are links: each has its URL.

use leptos::prelude::*;

/// One tab.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Tab {
    /// Value of `tab=` in the URL.
    pub key: String,
    /// Text.
    pub text: String,
    /// Where it leads.
    pub href: String,
    /// A number beside the text.
    pub count: Option<String>,
}

impl Tab {
    /// A tab without a number.
    pub fn new(key: impl Into<String>, text: impl Into<String>, href: impl Into<String>) -> Self {
        Self { key: key.into(), text: text.into(), href: href.into(), count: None }
    }

    /// With a number.
    #[must_use]
    pub fn count(mut self, count: impl Into<String>) -> Self {
        self.count = Some(count.into());
        self
    }
}

/// The tabs of a page.
///
/// ```
/// # use leptos::prelude::*; use ui::*;
/// # fn example(tab: Signal<String>) -> impl IntoView {
/// view! {
///     <Tabs label="Prompt" current=tab items=vec![
///         Tab::new("versions", "Versions", "?tab=versions").count("8"),
///         Tab::new("metrics", "Metrics", "?tab=metrics"),
///     ]/>
/// }
/// # }
/// ```
#[component]
pub fn Tabs(
    /// Names the group for those who do not see it.
    #[prop(into)]
    label: String,
    /// Key of the tab shown.
    #[prop(into)]
    current: Signal<String>,
    /// The tabs.
    items: Vec<Tab>,
) -> impl IntoView {
    let items = items
        .into_iter()
        .map(|tab| {
            let key = tab.key;
            let is_current = move || current.with(|current| *current == key).then_some("page");
            view! {
                <a class="tabs__tab" href=tab.href aria-current=is_current>
                    {tab.text}
                    {tab.count.map(|count| view! { <span class="tabs__count">{count}</span> }.into_any())}
                </a>
            }
            .into_any()
        })
        .collect_view();
    view! { <nav class="tabs" aria-label=label>{items}</nav> }.into_any()
}
