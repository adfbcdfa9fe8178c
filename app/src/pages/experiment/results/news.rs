//! Keeps a running experiment's numbers fresh while somebody looks. Asks for a stamp of two numbers; only when that changes are
//! results asked for, and they replace what is shown in place.

use std::time::Duration;

use leptos::{ev, prelude::*, task::spawn_local};
use ui::{Announcer, format};
use web_sys::js_sys::Date;

use super::{
    model::{Head, ResultsView},
    server::{OpenResults, ResultsStamp},
};
use crate::wire::ask;

/// How often it looks, in seconds, while units are counted and while none is.
const COUNTING_S: f64 = 10.0;
const WAITING_S: f64 = 5.0;
/// How often it is told how long ago that was.
const TICK: Duration = Duration::from_secs(1);
/// Results are worked out again at most this part of the time.
const REST: f64 = 20.0;

/// How fresh what is shown is.
#[derive(Clone, Copy)]
pub(super) struct News {
    head: RwSignal<Head>,
    /// Seconds since page and server agreed last.
    age_s: RwSignal<u32>,
    /// Whether the last look failed.
    lost: RwSignal<bool>,
}

/// When it looks, in seconds of the browser's clock.
#[derive(Clone, Copy)]
struct Turns {
    /// When page and server agreed last.
    agreed: f64,
    /// When it looks again.
    next: f64,
    under_way: bool,
}

impl News {
    pub(super) fn new(head: RwSignal<Head>) -> Self {
        Self { head, age_s: RwSignal::new(0), lost: RwSignal::new(false) }
    }

    /// How many there are, and how fresh that is.
    pub(super) fn line(self, head: &Head) -> AnyView {
        let count = format::count(i64::try_from(head.exposed).unwrap_or(i64::MAX));
        let count = if head.exposed > 0 { format!("{count} {}", head.units) } else { String::new() };
        let is_live = head.stamp.is_some();
        let fresh = move || {
            let since = format::relative(0, i64::from(self.age_s.get()) * 1_000_000);
            match (is_live, self.lost.get()) {
                (false, _) => String::new(),
                (true, false) => format!("updated {since}"),
                (true, true) => format!("the server cannot be reached, updated {since}"),
            }
        };
        let between = if is_live && !count.is_empty() { " · " } else { "" };
        view! { <p class="results__fresh small">{count} {between} <span data-live=is_live.then_some("")>{fresh}</span></p> }
            .into_any()
    }

    /// Looks for news as long as what is shown may change. `question` asks for it as somebody looks now, `take` shows it in
    /// place, and `changed` is told when the experiment itself is another. Browser only.
    pub(super) fn watch(
        self,
        question: impl Fn() -> OpenResults + Copy + 'static,
        take: impl Fn(ResultsView) + Copy + 'static,
        changed: Callback<()>,
    ) {
        let turns = StoredValue::new(Turns { agreed: now_s(), next: now_s() + self.wait_s(), under_way: false });
        let announcer = Announcer::from_context();
        let look = move || {
            // The page may be gone by now.
            let Some(at) = turns.try_get_value() else { return };
            let now = now_s();
            if document().hidden() {
                return;
            }
            let _ = self.age_s.try_set((now - at.agreed).max(0.0) as u32);
            if at.under_way || now < at.next {
                return;
            }
            let Some(Some(stamp)) = self.head.try_with_untracked(|head| head.stamp) else { return };
            turns.update_value(|turns| turns.under_way = true);
            spawn_local(async move {
                let OpenResults { project, key, .. } = question();
                let seen = ask(ResultsStamp { project, key }).await;
                let mut rest = 0.0;
                let agreed = match seen {
                    Ok(seen) if seen == stamp => true,
                    Ok(seen) if seen.0 != stamp.0 => {
                        changed.run(());
                        return;
                    }
                    Ok(_) => {
                        let begun = now_s();
                        let fresh = ask(question()).await;
                        rest = (now_s() - begun) * REST;
                        match fresh {
                            Ok(Some(view)) if turns.try_get_value().is_some() => {
                                self.say(&view, announcer);
                                take(view);
                                true
                            }
                            _ => false,
                        }
                    }
                    Err(_) => false,
                };
                let _ = self.lost.try_set(!agreed);
                let wait = self.wait_s().max(rest);
                let done = now_s();
                let _ = turns.try_update_value(|turns| {
                    let agreed = if agreed { done } else { turns.agreed };
                    *turns = Turns { agreed, next: done + wait, under_way: false };
                });
                if agreed {
                    let _ = self.age_s.try_set(0);
                }
            });
        };
        // Whoever comes back sees at once what came meanwhile.
        let on_return = window_event_listener(ev::visibilitychange, move |_| look());
        on_cleanup(move || on_return.remove());
        if let Ok(timer) = set_interval_with_handle(look, TICK) {
            on_cleanup(move || timer.clear());
        }
    }

    fn wait_s(self) -> f64 {
        let counted = self.head.try_with_untracked(|head| head.exposed > 0);
        if counted == Some(true) { COUNTING_S } else { WAITING_S }
    }

    /// Another verdict is said to those who do not see the page; numbers that move are not.
    fn say(self, view: &ResultsView, announcer: Option<Announcer>) {
        let is_other = self.head.with_untracked(|head| head.verdict.headline != view.head.verdict.headline);
        if let (Some(announcer), true) = (announcer, is_other) {
            announcer.say(view.head.verdict.headline.clone());
        }
    }
}

fn now_s() -> f64 {
    Date::now() / 1000.0
}
