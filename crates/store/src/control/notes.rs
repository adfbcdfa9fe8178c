use async_trait::async_trait;
use domain::{
    ids::{CommentId, ProjectId, ScoreConfigId},
    time::TimeUs,
};
use serde::{Deserialize, Serialize};

use super::Counted;
use crate::StoreError;

/// What somebody wrote about something.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Comment {
    /// Its id.
    pub id: CommentId,
    /// What kind of thing it is about: `TRACE`, `OBSERVATION`, `SESSION` or `PROMPT`.
    pub object_type: String,
    /// Which one.
    pub object_id: String,
    /// The text.
    pub content: String,
    /// Whom the sender names as its author.
    pub author: Option<String>,
    /// When it was written.
    pub created_us: TimeUs,
}

/// Which comments to list. Every condition given has to hold.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct CommentFilter {
    /// About this kind of thing.
    pub object_type: Option<String>,
    /// About this one.
    pub object_id: Option<String>,
    /// By this author.
    pub author: Option<String>,
}

/// What values scores of a configuration have.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum ScoreKind {
    /// Numbers.
    Numeric,
    /// Yes or no.
    Boolean,
    /// One of the categories.
    Categorical,
    /// Free text.
    Text,
}

/// A category, and the number it stands for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ScoreCategory {
    /// What it is called.
    pub label: String,
    /// Its number.
    pub value: f64,
}

/// How scores of one name are given.
#[derive(Clone, Debug, PartialEq)]
pub struct ScoreConfig {
    /// Its id.
    pub id: ScoreConfigId,
    /// The score's name.
    pub name: String,
    /// What values it has.
    pub kind: ScoreKind,
    /// Whether it is kept aside.
    pub archived: bool,
    /// The least number.
    pub min: Option<f64>,
    /// The greatest number.
    pub max: Option<f64>,
    /// The categories.
    pub categories: Vec<ScoreCategory>,
    /// What it is for.
    pub description: Option<String>,
    /// When it was made.
    pub created_us: TimeUs,
    /// When it was changed last.
    pub updated_us: TimeUs,
}

/// Storage of comments and score configurations. Lists are newest first.
#[async_trait]
pub trait NoteStore: Send + Sync {
    /// Keeps a comment.
    async fn add_comment(&self, project: ProjectId, comment: &Comment) -> Result<(), StoreError>;

    /// A comment.
    async fn comment(&self, project: ProjectId, id: CommentId) -> Result<Option<Comment>, StoreError>;

    /// Comments.
    async fn comments(
        &self,
        project: ProjectId,
        filter: &CommentFilter,
        skip: u64,
        limit: u16,
    ) -> Result<Counted<Comment>, StoreError>;

    /// Keeps a configuration, in place of an earlier one with this id.
    async fn save_score_config(&self, project: ProjectId, config: &ScoreConfig) -> Result<(), StoreError>;

    /// A configuration.
    async fn score_config(&self, project: ProjectId, id: ScoreConfigId) -> Result<Option<ScoreConfig>, StoreError>;

    /// Configurations.
    async fn score_configs(
        &self,
        project: ProjectId,
        skip: u64,
        limit: u16,
    ) -> Result<Counted<ScoreConfig>, StoreError>;
}
