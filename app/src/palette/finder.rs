//! The field and the list below it, by the ARIA pattern of a combobox: the field keeps the focus, arrows move the choice.

use std::time::Duration;

use leptos::{ev::KeyboardEvent, html::Input, prelude::*, task::spawn_local};
use ui::{Button, ButtonKind, Icon, IconName, NavGroup, format, live, theme_chooser};
use wasm_bindgen::JsCast as _;
use web_sys::{HtmlElement, MouseEvent};

use super::{
    choice::{Choice, Deed, words_of},
    close,
    model::Hit,
    order::{Group, groups},
    recent::{Recent, recent, remember},
    server::Find,
};
use crate::{error::AppError, wire::ask};

/// As long as this nothing more is typed before the server is asked.
const PAUSE: Duration = Duration::from_millis(120);

/// What the server said last.
#[derive(Clone, Default)]
struct Said {
    hits: Vec<Hit>,
    refused: Option<AppError>,
}

/// What the palette knows.
#[derive(Clone, Copy)]
struct State {
    project: Memo<String>,
    text: RwSignal<String>,
    said: RwSignal<Said>,
    /// Number of the question under way.
    asking: RwSignal<Option<u32>>,
    asked: StoredValue<u32>,
    recent: RwSignal<Vec<Recent>>,
    /// Place of the choice in the list.
    at: RwSignal<usize>,
}

/// The content of the palette.
#[component]
pub fn Finder(
    /// The project's slug.
    project: Memo<String>,
    /// Pages of the navigation.
    places: Signal<Vec<NavGroup>>,
    /// Changes when the palette is opened.
    opened: Signal<u32>,
) -> impl IntoView {
    let state = State {
        project,
        text: RwSignal::new(String::new()),
        said: RwSignal::new(Said::default()),
        asking: RwSignal::new(None),
        asked: StoredValue::new(0),
        recent: RwSignal::new(Vec::new()),
        at: RwSignal::new(0),
    };
    let field = NodeRef::<Input>::new();
    Effect::new(move |_| {
        opened.track();
        state.text.set(String::new());
        state.recent.set(recent(&project.get_untracked()));
        if let Some(field) = field.get() {
            field.set_value("");
            // The first time it is put into the dialog after this.
            request_animation_frame(move || {
                let _ = field.focus();
            });
        }
    });
    Effect::new(move |_| {
        opened.track();
        state.look(state.text.get());
    });
    let list = Memo::new(move |_| {
        let (text, said) = (state.text.get(), state.said.get());
        places.with(|places| groups(&text, &project.get(), places, state.recent.get(), said.hits))
    });
    let count = Memo::new(move |_| list.with(|groups| groups.iter().map(|group| group.choices.len()).sum::<usize>()));
    let active = move || count.get().checked_sub(1).map(|last| option_id(state.at.get().min(last)));
    let typed = move |event: leptos::ev::Event| {
        state.at.set(0);
        state.text.set(event_target_value(&event));
    };
    let key = move |event: KeyboardEvent| pressed(&event, state, count);
    let leave = |_: MouseEvent| close();
    let expanded = move || if count.get() == 0 { "false" } else { "true" };
    let options = live(move || Some(drawn(list.get(), state, count)));
    let nothing = live(move || {
        let idle = state.asking.get().is_none() && count.get() == 0;
        idle.then(|| view! { <Nothing text=state.text.get()/> }.into_any())
    });
    let refused = live(move || {
        let error = state.said.with(|said| said.refused.clone())?;
        Some(view! { <p class="palette__refused" role="alert"><Icon name=IconName::CircleAlert/> {words_of(&error)}</p> }.into_any())
    });
    let status = move || match (count.get(), state.asking.get()) {
        (0, Some(_)) => "Looking…".to_owned(),
        (found, _) => format::plural(i64::try_from(found).unwrap_or(i64::MAX), "result", "results"),
    };
    view! {
        <div class="palette__field">
            <Icon name=IconName::Search/>
            <input
                class="palette__input"
                type="text"
                role="combobox"
                aria-label="Find anything"
                aria-autocomplete="list"
                aria-expanded=expanded
                aria-controls="find-list"
                aria-activedescendant=active
                autocomplete="off"
                autocapitalize="off"
                spellcheck="false"
                enterkeyhint="go"
                placeholder="Pages, prompts, traces, sessions, users…"
                node_ref=field
                on:input=typed
                on:keydown=key
            />
            <Button kind=ButtonKind::Quiet icon=IconName::X label="Close" on:click=leave/>
        </div>
        {refused}
        <div class="palette__list" id="find-list" role="listbox" aria-label="Results" aria-busy=move || state.asking.get().is_some().then_some("true")>
            {options}
        </div>
        {nothing}
        <p class="palette__foot">
            <span aria-hidden="true"><kbd>"↑"</kbd> " " <kbd>"↓"</kbd> " choose"</span>
            <span aria-hidden="true"><kbd>"Enter"</kbd> " open"</span>
            <span class="palette__status" role="status">{status}</span>
        </p>
    }
    .into_any()
}

