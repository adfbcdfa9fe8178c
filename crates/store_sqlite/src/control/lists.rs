//! [`PromptStore`], and its lists.

use std::collections::HashMap;

use async_trait::async_trait;
use domain::{
    ids::{ProjectId, PromptId},
    prompt::{
        FlagKey, Label, LabelMove, LabelName, Prompt, PromptAtVersion, PromptName, PromptVersion, Tag, VersionChoice,
    },
    time::TimeUs,
};
use sqlx::{QueryBuilder, Row as _, Sqlite};
use store::{
    StoreError,
    control::{MoveRecord, NewVersion, PromptFilter, PromptOutline, PromptStore, RemovedPrompt, SavedVersion},
};

use super::{
    SqliteControl,
    prompts::{Head, version},
    row,
};
use crate::error::from_sqlx;

/// Prompts asked for in one statement; far below SQLite's limit on binds.
const PIECE: usize = 500;

/// `WHERE …` for a filter over `prompt`.
fn conditions(query: &mut QueryBuilder<Sqlite>, project: ProjectId, filter: &PromptFilter) {
    query.push(" WHERE project_id = ").push_bind(project.0.as_bytes().to_vec());
    if let Some(name) = &filter.name {
        query.push(" AND prompt.name = ").push_bind(name.clone());
    }
    if let Some(part) = &filter.contains {
        query.push(" AND instr(name_folded, ").push_bind(part.to_lowercase()).push(") > 0");
    }
    if let Some(folder) = &filter.folder {
        // Everything that starts with `folder/`: `0` follows `/` in the order of bytes.
        query.push(" AND prompt.name >= ").push_bind(format!("{folder}/"));
        query.push(" AND prompt.name < ").push_bind(format!("{folder}0"));
    }
    if let Some(tag) = &filter.tag {
        query.push(" AND EXISTS (SELECT 1 FROM json_each(tags) WHERE value = ").push_bind(tag.clone()).push(")");
    }
    // Every prompt has a newest version.
    if let Some(label) = filter.label.as_deref().filter(|label| *label != LabelName::LATEST) {
        query.push(" AND EXISTS (SELECT 1 FROM label WHERE prompt_id = prompt.id AND label.name = ");
        query.push_bind(label.to_owned()).push(")");
    }
    if let Some(from) = filter.updated_from {
        query.push(" AND updated_us >= ").push_bind(from.0);
    }
    if let Some(to) = filter.updated_to {
        query.push(" AND updated_us < ").push_bind(to.0);
    }
}

/// ` IN (?, ?, …)` over ids.
fn among(query: &mut QueryBuilder<Sqlite>, ids: impl Iterator<Item = PromptId>) {
    query.push(" IN (");
    let mut list = query.separated(", ");
    for id in ids {
        list.push_bind(id.0.as_bytes().to_vec());
    }
    query.push(")");
}

impl SqliteControl {
    async fn list(
        &self,
        project: ProjectId,
        filter: &PromptFilter,
        after: Option<&PromptName>,
        limit: u16,
    ) -> Result<Vec<Prompt>, StoreError> {
        let mut snapshot = self.readers.begin().await.map_err(from_sqlx)?;
        let mut query = QueryBuilder::new(
            "SELECT prompt.*, (SELECT max(number) FROM prompt_version WHERE prompt_id = prompt.id) AS latest FROM prompt",
        );
        conditions(&mut query, project, filter);
        if let Some(after) = after {
            query.push(" AND prompt.name > ").push_bind(after.as_str().to_owned());
        }
        query.push(" ORDER BY prompt.name LIMIT ").push_bind(i64::from(limit));
        let found = query.build().fetch_all(&mut *snapshot).await.map_err(from_sqlx)?;
        let heads = found.iter().map(Head::read).collect::<Result<Vec<_>, _>>()?;

        let mut labels: HashMap<PromptId, Vec<Label>> = HashMap::new();
        for piece in heads.chunks(PIECE) {
            let mut query = QueryBuilder::new(
                "SELECT prompt_id, label.name, version, flag_key, protected
                 FROM label JOIN prompt ON prompt.id = prompt_id
                   JOIN slot ON slot.project_id = prompt.project_id AND prompt_name = prompt.name
                     AND slot.label = label.name
                 WHERE prompt_id",
            );
            among(&mut query, piece.iter().map(|head| head.id));
            query.push(" ORDER BY prompt_id, label.name");
            for found in query.build().fetch_all(&mut *snapshot).await.map_err(from_sqlx)? {
                let label = super::labels::label(&found)?;
                labels.entry(PromptId(row::uuid(&found, "prompt_id")?)).or_default().push(label);
            }
        }
        Ok(heads
            .into_iter()
            .map(|head| {
                let own = labels.remove(&head.id).unwrap_or_default();
                head.with(own)
            })
            .collect())
    }

