//! What the use cases are given: stores, a clock, randomness, a folder. Nothing else here reads a clock or makes a random number.

use std::{
    path::PathBuf,
    time::{SystemTime, UNIX_EPOCH},
};

use domain::{
    auth::{Access, Actor, Permission},
    ids::ProjectId,
    time::TimeUs,
};
use rand::{TryRng as _, rngs::SysRng};
use uuid::Uuid;

use crate::{Control, Events, ServiceError};

/// Says what time it is.
pub trait Clock: Send + Sync {
    /// Now.
    fn now(&self) -> TimeUs;
}

/// Gives random bytes fit for secrets.
pub trait Random: Send + Sync {
    /// Fills the slice.
    ///
    /// # Errors
    /// When the system has no randomness to give.
    fn fill(&self, bytes: &mut [u8]) -> Result<(), ServiceError>;
}

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> TimeUs {
        // A clock before 1970 is a broken machine; the epoch is the least wrong answer then.
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        TimeUs(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
    }
}

/// The operating system's randomness.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemRandom;

impl Random for SystemRandom {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), ServiceError> {
        SysRng.try_fill_bytes(bytes).map_err(|cause| ServiceError::Internal(Box::new(cause)))
    }
}

/// Stores, clock and randomness.
pub struct Context {
    /// Projects, people, keys, prompts.
    pub control: Control,
    /// Spans, scores, totals.
    pub events: Events,
    /// The time.
    pub clock: Box<dyn Clock>,
    /// Randomness.
    pub random: Box<dyn Random>,
    /// A folder for files on their way in, beside the data; made when it is needed.
    pub spool: PathBuf,
}

impl Context {
    /// A new time-ordered id (UUIDv7) of the present moment.
    ///
    /// # Errors
    /// When there is no randomness.
    pub fn new_id(&self) -> Result<Uuid, ServiceError> {
        let mut random = [0_u8; 10];
        self.random.fill(&mut random)?;
        let millis = u64::try_from(self.clock.now().0.max(0) / 1000).unwrap_or(0);
        Ok(uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid())
    }
}

/// Lets the actor through or says why not. A project the actor has nothing to do with does not exist for them.
///
/// # Errors
/// [`ServiceError::Unauthenticated`], [`ServiceError::Forbidden`] or [`ServiceError::NotFound`].
pub fn authorize(actor: &Actor, project: ProjectId, permission: Permission) -> Result<(), ServiceError> {
    match actor.access(project, permission) {
        Access::Granted => Ok(()),
        Access::Forbidden => Err(ServiceError::Forbidden(permission)),
        Access::Unknown => Err(ServiceError::NotFound { entity: "project", id: project.to_string() }),
        Access::Unauthenticated => Err(ServiceError::Unauthenticated),
    }
}
