use std::{error::Error as StdError, io};

use domain::{
    Invalid, Problem,
    auth::Permission,
    problem::{FieldProblem, ProblemCode},
};
use store::StoreError;

/// How soon to come again while the disk is full: soon enough to go on when it no longer is, seldom enough not to load it.
const FULL_RETRY_S: u32 = 30;

/// Why a use case could not be done. Knows nothing of HTTP.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServiceError {
    /// Nobody is signed in, or the credentials are wrong.
    #[error("not signed in")]
    Unauthenticated,
    /// The actor is known but may not do this.
    #[error("not allowed: {0:?}")]
    Forbidden(Permission),
    /// A client key used on a web page it was not made for.
    #[error("client key used from `{0}`")]
    Origin(String),
    /// The label is protected: only owners move or remove it.
    #[error("label `{0}` is protected")]
    Protected(String),
    /// The label belongs to an experiment that is scheduled, running or paused.
    #[error("label `{label}` belongs to the experiment `{experiment}`")]
    Owned {
        /// The label.
        label: String,
        /// The experiment's key.
        experiment: String,
    },
    /// The address was not made here, or is no longer good.
    #[error("not a valid link")]
    BadLink,
    /// There is no such thing for this actor.
    #[error("no {entity} `{id}`")]
    NotFound {
        /// Kind of thing.
        entity: &'static str,
        /// What it was looked for by.
        id: String,
    },
    /// The request breaks rules; each with its field.
    #[error("{} fields are not valid", .0.len())]
    Invalid(Vec<FieldProblem>),
    /// It changed meanwhile, or a name is taken; the sentence says which.
    #[error("{0}")]
    Conflict(String),
    /// The body or batch is over a limit; the sentence says which.
    #[error("{0}")]
    TooLarge(String),
    /// Too many attempts.
    #[error("too many attempts")]
    RateLimited {
        /// Seconds to wait.
        retry_after_s: u32,
    },
    /// Cannot store or answer now; nothing was stored.
    #[error("{reason}")]
    Unavailable {
        /// Why, for people.
        reason: &'static str,
        /// Seconds to wait.
        retry_after_s: u32,
    },
    /// There is no space left; nothing was stored.
    #[error("the disk is full")]
    DiskFull,
    /// A fault of ours; logged once, where it becomes a problem.
    #[error("internal fault")]
    Internal(#[source] Box<dyn StdError + Send + Sync>),
}

impl ServiceError {
    /// One field is wrong.
    pub fn field(field: impl Into<String>, message: impl ToString) -> Self {
        Self::Invalid(vec![FieldProblem::new(field, message)])
    }

