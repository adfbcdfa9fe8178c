//! What surrounds every page of a project: navigation, skip link, help, toasts, live region. On a phone the navigation
//! slides over the page (a native popover), and a dock at the foot carries the main places.

use leptos::{children::ViewFnOnce, prelude::*};
use wasm_bindgen::JsCast as _;

use crate::{
    button::{Button, ButtonKind},
    icon::{Icon, IconName},
    keys::{self, HelpDialog, KeyHelp},
    live_region::{Announcer, LiveRegion},
    theme::{Chosen, ThemeChoice, ThemeSwitch},
    toast::{ToastRegion, Toaster},
};

/// Id of the navigation, which is also the popover of the phone.
const SIDE: &str = "side";

/// A place in the navigation.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct NavItem {
    text: String,
    href: String,
    icon: IconName,
    exact: bool,
    go: Option<char>,
    note: Option<String>,
    dock: bool,
}

impl NavItem {
    /// A place; also shown as the current one on the pages below it.
    pub fn new(text: impl Into<String>, href: impl Into<String>, icon: IconName) -> Self {
        Self { text: text.into(), href: href.into(), icon, exact: false, go: None, note: None, dock: false }
    }

    /// Is current only on its own page: for Home.
    #[must_use]
    pub fn exact(mut self) -> Self {
        self.exact = true;
        self
    }

    /// `g` and this letter go there.
    #[must_use]
    pub fn go(mut self, letter: char) -> Self {
        self.go = Some(letter);
        self
    }

    /// A number or word at its right: `14`, `2 live`.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.note = Some(note.into());
        self
    }

    /// Is in the dock of a phone as well (three at most: the search and the menu are there too).
    #[must_use]
    pub fn dock(mut self) -> Self {
        self.dock = true;
        self
    }

    /// What it is called.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Where it leads.
    pub fn href(&self) -> &str {
        &self.href
    }

    /// Its icon.
    pub fn icon(&self) -> IconName {
        self.icon
    }

    /// The letter that goes there after `g`.
    pub fn letter(&self) -> Option<char> {
        self.go
    }

    fn is_current(&self, path: &str) -> bool {
        let path = path.trim_end_matches('/');
        let own = self.href.trim_end_matches('/');
        path == own || !self.exact && path.strip_prefix(own).is_some_and(|rest| rest.starts_with('/'))
    }
}

/// Places under one heading.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct NavGroup {
    /// Heading; empty for the first group.
    pub title: String,
    /// Places.
    pub items: Vec<NavItem>,
}

impl NavGroup {
    /// A group.
    pub fn new(title: impl Into<String>, items: Vec<NavItem>) -> Self {
        Self { title: title.into(), items }
    }
}

