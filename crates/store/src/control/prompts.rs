use async_trait::async_trait;
use domain::{
    ids::{ExperimentId, LabelMoveId, ProjectId, PromptId},
    prompt::{
        FlagKey, Label, LabelMove, LabelName, MoveSource, Prompt, PromptAtVersion, PromptBody, PromptName,
        PromptVersion, Tag, VersionChoice,
    },
    time::TimeUs,
};
use uuid::Uuid;

use crate::StoreError;

/// What the author wrote.
#[derive(Clone, Debug, PartialEq)]
pub struct VersionDraft {
    /// The text or chat.
    pub body: PromptBody,
    /// Model and parameters.
    pub config: serde_json::Value,
    /// Why.
    pub commit_message: Option<String>,
    /// SHA-256 of type, body and config.
    pub content_hash: String,
}

/// A version to be added to a prompt, which is made when its name is new.
#[derive(Clone, Debug, PartialEq)]
pub struct NewVersion {
    /// The id the prompt gets if it is made.
    pub prompt_id: PromptId,
    /// The prompt's name.
    pub name: PromptName,
    /// The content.
    pub draft: VersionDraft,
    /// The prompt's tags from now on; `None` keeps them.
    pub tags: Option<Vec<Tag>>,
    /// Labels that move to the new version, each with the id of its move and the flag key it gets if the slot is new. A taken
    /// flag key is made unique by a suffix `-2`, `-3`, ….
    pub labels: Vec<(LabelName, LabelMoveId, FlagKey)>,
    /// The newest version the author saw; the save fails when another has come since. `None`: whatever it is.
    pub expected_latest: Option<u32>,
    /// Who.
    pub by: String,
    /// Through which door.
    pub source: MoveSource,
    /// When.
    pub at: TimeUs,
    /// Whether protected labels may move too.
    pub protected: ProtectedLabels,
}

/// What happens when a change would move or remove a protected label. Asked in the same step that writes, so that a
/// protection set meanwhile holds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ProtectedLabels {
    /// The change is refused with [`StoreError::Protected`].
    Keep,
    /// The change goes through: an owner makes it.
    Move,
}

/// The parts of a label move that do not depend on where it goes.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct MoveRecord {
    /// Id of the move.
    pub id: LabelMoveId,
    /// Who.
    pub by: String,
    /// Why, if they said.
    pub reason: Option<String>,
    /// Through which door.
    pub source: MoveSource,
    /// When.
    pub at: TimeUs,
    /// Whether protected labels may move too.
    pub protected: ProtectedLabels,
    /// The experiment it is made for. A label owned by another one does not move.
    pub experiment: Option<ExperimentId>,
}

impl MoveRecord {
    /// The record of one of several moves made in one step: the same but for its id, which is the first's plus `place`.
    #[must_use]
    pub fn nth(&self, place: u32) -> Self {
        let id = self.id.0.as_u128().wrapping_add(u128::from(place));
        Self { id: LabelMoveId(Uuid::from_u128(id)), ..self.clone() }
    }
}

/// What the SDKs' list shows of a prompt besides itself.
#[derive(Clone, Debug, PartialEq)]
pub struct PromptOutline {
    /// Which prompt.
    pub prompt: PromptId,
    /// Its version numbers, ascending.
    pub versions: Vec<u32>,
    /// The newest version's config.
    pub latest_config: serde_json::Value,
}

/// A saved version, as a client fetches it.
pub type SavedVersion = PromptAtVersion;

/// Which prompts to list. Every condition given has to hold.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct PromptFilter {
    /// Exactly this name.
    pub name: Option<String>,
    /// The name contains this, whatever the case.
    pub contains: Option<String>,
    /// In this folder or below it.
    pub folder: Option<String>,
    /// Has this tag.
    pub tag: Option<String>,
    /// Has this label.
    pub label: Option<String>,
    /// Changed at this instant or later.
    pub updated_from: Option<TimeUs>,
    /// Changed before this instant.
    pub updated_to: Option<TimeUs>,
}

/// What a removal took away.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RemovedPrompt {
    /// Version numbers removed, ascending.
    pub versions: Vec<u32>,
    /// Whether the prompt itself is gone.
    pub prompt: bool,
}

