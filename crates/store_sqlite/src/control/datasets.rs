//! Datasets, items and runs.

use async_trait::async_trait;
use domain::{
    dataset::{Dataset, DatasetItem, DatasetRun, ItemStatus, RunItem},
    ids::{DatasetId, ProjectId, SpanId, TraceId},
};
use sqlx::{QueryBuilder, Row as _, Sqlite, SqliteConnection, sqlite::SqliteRow};
use store::{
    StoreError,
    control::{Counted, DatasetStore, ItemFilter, RunItemFilter},
};

use super::{SqliteControl, commit, row};
use crate::error::from_sqlx;

const ITEM: &str = "SELECT dataset_item.*, dataset.name AS dataset_name FROM dataset_item \
     JOIN dataset ON dataset.id = dataset_item.dataset_id WHERE dataset_item.project_id = ? AND dataset_item.id = ?";
const RUN: &str = "SELECT dataset_run.*, dataset.name AS dataset_name FROM dataset_run \
     JOIN dataset ON dataset.id = dataset_run.dataset_id \
     WHERE dataset_run.project_id = ? AND dataset.name = ? AND dataset_run.name = ?";
const RUN_ITEM: &str = "SELECT dataset_run_item.id, dataset_run.id AS run_id, dataset_run.name AS run_name, \
     dataset_item.id AS item_id, trace_id, observation_id, dataset_run_item.created_us FROM dataset_run_item \
     JOIN dataset_run ON dataset_run.position = dataset_run_item.run \
     JOIN dataset_item ON dataset_item.position = dataset_run_item.item";

fn dataset(row: &SqliteRow) -> Result<Dataset, StoreError> {
    Ok(Dataset {
        id: DatasetId(row::uuid(row, "id")?),
        name: row::text(row, "name")?,
        description: row::optional_text(row, "description")?,
        metadata: row::json(row, "metadata")?,
        input_schema: optional_json(row, "input_schema")?,
        expected_schema: optional_json(row, "expected_schema")?,
        created_us: row::time(row, "created_us")?,
        updated_us: row::time(row, "updated_us")?,
    })
}

fn optional_json(row: &SqliteRow, column: &'static str) -> Result<Option<serde_json::Value>, StoreError> {
    let text = row::optional_text(row, column)?;
    text.map(|text| serde_json::from_str(&text)).transpose().map_err(|error| row::bad(column, error))
}

fn item(row: &SqliteRow) -> Result<DatasetItem, StoreError> {
    let status: &str = row.try_get("status").map_err(from_sqlx)?;
    let known = [ItemStatus::Active, ItemStatus::Archived];
    Ok(DatasetItem {
        id: row::text(row, "id")?,
        dataset: DatasetId(row::uuid(row, "dataset_id")?),
        dataset_name: row::text(row, "dataset_name")?,
        status: known.into_iter().find(|known| known.as_str() == status).ok_or_else(|| row::bad("status", status))?,
        input: row::json(row, "input")?,
        expected_output: row::json(row, "expected_output")?,
        metadata: row::json(row, "metadata")?,
        source_trace: row::optional_text(row, "source_trace")?,
        source_observation: row::optional_text(row, "source_observation")?,
        created_us: row::time(row, "created_us")?,
        updated_us: row::time(row, "updated_us")?,
    })
}

fn run(row: &SqliteRow) -> Result<DatasetRun, StoreError> {
    Ok(DatasetRun {
        id: row::text(row, "id")?,
        dataset: DatasetId(row::uuid(row, "dataset_id")?),
        dataset_name: row::text(row, "dataset_name")?,
        name: row::text(row, "name")?,
        description: row::optional_text(row, "description")?,
        metadata: row::json(row, "metadata")?,
        created_us: row::time(row, "created_us")?,
        updated_us: row::time(row, "updated_us")?,
    })
}

