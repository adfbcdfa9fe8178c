//! Comments and score configurations.

use async_trait::async_trait;
use domain::ids::{CommentId, ProjectId, ScoreConfigId};
use sqlx::{QueryBuilder, Row as _, Sqlite, sqlite::SqliteRow};
use store::{
    StoreError,
    control::{Comment, CommentFilter, Counted, NoteStore, ScoreConfig, ScoreKind},
};

use super::{SqliteControl, datasets::List, row};
use crate::error::from_sqlx;

fn comment(row: &SqliteRow) -> Result<Comment, StoreError> {
    Ok(Comment {
        id: CommentId(row::uuid(row, "id")?),
        object_type: row::text(row, "object_type")?,
        object_id: row::text(row, "object_id")?,
        content: row::text(row, "content")?,
        author: row::optional_text(row, "author")?,
        created_us: row::time(row, "created_us")?,
    })
}

fn kind_word(kind: ScoreKind) -> &'static str {
    match kind {
        ScoreKind::Numeric => "NUMERIC",
        ScoreKind::Boolean => "BOOLEAN",
        ScoreKind::Categorical => "CATEGORICAL",
        ScoreKind::Text => "TEXT",
    }
}

fn config(row: &SqliteRow) -> Result<ScoreConfig, StoreError> {
    let kind: &str = row.try_get("kind").map_err(from_sqlx)?;
    let known = [ScoreKind::Numeric, ScoreKind::Boolean, ScoreKind::Categorical, ScoreKind::Text];
    Ok(ScoreConfig {
        id: ScoreConfigId(row::uuid(row, "id")?),
        name: row::text(row, "name")?,
        kind: known.into_iter().find(|known| kind_word(*known) == kind).ok_or_else(|| row::bad("kind", kind))?,
        archived: row.try_get("archived").map_err(from_sqlx)?,
        min: row.try_get("min").map_err(from_sqlx)?,
        max: row.try_get("max").map_err(from_sqlx)?,
        categories: row::json(row, "categories")?,
        description: row::optional_text(row, "description")?,
        created_us: row::time(row, "created_us")?,
        updated_us: row::time(row, "updated_us")?,
    })
}

#[async_trait]
impl NoteStore for SqliteControl {
    async fn add_comment(&self, project: ProjectId, new: &Comment) -> Result<(), StoreError> {
        let mut writing = self.write().await?;
        sqlx::query(
            "INSERT INTO comment (id, project_id, object_type, object_id, content, author, created_us)
             VALUES (?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(new.id.0.as_bytes().as_slice())
        .bind(project.0.as_bytes().as_slice())
        .bind(new.object_type.as_str())
        .bind(new.object_id.as_str())
        .bind(new.content.as_str())
        .bind(new.author.as_deref())
        .bind(new.created_us.0)
        .execute(&mut *writing.connection)
        .await
        .map_err(from_sqlx)?;
        Ok(())
    }

    async fn comment(&self, project: ProjectId, id: CommentId) -> Result<Option<Comment>, StoreError> {
        let found = sqlx::query("SELECT * FROM comment WHERE project_id = ? AND id = ?")
            .bind(project.0.as_bytes().as_slice())
            .bind(id.0.as_bytes().as_slice())
            .fetch_optional(&self.readers)
            .await
            .map_err(from_sqlx)?;
        found.as_ref().map(comment).transpose()
    }

    async fn comments(
        &self,
        project: ProjectId,
        filter: &CommentFilter,
        skip: u64,
        limit: u16,
    ) -> Result<Counted<Comment>, StoreError> {
        let tail = |query: &mut QueryBuilder<Sqlite>| {
            query.push(" FROM comment WHERE project_id = ").push_bind(project.0.as_bytes().to_vec());
            for (condition, value) in [
                (" AND object_type = ", &filter.object_type),
                (" AND object_id = ", &filter.object_id),
                (" AND author = ", &filter.author),
            ] {
                if let Some(value) = value {
                    query.push(condition).push_bind(value.clone());
                }
            }
        };
        List { rows: "SELECT *", order: "position" }.read(self, tail, (skip, limit), comment).await
    }

    async fn save_score_config(&self, project: ProjectId, new: &ScoreConfig) -> Result<(), StoreError> {
        let mut writing = self.write().await?;
        sqlx::query(
            "INSERT INTO score_config (id, project_id, name, kind, archived, min, max, categories, description, created_us,
               updated_us) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
             ON CONFLICT (id) DO UPDATE SET name = excluded.name, kind = excluded.kind, archived = excluded.archived,
               min = excluded.min, max = excluded.max, categories = excluded.categories,
               description = excluded.description, updated_us = excluded.updated_us
             WHERE score_config.project_id = excluded.project_id",
        )
        .bind(new.id.0.as_bytes().as_slice())
        .bind(project.0.as_bytes().as_slice())
        .bind(new.name.as_str())
        .bind(kind_word(new.kind))
        .bind(new.archived)
        .bind(new.min)
        .bind(new.max)
        .bind(row::as_json(&new.categories)?)
        .bind(new.description.as_deref())
        .bind(new.created_us.0)
        .bind(new.updated_us.0)
        .execute(&mut *writing.connection)
        .await
        .map_err(from_sqlx)?;
        Ok(())
    }

    async fn score_config(&self, project: ProjectId, id: ScoreConfigId) -> Result<Option<ScoreConfig>, StoreError> {
        let found = sqlx::query("SELECT * FROM score_config WHERE project_id = ? AND id = ?")
            .bind(project.0.as_bytes().as_slice())
            .bind(id.0.as_bytes().as_slice())
            .fetch_optional(&self.readers)
            .await
            .map_err(from_sqlx)?;
        found.as_ref().map(config).transpose()
    }

    async fn score_configs(
        &self,
        project: ProjectId,
        skip: u64,
        limit: u16,
    ) -> Result<Counted<ScoreConfig>, StoreError> {
        let tail = |query: &mut QueryBuilder<Sqlite>| {
            query.push(" FROM score_config WHERE project_id = ").push_bind(project.0.as_bytes().to_vec());
        };
        List { rows: "SELECT *", order: "position" }.read(self, tail, (skip, limit), config).await
    }
}
