use std::sync::Arc;

use domain::{
    auth::{Actor, Permission},
    ids::ProjectId,
    prompt::{LabelName, Prompt, PromptAtVersion, VersionChoice},
};

use super::{Prompts, known_name, missing_prompt};
use crate::{ServiceError, assignment::Ruleset, context::authorize};

/// Which version a request with an optional version and an optional label means: with neither, the label `production`.
///
/// # Errors
/// [`ServiceError::Invalid`] when both are given; [`ServiceError::NotFound`] for a label that cannot exist.
pub fn choose(version: Option<u32>, label: Option<&str>) -> Result<VersionChoice, ServiceError> {
    let label = match (version, label) {
        (Some(_), Some(_)) => return Err(ServiceError::field("label", "give a version or a label, not both")),
        (Some(number), None) => return Ok(VersionChoice::Number(number)),
        (None, Some(LabelName::LATEST)) => return Ok(VersionChoice::Latest),
        (None, Some(label)) => label,
        (None, None) => LabelName::PRODUCTION,
    };
    let missing = |_| ServiceError::NotFound { entity: "label", id: label.chars().take(60).collect() };
    label.parse().map(VersionChoice::Label).map_err(missing)
}

impl Prompts {
    /// A prompt at a version, from memory when it was fetched lately. A change through this process is seen at once, one by
    /// another process within about a second.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`] saying whether the prompt, the version or the label is missing.
    pub async fn fetch(
        &self,
        actor: &Actor,
        project: ProjectId,
        name: &str,
        choice: &VersionChoice,
    ) -> Result<Arc<PromptAtVersion>, ServiceError> {
        authorize(actor, project, Permission::Read)?;
        self.load(project, name, choice).await
    }

    /// Which slot answers what, as [`Self::fetch`] believes it.
    pub(crate) async fn rules(&self, project: ProjectId) -> Result<Arc<Ruleset>, ServiceError> {
        let context = &*self.context;
        self.snapshot.view(context, project).await?.rules(context).await
    }

    pub(crate) async fn load(
        &self,
        project: ProjectId,
        name: &str,
        choice: &VersionChoice,
    ) -> Result<Arc<PromptAtVersion>, ServiceError> {
        let context = &*self.context;
        let view = self.snapshot.view(context, project).await?;
        if let Some(known) = view.get(name, choice) {
            return Ok(known);
        }
        let parsed = known_name(name)?;
        if let Some(found) = context.control.prompt_at(project, &parsed, choice).await? {
            let found = Arc::new(found);
            self.snapshot.keep(&view, choice, &found);
            return Ok(found);
        }
        if context.control.prompt(project, &parsed).await?.is_none() {
            return Err(missing_prompt(name));
        }
        let (entity, id) = match choice {
            VersionChoice::Number(number) => ("prompt version", format!("{name} {number}")),
            VersionChoice::Label(label) => ("prompt label", format!("{name} {label}")),
            VersionChoice::Latest => ("prompt", name.to_owned()),
        };
        Err(ServiceError::NotFound { entity, id })
    }

    /// A prompt without its texts: type, tags, labels.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`].
    pub async fn prompt(&self, actor: &Actor, project: ProjectId, name: &str) -> Result<Prompt, ServiceError> {
        authorize(actor, project, Permission::Read)?;
        let found = self.context.control.prompt(project, &known_name(name)?).await?;
        found.ok_or_else(|| missing_prompt(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fetch_without_more_means_production() {
        let production = VersionChoice::Label("production".parse().unwrap());
        assert_eq!(choose(None, None).unwrap(), production);
        assert_eq!(choose(None, Some("latest")).unwrap(), VersionChoice::Latest);
        assert_eq!(choose(Some(3), None).unwrap(), VersionChoice::Number(3));
        assert!(matches!(choose(Some(3), Some("a")), Err(ServiceError::Invalid(_))));
        assert!(matches!(choose(None, Some("No Label")), Err(ServiceError::NotFound { .. })));
    }
}
