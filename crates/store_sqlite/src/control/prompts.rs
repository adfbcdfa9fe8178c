//! Prompts and versions.

use domain::{
    ids::{ProjectId, PromptId},
    prompt::{Label, Prompt, PromptAtVersion, PromptName, PromptType, PromptVersion, Tag, VersionChoice},
    time::TimeUs,
};
use sqlx::{SqliteConnection, sqlite::SqliteRow};
use store::{
    StoreError,
    control::{MoveRecord, NewVersion, SavedVersion},
};

use super::{SqliteControl, commit, labels, row, unless_taken};
use crate::error::from_sqlx;

/// A prompt as stored, without its labels.
pub(super) struct Head {
    pub(super) id: PromptId,
    pub(super) name: PromptName,
    pub(super) kind: PromptType,
    pub(super) tags: Vec<Tag>,
    pub(super) latest: u32,
    pub(super) created_us: TimeUs,
    pub(super) updated_us: TimeUs,
}

impl Head {
    /// From a row with `latest` beside the columns of `prompt`.
    pub(super) fn read(found: &SqliteRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: PromptId(row::uuid(found, "id")?),
            name: row::word(found, "name")?,
            kind: row::kind(found, "kind")?,
            tags: row::json(found, "tags")?,
            latest: row::number(found, "latest")?,
            created_us: row::time(found, "created_us")?,
            updated_us: row::time(found, "updated_us")?,
        })
    }

    pub(super) fn with(self, labels: Vec<Label>) -> Prompt {
        Prompt {
            id: self.id,
            name: self.name,
            kind: self.kind,
            tags: self.tags,
            labels,
            latest: self.latest,
            created_us: self.created_us,
            updated_us: self.updated_us,
        }
    }
}

pub(super) fn version(found: &SqliteRow) -> Result<PromptVersion, StoreError> {
    Ok(PromptVersion {
        number: row::number(found, "number")?,
        body: row::json(found, "body")?,
        config: row::json(found, "config")?,
        commit_message: row::optional_text(found, "commit_message")?,
        author: row::text(found, "author")?,
        created_us: row::time(found, "created_us")?,
        content_hash: row::text(found, "content_hash")?,
    })
}

/// Raises the project's revision; part of every transaction that changes its prompts or labels.
pub(super) async fn raise_revision(connection: &mut SqliteConnection, project: ProjectId) -> Result<(), StoreError> {
    let raised = sqlx::query("UPDATE project SET revision = revision + 1 WHERE id = ?")
        .bind(project.0.as_bytes().as_slice())
        .execute(connection)
        .await
        .map_err(from_sqlx)?;
    if raised.rows_affected() == 0 {
        return Err(StoreError::NotFound { entity: "project", id: project.to_string() });
    }
    Ok(())
}

/// A prompt without its labels, as this connection sees it.
pub(super) async fn head(
    connection: &mut SqliteConnection,
    project: ProjectId,
    name: &PromptName,
) -> Result<Option<Head>, StoreError> {
    let found = sqlx::query(
        "SELECT prompt.*, (SELECT max(number) FROM prompt_version WHERE prompt_id = prompt.id) AS latest
         FROM prompt WHERE project_id = ? AND name = ?",
    )
    .bind(project.0.as_bytes().as_slice())
    .bind(name.as_str())
    .fetch_optional(connection)
    .await
    .map_err(from_sqlx)?;
    found.as_ref().map(Head::read).transpose()
}

/// The same, or [`StoreError::NotFound`].
pub(super) async fn known_head(
    connection: &mut SqliteConnection,
    project: ProjectId,
    name: &PromptName,
) -> Result<Head, StoreError> {
    let found = head(connection, project, name).await?;
    found.ok_or_else(|| StoreError::NotFound { entity: "prompt", id: name.to_string() })
}

