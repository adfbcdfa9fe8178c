//! Media: rows here, bytes in files.

use std::{collections::BTreeSet, sync::Arc};

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
use crate::{
    error::from_sqlx,
    statement::{Binds, Statement},
};

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

/// Each is found by itself: a list of rows would be looked for in the whole table.
static DROP_COMMENTS: Statement =
    Statement::any_of("DELETE FROM comment WHERE ", "(project_id, object_type, object_id) = (?,?,?)");
static DROP_USES: Statement =
    Statement::new("DELETE FROM media_use WHERE project_id = ? AND trace_id IN (", "?", ") RETURNING media_id");
/// Those of them that belong to no trace any more, unless they may have belonged to none from the start.
static DROP_UNUSED: Statement = Statement::new(
    "DELETE FROM media WHERE project_id = ? AND loose = 0 AND NOT EXISTS (SELECT 1 FROM media_use \
     WHERE media_use.project_id = media.project_id AND media_use.media_id = media.id) AND id IN (",
    "?",
    ") RETURNING sha256",
);

/// Of no trace, and not announced for long.
const LOOSE: &str = "SELECT id FROM media WHERE project_id = ? AND announced_us < ? AND NOT EXISTS (SELECT 1 FROM media_use \
     WHERE media_use.project_id = media.project_id AND media_use.media_id = media.id) LIMIT ?";
static DROP_LOOSE: Statement = Statement::new(
    "DELETE FROM media WHERE project_id = ? AND announced_us < ? AND NOT EXISTS (SELECT 1 FROM media_use \
     WHERE media_use.project_id = media.project_id AND media_use.media_id = media.id) AND id IN (",
    "?",
    ") RETURNING sha256",
);

impl SqliteControl {
    /// Removes the files of rows that go, given by their digests, before that is committed: what stops in between is done again
    /// as long as the rows are there. The writer is held, so nobody announces one of them meanwhile.
    async fn drop_files(&self, project: ProjectId, gone: &[SqliteRow]) -> Result<(), StoreError> {
        for row in gone {
            self.blobs.remove(project, row::digest(row, "sha256")?).await?;
        }
        Ok(())
    }
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
            sqlx::query(
                "INSERT INTO media_use (project_id, trace_id, media_id, announced_us) VALUES (?, ?, ?, ?)
                 ON CONFLICT DO UPDATE SET announced_us = max(media_use.announced_us, excluded.announced_us)",
            )
            .bind(project.0.as_bytes().as_slice())
            .bind(trace.as_bytes().as_slice())
            .bind(announced.id.as_str())
            .bind(announced.created_us.0)
            .execute(&mut *transaction)
            .await
            .map_err(from_sqlx)?;
        }
        let stands = sqlx::query(
            "INSERT INTO media (project_id, id, sha256, content_type, length, created_us, announced_us, loose)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6, ?7)
             ON CONFLICT (project_id, id) DO UPDATE SET loose = max(media.loose, excluded.loose),
               announced_us = max(media.announced_us, excluded.announced_us) RETURNING *",
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
        let own = project.0.as_bytes().to_vec();
        let mut writing = self.write().await?;
        let mut transaction = writing.begin().await?;
        let traces = beside.traces.iter().map(|id| ("TRACE", id.to_string()));
        let observations = beside.observations.iter().map(|id| ("OBSERVATION", id.to_string()));
        let sessions = beside.sessions.iter().map(|id| ("SESSION", id.clone()));
        DROP_COMMENTS
            .run(&mut transaction, traces.chain(observations).chain(sessions).collect(), |binds, (what, id)| {
                binds.add(own.clone()).add(what).add(id);
            })
            .await?;
        let first = |binds: &mut Binds| {
            binds.add(own.clone());
        };
        let traces = beside.traces.iter().map(|trace| trace.as_bytes().to_vec()).collect();
        let bind = |binds: &mut Binds, id: Vec<u8>| {
            binds.add(id);
        };
        let used = DROP_USES.fetch(&mut transaction, traces, first, bind).await?;
        let pieces: BTreeSet<String> =
            used.iter().map(|row| row.try_get(0).map_err(from_sqlx)).collect::<Result<_, _>>()?;
        let bind = |binds: &mut Binds, id: String| {
            binds.add(id);
        };
        let gone = DROP_UNUSED.fetch(&mut transaction, pieces.into_iter().collect(), first, bind).await?;
        self.drop_files(project, &gone).await?;
        commit(transaction).await?;
        Ok(gone.len() as u64)
    }

    async fn media_traces(
        &self,
        project: ProjectId,
        before: TimeUs,
        after: Option<TraceId>,
        limit: u16,
    ) -> Result<Vec<TraceId>, StoreError> {
        let after = after.map_or_else(Vec::new, |id| id.as_bytes().to_vec());
        let ids: Vec<Vec<u8>> = sqlx::query_scalar(
            "SELECT trace_id FROM media_use WHERE project_id = ? AND trace_id > ?
             GROUP BY trace_id HAVING max(announced_us) < ? ORDER BY trace_id LIMIT ?",
        )
        .bind(project.0.as_bytes().as_slice())
        .bind(after)
        .bind(before.0)
        .bind(i64::from(limit))
        .fetch_all(&self.readers)
        .await
        .map_err(from_sqlx)?;
        let id = |bytes: &Vec<u8>| TraceId::from_slice(bytes).map_err(|error| row::bad("trace_id", error));
        ids.iter().map(id).collect()
    }

    async fn forget_loose_media(&self, project: ProjectId, before: TimeUs, limit: u16) -> Result<u64, StoreError> {
        let own = project.0.as_bytes().to_vec();
        let found: Vec<String> = sqlx::query_scalar(LOOSE)
            .bind(own.clone())
            .bind(before.0)
            .bind(i64::from(limit))
            .fetch_all(&self.readers)
            .await
            .map_err(from_sqlx)?;
        if found.is_empty() {
            return Ok(0);
        }
        let mut writing = self.write().await?;
        let mut transaction = writing.begin().await?;
        let first = |binds: &mut Binds| {
            binds.add(own.clone()).add(before.0);
        };
        let bind = |binds: &mut Binds, id: String| {
            binds.add(id);
        };
        let gone = DROP_LOOSE.fetch(&mut transaction, found, first, bind).await?;
        self.drop_files(project, &gone).await?;
        commit(transaction).await?;
        Ok(gone.len() as u64)
    }

    async fn put_media(&self, project: ProjectId, id: &MediaId, bytes: Vec<u8>, at: TimeUs) -> Result<(), StoreError> {
        let missing = || StoreError::NotFound { entity: "media", id: id.to_string() };
        let known = self.media(project, id).await?.ok_or_else(missing)?;
        let bytes = Arc::new(bytes);
        // The file first: a row that says it came never lies.
        self.blobs.put(project, known.sha256, Arc::clone(&bytes)).await?;
        let mut writing = self.write().await?;
        // The piece may have been forgotten meanwhile, and announced again. From here on nobody does either.
        let stands =
            sqlx::query("UPDATE media SET uploaded_us = coalesce(uploaded_us, ?) WHERE project_id = ? AND id = ?");
        let mut transaction = writing.begin().await?;
        let stands = stands
            .bind(at.0)
            .bind(project.0.as_bytes().as_slice())
            .bind(id.as_str())
            .execute(&mut *transaction)
            .await
            .map_err(from_sqlx)?;
        if stands.rows_affected() == 0 {
            self.blobs.remove(project, known.sha256).await?;
            return Err(missing());
        }
        self.blobs.put(project, known.sha256, bytes).await?;
        commit(transaction).await
    }

    async fn media_bytes(&self, project: ProjectId, id: &MediaId) -> Result<Option<Vec<u8>>, StoreError> {
        let Some(known) = self.media(project, id).await?.filter(|known| known.uploaded_us.is_some()) else {
            return Ok(None);
        };
        let bytes = self.blobs.get(project, &known.sha256).await?;
        bytes.map(Some).ok_or_else(|| StoreError::Corrupt(format!("the file of media `{id}` is missing")))
    }
}

