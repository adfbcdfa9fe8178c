//! New traces: counted beside the list, or shown as they come. Browser only; without script the list is as it was sent.

use std::time::Duration;

use leptos::{ev, prelude::*, task::spawn_local};
use ui::{Announcer, format};
use wasm_bindgen::JsCast as _;

use super::{
    model::{TraceLines, TracesQuery},
    server::NewestTraces,
};
use crate::wire::ask;

/// How often the list looks for news while it follows them, and while it only counts them.
const FOLLOWING: Duration = Duration::from_secs(2);
const COUNTING: Duration = Duration::from_secs(5);
/// Further down than this, in pixels, somebody reads: rows that slip in above would move what they read.
const READING_PX: f64 = 160.0;

/// A list that may grow.
#[derive(Clone, Copy, Debug)]
pub struct Following {
    /// What is shown.
    pub shown: RwSignal<TraceLines>,
    /// What would be shown by now, while it waits to be asked for.
    pub waiting: RwSignal<Option<TraceLines>>,
    /// Whether the last look failed.
    pub lost: RwSignal<bool>,
}

impl Following {
    /// Shows a list, and looks for what is newer as long as it can grow.
    pub fn new(list: TraceLines, project: String, query: TracesQuery) -> Self {
        let own = Self { shown: RwSignal::new(list), waiting: RwSignal::new(None), lost: RwSignal::new(false) };
        Effect::new(move |_| {
            if query.can_grow() {
                own.start(project.clone(), query.clone());
            }
        });
        own
    }

    fn start(self, project: String, query: TracesQuery) {
        let is_live = query.is_live();
        let under_way = StoredValue::new(false);
        let announcer = Announcer::from_context();
        let look = move || {
            if document().hidden() || under_way.try_get_value() != Some(false) {
                return;
            }
            under_way.set_value(true);
            let question = NewestTraces { project: project.clone(), query: query.clone() };
            spawn_local(async move {
                let answer = ask(question).await;
                // The page may be gone by now.
                if under_way.try_update_value(|under_way| *under_way = false).is_none() {
                    return;
                }
                let _ = self.lost.try_set(answer.is_err());
                if let Ok(list) = answer {
                    self.take(list, is_live, announcer);
                }
            });
        };
        // Whoever comes back sees at once what came meanwhile.
        let on_return = window_event_listener(ev::visibilitychange, {
            let look = look.clone();
            move |_| look()
        });
        on_cleanup(move || on_return.remove());
        if let Ok(timer) = set_interval_with_handle(look, if is_live { FOLLOWING } else { COUNTING }) {
            on_cleanup(move || timer.clear());
        }
    }

    fn take(self, list: TraceLines, is_live: bool, announcer: Option<Announcer>) {
        let Some((news, same)) = self.shown.try_with_untracked(|shown| (list.news(shown), list.is_same(shown))) else {
            return;
        };
        let is_first = self.shown.with_untracked(|shown| shown.lines.is_empty());
        let reads = window().scroll_y().unwrap_or_default() > READING_PX;
        if is_first && news > 0 || is_live && !same && !reads {
            self.show(list);
            if news > 0
                && let Some(announcer) = announcer
            {
                announcer.say(format::plural(i64::try_from(news).unwrap_or(i64::MAX), "new trace", "new traces"));
            }
        } else if news > 0 {
            self.waiting.set(Some(list));
        }
    }

    /// Shows what waits.
    pub fn show_waiting(self) {
        if let Some(list) = self.waiting.get_untracked() {
            self.show(list);
            window().scroll_to_with_x_and_y(0.0, 0.0);
        }
    }

    /// Shows a list; who stands on a row stays on it.
    fn show(self, list: TraceLines) {
        let focused = document().active_element().and_then(|element| element.get_attribute("href"));
        self.waiting.set(None);
        self.shown.set(list);
        let Some(href) = focused else { return };
        request_animation_frame(move || {
            let Ok(rows) = document().query_selector_all("a[data-row]") else { return };
            let row = (0..rows.length())
                .filter_map(|place| rows.item(place)?.dyn_into::<web_sys::HtmlElement>().ok())
                .find(|row| row.get_attribute("href").as_deref() == Some(&href));
            if let Some(row) = row {
                // Fails only for an element that cannot be focused.
                let _ = row.focus();
            }
        });
    }

    /// How many traces wait to be shown. Tracked.
    pub fn count(self) -> usize {
        self.waiting.with(|waiting| waiting.as_ref().map_or(0, |list| self.shown.with(|shown| list.news(shown))))
    }
}
