//! Media: rows here, bytes in files.

use async_trait::async_trait;
use domain::{
    ids::ProjectId,
    media::{Media, MediaId},
    time::TimeUs,
};
use sqlx::{Row as _, sqlite::SqliteRow};
use store::{StoreError, control::MediaStore};

use super::{SqliteControl, row};
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

    async fn announce_media(&self, project: ProjectId, announced: &Media) -> Result<Media, StoreError> {
        let mut writing = self.write().await?;
        let stands = sqlx::query(
            "INSERT INTO media (project_id, id, sha256, content_type, length, created_us) VALUES (?, ?, ?, ?, ?, ?)
             ON CONFLICT (project_id, id) DO UPDATE SET sha256 = media.sha256 RETURNING *",
        )
        .bind(project.0.as_bytes().as_slice())
        .bind(announced.id.as_str())
        .bind(announced.sha256.as_slice())
        .bind(announced.content_type.as_str())
        .bind(i64::try_from(announced.length).map_err(StoreError::backend)?)
        .bind(announced.created_us.0)
        .fetch_one(&mut *writing.connection)
        .await
        .map_err(from_sqlx)?;
        media(&stands)
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
