use async_trait::async_trait;
use domain::{
    ids::{ProjectId, SpanId, TraceId},
    media::{Media, MediaId},
    time::TimeUs,
};

use crate::StoreError;

/// Traces that go, and what comments may be on that goes with them.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct BesideTraces {
    /// The traces.
    pub traces: Vec<TraceId>,
    /// Their observations.
    pub observations: Vec<SpanId>,
    /// Sessions that have no trace left.
    pub sessions: Vec<String>,
}

/// Storage of media: what is known of it, and its bytes.
#[async_trait]
pub trait MediaStore: Send + Sync {
    /// A secret of this installation that is made when it is first asked for and never changes: 32 bytes to sign with.
    /// Whoever asks offers one; whoever comes first is taken at their word.
    async fn signing_secret(&self, offered: [u8; 32]) -> Result<[u8; 32], StoreError>;

    /// What is known of a piece of media.
    async fn media(&self, project: ProjectId, id: &MediaId) -> Result<Option<Media>, StoreError>;

    /// Says that a piece of media will come, and of which trace it is. What was said of it first stands, and is returned; a
    /// piece may belong to any number of traces. `created_us` is also when it was announced for this trace.
    async fn announce_media(
        &self,
        project: ProjectId,
        media: &Media,
        trace: Option<TraceId>,
    ) -> Result<Media, StoreError>;

    /// Keeps the bytes of an announced piece, durably; the same again changes nothing.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for what nobody announced, or was forgotten while it came; [`StoreError::Full`] when there is no
    /// space.
    async fn put_media(&self, project: ProjectId, id: &MediaId, bytes: Vec<u8>, at: TimeUs) -> Result<(), StoreError>;

    /// Takes away what is kept beside traces that go: comments on them, their observations and sessions, and media that
    /// belonged to them and to no other trace, with their bytes. Media whose trace was never said stay. Says how many pieces
    /// of media went.
    async fn forget_traces(&self, project: ProjectId, beside: &BesideTraces) -> Result<u64, StoreError>;

    /// Traces that media was announced for, and not since an instant, in the order of their ids after `after`, at most `limit`.
    async fn media_traces(
        &self,
        project: ProjectId,
        before: TimeUs,
        after: Option<TraceId>,
        limit: u16,
    ) -> Result<Vec<TraceId>, StoreError>;

    /// Takes away media that belong to no trace and were not announced since an instant, at most `limit` pieces, with their
    /// bytes. Says how many went; fewer than `limit` when there are no more.
    async fn forget_loose_media(&self, project: ProjectId, before: TimeUs, limit: u16) -> Result<u64, StoreError>;

    /// The bytes; none when they have not come.
    async fn media_bytes(&self, project: ProjectId, id: &MediaId) -> Result<Option<Vec<u8>>, StoreError>;
}