/// The shell. Provides [`Toaster`] and [`Announcer`] to everything within; `children` are pages made of [`crate::Page`].
///
/// ```
/// # use leptos::prelude::*; use ui::*;
/// # fn example(path: Signal<String>, theme: ThemeChoice) -> impl IntoView {
/// let places = vec![
///     NavGroup::new("", vec![NavItem::new("Home", "/p/demo", IconName::Home).exact().go('h').dock()]),
///     NavGroup::new("Improve", vec![NavItem::new("Prompts", "/p/demo/prompts", IconName::FileText).go('p').note("14").dock()]),
/// ];
/// view! {
///     <Shell project="demo" projects_href="/p/demo/settings/projects" places=places path=path theme=theme find=|()| ()>
///         <Page crumbs=vec![Crumb::here("Home")]>"…"</Page>
///     </Shell>
/// }
/// # }
/// ```
#[component]
pub fn Shell(
    /// Name of the project.
    #[prop(into)]
    project: Signal<String>,
    /// Where another one is chosen.
    #[prop(into)]
    projects_href: Signal<String>,
    /// The navigation.
    #[prop(into)]
    places: Signal<Vec<NavGroup>>,
    /// Path of the page shown: `use_location().pathname`.
    #[prop(into)]
    path: Signal<String>,
    /// The theme chosen so far.
    #[prop(optional)]
    theme: ThemeChoice,
    /// Opens the search of everything: its key or one of its buttons was pressed.
    #[prop(into)]
    find: Callback<()>,
    /// At the foot of the navigation: who is signed in.
    #[prop(optional, into)]
    foot: Option<ViewFnOnce>,
    /// The pages.
    children: Children,
) -> impl IntoView {
    Announcer::provide();
    Toaster::provide();
    Chosen::provide(theme);
    let page_keys = RwSignal::new(Vec::new());
    let go_keys = Signal::derive(move || {
        let mut keys = Vec::new();
        for item in places.get().into_iter().flat_map(|group| group.items) {
            if let Some(letter) = item.go {
                keys.push(KeyHelp::new(format!("g {letter}"), item.text));
            }
        }
        keys
    });
    Effect::new(move |_| keys::listen(page_keys, find));
    Effect::new(move |before: Option<()>| {
        path.track();
        if before.is_some() {
            close_side();
        }
    });

    view! {
        <a class="skip" href="#main">"Skip to content"</a>
        <div class="shell">
            <nav class="side" id=SIDE popover="auto" aria-label="Project">
                <a class="side__project" title="Switch project" href=move || projects_href.get()>
                    <span class="side__mark" aria-hidden="true">
                        {move || project.with(|name| name.chars().next().map(|letter| letter.to_uppercase().to_string()))}
                    </span>
                    <span class="truncate">{move || project.get()}</span>
                    <Icon name=IconName::ChevronDown/>
                </a>
                <div class="side__close">
                    <Button
                        kind=ButtonKind::Quiet
                        icon=IconName::X
                        label="Close navigation"
                        attr:popovertarget=SIDE
                        attr:popovertargetaction="hide"
                    />
                </div>
                <button
                    type="button"
                    class="side__find"
                    aria-keyshortcuts="Control+K Meta+K"
                    aria-haspopup="dialog"
                    on:click=move |_| {
                        close_side();
                        find.run(());
                    }
                >
                    <Icon name=IconName::Search/>
                    "Find"
                    <kbd aria-hidden="true">"Ctrl K"</kbd>
                </button>
                {move || places.get().into_iter().map(|group| side_group(group, path)).collect_view()}
                <div class="side__foot">
                    {foot.map(ViewFnOnce::run)}
                    <ThemeSwitch initial=theme/>
                    <button
                        type="button"
                        class="side__help"
                        aria-keyshortcuts="?"
                        aria-haspopup="dialog"
                        commandfor=keys::HELP
                        command="show-modal"
                        on:click=move |_| keys::open_help(page_keys)
                    >
                        <kbd aria-hidden="true">"?"</kbd>
                        "Keys"
                    </button>
                </div>
            </nav>
            <div class="shell__main">{children()}</div>
        </div>
        <nav class="dock" aria-label="Main places">
            {move || places.get().into_iter().flat_map(|group| group.items).filter(|item| item.dock).map(|item| dock_item(item, path)).collect_view()}
            <button type="button" class="dock__item" aria-haspopup="dialog" on:click=move |_| find.run(())>
                <Icon name=IconName::Search/>
                "Find"
            </button>
            <button type="button" class="dock__item" popovertarget=SIDE>
                <Icon name=IconName::Menu/>
                "Menu"
            </button>
        </nav>
        <HelpDialog go=go_keys page=page_keys/>
        <ToastRegion/>
        <LiveRegion/>
    }
    .into_any()
}

fn side_group(group: NavGroup, path: Signal<String>) -> AnyView {
    let title = (!group.title.is_empty()).then(|| view! { <h2 class="side__group">{group.title}</h2> }.into_any());
    let items = group
        .items
        .into_iter()
        .map(|item| {
            let current = current(item.clone(), path);
            let go = item.go.map(|letter| letter.to_string());
            view! {
                <a class="side__link" href=item.href data-go=go aria-current=current>
                    <Icon name=item.icon/>
                    {item.text}
                    {item.note.map(|note| view! { <span class="side__note">{note}</span> }.into_any())}
                </a>
            }
            .into_any()
        })
        .collect_view();
    view! { {title} {items} }.into_any()
}

fn dock_item(item: NavItem, path: Signal<String>) -> AnyView {
    let current = current(item.clone(), path);
    view! {
        <a class="dock__item" href=item.href aria-current=current>
            <Icon name=item.icon/>
            {item.text}
        </a>
    }
    .into_any()
}

fn current(item: NavItem, path: Signal<String>) -> impl Fn() -> Option<&'static str> + Clone + Send + Sync + 'static {
    move || path.with(|path| item.is_current(path)).then_some("page")
}

/// Closes the navigation of a phone after a place was chosen.
fn close_side() {
    let side = document().get_element_by_id(SIDE).and_then(|side| side.dyn_into::<web_sys::HtmlElement>().ok());
    if let Some(side) = side.filter(|side| side.matches(":popover-open").unwrap_or(false)) {
        // It was open a moment ago, so this cannot fail.
        let _ = side.hide_popover();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_current_on_its_pages() {
        let prompts = NavItem::new("Prompts", "/p/demo/prompts", IconName::FileText);
        assert!(prompts.is_current("/p/demo/prompts"));
        assert!(prompts.is_current("/p/demo/prompts/support%2Fanswer"));
        assert!(!prompts.is_current("/p/demo/prompts-old"));
        let home = NavItem::new("Home", "/p/demo", IconName::Home).exact();
        assert!(home.is_current("/p/demo/"));
        assert!(!home.is_current("/p/demo/prompts"));
    }
}
