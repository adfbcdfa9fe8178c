//! Labels, slots and moves.

use domain::{
    ids::{LabelMoveId, ProjectId, PromptId},
    prompt::{FlagKey, Label, LabelMove, LabelName, PromptName},
};
use sqlx::{SqliteConnection, sqlite::SqliteRow};
use store::{
    StoreError,
    control::{MoveRecord, ProtectedLabels},
};

use super::{
    SqliteControl, commit, experiments,
    prompts::{known_head, raise_revision, set_updated},
    row,
};
use crate::error::from_sqlx;

/// A prompt and a label.
pub(super) struct Slot<'s> {
    pub(super) project: ProjectId,
    pub(super) prompt: PromptId,
    pub(super) name: &'s PromptName,
    pub(super) label: &'s LabelName,
}

pub(super) fn label(found: &SqliteRow) -> Result<Label, StoreError> {
    Ok(Label {
        name: row::word(found, "name")?,
        version: row::number(found, "version")?,
        flag_key: row::word(found, "flag_key")?,
        protected: row::flag(found, "protected")?,
    })
}

/// Labels of a prompt in name order.
pub(super) async fn of_prompt(connection: &mut SqliteConnection, prompt: PromptId) -> Result<Vec<Label>, StoreError> {
    let found = sqlx::query(
        "SELECT label.name, version, flag_key, protected
         FROM label JOIN prompt ON prompt.id = prompt_id
           JOIN slot ON slot.project_id = prompt.project_id AND prompt_name = prompt.name AND slot.label = label.name
         WHERE prompt_id = ? ORDER BY label.name",
    )
    .bind(prompt.0.as_bytes().as_slice())
    .fetch_all(connection)
    .await
    .map_err(from_sqlx)?;
    found.iter().map(label).collect()
}

/// The label where it stands now.
async fn current(connection: &mut SqliteConnection, slot: &Slot<'_>) -> Result<Option<Label>, StoreError> {
    let labels = of_prompt(connection, slot.prompt).await?;
    Ok(labels.into_iter().find(|label| label.name == *slot.label))
}

fn unless_protected(label: &Label, record: &MoveRecord) -> Result<(), StoreError> {
    if label.protected && record.protected == ProtectedLabels::Keep {
        return Err(StoreError::Protected(label.name.to_string()));
    }
    Ok(())
}

/// Points a label at a version that exists. Returns it, and whether anything changed.
pub(super) async fn point(
    connection: &mut SqliteConnection,
    slot: &Slot<'_>,
    flag_key: &FlagKey,
    to: u32,
    record: &MoveRecord,
) -> Result<(Label, bool), StoreError> {
    let before = current(connection, slot).await?;
    if let Some(label) = &before {
        if label.version == to {
            return Ok((label.clone(), false));
        }
        unless_protected(label, record)?;
        experiments::unless_owned(connection, slot, record.experiment).await?;
    }
    let flag_key = match &before {
        Some(label) => label.flag_key.clone(),
        None => reserve(connection, slot, flag_key).await?,
    };
    sqlx::query(
        "INSERT INTO label (prompt_id, name, version) VALUES (?, ?, ?)
         ON CONFLICT (prompt_id, name) DO UPDATE SET version = excluded.version",
    )
    .bind(slot.prompt.0.as_bytes().as_slice())
    .bind(slot.label.as_str())
    .bind(i64::from(to))
    .execute(&mut *connection)
    .await
    .map_err(from_sqlx)?;
    write_move(connection, slot, before.as_ref().map(|label| label.version), Some(to), record).await?;
    let protected = before.is_some_and(|label| label.protected);
    Ok((Label { name: slot.label.clone(), version: to, flag_key, protected }, true))
}

