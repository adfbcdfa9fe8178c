//! Keys of the whole page. Elements say which key presses them by `data-key` (set by the `key` property of buttons and
//! links); `Shell` listens. `g` and a letter follow the link with that `data-go`; `j` and `k` walk the rows (`data-row`);
//! `e` goes to the next row in error; `?` opens the help; Ctrl and `k` find anything.

use leptos::{ev, prelude::*};
use wasm_bindgen::JsCast as _;
use web_sys::{Element, HtmlElement, KeyboardEvent};

use crate::{
    dialog::{Dialog, open_dialog},
    live,
};

/// Id of the help dialog.
pub(crate) const HELP: &str = "help";

/// A key and what it does.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct KeyHelp {
    /// As printed: `g p`.
    pub keys: String,
    /// In a few words.
    pub text: String,
}

impl KeyHelp {
    /// A line of help.
    pub fn new(keys: impl Into<String>, text: impl Into<String>) -> Self {
        Self { keys: keys.into(), text: text.into() }
    }
}

/// What a key of the whole page does.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Does {
    Help,
    /// Opens the search of everything, which the shell is told.
    Find,
    /// The next letter names a place.
    Prefix,
    Row(Step),
    NextError,
    /// Presses what asks for this key; `/` is the search of the page.
    Press,
    /// A [`crate::Tree`] listens itself, because it has the focus then.
    InTree,
    /// The browser does it.
    Native,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Step {
    Next,
    Previous,
}

/// A key that means the same on every page.
struct Binding {
    key: &'static str,
    /// With Ctrl, or ⌘ on a Mac; then also while one types.
    with_control: bool,
    does: Does,
    text: &'static str,
}

const fn plain(key: &'static str, does: Does, text: &'static str) -> Binding {
    Binding { key, with_control: false, does, text }
}

/// Keys that mean the same on every page. The listener goes by this table and the help shows it, in this order.
const EVERYWHERE: [Binding; 12] = [
    Binding { key: "k", with_control: true, does: Does::Find, text: "Find anything" },
    plain("?", Does::Help, "This help"),
    plain("/", Does::Press, "Search the page's list"),
    plain("g", Does::Prefix, "Go to a place: then its letter"),
    plain("j", Does::Row(Step::Next), "Next row"),
    plain("k", Does::Row(Step::Previous), "Previous row"),
    plain("e", Does::NextError, "Next error"),
    plain("h", Does::InTree, "Fold a row of a tree"),
    plain("l", Does::InTree, "Unfold a row of a tree"),
    plain("Enter", Does::Native, "Open the row"),
    plain("Tab", Does::Native, "Next control"),
    plain("Esc", Does::Native, "Close what is open"),
];

/// What a key press asks for.
#[derive(Clone, Debug, Eq, PartialEq)]
enum Ask {
    Nothing,
    Do(Does),
    Go(String),
    Press(String),
}

fn ask(key: &str, with_control: bool, after_prefix: bool) -> Ask {
    if key.chars().count() != 1 {
        return Ask::Nothing;
    }
    let known = EVERYWHERE.iter().find(|binding| {
        binding.with_control == with_control
            && (binding.key == key || with_control && binding.key == key.to_lowercase())
    });
    match known.map(|binding| binding.does) {
        Some(does) if with_control => Ask::Do(does),
        None if with_control => Ask::Nothing,
        _ if after_prefix => Ask::Go(key.to_owned()),
        // Keys of others are free for what a page puts on them.
        Some(Does::Press | Does::InTree | Does::Native) | None => Ask::Press(key.to_owned()),
        Some(does) => Ask::Do(does),
    }
}

