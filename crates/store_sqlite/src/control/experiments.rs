//! Experiments and their logs.

use async_trait::async_trait;
use domain::{
    experiment::{Activity, Experiment, ExperimentKey, State},
    ids::{ExperimentId, ProjectId, PromptId},
    prompt::{LabelName, PromptName},
};
use serde::{Deserialize, Serialize};
use sqlx::{QueryBuilder, Sqlite, SqliteConnection, sqlite::SqliteRow};
use store::{
    StoreError,
    control::{ExperimentChange, ExperimentFilter, ExperimentStore, LabelStep},
};

use super::{
    SqliteControl, commit,
    labels::{self, Slot},
    prompts::{known_head, raise_revision, set_updated},
    row, unless_taken,
};
use crate::error::from_sqlx;

/// The form of the stored JSON.
const FORM: u32 = 1;
const OWNER: &str = "SELECT * FROM experiment WHERE project_id = ? AND prompt_id = ? AND label = ?
   AND state IN ('scheduled', 'running', 'paused')";
const OWNERS_OF_PROMPT: &str = "SELECT * FROM experiment WHERE project_id = ? AND prompt_id = ?
   AND state IN ('scheduled', 'running', 'paused') ORDER BY id";
const OWNERS_OF_PROJECT: &str =
    "SELECT * FROM experiment WHERE project_id = ? AND state IN ('scheduled', 'running', 'paused') ORDER BY id";
const OWNERS: &str = "SELECT * FROM experiment WHERE state IN ('scheduled', 'running', 'paused') ORDER BY id";

#[derive(Serialize)]
struct Written<'e> {
    version: u32,
    experiment: &'e Experiment,
}

#[derive(Deserialize)]
struct Stored {
    version: u32,
    experiment: Experiment,
}

fn experiment(found: &SqliteRow) -> Result<Experiment, StoreError> {
    let stored: Stored = row::json(found, "body")?;
    if stored.version != FORM {
        return Err(row::bad("body", format!("form {} of an experiment is not known here", stored.version)));
    }
    Ok(stored.experiment)
}

/// The experiment that owns a slot.
async fn owner(
    connection: &mut SqliteConnection,
    project: ProjectId,
    prompt: PromptId,
    label: &LabelName,
) -> Result<Option<Experiment>, StoreError> {
    let found = sqlx::query(OWNER)
        .bind(project.0.as_bytes().as_slice())
        .bind(prompt.0.as_bytes().as_slice())
        .bind(label.as_str())
        .fetch_optional(connection)
        .await
        .map_err(from_sqlx)?;
    found.as_ref().map(experiment).transpose()
}

/// Refuses unless the slot is free, or owned by `on_behalf_of`.
pub(super) async fn unless_owned(
    connection: &mut SqliteConnection,
    slot: &Slot<'_>,
    on_behalf_of: Option<ExperimentId>,
) -> Result<(), StoreError> {
    match owner(connection, slot.project, slot.prompt, slot.label).await? {
        Some(owner) if on_behalf_of != Some(owner.id) => {
            Err(StoreError::Owned { label: slot.label.to_string(), experiment: owner.key.to_string() })
        }
        _ => Ok(()),
    }
}

/// Refuses to remove versions that an experiment with a slot serves.
pub(super) async fn unless_served(
    connection: &mut SqliteConnection,
    project: ProjectId,
    prompt: PromptId,
    name: &PromptName,
    versions: &[u32],
) -> Result<(), StoreError> {
    let found = sqlx::query(OWNERS_OF_PROMPT)
        .bind(project.0.as_bytes().as_slice())
        .bind(prompt.0.as_bytes().as_slice())
        .fetch_all(connection)
        .await
        .map_err(from_sqlx)?;
    for owner in &found {
        let owner = experiment(owner)?;
        if let Some(arm) = owner.design.arms.iter().find(|arm| versions.contains(&arm.version)) {
            return Err(StoreError::Conflict(format!(
                "Version {} of `{name}` is served by the experiment `{}`. End the experiment first.",
                arm.version, owner.key,
            )));
        }
    }
    Ok(())
}