fn run_item(row: &SqliteRow) -> Result<RunItem, StoreError> {
    let trace: &[u8] = row.try_get("trace_id").map_err(from_sqlx)?;
    let observation: &[u8] = row.try_get("observation_id").map_err(from_sqlx)?;
    let observation = (!observation.is_empty()).then(|| SpanId::from_slice(observation)).transpose();
    Ok(RunItem {
        id: row::text(row, "id")?,
        run: row::text(row, "run_id")?,
        run_name: row::text(row, "run_name")?,
        item: row::text(row, "item_id")?,
        trace: TraceId::from_slice(trace).map_err(|error| row::bad("trace_id", error))?,
        observation: observation.map_err(|error| row::bad("observation_id", error))?,
        created_us: row::time(row, "created_us")?,
    })
}

/// A list and its length: `rows` selects, `tail` says where from and which, `order` by what.
pub(super) struct List {
    pub(super) rows: &'static str,
    pub(super) order: &'static str,
}

impl List {
    /// Reads a page; `tail` adds the rest of the statement, once for the rows and once for their number.
    pub(super) async fn read<T>(
        &self,
        control: &SqliteControl,
        tail: impl Fn(&mut QueryBuilder<Sqlite>),
        (skip, limit): (u64, u16),
        read: fn(&SqliteRow) -> Result<T, StoreError>,
    ) -> Result<Counted<T>, StoreError> {
        let mut query = QueryBuilder::new("SELECT count(*)");
        tail(&mut query);
        let total: i64 = query.build_query_scalar().fetch_one(&control.readers).await.map_err(from_sqlx)?;
        let mut query = QueryBuilder::new(self.rows);
        tail(&mut query);
        query.push(" ORDER BY ").push(self.order).push(" DESC LIMIT ").push_bind(i64::from(limit));
        query.push(" OFFSET ").push_bind(i64::try_from(skip).unwrap_or(i64::MAX));
        let found = query.build().fetch_all(&control.readers).await.map_err(from_sqlx)?;
        let items = found.iter().map(read).collect::<Result<_, _>>()?;
        Ok(Counted { items, total: total.unsigned_abs() })
    }
}

/// Fails unless the project has the dataset.
async fn need_dataset(connection: &mut SqliteConnection, project: ProjectId, id: DatasetId) -> Result<(), StoreError> {
    let known: Option<i64> = sqlx::query_scalar("SELECT position FROM dataset WHERE project_id = ? AND id = ?")
        .bind(project.0.as_bytes().as_slice())
        .bind(id.0.as_bytes().as_slice())
        .fetch_optional(connection)
        .await
        .map_err(from_sqlx)?;
    known.map(|_| ()).ok_or_else(|| StoreError::NotFound { entity: "dataset", id: id.to_string() })
}

/// The place of a run, which is made when it is new.
async fn place_of_run(
    connection: &mut SqliteConnection,
    project: ProjectId,
    wanted: &DatasetRun,
) -> Result<i64, StoreError> {
    // By its id, else by its name: SDKs that know no ids call the runs of one name one run.
    let known: Option<i64> = sqlx::query_scalar(
        "SELECT position FROM dataset_run WHERE project_id = ?1 AND dataset_id = ?2 AND (id = ?3 OR name = ?4)
         ORDER BY id = ?3 DESC LIMIT 1",
    )
    .bind(project.0.as_bytes().as_slice())
    .bind(wanted.dataset.0.as_bytes().as_slice())
    .bind(wanted.id.as_str())
    .bind(wanted.name.as_str())
    .fetch_optional(&mut *connection)
    .await
    .map_err(from_sqlx)?;
    let Some(place) = known else {
        return sqlx::query_scalar(
            "INSERT INTO dataset_run (project_id, id, dataset_id, name, description, metadata, created_us, updated_us)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?) RETURNING position",
        )
        .bind(project.0.as_bytes().as_slice())
        .bind(wanted.id.as_str())
        .bind(wanted.dataset.0.as_bytes().as_slice())
        .bind(wanted.name.as_str())
        .bind(wanted.description.as_deref())
        .bind(row::as_json(&wanted.metadata)?)
        .bind(wanted.created_us.0)
        .bind(wanted.updated_us.0)
        .fetch_one(connection)
        .await
        .map_err(super::unless_taken(|| format!("The run id `{}` belongs to another run.", wanted.id)));
    };
    sqlx::query(
        "UPDATE dataset_run SET description = coalesce(?1, description), updated_us = max(updated_us, ?3),
           metadata = CASE WHEN ?2 = 'null' THEN metadata ELSE ?2 END WHERE position = ?4",
    )
    .bind(wanted.description.as_deref())
    .bind(row::as_json(&wanted.metadata)?)
    .bind(wanted.updated_us.0)
    .bind(place)
    .execute(connection)
    .await
    .map_err(from_sqlx)?;
    Ok(place)
}

