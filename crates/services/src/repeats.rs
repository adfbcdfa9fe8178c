//! Requests that are done once, however often they are sent: whoever sends one says how it is called, and a repeat gets the
//! first answer again.

use std::sync::Arc;

use domain::{auth::Actor, ids::ProjectId, time::TimeUs};
use sha2::{Digest as _, Sha256};
pub use store::control::KeptAnswer;
use store::control::{Claim, RepeatableRequest};

use crate::{Context, ServiceError, access::SYSTEM};

/// How long an answer is kept.
const KEPT_US: i64 = 24 * 3_600_000_000;
/// Nothing takes this long: a claim older than this belongs to a server that ended half way.
const LEASE_US: i64 = 60_000_000;
/// Longest name of a request.
const MAX_KEY: usize = 255;
/// Largest answer kept. Beyond it a repeat is refused instead of done again.
pub const MAX_ANSWER_BYTES: usize = 4 * 1024 * 1024;

/// Requests with an `Idempotency-Key`. Cheap to clone.
#[derive(Clone)]
pub struct Repeats {
    context: Arc<Context>,
}

/// What to do with a request.
#[derive(Debug)]
pub enum Begun {
    /// Do it, then say how it went.
    First(Ticket),
    /// It was done; this was the answer.
    Repeat(KeptAnswer),
}

/// The right, and the duty, to do a request and say how it went.
#[derive(Debug)]
pub struct Ticket(RepeatableRequest);

impl Repeats {
    pub(crate) fn new(context: Arc<Context>) -> Self {
        Self { context }
    }

    /// Begins a request an actor calls `key`, which asks for what `fingerprint` is the digest of.
    ///
    /// # Errors
    /// [`ServiceError::Invalid`] for a key that is none; [`ServiceError::Conflict`] when something else was asked for under the
    /// same key, when it is being done right now, and when it was done but its answer was not kept.
    pub async fn begin(
        &self,
        actor: &Actor,
        project: ProjectId,
        key: &str,
        fingerprint: [u8; 32],
    ) -> Result<Begun, ServiceError> {
        if key.is_empty() || key.len() > MAX_KEY || !key.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ') {
            return Err(ServiceError::field("Idempotency-Key", "a key has 1 to 255 visible ASCII characters"));
        }
        let at = self.context.clock.now();
        let request = RepeatableRequest {
            project,
            actor: name_of(actor)?,
            key: key.to_owned(),
            fingerprint,
            at,
            lease_us: TimeUs(at.0.saturating_add(LEASE_US)),
            expires_us: TimeUs(at.0.saturating_add(KEPT_US)),
        };
        match self.context.control.claim(&request).await? {
            Claim::First => Ok(Begun::First(Ticket(request))),
            Claim::Done(Some(answer)) => Ok(Begun::Repeat(answer)),
            Claim::Running => Err(ServiceError::Conflict(format!(
                "A request with the `Idempotency-Key` `{key}` is being answered right now. Send it again in a second."
            ))),
            Claim::Done(None) => Err(ServiceError::Conflict(format!(
                "The request with the `Idempotency-Key` `{key}` was done before. Its answer was not kept, as it was too large or \
                 showed a secret; look at what it made instead."
            ))),
            Claim::Other => Err(ServiceError::Conflict(format!(
                "The `Idempotency-Key` `{key}` was used for another request within the last 24 hours. Use a new key for a new \
                 request."
            ))),
        }
    }

    /// The request was done. Without an answer a repeat is refused.
    ///
    /// # Errors
    /// As the store; the request stays done.
    pub async fn conclude(&self, ticket: Ticket, answer: Option<&KeptAnswer>) -> Result<(), ServiceError> {
        Ok(self.context.control.conclude(&ticket.0, answer).await?)
    }

    /// The request was refused or failed: nothing was done, and the key is free.
    ///
    /// # Errors
    /// As the store; then the key is free after a minute.
    pub async fn release(&self, ticket: Ticket) -> Result<(), ServiceError> {
        Ok(self.context.control.release(&ticket.0).await?)
    }
}

/// Digest of the parts of a request that make it what it is.
pub fn fingerprint<'p>(parts: impl IntoIterator<Item = &'p [u8]>) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in parts {
        // With its length, so that no two lists of parts run together to the same bytes.
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

/// An actor as keys are told apart by.
fn name_of(actor: &Actor) -> Result<String, ServiceError> {
    match actor {
        Actor::Key { key, .. } => Ok(format!("key {key}")),
        Actor::Person { user, .. } => Ok(format!("person {user}")),
        Actor::System => Ok(SYSTEM.to_owned()),
        Actor::Anonymous => Err(ServiceError::Unauthenticated),
    }
}
