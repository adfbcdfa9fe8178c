//! Datasets: questions with expected answers, kept for an SDK, and which trace each left in which run.

use std::{collections::BTreeMap, sync::Arc};

pub use domain::dataset::{Dataset, DatasetItem, DatasetRun, ItemStatus, RunItem};
use domain::{
    auth::{Actor, Permission},
    ids::{DatasetId, ProjectId, SpanId, TraceId},
    page::PageSize,
    problem::FieldProblem,
};
use serde_json::Value;
use store::control::Counted;
pub use store::control::{ItemFilter, RunItemFilter};

use crate::{Context, Numbered, ServiceError, context::authorize};

/// Characters of a name, an id, a source.
const NAME_CHARS: usize = 200;
/// Characters of a description.
const TEXT_CHARS: usize = 10_000;
/// Bytes of an item's JSON, each part.
const PART_BYTES: usize = 1024 * 1024;

/// A dataset as somebody wants it to be.
#[derive(Clone, Debug, Default)]
pub struct NewDataset {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// Free JSON.
    pub metadata: Value,
    /// JSON Schema of the inputs.
    pub input_schema: Option<Value>,
    /// JSON Schema of the expected outputs.
    pub expected_schema: Option<Value>,
}

/// An item as somebody wants it to be.
#[derive(Clone, Debug)]
pub struct NewItem {
    /// Its dataset's name.
    pub dataset: String,
    /// Its id; made here when absent. The same again is a change.
    pub id: Option<String>,
    /// Whether it takes part in runs.
    pub status: ItemStatus,
    /// What goes in.
    pub input: Value,
    /// What should come out.
    pub expected_output: Value,
    /// Free JSON.
    pub metadata: Value,
    /// The trace it was taken from.
    pub source_trace: Option<String>,
    /// The observation it was taken from.
    pub source_observation: Option<String>,
}

/// What an application says of an item it ran.
#[derive(Clone, Debug)]
pub struct NewRunItem {
    /// The run's id, where the sender has one.
    pub run_id: Option<String>,
    /// The run's name.
    pub run: String,
    /// What was tried.
    pub description: Option<String>,
    /// Free JSON about the run.
    pub metadata: Value,
    /// The item.
    pub item: String,
    /// The trace it left.
    pub trace: TraceId,
    /// The observation in it.
    pub observation: Option<SpanId>,
}

/// Use cases around datasets. Cheap to clone.
#[derive(Clone)]
pub struct Datasets {
    context: Arc<Context>,
}

impl Datasets {
    pub(crate) fn new(context: Arc<Context>) -> Self {
        Self { context }
    }

    /// Makes a dataset, or changes the one of this name.
    ///
    /// # Errors
    /// [`ServiceError::Invalid`] with every field at fault.
    pub async fn save(&self, actor: &Actor, project: ProjectId, new: NewDataset) -> Result<Dataset, ServiceError> {
        authorize(actor, project, Permission::WritePrompts)?;
        let mut wrong = Vec::new();
        check_name("name", &new.name, &mut wrong);
        check_text("description", new.description.as_deref(), TEXT_CHARS, &mut wrong);
        check_size("metadata", &new.metadata, &mut wrong);
        for (field, schema) in [("inputSchema", &new.input_schema), ("expectedOutputSchema", &new.expected_schema)] {
            if let Some(schema) = schema {
                check_size(field, schema, &mut wrong);
            }
        }
        if !wrong.is_empty() {
            return Err(ServiceError::Invalid(wrong));
        }
        let now = self.context.clock.now();
        let dataset = Dataset {
            id: DatasetId(self.context.new_id()?),
            name: new.name,
            description: new.description,
            metadata: new.metadata,
            input_schema: new.input_schema,
            expected_schema: new.expected_schema,
            created_us: now,
            updated_us: now,
        };
        let saved = self.context.control.save_dataset(project, &dataset).await?;
        tracing::info!(project.id = %project, dataset.id = %saved.id, "saved a dataset");
        Ok(saved)
    }

    /// A dataset by its name.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`].
    pub async fn get(&self, actor: &Actor, project: ProjectId, name: &str) -> Result<Dataset, ServiceError> {
        authorize(actor, project, Permission::Read)?;
        self.known(project, name).await
    }

    async fn known(&self, project: ProjectId, name: &str) -> Result<Dataset, ServiceError> {
        self.context.control.dataset(project, name).await?.ok_or_else(|| missing("dataset", name))
    }

    /// Datasets, newest first.
    ///
    /// # Errors
    /// [`ServiceError::Invalid`] for page 0.
    pub async fn list(
        &self,
        actor: &Actor,
        project: ProjectId,
        page: u32,
        size: PageSize,
    ) -> Result<Numbered<Dataset>, ServiceError> {
        authorize(actor, project, Permission::Read)?;
        let skip = skip(page, size)?;
        Ok(numbered(self.context.control.datasets(project, skip, size.rows()).await?, page, size))
    }