pub(super) async fn set_updated(
    connection: &mut SqliteConnection,
    prompt: PromptId,
    at: TimeUs,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE prompt SET updated_us = max(updated_us, ?) WHERE id = ?")
        .bind(at.0)
        .bind(prompt.0.as_bytes().as_slice())
        .execute(connection)
        .await
        .map_err(from_sqlx)?;
    Ok(())
}

async fn version_at(
    connection: &mut SqliteConnection,
    prompt: PromptId,
    number: u32,
) -> Result<Option<PromptVersion>, StoreError> {
    let found = sqlx::query("SELECT * FROM prompt_version WHERE prompt_id = ? AND number = ?")
        .bind(prompt.0.as_bytes().as_slice())
        .bind(i64::from(number))
        .fetch_optional(connection)
        .await
        .map_err(from_sqlx)?;
    found.as_ref().map(version).transpose()
}

/// The next number under this name, taken for good.
async fn take_number(
    connection: &mut SqliteConnection,
    project: ProjectId,
    name: &PromptName,
) -> Result<u32, StoreError> {
    let found = sqlx::query(
        "INSERT INTO prompt_number (project_id, prompt_name, last) VALUES (?, ?, 1)
         ON CONFLICT (project_id, prompt_name) DO UPDATE SET last = last + 1 RETURNING last",
    )
    .bind(project.0.as_bytes().as_slice())
    .bind(name.as_str())
    .fetch_one(connection)
    .await
    .map_err(from_sqlx)?;
    row::number(&found, "last")
}