/// Refuses buckets of an exclusion group that another experiment with a slot owns.
async fn unless_shared(
    connection: &mut SqliteConnection,
    project: ProjectId,
    experiment: &Experiment,
) -> Result<(), StoreError> {
    let Some(ours) = &experiment.design.exclusion else { return Ok(()) };
    let found = sqlx::query(OWNERS_OF_PROJECT)
        .bind(project.0.as_bytes().as_slice())
        .fetch_all(connection)
        .await
        .map_err(from_sqlx)?;
    for other in &found {
        let other = self::experiment(other)?;
        if other.id == experiment.id {
            continue;
        }
        if let Some((own, taken)) = other.design.exclusion.as_ref().and_then(|theirs| ours.overlap(theirs)) {
            return Err(StoreError::Conflict(format!(
                "The buckets {}..{} of `{}` share some with {}..{} of the experiment `{}`.",
                own.start, own.end, ours.group, taken.start, taken.end, other.key,
            )));
        }
    }
    Ok(())
}

async fn write_activity(
    connection: &mut SqliteConnection,
    experiment: ExperimentId,
    activity: &Activity,
) -> Result<(), StoreError> {
    sqlx::query("INSERT INTO experiment_activity (experiment_id, revision, body) VALUES (?, ?, ?)")
        .bind(experiment.0.as_bytes().as_slice())
        .bind(i64::from(activity.revision))
        .bind(row::as_json(activity)?)
        .execute(connection)
        .await
        .map_err(from_sqlx)?;
    Ok(())
}

/// Moves the label of the experiment's slot, which has to be there.
async fn step(
    connection: &mut SqliteConnection,
    project: ProjectId,
    experiment: &Experiment,
    to: &LabelStep,
) -> Result<(), StoreError> {
    let name = &experiment.slot.prompt_name;
    let prompt = known_head(connection, project, name).await?.id;
    if !labels::version_exists(connection, prompt, to.to).await? {
        return Err(StoreError::NotFound { entity: "prompt version", id: format!("{name} {}", to.to) });
    }
    let slot = Slot { project, prompt, name, label: &experiment.slot.label };
    let (_, moved) = labels::point(connection, &slot, &experiment.slot.flag_key, to.to, &to.record).await?;
    if moved {
        set_updated(connection, prompt, to.record.at).await?;
    }
    Ok(())
}

