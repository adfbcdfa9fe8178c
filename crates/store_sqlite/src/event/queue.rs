//! How much waits for the writer, counted for operators.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering::Relaxed},
};

use store::event::Waiting;

/// Counters shared by everybody who appends.
#[derive(Debug, Default)]
pub(super) struct Queue {
    batches: AtomicU64,
    events: AtomicU64,
    bytes: AtomicU64,
}

impl Queue {
    /// Counts a batch until what is returned is dropped.
    pub(super) fn enter(self: &Arc<Self>, events: u64, bytes: u64) -> Queued {
        self.batches.fetch_add(1, Relaxed);
        self.events.fetch_add(events, Relaxed);
        self.bytes.fetch_add(bytes, Relaxed);
        Queued { queue: Arc::clone(self), events, bytes }
    }

    /// The counts. Each is right; together they may straddle a batch that comes or goes this moment.
    pub(super) fn waiting(&self) -> Waiting {
        Waiting {
            batches: self.batches.load(Relaxed),
            events: self.events.load(Relaxed),
            bytes: self.bytes.load(Relaxed),
        }
    }
}

/// A batch that waits.
#[derive(Debug)]
pub(super) struct Queued {
    queue: Arc<Queue>,
    events: u64,
    bytes: u64,
}

impl Drop for Queued {
    fn drop(&mut self) {
        self.queue.batches.fetch_sub(1, Relaxed);
        self.queue.events.fetch_sub(self.events, Relaxed);
        self.queue.bytes.fetch_sub(self.bytes, Relaxed);
    }
}