/// Listens until the owner of the present scope goes. Browser only: call it in an effect. `find` is raised by the key that
/// finds anything.
pub(crate) fn listen(page_keys: RwSignal<Vec<KeyHelp>>, find: Callback<()>) {
    let prefix = StoredValue::new(false);
    let handle = window_event_listener(ev::keydown, move |event: KeyboardEvent| {
        let with_control = event.ctrl_key() || event.meta_key();
        if is_for_someone_else(&event, with_control) {
            return;
        }
        let after_prefix = prefix.get_value();
        let ask = ask(&event.key(), with_control, after_prefix);
        prefix.set_value(ask == Ask::Do(Does::Prefix));
        let done = match ask {
            Ask::Nothing | Ask::Do(Does::Press | Does::InTree | Does::Native) => false,
            Ask::Do(Does::Prefix) => true,
            Ask::Do(Does::Help) => {
                open_help(page_keys);
                true
            }
            Ask::Do(Does::Find) => {
                find.run(());
                true
            }
            Ask::Do(Does::Row(step)) => walk(step, "[data-row]"),
            Ask::Do(Does::NextError) => walk(Step::Next, "[data-row][data-state=error]") || press("data-key", "e"),
            Ask::Go(letter) => press("data-go", &letter),
            Ask::Press(key) => press("data-key", &key),
        };
        if done {
            event.prevent_default();
        }
    });
    on_cleanup(move || handle.remove());
}

fn is_for_someone_else(event: &KeyboardEvent, with_control: bool) -> bool {
    if event.default_prevented() || event.alt_key() {
        return true;
    }
    let is_in_dialog = matches!(document().query_selector("dialog[open]"), Ok(Some(_)));
    if with_control || is_in_dialog {
        return is_in_dialog;
    }
    let Some(target) = event.target().and_then(|target| target.dyn_into::<Element>().ok()) else { return false };
    let is_typing = target.closest("input:not([type=radio],[type=checkbox]), textarea, select, [contenteditable]");
    matches!(is_typing, Ok(Some(_)))
}

fn all(selector: &str) -> Vec<HtmlElement> {
    let Ok(list) = document().query_selector_all(selector) else { return Vec::new() };
    (0..list.length()).filter_map(|index| list.item(index)?.dyn_into().ok()).collect()
}

fn press(attribute: &str, value: &str) -> bool {
    let found = all(&format!("[{attribute}]"))
        .into_iter()
        .find(|element| element.get_attribute(attribute).is_some_and(|own| own == value));
    let Some(element) = found else { return false };
    if element.tag_name() == "INPUT" {
        // Focus fails only for what cannot have it.
        let _ = element.focus();
    } else {
        element.click();
    }
    true
}

/// Moves the focus by one row, from the focused one; the first step enters the list. Rows that ask for it (`data-follow`)
/// are opened at once.
fn walk(step: Step, selector: &str) -> bool {
    let rows: Vec<HtmlElement> = all("main [data-row]").into_iter().filter(|row| !is_hidden(row)).collect();
    let focused = document().active_element();
    let chosen = all("main [data-row][aria-selected=true]").into_iter().next().map(Element::from);
    let at = |element: &Option<Element>| {
        element.as_ref().and_then(|element| rows.iter().position(|row| row.is_same_node(Some(element))))
    };
    let now = at(&focused).or_else(|| at(&chosen));
    let wanted = |row: &&HtmlElement| row.matches(selector).unwrap_or(false);
    let next = match (step, now) {
        (Step::Next, None) => rows.iter().find(wanted),
        (Step::Next, Some(now)) => rows.iter().skip(now + 1).find(wanted),
        (Step::Previous, None) => rows.iter().rev().find(wanted),
        (Step::Previous, Some(now)) => rows.iter().take(now).rev().find(wanted),
    };
    let Some(row) = next else { return false };
    let _ = row.focus();
    if row.has_attribute("data-follow") {
        row.click();
    }
    true
}

fn is_hidden(row: &HtmlElement) -> bool {
    matches!(row.closest("[hidden]"), Ok(Some(_)))
}