impl State {
    /// Asks the server after a pause, and takes the answer unless something else was asked since.
    fn look(self, text: String) {
        let own = self.asked.get_value().wrapping_add(1);
        self.asked.set_value(own);
        self.asking.set(Some(own));
        let project = self.project.get_untracked();
        let ask_now = move || {
            spawn_local(async move {
                let answer = ask(Find { project, q: text }).await;
                // The page may be gone by now, or something else asked.
                if self.asking.try_get_untracked() != Some(Some(own)) {
                    return;
                }
                let said = match answer {
                    Ok(hits) => Said { hits, refused: None },
                    Err(error) => Said { hits: Vec::new(), refused: Some(error) },
                };
                let _ = self.said.try_set(said);
                let _ = self.asking.try_set(None);
            });
        };
        if let Ok(timer) = set_timeout_with_handle(ask_now, PAUSE) {
            on_cleanup(move || timer.clear());
        }
    }
}

fn option_id(place: usize) -> String {
    format!("find-option-{place}")
}

fn pressed(event: &KeyboardEvent, state: State, count: Memo<usize>) {
    let count = count.get_untracked();
    let key = event.key();
    if (event.ctrl_key() || event.meta_key()) && key.eq_ignore_ascii_case("k") {
        event.prevent_default();
        close();
        return;
    }
    if count == 0 || event.is_composing() {
        return;
    }
    let at = state.at.get_untracked().min(count - 1);
    let next = match key.as_str() {
        "ArrowDown" => (at + 1) % count,
        "ArrowUp" => (at + count - 1) % count,
        "PageDown" => (at + 8).min(count - 1),
        "PageUp" => at.saturating_sub(8),
        "Enter" => {
            event.prevent_default();
            if let Some(option) = option(at) {
                option.click();
            }
            return;
        }
        _ => return,
    };
    event.prevent_default();
    state.at.set(next);
    if let Some(option) = option(next) {
        option.scroll_into_view_with_scroll_into_view_options(&nearest());
    }
}

fn option(place: usize) -> Option<HtmlElement> {
    document().get_element_by_id(&option_id(place))?.dyn_into().ok()
}

fn nearest() -> web_sys::ScrollIntoViewOptions {
    let options = web_sys::ScrollIntoViewOptions::new();
    options.set_block(web_sys::ScrollLogicalPosition::Nearest);
    options
}

fn drawn(groups: Vec<Group>, state: State, count: Memo<usize>) -> AnyView {
    let mut place = 0;
    groups
        .into_iter()
        .enumerate()
        .map(|(number, group)| {
            let heading = format!("find-group-{number}");
            let title_id = heading.clone();
            let options = group
                .choices
                .into_iter()
                .map(|choice| {
                    let own = place;
                    place += 1;
                    view! { <Line choice place=own state count/> }.into_any()
                })
                .collect_view();
            view! {
                <div role="group" aria-labelledby=heading class="palette__group">
                    <div class="palette__title" id=title_id role="presentation">{group.title}</div>
                    {options}
                </div>
            }
            .into_any()
        })
        .collect_view()
        .into_any()
}

#[component]
fn Line(choice: Choice, place: usize, state: State, count: Memo<usize>) -> impl IntoView {
    let Choice { icon, text, note, keys, deed, .. } = choice;
    let is_chosen = move || count.get().checked_sub(1).is_some_and(|last| state.at.get().min(last) == place);
    let selected = move || if is_chosen() { "true" } else { "false" };
    let over = move |_: MouseEvent| state.at.set(place);
    let kept = Recent { text: text.clone(), note: note.clone(), href: String::new() };
    let inside = view! {
        <Icon name=icon/>
        <span class="palette__text">{text}</span>
        {note.map(|note| view! { <span class="palette__note">{note}</span> }.into_any())}
        {keys.map(|keys| view! { <span class="palette__keys" aria-hidden="true">{keys.split(' ').map(|key| view! { <kbd>{key.to_owned()}</kbd> }.into_any()).collect_view()}</span> }.into_any())}
    }
    .into_any();
    match deed {
        Deed::Open(href) => {
            let kept = Recent { href: href.clone(), ..kept };
            // The link is followed by the router, after the dialog is gone and focus is free to move to the new page.
            let chosen = move |event: MouseEvent| {
                remember(&state.project.get_untracked(), kept.clone());
                if !(event.ctrl_key() || event.meta_key() || event.shift_key()) {
                    close();
                }
            };
            view! {
                <a class="palette__line" role="option" tabindex="-1" id=option_id(place) href=href aria-selected=selected on:click=chosen on:mousemove=over>
                    {inside}
                </a>
            }
            .into_any()
        }
        Deed::Theme(theme) => {
            let choose_theme = theme_chooser();
            let chosen = move |_: MouseEvent| {
                choose_theme(theme);
                close();
            };
            view! {
                <button type="button" class="palette__line" role="option" tabindex="-1" id=option_id(place) aria-selected=selected on:click=chosen on:mousemove=over>
                    {inside}
                </button>
            }
            .into_any()
        }
    }
}

#[component]
fn Nothing(text: String) -> impl IntoView {
    view! {
        <div class="palette__nothing">
            <p><b>{format!("Nothing is called “{}”", text.trim())}</b></p>
            <p class="muted">
                "Prompts are found by any part of their name, a version as “name v3”, sessions and users by how their id begins, a trace by its whole id."
            </p>
        </div>
    }
}
