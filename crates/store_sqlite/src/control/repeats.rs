//! Requests that may be repeated.

use async_trait::async_trait;
use sqlx::Row as _;
use store::{
    StoreError,
    control::{Claim, KeptAnswer, RepeatStore, RepeatableRequest},
};

use super::{SqliteControl, commit, row};
use crate::error::from_sqlx;

const CLAIM: &str = "INSERT INTO repeatable (project_id, actor, key, fingerprint, claimed_us, lease_us, expires_us)
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
   ON CONFLICT (project_id, actor, key) DO UPDATE SET fingerprint = excluded.fingerprint,
     claimed_us = excluded.claimed_us, lease_us = excluded.lease_us, expires_us = excluded.expires_us,
     done = 0, status = NULL, content_type = NULL, body = NULL
   WHERE repeatable.expires_us <= ?5 OR (repeatable.done = 0 AND repeatable.lease_us <= ?5)
   RETURNING 1";
const KNOWN: &str = "SELECT fingerprint, done, status, content_type, body FROM repeatable
   WHERE project_id = ? AND actor = ? AND key = ?";
/// The claim is still the one this caller made.
const CONCLUDE: &str = "UPDATE repeatable SET done = 1, status = ?, content_type = ?, body = ?
   WHERE project_id = ? AND actor = ? AND key = ? AND claimed_us = ? AND fingerprint = ? AND done = 0";
const RELEASE: &str = "DELETE FROM repeatable
   WHERE project_id = ? AND actor = ? AND key = ? AND claimed_us = ? AND fingerprint = ? AND done = 0";

#[async_trait]
impl RepeatStore for SqliteControl {
    async fn claim(&self, request: &RepeatableRequest) -> Result<Claim, StoreError> {
        let mut writing = self.write().await?;
        let mut transaction = writing.begin().await?;
        let claimed = sqlx::query(CLAIM)
            .bind(request.project.0.as_bytes().as_slice())
            .bind(request.actor.as_str())
            .bind(request.key.as_str())
            .bind(request.fingerprint.as_slice())
            .bind(request.at.0)
            .bind(request.lease_us.0)
            .bind(request.expires_us.0)
            .fetch_optional(&mut *transaction)
            .await
            .map_err(from_sqlx)?;
        if claimed.is_some() {
            commit(transaction).await?;
            return Ok(Claim::First);
        }
        let known = sqlx::query(KNOWN)
            .bind(request.project.0.as_bytes().as_slice())
            .bind(request.actor.as_str())
            .bind(request.key.as_str())
            .fetch_one(&mut *transaction)
            .await
            .map_err(from_sqlx)?;
        if row::digest(&known, "fingerprint")? != request.fingerprint {
            return Ok(Claim::Other);
        }
        if !known.try_get::<bool, _>("done").map_err(from_sqlx)? {
            return Ok(Claim::Running);
        }
        let Some(status) = known.try_get::<Option<i64>, _>("status").map_err(from_sqlx)? else {
            return Ok(Claim::Done(None));
        };
        Ok(Claim::Done(Some(KeptAnswer {
            status: u16::try_from(status).map_err(|error| row::bad("status", error))?,
            content_type: row::text(&known, "content_type")?,
            body: known.try_get("body").map_err(from_sqlx)?,
        })))
    }

    async fn conclude(&self, request: &RepeatableRequest, answer: Option<&KeptAnswer>) -> Result<(), StoreError> {
        let mut writing = self.write().await?;
        sqlx::query(CONCLUDE)
            .bind(answer.map(|answer| i64::from(answer.status)))
            .bind(answer.map(|answer| answer.content_type.as_str()))
            .bind(answer.map(|answer| answer.body.as_slice()))
            .bind(request.project.0.as_bytes().as_slice())
            .bind(request.actor.as_str())
            .bind(request.key.as_str())
            .bind(request.at.0)
            .bind(request.fingerprint.as_slice())
            .execute(&mut *writing.connection)
            .await
            .map_err(from_sqlx)?;
        Ok(())
    }

    async fn release(&self, request: &RepeatableRequest) -> Result<(), StoreError> {
        let mut writing = self.write().await?;
        sqlx::query(RELEASE)
            .bind(request.project.0.as_bytes().as_slice())
            .bind(request.actor.as_str())
            .bind(request.key.as_str())
            .bind(request.at.0)
            .bind(request.fingerprint.as_slice())
            .execute(&mut *writing.connection)
            .await
            .map_err(from_sqlx)?;
        Ok(())
    }
}