#[async_trait]
impl DatasetStore for SqliteControl {
    async fn save_dataset(&self, project: ProjectId, new: &Dataset) -> Result<Dataset, StoreError> {
        let mut writing = self.write().await?;
        let saved = sqlx::query(
            "INSERT INTO dataset (id, project_id, name, description, metadata, input_schema, expected_schema, created_us,
               updated_us) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
             ON CONFLICT (project_id, name) DO UPDATE SET description = excluded.description,
               metadata = excluded.metadata, input_schema = excluded.input_schema,
               expected_schema = excluded.expected_schema, updated_us = excluded.updated_us
             RETURNING *",
        )
        .bind(new.id.0.as_bytes().as_slice())
        .bind(project.0.as_bytes().as_slice())
        .bind(new.name.as_str())
        .bind(new.description.as_deref())
        .bind(row::as_json(&new.metadata)?)
        .bind(new.input_schema.as_ref().map(row::as_json).transpose()?)
        .bind(new.expected_schema.as_ref().map(row::as_json).transpose()?)
        .bind(new.created_us.0)
        .bind(new.updated_us.0)
        .fetch_one(&mut *writing.connection)
        .await
        .map_err(from_sqlx)?;
        dataset(&saved)
    }

    async fn dataset(&self, project: ProjectId, name: &str) -> Result<Option<Dataset>, StoreError> {
        let found = sqlx::query("SELECT * FROM dataset WHERE project_id = ? AND name = ?")
            .bind(project.0.as_bytes().as_slice())
            .bind(name)
            .fetch_optional(&self.readers)
            .await
            .map_err(from_sqlx)?;
        found.as_ref().map(dataset).transpose()
    }

    async fn datasets(&self, project: ProjectId, skip: u64, limit: u16) -> Result<Counted<Dataset>, StoreError> {
        let tail = |query: &mut QueryBuilder<Sqlite>| {
            query.push(" FROM dataset WHERE project_id = ").push_bind(project.0.as_bytes().to_vec());
        };
        List { rows: "SELECT *", order: "position" }.read(self, tail, (skip, limit), dataset).await
    }

    async fn save_item(&self, project: ProjectId, new: &DatasetItem) -> Result<DatasetItem, StoreError> {
        let mut writing = self.write().await?;
        let mut transaction = writing.begin().await?;
        need_dataset(&mut transaction, project, new.dataset).await?;
        let saved = sqlx::query(
            "INSERT INTO dataset_item (project_id, id, dataset_id, status, input, expected_output, metadata,
               source_trace, source_observation, created_us, updated_us) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
             ON CONFLICT (project_id, id) DO UPDATE SET status = excluded.status, input = excluded.input,
               expected_output = excluded.expected_output, metadata = excluded.metadata,
               source_trace = excluded.source_trace, source_observation = excluded.source_observation,
               updated_us = excluded.updated_us
             WHERE dataset_item.dataset_id = excluded.dataset_id",
        )
        .bind(project.0.as_bytes().as_slice())
        .bind(new.id.as_str())
        .bind(new.dataset.0.as_bytes().as_slice())
        .bind(new.status.as_str())
        .bind(row::as_json(&new.input)?)
        .bind(row::as_json(&new.expected_output)?)
        .bind(row::as_json(&new.metadata)?)
        .bind(new.source_trace.as_deref())
        .bind(new.source_observation.as_deref())
        .bind(new.created_us.0)
        .bind(new.updated_us.0)
        .execute(&mut *transaction)
        .await
        .map_err(from_sqlx)?;
        if saved.rows_affected() == 0 {
            return Err(StoreError::Conflict(format!("The item id `{}` belongs to another dataset's item.", new.id)));
        }
        let stands = sqlx::query(ITEM)
            .bind(project.0.as_bytes().as_slice())
            .bind(new.id.as_str())
            .fetch_one(&mut *transaction)
            .await
            .map_err(from_sqlx)?;
        let stands = item(&stands)?;
        commit(transaction).await?;
        Ok(stands)
    }

    async fn item(&self, project: ProjectId, id: &str) -> Result<Option<DatasetItem>, StoreError> {
        let found = sqlx::query(ITEM)
            .bind(project.0.as_bytes().as_slice())
            .bind(id)
            .fetch_optional(&self.readers)
            .await
            .map_err(from_sqlx)?;
        found.as_ref().map(item).transpose()
    }

    async fn items(
        &self,
        project: ProjectId,
        filter: &ItemFilter,
        skip: u64,
        limit: u16,
    ) -> Result<Counted<DatasetItem>, StoreError> {
        let tail = |query: &mut QueryBuilder<Sqlite>| {
            query.push(" FROM dataset_item JOIN dataset ON dataset.id = dataset_item.dataset_id");
            query.push(" WHERE dataset_item.project_id = ").push_bind(project.0.as_bytes().to_vec());
            for (condition, value) in [
                (" AND dataset.name = ", &filter.dataset),
                (" AND source_trace = ", &filter.source_trace),
                (" AND source_observation = ", &filter.source_observation),
            ] {
                if let Some(value) = value {
                    query.push(condition).push_bind(value.clone());
                }
            }
        };
        let list = List { rows: "SELECT dataset_item.*, dataset.name AS dataset_name", order: "dataset_item.position" };
        list.read(self, tail, (skip, limit), item).await
    }

    async fn remove_item(&self, project: ProjectId, id: &str) -> Result<(), StoreError> {
        let mut writing = self.write().await?;
        let removed = sqlx::query("DELETE FROM dataset_item WHERE project_id = ? AND id = ?")
            .bind(project.0.as_bytes().as_slice())
            .bind(id)
            .execute(&mut *writing.connection)
            .await
            .map_err(from_sqlx)?;
        if removed.rows_affected() == 0 {
            return Err(StoreError::NotFound { entity: "dataset item", id: id.to_owned() });
        }
        Ok(())
    }

    async fn record_run(
        &self,
        project: ProjectId,
        wanted: &DatasetRun,
        items: &[RunItem],
    ) -> Result<Vec<RunItem>, StoreError> {
        let mut writing = self.write().await?;
        let mut transaction = writing.begin().await?;
        need_dataset(&mut transaction, project, wanted.dataset).await?;
        let place = place_of_run(&mut transaction, project, wanted).await?;
        let mut stand = Vec::with_capacity(items.len());
        for new in items {
            let of: Option<i64> = sqlx::query_scalar(
                "SELECT position FROM dataset_item WHERE project_id = ? AND id = ? AND dataset_id = ?",
            )
            .bind(project.0.as_bytes().as_slice())
            .bind(new.item.as_str())
            .bind(wanted.dataset.0.as_bytes().as_slice())
            .fetch_optional(&mut *transaction)
            .await
            .map_err(from_sqlx)?;
            let of = of.ok_or_else(|| StoreError::NotFound { entity: "dataset item", id: new.item.clone() })?;
            let observation = new.observation.map(|span| span.as_bytes().to_vec()).unwrap_or_default();
            sqlx::query(
                "INSERT OR IGNORE INTO dataset_run_item (id, run, item, trace_id, observation_id, created_us)
                 VALUES (?, ?, ?, ?, ?, ?)",
            )
            .bind(new.id.as_str())
            .bind(place)
            .bind(of)
            .bind(new.trace.as_bytes().to_vec())
            .bind(observation.clone())
            .bind(new.created_us.0)
            .execute(&mut *transaction)
            .await
            .map_err(from_sqlx)?;
            let mut query = QueryBuilder::new(RUN_ITEM);
            query.push(" WHERE run = ").push_bind(place).push(" AND item = ").push_bind(of);
            query.push(" AND trace_id = ").push_bind(new.trace.as_bytes().to_vec());
            query.push(" AND observation_id = ").push_bind(observation);
            let found = query.build().fetch_one(&mut *transaction).await.map_err(from_sqlx)?;
            stand.push(run_item(&found)?);
        }
        commit(transaction).await?;
        Ok(stand)
    }

    async fn run(&self, project: ProjectId, of: &str, name: &str) -> Result<Option<DatasetRun>, StoreError> {
        let found = sqlx::query(RUN)
            .bind(project.0.as_bytes().as_slice())
            .bind(of)
            .bind(name)
            .fetch_optional(&self.readers)
            .await
            .map_err(from_sqlx)?;
        found.as_ref().map(run).transpose()
    }

    async fn runs(
        &self,
        project: ProjectId,
        of: &str,
        skip: u64,
        limit: u16,
    ) -> Result<Counted<DatasetRun>, StoreError> {
        let tail = |query: &mut QueryBuilder<Sqlite>| {
            query.push(" FROM dataset_run JOIN dataset ON dataset.id = dataset_run.dataset_id");
            query.push(" WHERE dataset_run.project_id = ").push_bind(project.0.as_bytes().to_vec());
            query.push(" AND dataset.name = ").push_bind(of.to_owned());
        };
        let list = List { rows: "SELECT dataset_run.*, dataset.name AS dataset_name", order: "dataset_run.position" };
        list.read(self, tail, (skip, limit), run).await
    }

    async fn run_items(
        &self,
        project: ProjectId,
        filter: &RunItemFilter,
        skip: u64,
        limit: u16,
    ) -> Result<Counted<RunItem>, StoreError> {
        let dataset_id = match filter.dataset_id.as_deref().map(str::parse::<DatasetId>) {
            // What is no id names no dataset.
            Some(Err(_)) => return Ok(Counted { items: Vec::new(), total: 0 }),
            Some(Ok(id)) => Some(id),
            None => None,
        };
        let tail = |query: &mut QueryBuilder<Sqlite>| {
            query.push(
                " FROM dataset_run_item JOIN dataset_run ON dataset_run.position = dataset_run_item.run \
                 JOIN dataset_item ON dataset_item.position = dataset_run_item.item \
                 JOIN dataset ON dataset.id = dataset_run.dataset_id",
            );
            query.push(" WHERE dataset_run.project_id = ").push_bind(project.0.as_bytes().to_vec());
            for (condition, value) in
                [(" AND dataset.name = ", &filter.dataset), (" AND dataset_run.name = ", &filter.run)]
            {
                if let Some(value) = value {
                    query.push(condition).push_bind(value.clone());
                }
            }
            if let Some(id) = dataset_id {
                query.push(" AND dataset.id = ").push_bind(id.0.as_bytes().to_vec());
            }
        };
        let list = List {
            rows: "SELECT dataset_run_item.id, dataset_run.id AS run_id, dataset_run.name AS run_name, \
                   dataset_item.id AS item_id, trace_id, observation_id, dataset_run_item.created_us",
            order: "dataset_run_item.position",
        };
        list.read(self, tail, (skip, limit), run_item).await
    }

    async fn remove_run(&self, project: ProjectId, of: &str, name: &str) -> Result<(), StoreError> {
        let mut writing = self.write().await?;
        let removed = sqlx::query(
            "DELETE FROM dataset_run WHERE project_id = ?1 AND name = ?3
               AND dataset_id = (SELECT id FROM dataset WHERE project_id = ?1 AND name = ?2)",
        )
        .bind(project.0.as_bytes().as_slice())
        .bind(of)
        .bind(name)
        .execute(&mut *writing.connection)
        .await
        .map_err(from_sqlx)?;
        if removed.rows_affected() == 0 {
            return Err(StoreError::NotFound { entity: "dataset run", id: name.to_owned() });
        }
        Ok(())
    }
}
