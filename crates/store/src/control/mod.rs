//! The control plane: projects, people, sessions, keys, prompts and labels, prices, background work.
//!
//! Rules every backend keeps (`conformance::control` proves them):
//!
//! - Each method is atomic. A condition (a name free, no owner yet, the newest version still the one seen) is checked in the
//!   same step that writes.
//! - Every change of a project's prompts, labels or experiments raises the project's revision by one, and the change is visible to whoever
//!   reads that revision or a later one.
//! - Secrets arrive and leave only as SHA-256 digests or argon2 hashes.

mod access;
mod datasets;
mod experiments;
mod jobs;
mod media;
mod notes;
mod prices;
mod prompts;
mod repeats;

use async_trait::async_trait;

pub use access::{
    AccessStore, ApiKey, Digest, LinkPurpose, Member, NewOwner, OneTimeLink, Person, Session, SignedIn, StoredKey,
};
pub use datasets::{Counted, DatasetStore, ItemFilter, RunItemFilter};
pub use experiments::{ExperimentChange, ExperimentFilter, ExperimentStore, LabelStep};
pub use jobs::{JobLease, JobStore};
pub use media::{BesideTraces, MediaStore};
pub use notes::{Comment, CommentFilter, NoteStore, ScoreCategory, ScoreConfig, ScoreKind};
pub use prices::PriceStore;
pub use prompts::{
    MoveRecord, NewVersion, PromptFilter, PromptOutline, PromptStore, ProtectedLabels, RemovedPrompt, SavedVersion,
    VersionDraft,
};
pub use repeats::{Claim, KeptAnswer, RepeatStore, RepeatableRequest};

use crate::StoreError;

/// All of the control plane, as one object behind `dyn`.
#[async_trait]
pub trait ControlStore:
    AccessStore
    + DatasetStore
    + ExperimentStore
    + JobStore
    + MediaStore
    + NoteStore
    + PriceStore
    + PromptStore
    + RepeatStore
{
    /// Leaves the files tidy. Nothing may be asked or written afterwards: it is answered with [`StoreError::Closed`]. Closing
    /// again changes nothing.
    ///
    /// # Errors
    /// When the files cannot be left tidy; what was acknowledged is safe all the same.
    async fn close(&self) -> Result<(), StoreError>;
}