    /// Makes an item, or changes the one with this id.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`] without its dataset; [`ServiceError::Invalid`] with every field at fault;
    /// [`ServiceError::Conflict`] when the id belongs to another dataset's item.
    pub async fn save_item(
        &self,
        actor: &Actor,
        project: ProjectId,
        new: NewItem,
    ) -> Result<DatasetItem, ServiceError> {
        authorize(actor, project, Permission::WritePrompts)?;
        let mut wrong = Vec::new();
        if let Some(id) = &new.id {
            check_name("id", id, &mut wrong);
        }
        for (field, part) in
            [("input", &new.input), ("expectedOutput", &new.expected_output), ("metadata", &new.metadata)]
        {
            check_size(field, part, &mut wrong);
        }
        for (field, source) in [("sourceTraceId", &new.source_trace), ("sourceObservationId", &new.source_observation)]
        {
            check_text(field, source.as_deref(), NAME_CHARS, &mut wrong);
        }
        if !wrong.is_empty() {
            return Err(ServiceError::Invalid(wrong));
        }
        let dataset = self.known(project, &new.dataset).await?;
        let now = self.context.clock.now();
        let id = match new.id {
            Some(id) => id,
            None => self.context.new_id()?.to_string(),
        };
        let item = DatasetItem {
            id,
            dataset: dataset.id,
            dataset_name: dataset.name,
            status: new.status,
            input: new.input,
            expected_output: new.expected_output,
            metadata: new.metadata,
            source_trace: new.source_trace,
            source_observation: new.source_observation,
            created_us: now,
            updated_us: now,
        };
        Ok(self.context.control.save_item(project, &item).await?)
    }

    /// An item.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`].
    pub async fn item(&self, actor: &Actor, project: ProjectId, id: &str) -> Result<DatasetItem, ServiceError> {
        authorize(actor, project, Permission::Read)?;
        self.context.control.item(project, id).await?.ok_or_else(|| missing("dataset item", id))
    }

    /// Items, newest first.
    ///
    /// # Errors
    /// [`ServiceError::Invalid`] for page 0.
    pub async fn items(
        &self,
        actor: &Actor,
        project: ProjectId,
        filter: &ItemFilter,
        page: u32,
        size: PageSize,
    ) -> Result<Numbered<DatasetItem>, ServiceError> {
        authorize(actor, project, Permission::Read)?;
        let skip = skip(page, size)?;
        Ok(numbered(self.context.control.items(project, filter, skip, size.rows()).await?, page, size))
    }

    /// Removes an item, also from the runs it was in.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`].
    pub async fn remove_item(&self, actor: &Actor, project: ProjectId, id: &str) -> Result<(), ServiceError> {
        authorize(actor, project, Permission::WritePrompts)?;
        Ok(self.context.control.remove_item(project, id).await?)
    }

    /// Notes that an item ran. The same again changes nothing.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`] without the item; [`ServiceError::Invalid`] with every field at fault.
    pub async fn record(&self, actor: &Actor, project: ProjectId, new: NewRunItem) -> Result<RunItem, ServiceError> {
        authorize(actor, project, Permission::Ingest)?;
        let mut wrong = Vec::new();
        check_name("runName", &new.run, &mut wrong);
        check_text("runDescription", new.description.as_deref(), TEXT_CHARS, &mut wrong);
        check_size("metadata", &new.metadata, &mut wrong);
        if !wrong.is_empty() {
            return Err(ServiceError::Invalid(wrong));
        }
        let item = self.context.control.item(project, &new.item).await?;
        let item = item.ok_or_else(|| missing("dataset item", &new.item))?;
        let mut noted = self.note(project, &item, vec![new]).await?;
        noted.pop().ok_or_else(|| ServiceError::Internal("the store noted nothing".into()))
    }

    /// Notes the items that spans say they ran, as SDKs from generation 5 on tell it. What names no item here is left aside:
    /// experiments may run over data that is kept elsewhere.
    pub(crate) async fn record_told(&self, project: ProjectId, told: Vec<NewRunItem>) -> Result<(), ServiceError> {
        // A run is noted at once for all of its items in a batch.
        let mut runs: BTreeMap<(DatasetId, String), (DatasetItem, Vec<NewRunItem>)> = BTreeMap::new();
        for new in told {
            let mut wrong = Vec::new();
            check_name("runName", &new.run, &mut wrong);
            check_size("metadata", &new.metadata, &mut wrong);
            if !wrong.is_empty() {
                continue;
            }
            let Some(item) = self.context.control.item(project, &new.item).await? else { continue };
            runs.entry((item.dataset, new.run.clone())).or_insert_with(|| (item, Vec::new())).1.push(new);
        }
        for (item, items) in runs.into_values() {
            self.note(project, &item, items).await?;
        }
        Ok(())
    }

