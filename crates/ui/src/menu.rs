//! Menus: a native popover beside its button; closes on Escape, on a click elsewhere, without script.

use leptos::prelude::*;

use crate::{
    button::{Button, ButtonKind},
    icon::{Icon, IconName},
};

/// A button and the popover it opens. Content: [`MenuLink`]s, [`MenuButton`]s, `<hr/>`.
///
/// ```
/// # use leptos::prelude::*; use ui::*;
/// # fn example() -> impl IntoView {
/// view! {
///     <Menu id="prompt-more" label="More actions" icon=IconName::More>
///         <MenuLink href="?tab=versions" icon=IconName::History>"Versions"</MenuLink>
///         <MenuButton icon=IconName::Trash danger=true>"Archive"</MenuButton>
///     </Menu>
/// }
/// # }
/// ```
#[component]
pub fn Menu(
    /// Id of the popover.
    #[prop(into)]
    id: String,
    /// Name of the button; shown unless there is an icon.
    #[prop(into)]
    label: String,
    /// Shown in place of the label.
    #[prop(optional, into)]
    icon: Option<IconName>,
    /// Weight of the button.
    #[prop(default = ButtonKind::Quiet)]
    kind: ButtonKind,
    /// The key that opens it.
    #[prop(optional, into)]
    key: Option<&'static str>,
    /// Opens towards the right instead of the left.
    #[prop(optional)]
    align_start: bool,
    /// Items.
    children: Children,
) -> impl IntoView {
    let inside = match icon {
        Some(name) => view! { <Icon name/> }.into_any(),
        None => view! { <span>{label.clone()}</span> <Icon name=IconName::ChevronDown/> }.into_any(),
    };
    let aria_label = icon.is_some().then(|| label.clone());
    view! {
        <button
            type="button"
            class="button"
            data-kind=kind.name()
            data-shape=icon.map(|_| "icon")
            data-key=key
            aria-keyshortcuts=key
            aria-label=aria_label.clone()
            title=aria_label
            popovertarget=id.clone()
        >
            {inside}
        </button>
        <div class="menu" id=id popover="auto" role="group" aria-label=label data-align=align_start.then_some("start")>
            <div class="menu__list">{children()}</div>
        </div>
    }
    .into_any()
}

/// A filter of a list that is not set, and the menu that sets it. Content: [`MenuLink`]s or a [`MenuForm`].
///
/// ```
/// # use leptos::prelude::*; use ui::*;
/// # fn example() -> impl IntoView {
/// view! {
///     <FilterMenu id="filter-errors" name="Errors">
///         <MenuLink href="?errors=yes">"Only with errors"</MenuLink>
///     </FilterMenu>
/// }
/// # }
/// ```
#[component]
pub fn FilterMenu(
    /// Id of the popover.
    #[prop(into)]
    id: String,
    /// What it filters.
    #[prop(into)]
    name: String,
    /// Items.
    children: Children,
) -> impl IntoView {
    view! {
        <button type="button" class="filter" popovertarget=id.clone()><Icon name=IconName::Plus/> {name.clone()}</button>
        <div class="menu" id=id popover="auto" role="group" aria-label=name data-align="start">
            <div class="menu__list">{children()}</div>
        </div>
    }
    .into_any()
}

/// A form in a menu that leads to the same page in another state: a GET form, which works without script.
///
/// ```
/// # use leptos::prelude::*; use ui::*;
/// # fn example(query: Query) -> impl IntoView {
/// view! { <MenuForm keep=query.without("user").pairs()><TextField name="user" label="User"/></MenuForm> }
/// # }
/// ```
#[component]
pub fn MenuForm(
    /// The other parameters of the address, which it keeps.
    keep: Vec<(String, String)>,
    /// Fields.
    children: Children,
) -> impl IntoView {
    let keep = keep
        .into_iter()
        .map(|(name, value)| view! { <input type="hidden" name=name value=value/> }.into_any())
        .collect_view();
    view! {
        <form class="menu__form" method="get">
            {keep}
            {children()}
            <Button submit=true>"Show"</Button>
        </form>
    }
    .into_any()
}

/// An entry that leads somewhere.
#[component]
pub fn MenuLink(
    /// Where.
    #[prop(into)]
    href: String,
    /// Before the text.
    #[prop(optional, into)]
    icon: Option<IconName>,
    /// The single key for the same.
    #[prop(optional, into)]
    key: Option<&'static str>,
    /// Marks the entry that is shown now.
    #[prop(optional, into)]
    current: Signal<bool>,
    /// Text.
    children: Children,
) -> impl IntoView {
    view! {
        <a class="menu__item" href=href data-key=key aria-keyshortcuts=key aria-current=move || current.get().then_some("true")>
            {icon.map(|name| view! { <Icon name/> }.into_any())}
            {children()}
            {key.map(|key| view! { <kbd aria-hidden="true">{key}</kbd> }.into_any())}
        </a>
    }
    .into_any()
}

/// An entry that acts. Listeners and attributes go to the button.
#[component]
pub fn MenuButton(
    /// Before the text.
    #[prop(optional, into)]
    icon: Option<IconName>,
    /// The single key for the same.
    #[prop(optional, into)]
    key: Option<&'static str>,
    /// Removes or stops something.
    #[prop(optional)]
    danger: bool,
    /// Sends the form it stands in.
    #[prop(optional)]
    submit: bool,
    /// Text.
    children: Children,
) -> impl IntoView {
    view! {
        <button
            type=if submit { "submit" } else { "button" }
            class="menu__item"
            data-kind=danger.then_some("danger")
            data-key=key
            aria-keyshortcuts=key
        >
            {icon.map(|name| view! { <Icon name/> }.into_any())}
            {children()}
            {key.map(|key| view! { <kbd aria-hidden="true">{key}</kbd> }.into_any())}
        </button>
    }
    .into_any()
}
