//! Keeps a running experiment's numbers fresh while somebody looks. Asks for a stamp of two numbers; only when that changes are
//! results asked for, and they replace what is shown in place.

use std::{cell::Cell, rc::Rc, time::Duration};

use domain::problem::ProblemCode;
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

/// How fresh what is shown is, in words.
#[derive(Clone, Copy)]
pub(super) struct News {
    head: RwSignal<Head>,
    fresh: RwSignal<String>,
}

/// When it looks, in seconds of the browser's clock.
#[derive(Clone, Copy)]
struct Turns {
    /// When page and server agreed last.
    agreed: f64,
    /// When it looks again.
    next: f64,
    under_way: bool,
    /// Whether the last look failed.
    lost: bool,
}

impl Turns {
    fn words(self, now: f64) -> String {
        let since = format::relative(0, ((now - self.agreed).max(0.0) * 1e6) as i64);
        if self.lost { format!("the server cannot be reached, updated {since}") } else { format!("updated {since}") }
    }
}

impl News {
    pub(super) fn new(head: RwSignal<Head>) -> Self {
        Self { head, fresh: RwSignal::new("updated just now".to_owned()) }
    }

    /// How many there are, and how fresh that is. Tracked.
    pub(super) fn line(self) -> AnyView {
        let head = self.head.get();
        let count = format::count(i64::try_from(head.exposed).unwrap_or(i64::MAX));
        let count = if head.exposed > 0 { format!("{count} {}", head.units) } else { String::new() };
        let fresh = head.stamp.map(|_| {
            let between = if count.is_empty() { "" } else { " · " };
            view! { {between} <span data-live="">{self.fresh.get()}</span> }.into_any()
        });
        view! { <p class="results__fresh small">{count} {fresh}</p> }.into_any()
    }

    /// Looks for news as long as what is shown may change. `question` asks for it as somebody looks now, `take` shows it in
    /// place, and `changed` is told when the experiment itself is another. Browser only.
    pub(super) fn watch(
        self,
        question: impl Fn() -> OpenResults + Copy + 'static,
        take: impl Fn(ResultsView) + Copy + 'static,
        changed: Callback<()>,
    ) {
        let turns =
            Rc::new(Cell::new(Turns { agreed: now_s(), next: now_s() + self.wait_s(), under_way: false, lost: false }));
        let announcer = Announcer::from_context();
        let look = move || {
            let (now, mut at) = (now_s(), turns.get());
            // The page may be gone by now.
            let Some(head) = self.head.try_get_untracked().filter(|_| !document().hidden()) else { return };
            let words = at.words(now);
            if self.fresh.try_get_untracked().is_some_and(|said| said != words) {
                self.fresh.set(words);
            }
            let Some(stamp) = head.stamp.filter(|_| !at.under_way && now >= at.next) else { return };
            at.under_way = true;
            turns.set(at);
            let turns = Rc::clone(&turns);
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
                        // Somebody did something in between: all of the page is of another revision.
                        if let Ok(Some(view)) = &fresh
                            && view.head.stamp.map(|seen| seen.0) != Some(stamp.0)
                        {
                            changed.run(());
                            return;
                        }
                        match (fresh, self.head.try_get_untracked()) {
                            (Ok(Some(view)), Some(head)) => {
                                // Another verdict is said to those who do not see the page; numbers that move are not.
                                let headline = &view.head.verdict.headline;
                                if let Some(announcer) = announcer.filter(|_| head.verdict.headline != *headline) {
                                    announcer.say(headline.clone());
                                }
                                take(view);
                                true
                            }
                            _ => false,
                        }
                    }
                    // Signed out, or no longer there: the page says so when it is asked anew.
                    Err(error) if matches!(error.code(), ProblemCode::Unauthenticated | ProblemCode::NotFound) => {
                        changed.run(());
                        return;
                    }
                    Err(_) => false,
                };
                let done = now_s();
                let next = done + self.wait_s().max(rest);
                let agreed_at = if agreed { done } else { turns.get().agreed };
                turns.set(Turns { agreed: agreed_at, next, under_way: false, lost: !agreed });
            });
        };
        // Whoever comes back sees at once what came meanwhile.
        let on_return = window_event_listener(ev::visibilitychange, {
            let look = look.clone();
            move |_| look()
        });
        on_cleanup(move || on_return.remove());
        if let Ok(timer) = set_interval_with_handle(look, TICK) {
            on_cleanup(move || timer.clear());
        }
    }

    fn wait_s(self) -> f64 {
        let counted = self.head.try_get_untracked().is_some_and(|head| head.exposed > 0);
        if counted { COUNTING_S } else { WAITING_S }
    }
}

fn now_s() -> f64 {
    Date::now() / 1000.0
}