#[async_trait]
impl ExperimentStore for SqliteControl {
    async fn create_experiment(
        &self,
        project: ProjectId,
        experiment: &Experiment,
        activity: &Activity,
    ) -> Result<(), StoreError> {
        let mut writing = self.write().await?;
        let mut transaction = writing.begin().await?;
        raise_revision(&mut transaction, project).await?;
        sqlx::query(
            "INSERT INTO experiment (id, project_id, key, prompt_id, prompt_name, label, state, revision, body)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(experiment.id.0.as_bytes().as_slice())
        .bind(project.0.as_bytes().as_slice())
        .bind(experiment.key.as_str())
        .bind(experiment.slot.prompt.0.as_bytes().as_slice())
        .bind(experiment.slot.prompt_name.as_str())
        .bind(experiment.slot.label.as_str())
        .bind(experiment.state.as_str())
        .bind(i64::from(experiment.revision))
        .bind(row::as_json(&Written { version: FORM, experiment })?)
        .execute(&mut *transaction)
        .await
        .map_err(unless_taken(|| format!("An experiment `{}` exists already.", experiment.key)))?;
        write_activity(&mut transaction, experiment.id, activity).await?;
        commit(transaction).await
    }

    async fn save_experiment(&self, project: ProjectId, change: &ExperimentChange) -> Result<(), StoreError> {
        let experiment = &change.experiment;
        let mut writing = self.write().await?;
        let mut transaction = writing.begin().await?;
        raise_revision(&mut transaction, project).await?;
        if experiment.state.owns_slot() {
            let slot = &experiment.slot;
            if let Some(other) = owner(&mut transaction, project, slot.prompt, &slot.label).await?
                && other.id != experiment.id
            {
                return Err(StoreError::Conflict(format!(
                    "The label `{}` of `{}` is split by the experiment `{}` already.",
                    slot.label, slot.prompt_name, other.key,
                )));
            }
        }
        if experiment.state.owns_slot() {
            unless_shared(&mut transaction, project, experiment).await?;
        }
        let stored: Option<i64> = sqlx::query_scalar("SELECT revision FROM experiment WHERE project_id = ? AND id = ?")
            .bind(project.0.as_bytes().as_slice())
            .bind(experiment.id.0.as_bytes().as_slice())
            .fetch_optional(&mut *transaction)
            .await
            .map_err(from_sqlx)?;
        let Some(stored) = stored else {
            return Err(StoreError::NotFound { entity: "experiment", id: experiment.key.to_string() });
        };
        if stored.saturating_add(1) != i64::from(experiment.revision) {
            return Err(StoreError::Conflict(format!(
                "The experiment `{}` was changed meanwhile: it is at revision {stored}. Look at it before you change it.",
                experiment.key,
            )));
        }
        sqlx::query("UPDATE experiment SET key = ?, state = ?, revision = ?, body = ? WHERE id = ?")
            .bind(experiment.key.as_str())
            .bind(experiment.state.as_str())
            .bind(i64::from(experiment.revision))
            .bind(row::as_json(&Written { version: FORM, experiment })?)
            .bind(experiment.id.0.as_bytes().as_slice())
            .execute(&mut *transaction)
            .await
            .map_err(from_sqlx)?;
        if let Some(label) = &change.label {
            step(&mut transaction, project, experiment, label).await?;
        }
        write_activity(&mut transaction, experiment.id, &change.activity).await?;
        commit(transaction).await
    }

    async fn experiment(&self, project: ProjectId, key: &ExperimentKey) -> Result<Option<Experiment>, StoreError> {
        let found = sqlx::query("SELECT * FROM experiment WHERE project_id = ? AND key = ?")
            .bind(project.0.as_bytes().as_slice())
            .bind(key.as_str())
            .fetch_optional(&self.readers)
            .await
            .map_err(from_sqlx)?;
        found.as_ref().map(experiment).transpose()
    }

    async fn experiments(
        &self,
        project: ProjectId,
        filter: &ExperimentFilter,
        before: Option<ExperimentId>,
        limit: u16,
    ) -> Result<Vec<Experiment>, StoreError> {
        let mut query: QueryBuilder<Sqlite> = QueryBuilder::new("SELECT * FROM experiment WHERE project_id = ");
        query.push_bind(project.0.as_bytes().to_vec());
        if let Some(prompt) = &filter.prompt {
            query.push(" AND prompt_name = ").push_bind(prompt.as_str().to_owned());
        }
        if !filter.states.is_empty() {
            query.push(" AND state IN (");
            let mut states = query.separated(", ");
            for state in &filter.states {
                states.push_bind(State::as_str(*state));
            }
            query.push(")");
        }
        if let Some(before) = before {
            query.push(" AND id < ").push_bind(before.0.as_bytes().to_vec());
        }
        query.push(" ORDER BY id DESC LIMIT ").push_bind(i64::from(limit));
        let found = query.build().fetch_all(&self.readers).await.map_err(from_sqlx)?;
        found.iter().map(experiment).collect()
    }

    async fn owning_experiments(&self) -> Result<Vec<(ProjectId, Experiment)>, StoreError> {
        let found = sqlx::query(OWNERS).fetch_all(&self.readers).await.map_err(from_sqlx)?;
        found.iter().map(|found| Ok((ProjectId(row::uuid(found, "project_id")?), experiment(found)?))).collect()
    }

    async fn experiment_activity(
        &self,
        project: ProjectId,
        experiment: ExperimentId,
        before: Option<u32>,
        limit: u16,
    ) -> Result<Vec<Activity>, StoreError> {
        let mut query: QueryBuilder<Sqlite> = QueryBuilder::new(
            "SELECT experiment_activity.body FROM experiment_activity JOIN experiment ON experiment.id = experiment_id
             WHERE project_id = ",
        );
        query.push_bind(project.0.as_bytes().to_vec());
        query.push(" AND experiment_id = ").push_bind(experiment.0.as_bytes().to_vec());
        if let Some(before) = before {
            query.push(" AND experiment_activity.revision < ").push_bind(i64::from(before));
        }
        query.push(" ORDER BY experiment_activity.revision DESC LIMIT ").push_bind(i64::from(limit));
        let found = query.build().fetch_all(&self.readers).await.map_err(from_sqlx)?;
        found.iter().map(|found| row::json(found, "body")).collect()
    }
}
