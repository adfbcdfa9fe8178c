//! Pieces of work done in the background: asked for, done by whoever holds the lease, and readable all the while.

use std::str::FromStr;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    Invalid,
    ids::{JobId, ProjectId},
    invalid::shown,
    time::TimeUs,
    trace::words,
};

words!(
    /// Where a job stands.
    JobState {
        /// Nobody has begun.
        Waiting = 0, "waiting";
        /// Somebody works on it, or did until their lease ran out.
        Running = 1, "running";
        /// Done.
        Done = 2, "done";
        /// Given up; it says why.
        Failed = 3, "failed";
        /// Stopped by somebody. What was done until then stays.
        Cancelled = 4, "cancelled";
    } "state"
);

impl JobState {
    /// Whether nothing more will happen.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Done | Self::Failed | Self::Cancelled)
    }
}

/// A piece of work.
#[derive(Clone, Debug, PartialEq)]
pub struct Job {
    /// Its id.
    pub id: JobId,
    /// Whose.
    pub project: ProjectId,
    /// What sort of work.
    pub kind: String,
    /// What exactly, as JSON with a version.
    pub params: Value,
    /// Where it stands.
    pub state: JobState,
    /// How far it is, as JSON with a version; `null` before it began. Whoever goes on with it begins here.
    pub progress: Value,
    /// Why it failed.
    pub error: Option<String>,
    /// Who asked for it.
    pub created_by: String,
    /// When.
    pub created_us: TimeUs,
    /// When it last moved.
    pub updated_us: TimeUs,
    /// When it ended.
    pub finished_us: Option<TimeUs>,
}
