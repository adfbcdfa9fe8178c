use async_trait::async_trait;
use domain::{
    ids::{ProjectId, ScoreId, TraceId},
    time::TimeUs,
};

use super::ScoreRecord;
use crate::StoreError;

/// Which scores to list.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum ScoresOf {
    /// All of the project.
    Project,
    /// On a trace and its observations.
    Trace(TraceId),
    /// On a session.
    Session(String),
}

/// A score's place in the order of arrival: the later it first came, the greater. Never changes and is never used again.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct ScorePlace(pub u64);

/// Scores one by one, and page by page.
#[async_trait]
pub trait ScoreList: Send + Sync {
    /// One score.
    async fn score(&self, project: ProjectId, id: &ScoreId) -> Result<Option<ScoreRecord>, StoreError>;

    /// Scores, the last to arrive first; strictly before `before` in that order, at most `limit`.
    async fn scores_by_arrival(
        &self,
        project: ProjectId,
        of: &ScoresOf,
        before: Option<ScorePlace>,
        limit: u16,
    ) -> Result<Vec<(ScorePlace, ScoreRecord)>, StoreError>;

    /// Removes a score from every list and total. What was sent of it before `at` stays removed, however often it is sent
    /// again; the same id with a later time is a new score.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no such score.
    async fn remove_score(&self, project: ProjectId, id: &ScoreId, at: TimeUs) -> Result<(), StoreError>;
}
