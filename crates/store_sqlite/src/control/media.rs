//! Media: rows here, bytes in files.

use std::collections::BTreeSet;

use async_trait::async_trait;
use domain::{
    ids::{ProjectId, TraceId},
    media::{Media, MediaId},
    time::TimeUs,
};
use sqlx::{Row as _, sqlite::SqliteRow};
use store::{
    StoreError,
    control::{BesideTraces, MediaStore},
};

use super::{SqliteControl, commit, row};
use crate::error::from_sqlx;

const SIGNING: &str = "media";

fn media(row: &SqliteRow) -> Result<Media, StoreError> {
    let length: i64 = row.try_get("length").map_err(from_sqlx)?;
    Ok(Media {
        id: row::word(row, "id")?,
        sha256: row::digest(row, "sha256")?,
        content_type: row::word(row, "content_type")?,
        length: u64::try_from(length).map_err(|error| row::bad("length", error))?,
        created_us: row::time(row, "created_us")?,
        uploaded_us: row::optional_time(row, "uploaded_us")?,
    })
}

#[async_trait]
impl MediaStore for SqliteControl {
    async fn signing_secret(&self, offered: [u8; 32]) -> Result<[u8; 32], StoreError> {
        let known = sqlx::query("SELECT secret FROM installation_secret WHERE purpose = ?")
            .bind(SIGNING)
            .fetch_optional(&self.readers)
            .await
            .map_err(from_sqlx)?;
        if let Some(known) = known {
            return row::digest(&known, "secret");
        }
        let mut writing = self.write().await?;
        let stands = sqlx::query(
            "INSERT INTO installation_secret (purpose, secret) VALUES (?, ?)
             ON CONFLICT (purpose) DO UPDATE SET secret = installation_secret.secret RETURNING secret",
        )
        .bind(SIGNING)
        .bind(offered.as_slice())
        .fetch_one(&mut *writing.connection)
        .await
        .map_err(from_sqlx)?;
        row::digest(&stands, "secret")
    }

    async fn media(&self, project: ProjectId, id: &MediaId) -> Result<Option<Media>, StoreError> {
        let found = sqlx::query("SELECT * FROM media WHERE project_id = ? AND id = ?")
            .bind(project.0.as_bytes().as_slice())
            .bind(id.as_str())
            .fetch_optional(&self.readers)
            .await
            .map_err(from_sqlx)?;
        found.as_ref().map(media).transpose()
    }

    async fn announce_media(
        &self,
        project: ProjectId,
        announced: &Media,
        trace: Option<TraceId>,
    ) -> Result<Media, StoreError> {
        let mut writing = self.write().await?;
        let mut transaction = writing.begin().await?;
        if let Some(trace) = trace {
            sqlx::query("INSERT OR IGNORE INTO media_use (project_id, trace_id, media_id) VALUES (?, ?, ?)")
                .bind(project.0.as_bytes().as_slice())
                .bind(trace.as_bytes().as_slice())
                .bind(announced.id.as_str())
                .execute(&mut *transaction)
                .await
                .map_err(from_sqlx)?;
        }
        let stands = sqlx::query(
            "INSERT INTO media (project_id, id, sha256, content_type, length, created_us, loose) VALUES (?, ?, ?, ?, ?, ?, ?)
             ON CONFLICT (project_id, id) DO UPDATE SET loose = max(media.loose, excluded.loose) RETURNING *",
        )
        .bind(project.0.as_bytes().as_slice())
        .bind(announced.id.as_str())
        .bind(announced.sha256.as_slice())
        .bind(announced.content_type.as_str())
        .bind(i64::try_from(announced.length).map_err(StoreError::backend)?)
        .bind(announced.created_us.0)
        .bind(trace.is_none())
        .fetch_one(&mut *transaction)
        .await
        .map_err(from_sqlx)?;
        commit(transaction).await?;
        media(&stands)
    }

    async fn forget_traces(&self, project: ProjectId, beside: &BesideTraces) -> Result<u64, StoreError> {
        let own = project.0.as_bytes().as_slice();
        let mut writing = self.write().await?;
        let mut transaction = writing.begin().await?;
        let named = |list: Vec<String>, what: &'static str| list.into_iter().map(move |id| (what, id));
        let objects = named(beside.traces.iter().map(ToString::to_string).collect(), "TRACE")
            .chain(named(beside.observations.iter().map(ToString::to_string).collect(), "OBSERVATION"))
            .chain(named(beside.sessions.clone(), "SESSION"));
        for (what, id) in objects {
            sqlx::query("DELETE FROM comment WHERE project_id = ? AND object_type = ? AND object_id = ?")
                .bind(own)
                .bind(what)
                .bind(id)
                .execute(&mut *transaction)
                .await
                .map_err(from_sqlx)?;
        }
        let mut pieces = BTreeSet::new();
        for trace in &beside.traces {
            let used: Vec<String> =
                sqlx::query_scalar("DELETE FROM media_use WHERE project_id = ? AND trace_id = ? RETURNING media_id")
                    .bind(own)
                    .bind(trace.as_bytes().as_slice())
                    .fetch_all(&mut *transaction)
                    .await
                    .map_err(from_sqlx)?;
            pieces.extend(used);
        }
        let mut gone = Vec::new();
        for piece in pieces {
            let row = sqlx::query(
                "DELETE FROM media WHERE project_id = ?1 AND id = ?2 AND loose = 0 AND NOT EXISTS \
                 (SELECT 1 FROM media_use WHERE project_id = ?1 AND media_id = ?2) RETURNING sha256",
            )
            .bind(own)
            .bind(piece)
            .fetch_optional(&mut *transaction)
            .await
            .map_err(from_sqlx)?;
            gone.extend(row.map(|row| row::digest(&row, "sha256")).transpose()?);
        }
        // The files first: what stops in between is done again as long as the rows are there. The writer is held, so nobody
        // announces one of them meanwhile.
        for digest in &gone {
            self.blobs.remove(project, *digest).await?;
        }
        commit(transaction).await?;
        Ok(gone.len() as u64)
    }

    async fn put_media(&self, project: ProjectId, id: &MediaId, bytes: Vec<u8>, at: TimeUs) -> Result<(), StoreError> {
        let known = self.media(project, id).await?;
        let known = known.ok_or_else(|| StoreError::NotFound { entity: "media", id: id.to_string() })?;
        // The file first: a row that says it came never lies.
        self.blobs.put(project, known.sha256, bytes).await?;
        let mut writing = self.write().await?;
        sqlx::query("UPDATE media SET uploaded_us = coalesce(uploaded_us, ?) WHERE project_id = ? AND id = ?")
            .bind(at.0)
            .bind(project.0.as_bytes().as_slice())
            .bind(id.as_str())
            .execute(&mut *writing.connection)
            .await
            .map_err(from_sqlx)?;
        Ok(())
    }

    async fn media_bytes(&self, project: ProjectId, id: &MediaId) -> Result<Option<Vec<u8>>, StoreError> {
        let Some(known) = self.media(project, id).await?.filter(|known| known.uploaded_us.is_some()) else {
            return Ok(None);
        };
        let bytes = self.blobs.get(project, &known.sha256).await?;
        bytes.map(Some).ok_or_else(|| StoreError::Corrupt(format!("the file of media `{id}` is missing")))
    }
}