#[cfg(test)]
mod tests {
    use domain::{ids::UserId, project::Project};
    use store::control::{AccessStore as _, NewOwner, Person};
    use uuid::Uuid;

    use super::*;

    const AT: TimeUs = TimeUs(1_790_000_000_000_000);

    /// A picture was announced, its bytes are on their way, and meanwhile what it was of is forgotten, and perhaps announced anew.
    async fn sent_while_forgotten(again: bool) {
        let folder = tempfile::tempdir().unwrap();
        let control = SqliteControl::open(folder.path()).await.unwrap();
        let project = ProjectId(Uuid::from_u128(2));
        let owner = NewOwner {
            person: Person {
                id: UserId(Uuid::from_u128(1)),
                email: "a@example.com".parse().unwrap(),
                password_hash: None,
                created_us: AT,
            },
            project: Project { id: project, slug: "p".parse().unwrap(), name: "P".to_owned(), created_us: AT },
            key: None,
        };
        control.create_first_owner(owner).await.unwrap();
        let picture = Media {
            id: "AAAAAAAAAAAAAAAAAAAAAA".parse().unwrap(),
            sha256: [7; 32],
            content_type: "image/png".parse().unwrap(),
            length: 3,
            created_us: AT,
            uploaded_us: None,
        };
        let trace = TraceId::from_bytes([1; 16]).ok();
        control.announce_media(project, &picture, trace).await.unwrap();
        let mut held = control.write().await.unwrap();
        let sent = control.put_media(project, &picture.id, vec![1, 2, 3], AT);
        tokio::pin!(sent);
        let path = control.blobs.path(project, &picture.sha256);
        while !path.exists() {
            // It goes as far as it can without the writer.
            assert!(tokio::time::timeout(std::time::Duration::from_millis(5), &mut sent).await.is_err());
        }
        let forget = if again { "UPDATE media SET uploaded_us = NULL" } else { "DELETE FROM media" };
        sqlx::query(forget).execute(&mut *held.connection).await.unwrap();
        control.blobs.remove(project, picture.sha256).await.unwrap();
        drop(held);
        let outcome = sent.await;
        let there = control.blobs.get(project, &picture.sha256).await.unwrap();
        if again {
            outcome.unwrap();
            assert_eq!(control.media_bytes(project, &picture.id).await.unwrap(), Some(vec![1, 2, 3]));
        } else {
            assert!(matches!(outcome, Err(StoreError::NotFound { .. })), "{outcome:?}");
            assert_eq!(there, None, "bytes nobody would ever remove");
        }
    }

    #[tokio::test]
    async fn bytes_that_come_while_they_are_forgotten_do_not_stay() {
        sent_while_forgotten(false).await;
    }

    #[tokio::test]
    async fn bytes_that_come_for_a_piece_announced_anew_are_there() {
        sent_while_forgotten(true).await;
    }
}
