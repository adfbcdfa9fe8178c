//! Keys of the whole page. Elements say which key presses them by `data-key` (set by the `key` property of buttons and
//! links); `Shell` listens. `g` and a letter follow the link with that `data-go`; `j` and `k` walk the rows (`data-row`);
//! `e` goes to the next row in error; `?` opens the help.

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

/// What a key press asks for.
#[derive(Clone, Debug, Eq, PartialEq)]
enum Ask {
    Nothing,
    Help,
    Prefix,
    Go(String),
    Row(Step),
    NextError,
    Press(String),
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Step {
    Next,
    Previous,
}

fn ask(key: &str, after_prefix: bool) -> Ask {
    if key.chars().count() != 1 {
        return Ask::Nothing;
    }
    if after_prefix {
        return Ask::Go(key.to_owned());
    }
    match key {
        "?" => Ask::Help,
        "g" => Ask::Prefix,
        "j" => Ask::Row(Step::Next),
        "k" => Ask::Row(Step::Previous),
        "e" => Ask::NextError,
        key => Ask::Press(key.to_owned()),
    }
}

/// Listens until the owner of the present scope goes. Browser only: call it in an effect.
pub(crate) fn listen(page_keys: RwSignal<Vec<KeyHelp>>) {
    let prefix = StoredValue::new(false);
    let handle = window_event_listener(ev::keydown, move |event: KeyboardEvent| {
        if is_for_someone_else(&event) {
            return;
        }
        let after_prefix = prefix.get_value();
        let ask = ask(&event.key(), after_prefix);
        prefix.set_value(ask == Ask::Prefix);
        let done = match ask {
            Ask::Nothing => false,
            Ask::Prefix => true,
            Ask::Help => {
                open_help(page_keys);
                true
            }
            Ask::Go(letter) => press("data-go", &letter),
            Ask::Row(step) => walk(step, "[data-row]"),
            Ask::NextError => walk(Step::Next, "[data-row][data-state=error]") || press("data-key", "e"),
            Ask::Press(key) => press("data-key", &key),
        };
        if done {
            event.prevent_default();
        }
    });
    on_cleanup(move || handle.remove());
}

fn is_for_someone_else(event: &KeyboardEvent) -> bool {
    if event.default_prevented() || event.ctrl_key() || event.meta_key() || event.alt_key() {
        return true;
    }
    let Some(target) = event.target().and_then(|target| target.dyn_into::<Element>().ok()) else { return false };
    let is_typing = target.closest("input:not([type=radio],[type=checkbox]), textarea, select, [contenteditable]");
    let is_in_dialog = document().query_selector("dialog[open]");
    matches!(is_typing, Ok(Some(_))) || matches!(is_in_dialog, Ok(Some(_)))
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
    let everywhere = vec![
        KeyHelp::new("?", "This help"),
        KeyHelp::new("j  k", "Next, previous row"),
        KeyHelp::new("h  l", "Fold, unfold a row of a tree"),
        KeyHelp::new("Enter", "Open the row"),
        KeyHelp::new("e", "Next error"),
        KeyHelp::new("/", "Search"),
        KeyHelp::new("Esc", "Close"),
    ];
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
        </Dialog>
    }
    .into_any()
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
        assert_eq!(ask("?", false), Ask::Help);
        assert_eq!(ask("g", false), Ask::Prefix);
        assert_eq!(ask("p", true), Ask::Go("p".into()));
        assert_eq!(ask("g", true), Ask::Go("g".into()));
        assert_eq!(ask("j", false), Ask::Row(Step::Next));
        assert_eq!(ask("Enter", false), Ask::Nothing);
        assert_eq!(ask("c", false), Ask::Press("c".into()));
    }
}
