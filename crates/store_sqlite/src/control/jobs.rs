//! Work done in the background.

use async_trait::async_trait;
use domain::{
    ids::{JobId, ProjectId},
    job::{Job, JobState},
    time::TimeUs,
};
use serde_json::Value;
use sqlx::sqlite::SqliteRow;
use store::{
    StoreError,
    control::{JobLease, JobStore},
};

use super::{SqliteControl, row};
use crate::error::from_sqlx;

/// The project is asked for in the same statement, so that a missing one adds nothing.
const CREATE: &str = "INSERT INTO job (id, project_id, kind, params, progress, state, error, created_by, created_us,
     updated_us, finished_us)
   SELECT ?, project.id, ?, ?, ?, ?, ?, ?, ?, ?, ? FROM project WHERE project.id = ?";
const ONE: &str = "SELECT * FROM job WHERE project_id = ? AND id = ?";
const LIST: &str = "SELECT * FROM job WHERE project_id = ? AND kind = ? ORDER BY created_us DESC, id DESC LIMIT ?";
const LEASE: &str = "UPDATE job SET state = 'running', worker = ?1, lease_us = ?2, updated_us = ?3 WHERE id = (
     SELECT id FROM job WHERE kind = ?4 AND (state = 'waiting' OR (state = 'running' AND lease_us <= ?3))
     ORDER BY created_us, id LIMIT 1)
   RETURNING *";
const ADVANCE: &str = "UPDATE job SET progress = ?, lease_us = ?, updated_us = ?
   WHERE id = ? AND worker = ? AND state = 'running'";
const FINISH: &str =
    "UPDATE job SET state = ?, progress = ?, error = ?, updated_us = ?4, finished_us = ?4, worker = NULL,
     lease_us = NULL
   WHERE id = ?5 AND worker = ?6 AND state = 'running'";
const CANCEL: &str =
    "UPDATE job SET state = 'cancelled', updated_us = ?1, finished_us = ?1, worker = NULL, lease_us = NULL
   WHERE project_id = ?2 AND id = ?3 AND state IN ('waiting', 'running')";

fn job(found: &SqliteRow) -> Result<Job, StoreError> {
    Ok(Job {
        id: JobId(row::uuid(found, "id")?),
        project: ProjectId(row::uuid(found, "project_id")?),
        kind: row::text(found, "kind")?,
        params: row::json(found, "params")?,
        state: row::word(found, "state")?,
        progress: row::json(found, "progress")?,
        error: row::optional_text(found, "error")?,
        created_by: row::text(found, "created_by")?,
        created_us: row::time(found, "created_us")?,
        updated_us: row::time(found, "updated_us")?,
        finished_us: row::optional_time(found, "finished_us")?,
    })
}

#[async_trait]
impl JobStore for SqliteControl {
    async fn create_job(&self, job: &Job) -> Result<(), StoreError> {
        let mut writing = self.write().await?;
        let made = sqlx::query(CREATE)
            .bind(job.id.0.as_bytes().as_slice())
            .bind(job.kind.as_str())
            .bind(row::as_json(&job.params)?)
            .bind(row::as_json(&job.progress)?)
            .bind(job.state.as_str())
            .bind(job.error.as_deref())
            .bind(job.created_by.as_str())
            .bind(job.created_us.0)
            .bind(job.updated_us.0)
            .bind(job.finished_us.map(|time| time.0))
            .bind(job.project.0.as_bytes().as_slice())
            .execute(&mut *writing.connection)
            .await
            .map_err(from_sqlx)?;
        match made.rows_affected() {
            0 => Err(StoreError::NotFound { entity: "project", id: job.project.to_string() }),
            _ => Ok(()),
        }
    }

    async fn job(&self, project: ProjectId, id: JobId) -> Result<Option<Job>, StoreError> {
        let found = sqlx::query(ONE)
            .bind(project.0.as_bytes().as_slice())
            .bind(id.0.as_bytes().as_slice())
            .fetch_optional(&self.readers)
            .await
            .map_err(from_sqlx)?;
        found.as_ref().map(job).transpose()
    }

    async fn jobs(&self, project: ProjectId, kind: &str, limit: u16) -> Result<Vec<Job>, StoreError> {
        let found = sqlx::query(LIST)
            .bind(project.0.as_bytes().as_slice())
            .bind(kind)
            .bind(i64::from(limit))
            .fetch_all(&self.readers)
            .await
            .map_err(from_sqlx)?;
        found.iter().map(job).collect()
    }

    async fn lease_job(
        &self,
        kind: &str,
        worker: &str,
        now: TimeUs,
        until_us: TimeUs,
    ) -> Result<Option<Job>, StoreError> {
        let mut writing = self.write().await?;
        let taken = sqlx::query(LEASE)
            .bind(worker)
            .bind(until_us.0)
            .bind(now.0)
            .bind(kind)
            .fetch_optional(&mut *writing.connection)
            .await
            .map_err(from_sqlx)?;
        taken.as_ref().map(job).transpose()
    }

    async fn advance_job(&self, lease: &JobLease, progress: &Value, now: TimeUs) -> Result<bool, StoreError> {
        let mut writing = self.write().await?;
        let kept = sqlx::query(ADVANCE)
            .bind(row::as_json(progress)?)
            .bind(lease.until_us.0)
            .bind(now.0)
            .bind(lease.job.0.as_bytes().as_slice())
            .bind(lease.worker.as_str())
            .execute(&mut *writing.connection)
            .await
            .map_err(from_sqlx)?;
        Ok(kept.rows_affected() == 1)
    }

    async fn finish_job(
        &self,
        lease: &JobLease,
        state: JobState,
        progress: &Value,
        error: Option<&str>,
        now: TimeUs,
    ) -> Result<bool, StoreError> {
        let mut writing = self.write().await?;
        let ended = sqlx::query(FINISH)
            .bind(state.as_str())
            .bind(row::as_json(progress)?)
            .bind(error)
            .bind(now.0)
            .bind(lease.job.0.as_bytes().as_slice())
            .bind(lease.worker.as_str())
            .execute(&mut *writing.connection)
            .await
            .map_err(from_sqlx)?;
        Ok(ended.rows_affected() == 1)
    }

    async fn cancel_job(&self, project: ProjectId, id: JobId, now: TimeUs) -> Result<Job, StoreError> {
        let mut writing = self.write().await?;
        sqlx::query(CANCEL)
            .bind(now.0)
            .bind(project.0.as_bytes().as_slice())
            .bind(id.0.as_bytes().as_slice())
            .execute(&mut *writing.connection)
            .await
            .map_err(from_sqlx)?;
        let found = sqlx::query(ONE)
            .bind(project.0.as_bytes().as_slice())
            .bind(id.0.as_bytes().as_slice())
            .fetch_optional(&mut *writing.connection)
            .await
            .map_err(from_sqlx)?;
        let found = found.ok_or_else(|| StoreError::NotFound { entity: "job", id: id.to_string() })?;
        job(&found)
    }
}