/// Storage of prompts, versions and labels.
#[async_trait]
pub trait PromptStore: Send + Sync {
    /// Adds a version with the next number, and moves labels to it, in one step.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when the prompt exists with the other type, or `expected_latest` is not the newest any more;
    /// [`StoreError::Protected`] and [`StoreError::Owned`] when a label may not move.
    async fn add_version(&self, project: ProjectId, new: NewVersion) -> Result<SavedVersion, StoreError>;

    /// A prompt and one of its versions.
    async fn prompt_at(
        &self,
        project: ProjectId,
        name: &PromptName,
        choice: &VersionChoice,
    ) -> Result<Option<PromptAtVersion>, StoreError>;

    /// A prompt without its texts.
    async fn prompt(&self, project: ProjectId, name: &PromptName) -> Result<Option<Prompt>, StoreError>;

    /// Prompts by name; strictly after `after`, at most `limit`.
    async fn prompts(
        &self,
        project: ProjectId,
        filter: &PromptFilter,
        after: Option<&PromptName>,
        limit: u16,
    ) -> Result<Vec<Prompt>, StoreError>;

    /// How many prompts match: the control plane is small, so it may count (the SDKs' list needs totals).
    async fn count_prompts(&self, project: ProjectId, filter: &PromptFilter) -> Result<u64, StoreError>;

    /// Version numbers and newest config of these prompts, in the order asked for; unknown ids are left out.
    async fn prompt_outlines(&self, project: ProjectId, prompts: &[PromptId])
    -> Result<Vec<PromptOutline>, StoreError>;

    /// Versions of a prompt, newest first, below `before`, at most `limit`.
    async fn versions(
        &self,
        project: ProjectId,
        name: &PromptName,
        before: Option<u32>,
        limit: u16,
    ) -> Result<Vec<PromptVersion>, StoreError>;

    /// Points labels at one version, all of them or none, making slots that are new. A label that stands there already stays
    /// as it is; nothing moved is no change. Each move has a record of its own, in the order of `labels` (see
    /// [`MoveRecord::nth`]). Returns the labels in that order.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when prompt or version do not exist; [`StoreError::Protected`] and [`StoreError::Owned`] when
    /// a label may not move.
    async fn move_labels(
        &self,
        project: ProjectId,
        name: &PromptName,
        labels: &[(LabelName, FlagKey)],
        to: u32,
        record: MoveRecord,
    ) -> Result<Vec<Label>, StoreError>;

    /// Removes a label. Its flag key stays reserved for the slot.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when the prompt has no such label; [`StoreError::Protected`] and [`StoreError::Owned`] when it
    /// may not be removed.
    async fn remove_label(
        &self,
        project: ProjectId,
        name: &PromptName,
        label: &LabelName,
        record: MoveRecord,
    ) -> Result<(), StoreError>;

    /// Moves of a prompt's labels, newest first, at most `limit`. They outlive the prompt: spans still ask for them.
    async fn label_moves(
        &self,
        project: ProjectId,
        name: &PromptName,
        limit: u16,
    ) -> Result<Vec<LabelMove>, StoreError>;

    /// Protects a label or lifts the protection.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when the prompt has no such label.
    async fn protect_label(
        &self,
        project: ProjectId,
        name: &PromptName,
        label: &LabelName,
        protected: bool,
    ) -> Result<Label, StoreError>;

    /// Sets a prompt's tags.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no such prompt.
    async fn set_tags(
        &self,
        project: ProjectId,
        name: &PromptName,
        tags: &[Tag],
        at: TimeUs,
    ) -> Result<Prompt, StoreError>;

    /// Removes a whole prompt, or only one of its versions, or only the version a label points at. Labels on what is removed
    /// go with it, each with a move of its own, in name order (see [`MoveRecord::nth`]). Version numbers are never used again, also not by a later prompt of the same name.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when nothing matches; [`StoreError::Protected`] and [`StoreError::Owned`] when a label may not
    /// be removed; [`StoreError::Conflict`] when an experiment with a slot serves a version.
    async fn remove_prompt(
        &self,
        project: ProjectId,
        name: &PromptName,
        only: Option<&VersionChoice>,
        record: MoveRecord,
    ) -> Result<RemovedPrompt, StoreError>;
}
