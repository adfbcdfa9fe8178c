//! Outcome events by themselves: one by one, as a list, and counted by name.

use async_trait::async_trait;
use domain::{
    experiment::EventName,
    ids::{EventId, ProjectId},
    outcome::OutcomeEvent,
    time::TimeUs,
};
use sha2::{Digest as _, Sha256};

use crate::StoreError;

/// Which of two contents of this event stands: the later one, then the greater digest.
///
/// # Errors
/// When the event cannot be written as JSON, which no parsed event causes.
pub fn outcome_version(event: &OutcomeEvent) -> Result<(i64, u64), serde_json::Error> {
    let digest = Sha256::digest(serde_json::to_vec(event)?);
    let first_eight = digest.iter().take(8).fold(0_u64, |acc, byte| (acc << 8) | u64::from(*byte));
    Ok((event.at_us.0, first_eight))
}

/// An event as read back.
#[derive(Clone, Debug, PartialEq)]
pub struct OutcomeRecord {
    /// The event.
    pub event: OutcomeEvent,
    /// When it was first received.
    pub received_us: TimeUs,
}

/// Where an event stands in the order of arrival. A key of lists, and nothing else.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct OutcomePlace(pub u64);

/// How often an event happened.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct OutcomeCount {
    /// Its name.
    pub name: EventName,
    /// How many there are.
    pub events: u64,
    /// When the newest was received.
    pub last_us: TimeUs,
}

/// Reads outcome events.
#[async_trait]
pub trait OutcomeStore {
    /// One event.
    async fn outcome(&self, project: ProjectId, id: &EventId) -> Result<Option<OutcomeRecord>, StoreError>;

    /// Events of a project, the last to arrive first, strictly before `before` in that order, at most `limit`.
    async fn outcomes(
        &self,
        project: ProjectId,
        before: Option<OutcomePlace>,
        limit: u16,
    ) -> Result<Vec<(OutcomePlace, OutcomeRecord)>, StoreError>;

    /// Names in order, at most `limit`, with how often each happened. Counted as events are stored, never by looking at them.
    async fn outcome_counts(&self, project: ProjectId, limit: u16) -> Result<Vec<OutcomeCount>, StoreError>;
}
