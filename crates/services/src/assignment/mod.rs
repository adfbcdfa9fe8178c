//! Which version a unit gets, the same at every door: resolve, OFREP, GrowthBook's features, the bundle.
//!
//! The rules of a project are kept in memory with its revision, like its prompts, so that a change through this process is
//! served at once and one by another process within about a second.

mod evaluate;
mod generations;
mod payload;
mod rules;

use std::sync::Arc;

use domain::{
    auth::{Actor, Permission},
    experiment::ArmKey,
    ids::ProjectId,
    prompt::{LabelName, PromptAtVersion, VersionChoice},
};

pub use assign::Reason;
pub use evaluate::{Assigned, InSplit, Kept, Resolved};
pub use payload::{Bundle, BundleSlot, BundleVersion, FeaturesPayload};
pub use rules::{Rule, Ruleset, Split};

use serde_json::{Map, Value};

use crate::{Context, ServiceError, context::authorize, ingest::Ingest, prompts::Prompts};

/// Use cases around assignment. Cheap to clone.
#[derive(Clone)]
pub struct Assignment {
    context: Arc<Context>,
    prompts: Prompts,
    ingest: Ingest,
    seen: generations::Seen,
}

impl Assignment {
    pub(crate) fn new(context: Arc<Context>, prompts: Prompts, ingest: Ingest) -> Self {
        Self { context, prompts, ingest, seen: generations::Seen::default() }
    }

    /// The rules of a project, to ask as often as wanted.
    ///
    /// # Errors
    /// As authorisation decides, or when the store does not answer.
    pub async fn rules(&self, actor: &Actor, project: ProjectId) -> Result<Arc<Ruleset>, ServiceError> {
        authorize(actor, project, Permission::Resolve)?;
        self.prompts.rules(project).await
    }

    /// What a slot answers a unit, with what it was given before where units keep their arm.
    ///
    /// # Errors
    /// As the store.
    pub async fn resolve<'r>(
        &self,
        project: ProjectId,
        rule: &'r Rule,
        attributes: &Map<String, Value>,
    ) -> Result<Resolved<'r>, ServiceError> {
        let sticky = rule.split.as_ref().and_then(|split| Some((split, split.sticky_unit(attributes)?)));
        let Some((split, unit)) = sticky else { return Ok(rule.resolve(attributes)) };
        let kept = self.kept(project, split, &unit).await?;
        Ok(rule.resolve_keeping(attributes, kept.as_ref()))
    }

    /// What a slot answers a unit that asks for all slots at once and so meets no experiment. A split that moves deals its arm only
    /// where the exposure is noted with the weights of that moment, so until then it is the control's.
    ///
    /// # Errors
    /// As the store.
    pub async fn preview<'r>(
        &self,
        project: ProjectId,
        rule: &'r Rule,
        attributes: &Map<String, Value>,
    ) -> Result<Resolved<'r>, ServiceError> {
        let resolved = self.resolve(project, rule, attributes).await?;
        let is_adaptive = |split: &Split| split.engine.definition().allocation == assign::Allocation::Adaptive;
        let Some(split) = rule.split.as_ref().filter(|split| is_adaptive(split)) else { return Ok(resolved) };
        let undealt = resolved.split.as_ref().is_some_and(|standing| standing.assigned.is_some());
        if !undealt {
            return Ok(resolved);
        }
        // Dealt the same arm now as when it was exposed: it keeps that.
        let met = match split.sticky_unit(attributes) {
            Some(unit) => self.kept(project, split, &unit).await?.is_some(),
            None => false,
        };
        Ok(if met { resolved } else { rule.undealt() })
    }

    /// The arm a unit has, see [`Keeping::kept`](domain::experiment::Keeping::kept).
    async fn kept(&self, project: ProjectId, split: &Split, unit: &str) -> Result<Option<Kept>, ServiceError> {
        // What is on its way to the store, or was seen there. Of an arm that was away for a phase it does not say whether the unit
        // was dealt another one meanwhile.
        let keeping = &split.keeping;
        let stays = |phase: u32, arm: &ArmKey| keeping.was_always_there(phase, arm);
        if let Some(kept) = self.ingest.exposed(project, split.id, keeping.phases(), unit, stays) {
            return Ok(Some(kept));
        }
        let stored = self.context.events.exposures(project, split.id, unit).await?;
        Ok(keeping.kept(stored.iter().map(|record| &record.exposure)).map(|exposure| {
            self.ingest.remember(project, exposure);
            Kept { phase: exposure.phase, arm: exposure.arm.clone() }
        }))
    }

    /// The content of a version a slot answered.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`] when it was removed meanwhile.
    pub async fn content(
        &self,
        actor: &Actor,
        project: ProjectId,
        resolved: &Resolved<'_>,
    ) -> Result<Arc<PromptAtVersion>, ServiceError> {
        authorize(actor, project, Permission::Resolve)?;
        let name = resolved.rule.slot.prompt_name.as_str();
        self.prompts.load(project, name, &VersionChoice::Number(resolved.version)).await
    }

    /// The slot of a prompt and a label.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`] saying whether prompt or label is missing.
    pub async fn slot<'r>(
        &self,
        project: ProjectId,
        rules: &'r Ruleset,
        prompt: &str,
        label: &LabelName,
    ) -> Result<&'r Rule, ServiceError> {
        if let Some(rule) = rules.by_label(prompt, label) {
            return Ok(rule);
        }
        self.prompts.load(project, prompt, &VersionChoice::Label(label.clone())).await?;
        // There by now: it came between the rules and this question.
        Err(ServiceError::NotFound { entity: "slot", id: format!("{prompt} {label}") })
    }

    /// The features as GrowthBook's clients read them.
    ///
    /// # Errors
    /// As [`Self::rules`].
    pub async fn features(&self, actor: &Actor, project: ProjectId) -> Result<FeaturesPayload, ServiceError> {
        FeaturesPayload::of(&*self.rules(actor, project).await?)
    }

    /// Everything to resolve without asking, texts included, so it takes the right to read.
    ///
    /// # Errors
    /// As [`Self::rules`].
    pub async fn bundle(&self, actor: &Actor, project: ProjectId) -> Result<Bundle, ServiceError> {
        authorize(actor, project, Permission::Read)?;
        let rules = self.prompts.rules(project).await?;
        self.bundle_of(project, &rules).await
    }
}
