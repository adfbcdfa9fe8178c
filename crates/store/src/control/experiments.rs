use async_trait::async_trait;
use domain::{
    experiment::{Activity, Experiment, ExperimentKey, State},
    ids::{ExperimentId, ProjectId},
    prompt::PromptName,
};

use super::MoveRecord;
use crate::StoreError;

/// Which experiments to list. Every condition given has to hold.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct ExperimentFilter {
    /// In one of these states; in any if empty.
    pub states: Vec<State>,
    /// On this prompt.
    pub prompt: Option<PromptName>,
}

/// A change of an experiment, with all that has to happen in the same step.
#[derive(Clone, Debug, PartialEq)]
pub struct ExperimentChange {
    /// The experiment as it becomes; its revision is one above the one it was made from.
    pub experiment: Experiment,
    /// The entry of its log.
    pub activity: Activity,
    /// Where its slot's label goes, if it moves.
    pub label: Option<LabelStep>,
}

/// A move of the slot's label on behalf of the experiment.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct LabelStep {
    /// The version it goes to.
    pub to: u32,
    /// The record of the move.
    pub record: MoveRecord,
}

/// Storage of experiments and their logs.
///
/// A scheduled, running or paused experiment owns its slot: no other may become so on the same slot, the label moves on its
/// behalf only, and no version it serves can be removed. Every change raises the project's revision.
#[async_trait]
pub trait ExperimentStore: Send + Sync {
    /// Adds an experiment with the first entry of its log.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] without the project; [`StoreError::Conflict`] when the key is taken.
    async fn create_experiment(
        &self,
        project: ProjectId,
        experiment: &Experiment,
        activity: &Activity,
    ) -> Result<(), StoreError>;

    /// Changes an experiment, writes its log and moves its label: all of it or nothing.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::Conflict`] when the stored revision is not the one below the change's, or its
    /// slot, or a bucket of its exclusion group, is owned by another experiment; as a label move when the label cannot move.
    async fn save_experiment(&self, project: ProjectId, change: &ExperimentChange) -> Result<(), StoreError>;

    /// An experiment by its key.
    async fn experiment(&self, project: ProjectId, key: &ExperimentKey) -> Result<Option<Experiment>, StoreError>;

    /// Experiments, newest first, made before the one with the id `before`, at most `limit`.
    async fn experiments(
        &self,
        project: ProjectId,
        filter: &ExperimentFilter,
        before: Option<ExperimentId>,
        limit: u16,
    ) -> Result<Vec<Experiment>, StoreError>;

    /// Every experiment of every project that owns a slot: what time may act on.
    async fn owning_experiments(&self) -> Result<Vec<(ProjectId, Experiment)>, StoreError>;

    /// The log of an experiment, newest first, below the revision `before`, at most `limit`.
    async fn experiment_activity(
        &self,
        project: ProjectId,
        experiment: ExperimentId,
        before: Option<u32>,
        limit: u16,
    ) -> Result<Vec<Activity>, StoreError>;
}
