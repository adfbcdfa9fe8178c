//! Taking prompts and versions away, and whole projects.

use domain::{
    ids::ProjectId,
    prompt::{PromptName, VersionChoice},
};
use store::{
    StoreError,
    control::{MoveRecord, RemovedPrompt},
};

use super::{
    SqliteControl, commit, experiments,
    labels::{self, Slot},
    prompts::{chosen, known_head, raise_revision, set_updated},
    row,
};
use crate::error::from_sqlx;

/// Everything of a project, each after what refers to it. Rows of runs and labels go with what they hang on.
const OF_PROJECT: [&str; 22] = [
    "DELETE FROM experiment_activity WHERE experiment_id IN (SELECT id FROM experiment WHERE project_id = ?1)",
    "DELETE FROM experiment WHERE project_id = ?1",
    "DELETE FROM label WHERE prompt_id IN (SELECT id FROM prompt WHERE project_id = ?1)",
    "DELETE FROM prompt_version WHERE prompt_id IN (SELECT id FROM prompt WHERE project_id = ?1)",
    "DELETE FROM prompt WHERE project_id = ?1",
    "DELETE FROM prompt_number WHERE project_id = ?1",
    "DELETE FROM slot WHERE project_id = ?1",
    "DELETE FROM label_move WHERE project_id = ?1",
    "DELETE FROM dataset_run_item WHERE run IN (SELECT position FROM dataset_run WHERE project_id = ?1)",
    "DELETE FROM dataset_run WHERE project_id = ?1",
    "DELETE FROM dataset_item WHERE project_id = ?1",
    "DELETE FROM dataset WHERE project_id = ?1",
    "DELETE FROM media_use WHERE project_id = ?1",
    "DELETE FROM media WHERE project_id = ?1",
    "DELETE FROM comment WHERE project_id = ?1",
    "DELETE FROM score_config WHERE project_id = ?1",
    "DELETE FROM model_price WHERE project_id = ?1",
    "DELETE FROM job WHERE project_id = ?1",
    "DELETE FROM repeatable WHERE project_id = ?1",
    "DELETE FROM api_key WHERE project_id = ?1",
    "DELETE FROM member WHERE project_id = ?1",
    "DELETE FROM project WHERE id = ?1",
];

impl SqliteControl {
    pub(super) async fn delete_project(&self, project: ProjectId) -> Result<(), StoreError> {
        let mut writing = self.write().await?;
        let mut transaction = writing.begin().await?;
        let mut removed = 0;
        for statement in OF_PROJECT {
            let id = project.0.as_bytes().as_slice();
            let done = sqlx::query(statement).bind(id).execute(&mut *transaction).await.map_err(from_sqlx)?;
            removed = done.rows_affected();
        }
        if removed == 0 {
            return Err(StoreError::NotFound { entity: "project", id: project.to_string() });
        }
        commit(transaction).await
    }

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
        experiments::unless_served(connection, project, id, name, &versions).await?;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn every_table_of_a_project_is_emptied() {
        let folder = tempfile::tempdir().unwrap();
        let control = SqliteControl::open(folder.path()).await.unwrap();
        let tables: Vec<String> = sqlx::query_scalar(
            "SELECT t.name FROM sqlite_schema t JOIN pragma_table_info(t.name) c ON c.name = 'project_id' \
             WHERE t.type = 'table' ORDER BY t.name",
        )
        .fetch_all(&control.readers)
        .await
        .unwrap();
        let kept: Vec<&String> = tables
            .iter()
            .filter(|table| !OF_PROJECT.iter().any(|delete| delete.starts_with(&format!("DELETE FROM {table} "))))
            .collect();
        assert!(tables.len() > 10 && kept.is_empty(), "{kept:?} of {tables:?} outlive their project");
    }
}