/// The slot's flag key: the one it has had before, else the wished one, made unique by a number.
async fn reserve(connection: &mut SqliteConnection, slot: &Slot<'_>, wished: &FlagKey) -> Result<FlagKey, StoreError> {
    /// More slots than this of one flag key means that keys are not made as they should be.
    const MOST: u32 = 10_000;
    let kept = sqlx::query("SELECT flag_key FROM slot WHERE project_id = ? AND prompt_name = ? AND label = ?")
        .bind(slot.project.0.as_bytes().as_slice())
        .bind(slot.name.as_str())
        .bind(slot.label.as_str())
        .fetch_optional(&mut *connection)
        .await
        .map_err(from_sqlx)?;
    if let Some(kept) = kept {
        return row::word(&kept, "flag_key");
    }
    for number in 1..=MOST {
        let key = numbered(wished, number)?;
        let free = sqlx::query(
            "INSERT INTO slot (project_id, prompt_name, label, flag_key) VALUES (?, ?, ?, ?)
             ON CONFLICT (project_id, flag_key) DO NOTHING",
        )
        .bind(slot.project.0.as_bytes().as_slice())
        .bind(slot.name.as_str())
        .bind(slot.label.as_str())
        .bind(key.as_str())
        .execute(&mut *connection)
        .await
        .map_err(from_sqlx)?;
        if free.rows_affected() == 1 {
            return Ok(key);
        }
    }
    Err(StoreError::Conflict(format!("There are too many slots called `{wished}`.")))
}

/// The key itself, then `-2`, `-3`, …, cut where it would be too long.
fn numbered(wished: &FlagKey, number: u32) -> Result<FlagKey, StoreError> {
    const LONGEST: usize = 200;
    if number == 1 {
        return Ok(wished.clone());
    }
    let suffix = format!("-{number}");
    let start: String = wished.as_str().chars().take(LONGEST.saturating_sub(suffix.len())).collect();
    format!("{start}{suffix}").parse().map_err(StoreError::backend)
}

async fn write_move(
    connection: &mut SqliteConnection,
    slot: &Slot<'_>,
    from: Option<u32>,
    to: Option<u32>,
    record: &MoveRecord,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO label_move (id, project_id, prompt_name, label, from_version, to_version, moved_by, at_us, reason,
           source) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(record.id.0.as_bytes().as_slice())
    .bind(slot.project.0.as_bytes().as_slice())
    .bind(slot.name.as_str())
    .bind(slot.label.as_str())
    .bind(from.map(i64::from))
    .bind(to.map(i64::from))
    .bind(record.by.as_str())
    .bind(record.at.0)
    .bind(record.reason.as_deref())
    .bind(record.source.as_str())
    .execute(connection)
    .await
    .map_err(from_sqlx)?;
    Ok(())
}

/// Takes a label away; the slot stays.
pub(super) async fn take_away(
    connection: &mut SqliteConnection,
    slot: &Slot<'_>,
    label: &Label,
    record: &MoveRecord,
) -> Result<(), StoreError> {
    unless_protected(label, record)?;
    experiments::unless_owned(connection, slot, record.experiment).await?;
    sqlx::query("DELETE FROM label WHERE prompt_id = ? AND name = ?")
        .bind(slot.prompt.0.as_bytes().as_slice())
        .bind(slot.label.as_str())
        .execute(&mut *connection)
        .await
        .map_err(from_sqlx)?;
    write_move(connection, slot, Some(label.version), None, record).await
}

pub(super) async fn version_exists(
    connection: &mut SqliteConnection,
    prompt: PromptId,
    number: u32,
) -> Result<bool, StoreError> {
    sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM prompt_version WHERE prompt_id = ? AND number = ?)")
        .bind(prompt.0.as_bytes().as_slice())
        .bind(i64::from(number))
        .fetch_one(connection)
        .await
        .map_err(from_sqlx)
}

fn no_label(name: &PromptName, label: &LabelName) -> StoreError {
    StoreError::NotFound { entity: "prompt label", id: format!("{name} {label}") }
}