/// Reads the keys of the present page off its elements and opens the dialog.
pub(crate) fn open_help(page_keys: RwSignal<Vec<KeyHelp>>) {
    let mut found: Vec<KeyHelp> = Vec::new();
    for element in all("[data-key]") {
        let Some(key) = element.get_attribute("data-key") else { continue };
        let label = element.get_attribute("aria-label").or_else(|| element.get_attribute("placeholder"));
        let text = label.unwrap_or_else(|| {
            let text = element.text_content().unwrap_or_default();
            text.trim().strip_suffix(key.as_str()).unwrap_or(text.trim()).trim().to_owned()
        });
        if !text.is_empty() && key != "?" && !found.iter().any(|known| known.keys == key) {
            found.push(KeyHelp::new(key, text));
        }
    }
    page_keys.set(found);
    open_dialog(HELP);
}

/// The help dialog: keys that work everywhere, those of the navigation, those of the page.
#[component]
pub(crate) fn HelpDialog(
    /// Keys of the navigation.
    #[prop(into)]
    go: Signal<Vec<KeyHelp>>,
    /// Keys of the page, read when the dialog opens.
    page: RwSignal<Vec<KeyHelp>>,
) -> impl IntoView {
    let everywhere = EVERYWHERE.iter().map(|binding| KeyHelp::new(printed(binding), binding.text)).collect();
    let on_page = live(move || {
        let keys = page.get();
        (!keys.is_empty()).then(|| group("On this page", keys))
    });
    view! {
        <Dialog id=HELP title="Keys">
            <div class="keys">
                {group("Everywhere", everywhere)}
                {move || group("Go to", go.get())}
                {on_page}
            </div>
            <p class="muted small">"On a Mac ⌘ does what Ctrl does. While you type, single keys are letters."</p>
        </Dialog>
    }
    .into_any()
}

/// Ctrl stands for ⌘ too: the server does not know the keyboard.
fn printed(binding: &Binding) -> String {
    if binding.with_control { format!("Ctrl {}", binding.key.to_uppercase()) } else { binding.key.to_owned() }
}

fn group(title: &'static str, keys: Vec<KeyHelp>) -> AnyView {
    let rows = keys
        .into_iter()
        .map(|help| {
            let keys = help
                .keys
                .split_whitespace()
                .map(|key| view! { <kbd>{key.to_owned()}</kbd> " " }.into_any())
                .collect_view();
            view! { <div class="keys__row"><span>{help.text}</span><span>{keys}</span></div> }.into_any()
        })
        .collect_view();
    view! { <div class="keys__group"><h3>{title}</h3>{rows}</div> }.into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_ask_for_what_the_contract_says() {
        let plain = |key: &str| ask(key, false, false);
        assert_eq!(plain("?"), Ask::Do(Does::Help));
        assert_eq!(plain("g"), Ask::Do(Does::Prefix));
        assert_eq!(plain("j"), Ask::Do(Does::Row(Step::Next)));
        assert_eq!(plain("k"), Ask::Do(Does::Row(Step::Previous)));
        assert_eq!(plain("Enter"), Ask::Nothing);
        assert_eq!(plain("c"), Ask::Press("c".into()));
        assert_eq!(plain("/"), Ask::Press("/".into()));
        assert_eq!(plain("l"), Ask::Press("l".into()), "a page may put it on a button");
        assert_eq!(ask("p", false, true), Ask::Go("p".into()));
        assert_eq!(ask("g", false, true), Ask::Go("g".into()));
    }

    #[test]
    fn control_and_k_finds_and_leaves_all_else_to_the_browser() {
        assert_eq!(ask("k", true, false), Ask::Do(Does::Find));
        assert_eq!(ask("K", true, true), Ask::Do(Does::Find), "also with the lock on, also after `g`");
        assert_eq!(ask("g", true, false), Ask::Nothing);
        assert_eq!(ask("j", true, false), Ask::Nothing);
    }

    #[test]
    fn no_key_is_in_the_table_twice() {
        for (place, binding) in EVERYWHERE.iter().enumerate() {
            let same = |other: &Binding| (other.key, other.with_control) == (binding.key, binding.with_control);
            assert!(!EVERYWHERE.iter().skip(place + 1).any(same), "{}", printed(binding));
        }
    }
}