    async fn outlines(&self, project: ProjectId, prompts: &[PromptId]) -> Result<Vec<PromptOutline>, StoreError> {
        let mut snapshot = self.readers.begin().await.map_err(from_sqlx)?;
        let mut outlines: HashMap<PromptId, PromptOutline> = HashMap::new();
        for piece in prompts.chunks(PIECE) {
            let mut query = QueryBuilder::new(
                "SELECT prompt_id, number,
                   CASE WHEN number = max(number) OVER (PARTITION BY prompt_id) THEN config END AS latest_config
                 FROM prompt_version JOIN prompt ON prompt.id = prompt_id WHERE project_id = ",
            );
            query.push_bind(project.0.as_bytes().to_vec()).push(" AND prompt_id");
            among(&mut query, piece.iter().copied());
            query.push(" ORDER BY prompt_id, number");
            for found in query.build().fetch_all(&mut *snapshot).await.map_err(from_sqlx)? {
                let prompt = PromptId(row::uuid(&found, "prompt_id")?);
                let outline = outlines.entry(prompt).or_insert_with(|| PromptOutline {
                    prompt,
                    versions: Vec::new(),
                    latest_config: serde_json::Value::Null,
                });
                outline.versions.push(row::number(&found, "number")?);
                let config: Option<&str> = found.try_get("latest_config").map_err(from_sqlx)?;
                if let Some(config) = config {
                    outline.latest_config = serde_json::from_str(config).map_err(|error| row::bad("config", error))?;
                }
            }
        }
        Ok(prompts.iter().filter_map(|prompt| outlines.remove(prompt)).collect())
    }
}

#[async_trait]
impl PromptStore for SqliteControl {
    async fn add_version(&self, project: ProjectId, new: NewVersion) -> Result<SavedVersion, StoreError> {
        self.insert_version(project, new).await
    }

    async fn prompt_at(
        &self,
        project: ProjectId,
        name: &PromptName,
        choice: &VersionChoice,
    ) -> Result<Option<PromptAtVersion>, StoreError> {
        self.find_at(project, name, choice).await
    }

    async fn prompt(&self, project: ProjectId, name: &PromptName) -> Result<Option<Prompt>, StoreError> {
        self.find_prompt(project, name).await
    }

    async fn prompts(
        &self,
        project: ProjectId,
        filter: &PromptFilter,
        after: Option<&PromptName>,
        limit: u16,
    ) -> Result<Vec<Prompt>, StoreError> {
        self.list(project, filter, after, limit).await
    }

    async fn count_prompts(&self, project: ProjectId, filter: &PromptFilter) -> Result<u64, StoreError> {
        let mut query = QueryBuilder::new("SELECT count(*) AS matching FROM prompt");
        conditions(&mut query, project, filter);
        let found = query.build().fetch_one(&self.readers).await.map_err(from_sqlx)?;
        let matching: i64 = found.try_get("matching").map_err(from_sqlx)?;
        u64::try_from(matching).map_err(|error| row::bad("matching", error))
    }

    async fn prompt_outlines(
        &self,
        project: ProjectId,
        prompts: &[PromptId],
    ) -> Result<Vec<PromptOutline>, StoreError> {
        self.outlines(project, prompts).await
    }

    async fn versions(
        &self,
        project: ProjectId,
        name: &PromptName,
        before: Option<u32>,
        limit: u16,
    ) -> Result<Vec<PromptVersion>, StoreError> {
        let found = sqlx::query(
            "SELECT prompt_version.* FROM prompt_version JOIN prompt ON prompt.id = prompt_id
             WHERE project_id = ? AND name = ? AND number < ? ORDER BY number DESC LIMIT ?",
        )
        .bind(project.0.as_bytes().as_slice())
        .bind(name.as_str())
        .bind(before.map_or(i64::MAX, i64::from))
        .bind(i64::from(limit))
        .fetch_all(&self.readers)
        .await
        .map_err(from_sqlx)?;
        found.iter().map(version).collect()
    }

    async fn move_labels(
        &self,
        project: ProjectId,
        name: &PromptName,
        labels: &[(LabelName, FlagKey)],
        to: u32,
        record: MoveRecord,
    ) -> Result<Vec<Label>, StoreError> {
        self.point_labels(project, name, labels, to, record).await
    }

    async fn remove_label(
        &self,
        project: ProjectId,
        name: &PromptName,
        label: &LabelName,
        record: MoveRecord,
    ) -> Result<(), StoreError> {
        self.drop_label(project, name, label, record).await
    }

    async fn label_moves(
        &self,
        project: ProjectId,
        name: &PromptName,
        limit: u16,
    ) -> Result<Vec<LabelMove>, StoreError> {
        self.moves_of(project, name, limit).await
    }

    async fn protect_label(
        &self,
        project: ProjectId,
        name: &PromptName,
        label: &LabelName,
        protected: bool,
    ) -> Result<Label, StoreError> {
        self.set_protection(project, name, label, protected).await
    }

    async fn set_tags(
        &self,
        project: ProjectId,
        name: &PromptName,
        tags: &[Tag],
        at: TimeUs,
    ) -> Result<Prompt, StoreError> {
        self.replace_tags(project, name, tags, at).await
    }

    async fn remove_prompt(
        &self,
        project: ProjectId,
        name: &PromptName,
        only: Option<&VersionChoice>,
        record: MoveRecord,
    ) -> Result<RemovedPrompt, StoreError> {
        self.delete_prompt(project, name, only, record).await
    }
}