impl SqliteControl {
    pub(super) async fn point_labels(
        &self,
        project: ProjectId,
        name: &PromptName,
        labels: &[(LabelName, FlagKey)],
        to: u32,
        record: MoveRecord,
    ) -> Result<Vec<Label>, StoreError> {
        let mut writing = self.write().await?;
        let mut transaction = writing.begin().await?;
        let prompt = known_head(&mut transaction, project, name).await?.id;
        if !version_exists(&mut transaction, prompt, to).await? {
            return Err(StoreError::NotFound { entity: "prompt version", id: format!("{name} {to}") });
        }
        let mut pointed = Vec::with_capacity(labels.len());
        let mut moves = 0;
        for (label, flag_key) in labels {
            let slot = Slot { project, prompt, name, label };
            let (label, changed) = point(&mut transaction, &slot, flag_key, to, &record.nth(moves)).await?;
            moves += u32::from(changed);
            pointed.push(label);
        }
        if moves > 0 {
            set_updated(&mut transaction, prompt, record.at).await?;
            raise_revision(&mut transaction, project).await?;
            commit(transaction).await?;
        }
        Ok(pointed)
    }

    pub(super) async fn drop_label(
        &self,
        project: ProjectId,
        name: &PromptName,
        label: &LabelName,
        record: MoveRecord,
    ) -> Result<(), StoreError> {
        let mut writing = self.write().await?;
        let mut transaction = writing.begin().await?;
        let prompt = known_head(&mut transaction, project, name).await?.id;
        let slot = Slot { project, prompt, name, label };
        let stands = current(&mut transaction, &slot).await?.ok_or_else(|| no_label(name, label))?;
        take_away(&mut transaction, &slot, &stands, &record).await?;
        set_updated(&mut transaction, prompt, record.at).await?;
        raise_revision(&mut transaction, project).await?;
        commit(transaction).await
    }

    pub(super) async fn set_protection(
        &self,
        project: ProjectId,
        name: &PromptName,
        label: &LabelName,
        protected: bool,
    ) -> Result<Label, StoreError> {
        let mut writing = self.write().await?;
        let mut transaction = writing.begin().await?;
        let prompt = known_head(&mut transaction, project, name).await?.id;
        let slot = Slot { project, prompt, name, label };
        let stands = current(&mut transaction, &slot).await?.ok_or_else(|| no_label(name, label))?;
        if stands.protected == protected {
            return Ok(stands);
        }
        sqlx::query("UPDATE label SET protected = ? WHERE prompt_id = ? AND name = ?")
            .bind(protected)
            .bind(prompt.0.as_bytes().as_slice())
            .bind(label.as_str())
            .execute(&mut *transaction)
            .await
            .map_err(from_sqlx)?;
        raise_revision(&mut transaction, project).await?;
        commit(transaction).await?;
        Ok(Label { protected, ..stands })
    }

    pub(super) async fn moves_of(
        &self,
        project: ProjectId,
        name: &PromptName,
        limit: u16,
    ) -> Result<Vec<LabelMove>, StoreError> {
        let found = sqlx::query(
            "SELECT * FROM label_move WHERE project_id = ? AND prompt_name = ? ORDER BY position DESC LIMIT ?",
        )
        .bind(project.0.as_bytes().as_slice())
        .bind(name.as_str())
        .bind(i64::from(limit))
        .fetch_all(&self.readers)
        .await
        .map_err(from_sqlx)?;
        found
            .iter()
            .map(|moved| {
                Ok(LabelMove {
                    id: LabelMoveId(row::uuid(moved, "id")?),
                    label: row::word(moved, "label")?,
                    from: row::optional_number(moved, "from_version")?,
                    to: row::optional_number(moved, "to_version")?,
                    by: row::text(moved, "moved_by")?,
                    at_us: row::time(moved, "at_us")?,
                    reason: row::optional_text(moved, "reason")?,
                    source: row::source(moved, "source")?,
                })
            })
            .collect()
    }
}
