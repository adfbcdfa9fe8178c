use async_trait::async_trait;
use domain::{
    dataset::{Dataset, DatasetItem, DatasetRun, RunItem},
    ids::ProjectId,
};

use crate::StoreError;

/// Some rows of a list, and how many it has: the control plane is small enough to count.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Counted<T> {
    /// The rows.
    pub items: Vec<T>,
    /// Rows in all.
    pub total: u64,
}

/// Which items to list. Every condition given has to hold.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct ItemFilter {
    /// Of this dataset.
    pub dataset: Option<String>,
    /// Taken from this trace.
    pub source_trace: Option<String>,
    /// Taken from this observation.
    pub source_observation: Option<String>,
}

/// Which items of runs to list. Every condition given has to hold.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct RunItemFilter {
    /// In this dataset, by its name.
    pub dataset: Option<String>,
    /// In this dataset, by its id.
    pub dataset_id: Option<String>,
    /// In the run of this name.
    pub run: Option<String>,
}

/// Storage of datasets, their items and their runs. Lists are newest first.
#[async_trait]
pub trait DatasetStore: Send + Sync {
    /// Makes a dataset, or changes the description, metadata and schemas of the one with this name, which keeps its id.
    async fn save_dataset(&self, project: ProjectId, dataset: &Dataset) -> Result<Dataset, StoreError>;

    /// A dataset by its name.
    async fn dataset(&self, project: ProjectId, name: &str) -> Result<Option<Dataset>, StoreError>;

    /// Datasets.
    async fn datasets(&self, project: ProjectId, skip: u64, limit: u16) -> Result<Counted<Dataset>, StoreError>;

    /// Makes an item, or changes the one with this id.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] without its dataset; [`StoreError::Conflict`] when the id belongs to another dataset's item.
    async fn save_item(&self, project: ProjectId, item: &DatasetItem) -> Result<DatasetItem, StoreError>;

    /// An item by its id.
    async fn item(&self, project: ProjectId, id: &str) -> Result<Option<DatasetItem>, StoreError>;

    /// Items.
    async fn items(
        &self,
        project: ProjectId,
        filter: &ItemFilter,
        skip: u64,
        limit: u16,
    ) -> Result<Counted<DatasetItem>, StoreError>;

    /// Removes an item, also from the runs it was in.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    async fn remove_item(&self, project: ProjectId, id: &str) -> Result<(), StoreError>;

    /// Notes that items ran: makes the run when it is new, and each item's note when it is. The same again changes nothing and
    /// returns what stands; a description or metadata given later is taken over.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] without the dataset or an item; [`StoreError::Conflict`] when the run's id or name belongs to
    /// another run.
    async fn record_run(
        &self,
        project: ProjectId,
        run: &DatasetRun,
        items: &[RunItem],
    ) -> Result<Vec<RunItem>, StoreError>;

    /// A run by its dataset's name and its own.
    async fn run(&self, project: ProjectId, dataset: &str, name: &str) -> Result<Option<DatasetRun>, StoreError>;

    /// Runs of a dataset.
    async fn runs(
        &self,
        project: ProjectId,
        dataset: &str,
        skip: u64,
        limit: u16,
    ) -> Result<Counted<DatasetRun>, StoreError>;

    /// Items of runs.
    async fn run_items(
        &self,
        project: ProjectId,
        filter: &RunItemFilter,
        skip: u64,
        limit: u16,
    ) -> Result<Counted<RunItem>, StoreError>;

    /// Removes a run with its notes; the traces stay.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    async fn remove_run(&self, project: ProjectId, dataset: &str, name: &str) -> Result<(), StoreError>;
}
