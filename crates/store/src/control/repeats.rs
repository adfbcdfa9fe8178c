use async_trait::async_trait;
use domain::{ids::ProjectId, time::TimeUs};

use super::Digest;
use crate::StoreError;

/// A request that its sender may repeat without it being done twice.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RepeatableRequest {
    /// Where it is done.
    pub project: ProjectId,
    /// Who sends it: the same key from another actor is another request.
    pub actor: String,
    /// What the sender calls it.
    pub key: String,
    /// SHA-256 of what it asks for.
    pub fingerprint: Digest,
    /// Now.
    pub at: TimeUs,
    /// When whoever does it has surely stopped, so that another may.
    pub lease_us: TimeUs,
    /// When its answer is forgotten.
    pub expires_us: TimeUs,
}

/// What is known of a request that says how it is called.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Claim {
    /// Nothing: it is the caller's to do, and to conclude or release.
    First,
    /// Somebody is doing it.
    Running,
    /// It was done. Without an answer when that could not be kept.
    Done(Option<KeptAnswer>),
    /// Something else was asked for under this key.
    Other,
}

/// An answer kept to be given again.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct KeptAnswer {
    /// HTTP status.
    pub status: u16,
    /// Its `Content-Type`; empty when it has no body.
    pub content_type: String,
    /// Its body.
    pub body: Vec<u8>,
}

/// Storage of requests that may be repeated.
#[async_trait]
pub trait RepeatStore: Send + Sync {
    /// Claims a request: of several at the same time one gets [`Claim::First`]. One whose answer expired, or whose lease ran
    /// out before it was concluded, may be claimed again.
    async fn claim(&self, request: &RepeatableRequest) -> Result<Claim, StoreError>;

    /// Says that a claimed request was done, and keeps its answer, if it may be kept, until it expires. Changes nothing when
    /// somebody else has claimed it since.
    async fn conclude(&self, request: &RepeatableRequest, answer: Option<&KeptAnswer>) -> Result<(), StoreError>;

    /// Gives a claim back, as nothing was done. Changes nothing when somebody else has claimed it since.
    async fn release(&self, request: &RepeatableRequest) -> Result<(), StoreError>;
}