impl SqliteControl {
    pub(super) async fn insert_version(&self, project: ProjectId, new: NewVersion) -> Result<SavedVersion, StoreError> {
        let NewVersion { prompt_id, name, draft, tags, labels, expected_latest, by, source, at, protected } = new;
        let mut writing = self.write().await?;
        let mut transaction = writing.begin().await?;
        let connection = &mut *transaction;
        raise_revision(connection, project).await?;

        let known = head(connection, project, &name).await?;
        let latest = known.as_ref().map_or(0, |known| known.latest);
        if expected_latest.is_some_and(|expected| expected != latest) {
            return Err(StoreError::Conflict(match latest {
                0 => format!("There is no prompt `{name}` (any more). Save it as a new one."),
                _ => format!("Version {latest} of `{name}` was saved meanwhile. Look at it before you save yours."),
            }));
        }
        let kind = draft.body.kind();
        let prompt = match known {
            Some(known) if known.kind != kind => {
                return Err(StoreError::Conflict(format!(
                    "`{name}` is a {} prompt, and all its versions are. Choose another name for a {} prompt.",
                    known.kind.as_str(),
                    kind.as_str(),
                )));
            }
            Some(known) => known.id,
            None => {
                sqlx::query(
                    "INSERT INTO prompt (id, project_id, name, name_folded, kind, tags, created_us, updated_us)
                     VALUES (?, ?, ?, ?, ?, '[]', ?, ?)",
                )
                .bind(prompt_id.0.as_bytes().as_slice())
                .bind(project.0.as_bytes().as_slice())
                .bind(name.as_str())
                .bind(name.as_str().to_lowercase())
                .bind(kind.as_str())
                .bind(at.0)
                .bind(at.0)
                .execute(&mut *connection)
                .await
                .map_err(unless_taken(|| format!("A prompt `{name}` exists already.")))?;
                prompt_id
            }
        };

        let number = take_number(connection, project, &name).await?;
        sqlx::query(
            "INSERT INTO prompt_version (prompt_id, number, body, config, commit_message, author, created_us, content_hash)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(prompt.0.as_bytes().as_slice())
        .bind(i64::from(number))
        .bind(row::as_json(&draft.body)?)
        .bind(row::as_json(&draft.config)?)
        .bind(draft.commit_message.as_deref())
        .bind(by.as_str())
        .bind(at.0)
        .bind(draft.content_hash.as_str())
        .execute(&mut *connection)
        .await
        .map_err(from_sqlx)?;
        if let Some(tags) = tags {
            write_tags(connection, prompt, &tags).await?;
        }
        for (label, id, flag_key) in labels {
            let record = MoveRecord { id, by: by.clone(), reason: None, source, at, protected, experiment: None };
            let slot = labels::Slot { project, prompt, name: &name, label: &label };
            labels::point(connection, &slot, &flag_key, number, &record).await?;
        }
        set_updated(connection, prompt, at).await?;
        let saved = read_at(connection, project, &name, &VersionChoice::Number(number)).await?;
        commit(transaction).await?;
        saved.ok_or_else(|| row::bad("number", "a version just written is not there"))
    }

    pub(super) async fn find_at(
        &self,
        project: ProjectId,
        name: &PromptName,
        choice: &VersionChoice,
    ) -> Result<Option<PromptAtVersion>, StoreError> {
        // Several statements of one moment.
        let mut snapshot = self.readers.begin().await.map_err(from_sqlx)?;
        read_at(&mut snapshot, project, name, choice).await
    }

    pub(super) async fn find_prompt(
        &self,
        project: ProjectId,
        name: &PromptName,
    ) -> Result<Option<Prompt>, StoreError> {
        let mut snapshot = self.readers.begin().await.map_err(from_sqlx)?;
        read_prompt(&mut snapshot, project, name).await
    }

    pub(super) async fn replace_tags(
        &self,
        project: ProjectId,
        name: &PromptName,
        tags: &[Tag],
        at: TimeUs,
    ) -> Result<Prompt, StoreError> {
        let mut writing = self.write().await?;
        let mut transaction = writing.begin().await?;
        let head = known_head(&mut transaction, project, name).await?;
        write_tags(&mut transaction, head.id, tags).await?;
        set_updated(&mut transaction, head.id, at).await?;
        raise_revision(&mut transaction, project).await?;
        let labels = labels::of_prompt(&mut transaction, head.id).await?;
        let prompt = Prompt { tags: tags.to_vec(), updated_us: head.updated_us.max(at), ..head.with(labels) };
        commit(transaction).await?;
        Ok(prompt)
    }
}

async fn write_tags(connection: &mut SqliteConnection, prompt: PromptId, tags: &[Tag]) -> Result<(), StoreError> {
    sqlx::query("UPDATE prompt SET tags = ? WHERE id = ?")
        .bind(row::as_json(&tags)?)
        .bind(prompt.0.as_bytes().as_slice())
        .execute(connection)
        .await
        .map_err(from_sqlx)?;
    Ok(())
}

async fn read_prompt(
    connection: &mut SqliteConnection,
    project: ProjectId,
    name: &PromptName,
) -> Result<Option<Prompt>, StoreError> {
    let Some(head) = head(connection, project, name).await? else {
        return Ok(None);
    };
    let labels = labels::of_prompt(connection, head.id).await?;
    Ok(Some(head.with(labels)))
}

async fn read_at(
    connection: &mut SqliteConnection,
    project: ProjectId,
    name: &PromptName,
    choice: &VersionChoice,
) -> Result<Option<PromptAtVersion>, StoreError> {
    let Some(prompt) = read_prompt(connection, project, name).await? else {
        return Ok(None);
    };
    let Some(number) = chosen(&prompt, choice) else {
        return Ok(None);
    };
    let version = version_at(connection, prompt.id, number).await?;
    Ok(version.map(|version| PromptAtVersion { prompt, version }))
}

/// The number a choice means; whether a version has it is another question.
pub(super) fn chosen(prompt: &Prompt, choice: &VersionChoice) -> Option<u32> {
    match choice {
        VersionChoice::Number(number) => Some(*number),
        VersionChoice::Latest => Some(prompt.latest),
        VersionChoice::Label(name) => prompt.labels.iter().find(|label| label.name == *name).map(|label| label.version),
    }
}
