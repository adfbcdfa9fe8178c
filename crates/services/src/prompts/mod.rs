//! Prompts: saving versions, fetching them, moving labels.

mod changes;
mod draft;
mod fetch;
mod labels;
mod list;
mod snapshot;

use std::sync::Arc;

use domain::{
    auth::{Actor, Permission},
    ids::{LabelMoveId, ProjectId},
    prompt::{MoveSource, Prompt, PromptAtVersion, PromptName, VersionChoice},
};
use store::control::{MoveRecord, NewVersion, ProtectedLabels};
use tokio::sync::broadcast;

pub use changes::{PromptChange, PromptEvent};
pub(crate) use draft::{CheckedVersion, parse_note};
pub use draft::{LatestLabel, SaveVersion};
pub use fetch::choose;
pub use labels::flag_key;
pub use list::{AllPrompts, ListedPrompt};
pub use snapshot::PromptsChanged;
pub use store::control::{PromptFilter, RemovedPrompt};

use crate::{Context, ServiceError, access::author, context::authorize};

/// Use cases around prompts. Cheap to clone.
#[derive(Clone)]
pub struct Prompts {
    context: Arc<Context>,
    snapshot: Arc<snapshot::Snapshot>,
}

impl Prompts {
    pub(crate) fn new(context: Arc<Context>) -> Self {
        Self { context, snapshot: Arc::default() }
    }

    /// Tells of every change of prompts or labels, with the project's revision after it. Changes by another process are told
    /// when a fetch finds them. A slow listener misses old ones (`Lagged`) and should then look for itself.
    pub fn subscribe(&self) -> broadcast::Receiver<PromptsChanged> {
        self.snapshot.subscribe()
    }

    /// Saves a version: the first of a new prompt, or the next of an existing one. Labels given move to it.
    ///
    /// # Errors
    /// [`ServiceError::Invalid`] with every field at fault (`name`, `prompt`, `prompt[2].content`, `config`, `tags[0]`,
    /// `labels[1]`, `commitMessage`); [`ServiceError::TooLarge`] for a body over 1 MiB; [`ServiceError::Conflict`] when the prompt
    /// is of the other type or has moved on from `expected_latest`; [`ServiceError::Protected`] for a label only owners move.
    pub async fn save(
        &self,
        actor: &Actor,
        project: ProjectId,
        save: SaveVersion,
    ) -> Result<Arc<PromptAtVersion>, ServiceError> {
        authorize(actor, project, Permission::WritePrompts)?;
        let context = &*self.context;
        let save = save.checked()?;
        let mut labels = Vec::with_capacity(save.labels.len());
        for label in save.labels {
            let key = flag_key(&save.name, &label)?;
            labels.push((label, LabelMoveId(context.new_id()?), key));
        }
        let new = NewVersion {
            prompt_id: domain::ids::PromptId(context.new_id()?),
            name: save.name,
            draft: save.draft,
            tags: save.tags,
            labels,
            expected_latest: save.expected_latest,
            by: author(context, actor).await?,
            source: source_of(actor),
            at: context.clock.now(),
            protected: protection_for(actor, project),
        };
        let saved = context.control.add_version(project, new).await?;
        self.changed(project).await;
        tracing::info!(project.id = %project, prompt.id = %saved.prompt.id, version = saved.version.number, "saved a version");
        Ok(Arc::new(saved))
    }

    /// Saves the next version of a prompt, which has to exist.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`] for a new name; otherwise as [`Self::save`].
    pub async fn save_next(
        &self,
        actor: &Actor,
        project: ProjectId,
        save: SaveVersion,
    ) -> Result<Arc<PromptAtVersion>, ServiceError> {
        authorize(actor, project, Permission::WritePrompts)?;
        let known = self.context.control.prompt(project, &known_name(&save.name)?).await?;
        known.ok_or_else(|| missing_prompt(&save.name))?;
        self.save(actor, project, save).await
    }

    /// Sets a prompt's tags, all at once.
    ///
    /// # Errors
    /// [`ServiceError::Invalid`] (`tags[0]`…); [`ServiceError::NotFound`].
    pub async fn set_tags(
        &self,
        actor: &Actor,
        project: ProjectId,
        name: &str,
        tags: &[String],
    ) -> Result<Prompt, ServiceError> {
        authorize(actor, project, Permission::WritePrompts)?;
        let name = known_name(name)?;
        let mut wrong = Vec::new();
        let tags = draft::parse_tags(tags, &mut wrong);
        if !wrong.is_empty() {
            return Err(ServiceError::Invalid(wrong));
        }
        let prompt = self.context.control.set_tags(project, &name, &tags, self.context.clock.now()).await?;
        self.changed(project).await;
        Ok(prompt)
    }

    /// Removes a prompt, or only one of its versions, or only the version a label points at. Numbers are never used again.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`]; [`ServiceError::Protected`] when a protected label would go with it and the actor is no owner.
    pub async fn remove(
        &self,
        actor: &Actor,
        project: ProjectId,
        name: &str,
        only: Option<&VersionChoice>,
    ) -> Result<RemovedPrompt, ServiceError> {
        authorize(actor, project, Permission::WritePrompts)?;
        let name = known_name(name)?;
        let record = self.record(actor, project, None).await?;
        let removed = self.context.control.remove_prompt(project, &name, only, record).await?;
        self.changed(project).await;
        tracing::info!(project.id = %project, versions = removed.versions.len(), "removed prompt versions");
        Ok(removed)
    }

    async fn record(
        &self,
        actor: &Actor,
        project: ProjectId,
        reason: Option<&str>,
    ) -> Result<MoveRecord, ServiceError> {
        let context = &*self.context;
        Ok(MoveRecord {
            id: LabelMoveId(context.new_id()?),
            by: author(context, actor).await?,
            reason: draft::parse_note("reason", reason).map_err(|problem| ServiceError::Invalid(vec![problem]))?,
            source: source_of(actor),
            at: context.clock.now(),
            protected: protection_for(actor, project),
            experiment: None,
        })
    }

    /// After each write through this process: fetches see it at once, listeners hear of it.
    pub(crate) async fn changed(&self, project: ProjectId) {
        self.snapshot.forget(project);
        match self.context.control.revision(project).await {
            Ok(revision) => self.snapshot.announce(PromptsChanged { project, revision }),
            Err(error) => tracing::warn!(project.id = %project, %error, "could not announce a change of prompts"),
        }
    }
}

fn source_of(actor: &Actor) -> MoveSource {
    match actor {
        Actor::Person { .. } => MoveSource::User,
        Actor::Anonymous | Actor::Key { .. } | Actor::System => MoveSource::Api,
    }
}

/// Protected labels are the owners' (and no key's, as no key may manage).
pub(crate) fn protection_for(actor: &Actor, project: ProjectId) -> ProtectedLabels {
    match authorize(actor, project, Permission::Manage) {
        Ok(()) => ProtectedLabels::Move,
        Err(_) => ProtectedLabels::Keep,
    }
}

/// A name to look for: one that breaks the rules cannot exist.
pub(crate) fn known_name(name: &str) -> Result<PromptName, ServiceError> {
    name.parse().map_err(|_| missing_prompt(name))
}

fn missing_prompt(name: &str) -> ServiceError {
    ServiceError::NotFound { entity: "prompt", id: name.chars().take(200).collect() }
}