    /// Notes items of one run over the dataset of `item`.
    async fn note(
        &self,
        project: ProjectId,
        item: &DatasetItem,
        items: Vec<NewRunItem>,
    ) -> Result<Vec<RunItem>, ServiceError> {
        let Some(first) = items.first() else { return Ok(Vec::new()) };
        let now = self.context.clock.now();
        let run = DatasetRun {
            id: match &first.run_id {
                Some(id) => id.chars().take(NAME_CHARS).collect(),
                None => self.context.new_id()?.to_string(),
            },
            dataset: item.dataset,
            dataset_name: item.dataset_name.clone(),
            name: first.run.clone(),
            description: first.description.clone(),
            metadata: first.metadata.clone(),
            created_us: now,
            updated_us: now,
        };
        let mut notes = Vec::with_capacity(items.len());
        for new in items {
            notes.push(RunItem {
                id: self.context.new_id()?.to_string(),
                run: run.id.clone(),
                run_name: new.run,
                item: new.item,
                trace: new.trace,
                observation: new.observation,
                created_us: now,
            });
        }
        Ok(self.context.control.record_run(project, &run, &notes).await?)
    }

    /// A run with the newest 500 of its items.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`].
    pub async fn run(
        &self,
        actor: &Actor,
        project: ProjectId,
        dataset: &str,
        name: &str,
    ) -> Result<(DatasetRun, Vec<RunItem>), ServiceError> {
        authorize(actor, project, Permission::Read)?;
        let run = self.context.control.run(project, dataset, name).await?;
        let run = run.ok_or_else(|| missing("dataset run", name))?;
        let filter =
            RunItemFilter { dataset: Some(dataset.to_owned()), run: Some(name.to_owned()), ..RunItemFilter::default() };
        let items = self.context.control.run_items(project, &filter, 0, PageSize::MAX).await?;
        Ok((run, items.items))
    }

    /// Runs of a dataset, newest first.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`] without the dataset; [`ServiceError::Invalid`] for page 0.
    pub async fn runs(
        &self,
        actor: &Actor,
        project: ProjectId,
        dataset: &str,
        page: u32,
        size: PageSize,
    ) -> Result<Numbered<DatasetRun>, ServiceError> {
        authorize(actor, project, Permission::Read)?;
        let skip = skip(page, size)?;
        self.known(project, dataset).await?;
        Ok(numbered(self.context.control.runs(project, dataset, skip, size.rows()).await?, page, size))
    }

    /// Items of runs, newest first.
    ///
    /// # Errors
    /// [`ServiceError::Invalid`] for page 0.
    pub async fn run_items(
        &self,
        actor: &Actor,
        project: ProjectId,
        filter: &RunItemFilter,
        page: u32,
        size: PageSize,
    ) -> Result<Numbered<RunItem>, ServiceError> {
        authorize(actor, project, Permission::Read)?;
        let skip = skip(page, size)?;
        Ok(numbered(self.context.control.run_items(project, filter, skip, size.rows()).await?, page, size))
    }

    /// Removes a run; the traces stay.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`].
    pub async fn remove_run(
        &self,
        actor: &Actor,
        project: ProjectId,
        dataset: &str,
        name: &str,
    ) -> Result<(), ServiceError> {
        authorize(actor, project, Permission::WritePrompts)?;
        Ok(self.context.control.remove_run(project, dataset, name).await?)
    }
}

fn missing(entity: &'static str, id: &str) -> ServiceError {
    ServiceError::NotFound { entity, id: id.chars().take(NAME_CHARS).collect() }
}

fn check_name(field: &str, name: &str, wrong: &mut Vec<FieldProblem>) {
    if name.trim().is_empty() || name.chars().count() > NAME_CHARS || name.chars().any(char::is_control) {
        wrong.push(FieldProblem::new(field, format!("it has 1 to {NAME_CHARS} printable characters")));
    }
}

fn check_text(field: &str, text: Option<&str>, chars: usize, wrong: &mut Vec<FieldProblem>) {
    if text.is_some_and(|text| text.chars().nth(chars).is_some()) {
        wrong.push(FieldProblem::new(field, format!("it has more than {chars} characters")));
    }
}

fn check_size(field: &str, json: &Value, wrong: &mut Vec<FieldProblem>) {
    let bytes = match json {
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
        Value::String(text) => text.len(),
        other => other.to_string().len(),
    };
    if bytes > PART_BYTES {
        wrong.push(FieldProblem::new(field, format!("it has more than {PART_BYTES} bytes as JSON")));
    }
}

/// Rows before a page.
pub(crate) fn skip(page: u32, size: PageSize) -> Result<u64, ServiceError> {
    let before = page.checked_sub(1).ok_or_else(|| ServiceError::field("page", "pages count from 1"))?;
    Ok(u64::from(before) * u64::from(size.rows()))
}

/// A page of a list that is small enough to be counted.
pub(crate) fn numbered<T>(found: Counted<T>, page: u32, size: PageSize) -> Numbered<T> {
    Numbered {
        items: found.items,
        page,
        limit: size.rows(),
        total_items: found.total,
        total_pages: found.total.div_ceil(u64::from(size.rows())),
    }
}
