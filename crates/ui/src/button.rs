//! Buttons act, links go. Both look alike and may print the key that triggers them.

use leptos::prelude::*;

use crate::icon::{Icon, IconName};

/// Weight of a button. One `Primary` a screen.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum ButtonKind {
    /// With a border.
    #[default]
    Normal,
    /// The one thing to do here.
    Primary,
    /// Without a border, for what is seldom used.
    Quiet,
    /// Removes or stops something.
    Danger,
}

impl ButtonKind {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::Primary => "primary",
            Self::Quiet => "quiet",
            Self::Danger => "danger",
        }
    }
}

/// A button. Further attributes and listeners go to the element: `on:click`, `attr:name`, `attr:value`,
/// `attr:popovertarget`.
///
/// ```
/// # use leptos::prelude::*; use ui::*;
/// # fn example() -> impl IntoView {
/// view! { <Button kind=ButtonKind::Primary submit=true key="s">"Save"</Button> }
/// # }
/// ```
#[component]
pub fn Button(
    /// How much it asks for attention.
    #[prop(optional)]
    kind: ButtonKind,
    /// Sends the form it stands in.
    #[prop(optional)]
    submit: bool,
    /// Before the text.
    #[prop(optional, into)]
    icon: Option<IconName>,
    /// The single key that presses it anywhere on the page; shown beside the text.
    #[prop(optional, into)]
    key: Option<&'static str>,
    /// Name for buttons that show an icon only.
    #[prop(optional, into)]
    label: Option<String>,
    /// Cannot be pressed now.
    #[prop(optional, into)]
    disabled: Signal<bool>,
    /// Its action is under way: it cannot be pressed again.
    #[prop(optional, into)]
    busy: Signal<bool>,
    /// As wide as its box.
    #[prop(optional)]
    wide: bool,
    /// Text.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    let shape = children.is_none().then_some("icon");
    view! {
        <button
            class="button"
            type=if submit { "submit" } else { "button" }
            data-kind=kind.name()
            data-shape=shape
            data-wide=wide.then_some("")
            data-key=key
            aria-keyshortcuts=key
            aria-label=label.clone()
            title=label
            aria-busy=move || busy.get().then_some("true")
            disabled=move || disabled.get() || busy.get()
        >
            {inside(icon, key, children)}
        </button>
    }
    .into_any()
}

/// A link in the shape of a button.
///
/// ```
/// # use leptos::prelude::*; use ui::*;
/// # fn example() -> impl IntoView {
/// view! { <LinkButton href="/p/demo/prompts/new" icon=IconName::Plus>"New prompt"</LinkButton> }
/// # }
/// ```
#[component]
pub fn LinkButton(
    /// Where it goes.
    #[prop(into)]
    href: Signal<String>,
    /// How much it asks for attention.
    #[prop(optional)]
    kind: ButtonKind,
    /// Before the text.
    #[prop(optional, into)]
    icon: Option<IconName>,
    /// The single key that follows it anywhere on the page; shown beside the text.
    #[prop(optional, into)]
    key: Option<&'static str>,
    /// Name for links that show an icon only.
    #[prop(optional, into)]
    label: Option<String>,
    /// Text.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    let shape = children.is_none().then_some("icon");
    view! {
        <a
            class="button"
            href=move || href.get()
            data-kind=kind.name()
            data-shape=shape
            data-key=key
            aria-keyshortcuts=key
            aria-label=label.clone()
            title=label
        >
            {inside(icon, key, children)}
        </a>
    }
    .into_any()
}

fn inside(icon: Option<IconName>, key: Option<&'static str>, children: Option<Children>) -> impl IntoView {
    // A button of an icon only has no room for its key; the help dialog names it.
    let shown_key = children.is_some().then_some(key).flatten();
    view! {
        {icon.map(|name| view! { <Icon name/> }.into_any())}
        {children.map(|children| children())}
        {shown_key.map(|key| view! { <kbd aria-hidden="true">{key}</kbd> }.into_any())}
    }
}