    /// A file that could not be written: for want of space, or for a cause of ours.
    pub(crate) fn unwritten(cause: io::Error) -> Self {
        match cause.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => Self::DiskFull,
            _ => Self::Internal(Box::new(cause)),
        }
    }

    /// Whether the same may succeed later without anybody changing it, so that workers go on instead of giving up.
    pub(crate) fn passes(&self) -> bool {
        matches!(self, Self::Unavailable { .. } | Self::DiskFull)
    }

    /// Names the field a parse error belongs to.
    pub fn of(field: &'static str) -> impl FnOnce(Invalid) -> Self {
        move |invalid| Self::field(field, invalid)
    }

    /// What the client is told. An internal fault is logged here, once, with the request it belongs to; its cause goes nowhere
    /// else.
    pub fn into_problem(self, request_id: Option<String>) -> Problem {
        let mut problem = match self {
            Self::Unauthenticated => {
                Problem::new(ProblemCode::Unauthenticated, "Sign in, or send a valid key, and try again.")
            }
            Self::Forbidden(permission) => Problem::new(ProblemCode::Forbidden, refusal(permission)),
            Self::Origin(origin) => Problem::new(
                ProblemCode::Forbidden,
                format!("This client key may not be used on `{origin}`. Make one whose origins have that address."),
            ),
            Self::Protected(label) => Problem::new(
                ProblemCode::Forbidden,
                format!("The label `{label}` is protected. Moving or removing it needs the role `owner`."),
            ),
            Self::Owned { label, experiment } => Problem::new(
                ProblemCode::Conflict,
                format!(
                    "The label `{label}` belongs to the experiment `{experiment}`. Say what becomes of the experiment: \
                     `stop` ends it, `rebase` makes the new version its control."
                ),
            ),
            Self::BadLink => Problem::new(
                ProblemCode::Forbidden,
                "This address is no longer good, or was never given out. Ask for a new one.",
            ),
            Self::NotFound { entity, id } => {
                Problem::new(ProblemCode::NotFound, format!("There is no {entity} `{id}`."))
            }
            Self::Invalid(fields) => {
                let message = match fields.as_slice() {
                    [only] => format!("`{}`: {}.", only.field, only.message),
                    many => format!("{} fields are not valid.", many.len()),
                };
                Problem { fields, ..Problem::new(ProblemCode::Invalid, message) }
            }
            Self::Conflict(sentence) => Problem::new(ProblemCode::Conflict, sentence),
            Self::TooLarge(sentence) => Problem::new(ProblemCode::TooLarge, sentence),
            Self::RateLimited { retry_after_s } => Problem {
                retry_after_s: Some(retry_after_s),
                ..Problem::new(ProblemCode::RateLimited, format!("Too many attempts. Try again in {retry_after_s} s."))
            },
            Self::Unavailable { reason, retry_after_s } => {
                Problem { retry_after_s: Some(retry_after_s), ..Problem::new(ProblemCode::Unavailable, reason) }
            }
            Self::DiskFull => Problem {
                retry_after_s: Some(FULL_RETRY_S),
                ..Problem::new(
                    ProblemCode::DiskFull,
                    "The server's disk is full. Nothing of this was stored; send the same again when there is space.",
                )
            },
            Self::Internal(cause) => {
                tracing::error!(
                    request_id = request_id.as_deref(),
                    cause = chain(&*cause),
                    "a request failed inside the server"
                );
                Problem::new(ProblemCode::Internal, "Something failed on our side. The log has the request id.")
            }
        };
        problem.request_id = request_id;
        problem
    }
}

fn refusal(permission: Permission) -> &'static str {
    match permission {
        Permission::Ingest => "Sending events needs the role `editor` or a key with the scope `ingest`.",
        Permission::Read => "Reading needs the role `viewer` or a key with the scope `read`.",
        Permission::Annotate => "Adding scores needs the role `analyst` or a key with the scope `ingest`.",
        Permission::Feedback => "Giving feedback needs the role `analyst` or a key with the scope `ingest`.",
        Permission::WritePrompts => "Changing prompts needs the role `editor` or a key with the scope `write`.",
        Permission::WriteExperiments => "Changing experiments needs the role `editor` or a key with the scope `write`.",
        Permission::Resolve => "Resolving needs the role `analyst` or a key with the scope `resolve`.",
        Permission::WritePrices => "Changing prices needs the role `editor` or a key with the scope `write`.",
        Permission::Erase => "Deleting a user's data needs the role `owner` or a key with the scope `write`.",
        Permission::Manage => "Managing keys and members needs the role `owner`.",
    }
}

fn chain(cause: &(dyn StdError + 'static)) -> String {
    let mut text = cause.to_string();
    let mut next = cause.source();
    while let Some(deeper) = next {
        text.push_str(": ");
        text.push_str(&deeper.to_string());
        next = deeper.source();
    }
    text
}

impl From<StoreError> for ServiceError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NotFound { entity, id } => Self::NotFound { entity, id },
            StoreError::Conflict(sentence) => Self::Conflict(sentence),
            StoreError::Protected(label) => Self::Protected(label),
            StoreError::Owned { label, experiment } => Self::Owned { label, experiment },
            StoreError::Busy => Self::Unavailable {
                reason: "The write queue is full. Nothing was stored; send the same batch again.",
                retry_after_s: 1,
            },
            StoreError::Full => Self::DiskFull,
            StoreError::Closed => Self::Unavailable {
                reason: "The server is stopping and takes in nothing more. Send the same batch again.",
                retry_after_s: 5,
            },
            other => Self::Internal(Box::new(other)),
        }
    }
}
