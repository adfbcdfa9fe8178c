//! How long the oldest event that is not in the totals yet has waited.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Instant,
};

/// Commits remembered apart; more are joined to the newest, which only overstates the lag.
const REMEMBERED: usize = 4096;

/// Shared between the writer, which keeps it, and readers. It measures with the monotonic clock: what it tells is a duration
/// within this process, never a time that is stored.
#[derive(Debug, Default)]
pub(super) struct Lag {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// The last span of a commit, and when it was stored.
    commits: VecDeque<(i64, Instant)>,
    /// Since when something folded waits to be folded again.
    again: Option<Instant>,
}

impl Lag {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn stored(&self, last_span: Option<i64>, again: bool) {
        let now = Instant::now();
        let mut state = self.state();
        if again {
            state.again.get_or_insert(now);
        }
        let Some(last_span) = last_span else { return };
        if state.commits.len() >= REMEMBERED
            && let Some(newest) = state.commits.back_mut()
        {
            newest.0 = last_span;
            return;
        }
        state.commits.push_back((last_span, now));
    }

    pub(super) fn folded(&self, watermark: i64, everything: bool) {
        let mut state = self.state();
        while state.commits.front().is_some_and(|(last, _)| *last <= watermark) {
            state.commits.pop_front();
        }
        if everything {
            state.again = None;
        }
    }

    pub(super) fn ms(&self) -> u64 {
        let state = self.state();
        let oldest = [state.again, state.commits.front().map(|(_, at)| *at)].into_iter().flatten().min();
        oldest.map_or(0, |at| u64::try_from(at.elapsed().as_millis()).unwrap_or(u64::MAX))
    }
}
