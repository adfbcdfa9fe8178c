//! The event plane in SQLite.

/// How the event file is opened.
#[derive(Clone, Debug)]
pub struct EventOptions {
    /// Batches that may wait for the writer before [`store::StoreError::Busy`].
    pub queue: usize,
}

/// The event plane, stored in `events.db`.
#[derive(Clone, Debug)]
pub struct SqliteEvents;
