/// Why storage could not do what was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// There is no such record.
    #[error("no {entity} `{id}`")]
    NotFound {
        /// The kind of record, such as `prompt`.
        entity: &'static str,
        /// The key it was looked for by.
        id: String,
    },
    /// A rule between records would break: a name is taken, or the record changed meanwhile.
    #[error("{0}")]
    Conflict(String),
    /// The label is protected, and whoever asks may not move protected labels.
    #[error("label `{0}` is protected")]
    Protected(String),
    /// The label belongs to an experiment that is scheduled, running or paused, and moves for it only.
    #[error("label `{label}` belongs to the experiment `{experiment}`")]
    Owned {
        /// The label.
        label: String,
        /// The experiment's key.
        experiment: String,
    },
    /// The queue is full; nothing was stored; the same batch may be sent again.
    #[error("the write queue is full")]
    Busy,
    /// The disk is full; nothing was stored; the same batch may be sent again.
    #[error("no space left to store")]
    Full,
    /// The store takes in nothing more: it was closed, or its writer ended.
    #[error("the store is closed")]
    Closed,
    /// What is stored cannot be read back.
    #[error("stored data is damaged: {0}")]
    Corrupt(String),
    /// A file of ours cannot be used as it is; the sentence names it, says what is wrong with it and what to do.
    #[error("{0}")]
    Unusable(String),
    /// The engine failed.
    #[error("storage engine failed")]
    Backend(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl StoreError {
    /// Wraps a cause of the engine.
    pub fn backend(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Backend(cause.into())
    }
}
