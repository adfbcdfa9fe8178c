//! Datasets: questions with expected answers, and runs of an application over them.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    ids::{DatasetId, SpanId, TraceId},
    time::TimeUs,
};

/// A set of items.
#[derive(Clone, Debug, PartialEq)]
pub struct Dataset {
    /// Its id.
    pub id: DatasetId,
    /// Its name, unique in the project.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// Free JSON.
    pub metadata: Value,
    /// JSON Schema of the inputs, as sent; nothing here checks it.
    pub input_schema: Option<Value>,
    /// JSON Schema of the expected outputs, likewise.
    pub expected_schema: Option<Value>,
    /// When it was made.
    pub created_us: TimeUs,
    /// When it was changed last.
    pub updated_us: TimeUs,
}

/// Whether an item takes part in runs.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum ItemStatus {
    /// It does.
    Active,
    /// It is kept aside.
    Archived,
}

impl ItemStatus {
    /// The word of the protocols.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "ACTIVE",
            Self::Archived => "ARCHIVED",
        }
    }
}

/// One question.
#[derive(Clone, Debug, PartialEq)]
pub struct DatasetItem {
    /// Its id: the sender's, or one of ours. Unique in the project.
    pub id: String,
    /// Its dataset.
    pub dataset: DatasetId,
    /// The dataset's name.
    pub dataset_name: String,
    /// Whether it takes part.
    pub status: ItemStatus,
    /// What goes in.
    pub input: Value,
    /// What should come out; `null` when nobody said.
    pub expected_output: Value,
    /// Free JSON.
    pub metadata: Value,
    /// The trace it was taken from.
    pub source_trace: Option<String>,
    /// The observation it was taken from.
    pub source_observation: Option<String>,
    /// When it was made.
    pub created_us: TimeUs,
    /// When it was changed last.
    pub updated_us: TimeUs,
}

/// A run of an application over a dataset.
#[derive(Clone, Debug, PartialEq)]
pub struct DatasetRun {
    /// Its id: an SDK's, or one of ours.
    pub id: String,
    /// Its dataset.
    pub dataset: DatasetId,
    /// The dataset's name.
    pub dataset_name: String,
    /// Its name, unique in the dataset.
    pub name: String,
    /// What was tried.
    pub description: Option<String>,
    /// Free JSON.
    pub metadata: Value,
    /// When its first item ran.
    pub created_us: TimeUs,
    /// When it was changed last.
    pub updated_us: TimeUs,
}

/// One item's trace in a run.
#[derive(Clone, Debug, PartialEq)]
pub struct RunItem {
    /// Its id.
    pub id: String,
    /// Its run.
    pub run: String,
    /// The run's name.
    pub run_name: String,
    /// The item.
    pub item: String,
    /// The trace the application left.
    pub trace: TraceId,
    /// The observation in it, when one was named.
    pub observation: Option<SpanId>,
    /// When it ran.
    pub created_us: TimeUs,
}
