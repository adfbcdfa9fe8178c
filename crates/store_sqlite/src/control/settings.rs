//! Names and settings of projects; settings are one versioned JSON text each.

use domain::{
    ids::ProjectId,
    project::{ProjectSettings, SettingsAt},
};
use serde::{Deserialize, Serialize};
use sqlx::Row as _;
use store::StoreError;

use super::{SqliteControl, commit};
use crate::error::from_sqlx;

/// The form the text is in. Raised when a field changes its meaning.
const VERSION: u32 = 1;

/// The text as it is stored.
#[derive(Serialize, Deserialize)]
struct Stored {
    version: u32,
    #[serde(flatten)]
    settings: ProjectSettings,
}

impl SqliteControl {
    pub(super) async fn replace_name(&self, project: ProjectId, name: &str) -> Result<(), StoreError> {
        let mut writing = self.write().await?;
        let mut transaction = writing.begin().await?;
        let done = sqlx::query("UPDATE project SET name = ? WHERE id = ?")
            .bind(name)
            .bind(project.0.as_bytes().as_slice())
            .execute(&mut *transaction)
            .await
            .map_err(from_sqlx)?;
        if done.rows_affected() == 0 {
            return Err(StoreError::NotFound { entity: "project", id: project.to_string() });
        }
        commit(transaction).await
    }

    pub(super) async fn settings_of(&self, project: ProjectId) -> Result<SettingsAt, StoreError> {
        let row = sqlx::query("SELECT settings, settings_revision FROM project WHERE id = ?")
            .bind(project.0.as_bytes().as_slice())
            .fetch_optional(&self.readers)
            .await
            .map_err(from_sqlx)?;
        let Some(row) = row else { return Ok(SettingsAt::default()) };
        let text: &str = row.try_get(0).map_err(from_sqlx)?;
        let stored: Stored = serde_json::from_str(text)
            .map_err(|error| StoreError::Corrupt(format!("the settings of project `{project}`: {error}")))?;
        if stored.version > VERSION {
            return Err(StoreError::Corrupt(format!("the settings of project `{project}` are of a newer release")));
        }
        let revision: i64 = row.try_get(1).map_err(from_sqlx)?;
        Ok(SettingsAt { settings: stored.settings, revision: u64::try_from(revision).map_err(StoreError::backend)? })
    }

    pub(super) async fn replace_settings(
        &self,
        project: ProjectId,
        settings: &ProjectSettings,
        revision: u64,
    ) -> Result<u64, StoreError> {
        let stored = Stored { version: VERSION, settings: settings.clone() };
        let text = serde_json::to_string(&stored).map_err(StoreError::backend)?;
        let id = project.0.as_bytes().to_vec();
        let mut writing = self.write().await?;
        let mut transaction = writing.begin().await?;
        let done = sqlx::query(
            "UPDATE project SET settings = ?, settings_revision = settings_revision + 1 \
             WHERE id = ? AND settings_revision = ?",
        )
        .bind(text)
        .bind(&id)
        .bind(i64::try_from(revision).map_err(StoreError::backend)?)
        .execute(&mut *transaction)
        .await
        .map_err(from_sqlx)?;
        if done.rows_affected() == 1 {
            commit(transaction).await?;
            return Ok(revision.saturating_add(1));
        }
        let there: bool = sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM project WHERE id = ?)")
            .bind(id)
            .fetch_one(&mut *transaction)
            .await
            .map_err(from_sqlx)?;
        if there {
            return Err(StoreError::Conflict("the settings were changed meanwhile; read them again".to_owned()));
        }
        Err(StoreError::NotFound { entity: "project", id: project.to_string() })
    }
}
