//! Taking prompts and versions away.

use domain::{
    ids::ProjectId,
    prompt::{PromptName, VersionChoice},
};
use store::{
    StoreError,
    control::{MoveRecord, RemovedPrompt},
};

use super::{
    SqliteControl, commit,
    labels::{self, Slot},
    prompts::{chosen, known_head, raise_revision, set_updated},
    row,
};
use crate::error::from_sqlx;

impl SqliteControl {
    pub(super) async fn delete_prompt(
        &self,
        project: ProjectId,
        name: &PromptName,
        only: Option<&VersionChoice>,
        record: MoveRecord,
    ) -> Result<RemovedPrompt, StoreError> {
        let mut writing = self.write().await?;
        let mut transaction = writing.begin().await?;
        let connection = &mut *transaction;
        let head = known_head(connection, project, name).await?;
        let id = head.id;
        let all_labels = labels::of_prompt(connection, id).await?;
        let prompt = head.with(all_labels);

        let mut versions = Vec::new();
        let found = sqlx::query("SELECT number FROM prompt_version WHERE prompt_id = ? ORDER BY number")
            .bind(id.0.as_bytes().as_slice())
            .fetch_all(&mut *connection)
            .await
            .map_err(from_sqlx)?;
        for version in &found {
            versions.push(row::number(version, "number")?);
        }
        let before = versions.len();
        if let Some(choice) = only {
            let number = chosen(&prompt, choice);
            versions.retain(|version| Some(*version) == number);
            if versions.is_empty() {
                let what = match choice {
                    VersionChoice::Number(number) => ("prompt version", format!("{name} {number}")),
                    VersionChoice::Label(label) => ("prompt label", format!("{name} {label}")),
                    VersionChoice::Latest => ("prompt", name.to_string()),
                };
                return Err(StoreError::NotFound { entity: what.0, id: what.1 });
            }
        }

        let taken = prompt.labels.iter().filter(|label| versions.contains(&label.version));
        for (place, label) in (0..).zip(taken) {
            let slot = Slot { project, prompt: id, name, label: &label.name };
            labels::take_away(connection, &slot, label, &record.nth(place)).await?;
        }
        for version in &versions {
            sqlx::query("DELETE FROM prompt_version WHERE prompt_id = ? AND number = ?")
                .bind(id.0.as_bytes().as_slice())
                .bind(i64::from(*version))
                .execute(&mut *connection)
                .await
                .map_err(from_sqlx)?;
        }
        let whole = versions.len() == before;
        if whole {
            sqlx::query("DELETE FROM prompt WHERE id = ?")
                .bind(id.0.as_bytes().as_slice())
                .execute(&mut *connection)
                .await
                .map_err(from_sqlx)?;
        } else {
            set_updated(connection, id, record.at).await?;
        }
        raise_revision(connection, project).await?;
        commit(transaction).await?;
        Ok(RemovedPrompt { versions, prompt: whole })
    }
}
