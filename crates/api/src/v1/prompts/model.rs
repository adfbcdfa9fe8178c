use domain::{
    ids::PromptId,
    prompt::{
        FlagKey, Label, LabelMove, LabelName, MoveSource, Prompt, PromptAtVersion, PromptBody, PromptName, PromptType,
        PromptVersion, Tag,
    },
    time::TimeUs,
};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

/// A prompt without its texts.
#[derive(Serialize, ToSchema)]
pub(super) struct PromptView {
    #[schema(value_type = String, format = "uuid")]
    id: PromptId,
    #[schema(value_type = String)]
    name: PromptName,
    /// `text` or `chat`.
    #[serde(rename = "type")]
    #[schema(value_type = String)]
    kind: PromptType,
    #[schema(value_type = Vec<String>)]
    tags: Vec<Tag>,
    labels: Vec<LabelView>,
    /// Number of the newest version.
    latest: u32,
    #[schema(value_type = String, format = DateTime)]
    created_at: TimeUs,
    #[schema(value_type = String, format = DateTime)]
    updated_at: TimeUs,
}

/// A label where it stands now.
#[derive(Serialize, ToSchema)]
pub(super) struct LabelView {
    #[schema(value_type = String)]
    name: LabelName,
    version: u32,
    /// The key flag clients use for this slot.
    #[schema(value_type = String)]
    flag_key: FlagKey,
    /// Whether only owners may move it.
    protected: bool,
}

#[derive(Serialize, ToSchema)]
pub(super) struct PromptPage {
    pub(super) items: Vec<PromptView>,
    /// Pass this back as `cursor`; none at the end.
    pub(super) next: Option<String>,
}

/// One immutable version.
#[derive(Serialize, ToSchema)]
pub(super) struct VersionView {
    version: u32,
    #[serde(rename = "type")]
    #[schema(value_type = String)]
    kind: PromptType,
    /// A text, or messages and placeholders.
    #[schema(value_type = Object)]
    prompt: PromptBody,
    #[schema(value_type = Object)]
    config: Value,
    commit_message: Option<String>,
    author: String,
    #[schema(value_type = String, format = DateTime)]
    created_at: TimeUs,
    /// Equal content has an equal hash.
    content_hash: String,
    /// The prompt's name, its labels on this version and its tags; absent in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    labels: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<String>>)]
    tags: Option<Vec<Tag>>,
}

#[derive(Serialize, ToSchema)]
pub(super) struct VersionPage {
    pub(super) items: Vec<VersionView>,
    /// Pass this back as `cursor`; none at the end.
    pub(super) next: Option<String>,
}

/// One move of a label.
#[derive(Serialize, ToSchema)]
pub(super) struct MoveView {
    #[schema(value_type = String)]
    label: LabelName,
    /// The version it left; none when the label was new.
    from: Option<u32>,
    /// The version it went to; none when the label was removed.
    to: Option<u32>,
    by: String,
    #[schema(value_type = String, format = DateTime)]
    at: TimeUs,
    reason: Option<String>,
    /// `user`, `api` or `experiment`.
    #[schema(value_type = String)]
    source: MoveSource,
}

#[derive(Serialize, ToSchema)]
pub(super) struct Moves {
    pub(super) items: Vec<MoveView>,
}

impl From<Prompt> for PromptView {
    fn from(prompt: Prompt) -> Self {
        Self {
            id: prompt.id,
            name: prompt.name,
            kind: prompt.kind,
            tags: prompt.tags,
            labels: prompt.labels.into_iter().map(LabelView::from).collect(),
            latest: prompt.latest,
            created_at: prompt.created_us,
            updated_at: prompt.updated_us,
        }
    }
}

impl From<Label> for LabelView {
    fn from(label: Label) -> Self {
        Self { name: label.name, version: label.version, flag_key: label.flag_key, protected: label.protected }
    }
}

impl From<PromptVersion> for VersionView {
    fn from(version: PromptVersion) -> Self {
        Self {
            version: version.number,
            kind: version.body.kind(),
            prompt: version.body,
            config: version.config,
            commit_message: version.commit_message,
            author: version.author,
            created_at: version.created_us,
            content_hash: version.content_hash,
            name: None,
            labels: None,
            tags: None,
        }
    }
}

impl VersionView {
    /// A version with what its prompt says about it.
    pub(super) fn of(found: &PromptAtVersion) -> Self {
        Self {
            name: Some(found.prompt.name.to_string()),
            labels: Some(found.labels().into_iter().map(str::to_owned).collect()),
            tags: Some(found.prompt.tags.clone()),
            ..Self::from(found.version.clone())
        }
    }
}

impl From<LabelMove> for MoveView {
    fn from(made: LabelMove) -> Self {
        Self {
            label: made.label,
            from: made.from,
            to: made.to,
            by: made.by,
            at: made.at_us,
            reason: made.reason,
            source: made.source,
        }
    }
}
