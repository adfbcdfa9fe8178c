use async_trait::async_trait;
use domain::{
    ids::{JobId, ProjectId},
    job::{Job, JobState},
    time::TimeUs,
};
use serde_json::Value;

use crate::StoreError;

/// Who works on a job, and until when nobody else may.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct JobLease {
    /// Which job.
    pub job: JobId,
    /// Which worker: a name no other worker has.
    pub worker: String,
    /// Until when the job is this worker's alone.
    pub until_us: TimeUs,
}

/// Storage of work done in the background.
#[async_trait]
pub trait JobStore: Send + Sync {
    /// Keeps a job, as nobody has begun it.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no such project.
    async fn create_job(&self, job: &Job) -> Result<(), StoreError>;

    /// A job of a project.
    async fn job(&self, project: ProjectId, job: JobId) -> Result<Option<Job>, StoreError>;

    /// A project's jobs of one kind, newest first, at most `limit`.
    async fn jobs(&self, project: ProjectId, kind: &str, limit: u16) -> Result<Vec<Job>, StoreError>;

    /// Takes the oldest job of a kind that nobody has begun, or whose worker's lease ran out at `now`, and says that this worker
    /// runs it until then. Of several workers at the same time one gets it.
    async fn lease_job(
        &self,
        kind: &str,
        worker: &str,
        now: TimeUs,
        until_us: TimeUs,
    ) -> Result<Option<Job>, StoreError>;

    /// Keeps how far a job is and prolongs the lease. `false`: the job is no longer this worker's, who stops.
    async fn advance_job(&self, lease: &JobLease, progress: &Value, now: TimeUs) -> Result<bool, StoreError>;

    /// Ends a job that this worker runs. `false`: it is no longer theirs, and nothing changed.
    async fn finish_job(
        &self,
        lease: &JobLease,
        state: JobState,
        progress: &Value,
        error: Option<&str>,
        now: TimeUs,
    ) -> Result<bool, StoreError>;

    /// Stops a job that has not ended; its worker finds out at the next step. Returns it as it then stands.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when the project has no such job.
    async fn cancel_job(&self, project: ProjectId, job: JobId, now: TimeUs) -> Result<Job, StoreError>;
}
