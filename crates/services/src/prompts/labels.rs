use std::sync::Arc;

use domain::{
    auth::{Actor, Permission},
    ids::ProjectId,
    prompt::{FlagKey, Label, LabelMove, LabelName, PromptAtVersion, PromptName, VersionChoice},
};

use super::{Prompts, draft, draft::LatestLabel, known_name};
use crate::{ServiceError, context::authorize};

/// Most moves shown at once.
const MAX_MOVES: u16 = 500;

impl Prompts {
    /// Points a label at a version, making the label when it is new.
    ///
    /// # Errors
    /// [`ServiceError::Invalid`] (`label`, `reason`); [`ServiceError::NotFound`] for an unknown prompt or version;
    /// [`ServiceError::Protected`].
    pub async fn move_label(
        &self,
        actor: &Actor,
        project: ProjectId,
        name: &str,
        label: &str,
        to: u32,
        reason: Option<&str>,
    ) -> Result<Label, ServiceError> {
        authorize(actor, project, Permission::WritePrompts)?;
        let name = known_name(name)?;
        let label = settable(label)?;
        let mut moved = self.move_to(actor, project, &name, std::slice::from_ref(&label), to, reason).await?;
        let missing = || ServiceError::Internal("the store moved a label and does not return it".into());
        moved.pop().ok_or_else(missing)
    }

    /// Points several labels at one version, all of them or none; the version keeps the labels it has. Repeating it is harmless.
    ///
    /// # Errors
    /// As [`Self::move_label`], with the fields `newLabels[0]`….
    pub async fn add_labels(
        &self,
        actor: &Actor,
        project: ProjectId,
        name: &str,
        version: u32,
        labels: &[String],
        latest: LatestLabel,
    ) -> Result<Arc<PromptAtVersion>, ServiceError> {
        authorize(actor, project, Permission::WritePrompts)?;
        let mut wrong = Vec::new();
        let labels = draft::parse_labels("newLabels", labels, latest, &mut wrong);
        if !wrong.is_empty() {
            return Err(ServiceError::Invalid(wrong));
        }
        let name = known_name(name)?;
        self.move_to(actor, project, &name, &labels, version, None).await?;
        self.load(project, name.as_str(), &VersionChoice::Number(version)).await
    }

    async fn move_to(
        &self,
        actor: &Actor,
        project: ProjectId,
        name: &PromptName,
        labels: &[LabelName],
        to: u32,
        reason: Option<&str>,
    ) -> Result<Vec<Label>, ServiceError> {
        let record = self.record(actor, project, reason).await?;
        let keyed = labels.iter().map(|label| Ok((label.clone(), flag_key(name, label)?)));
        let keyed = keyed.collect::<Result<Vec<_>, ServiceError>>()?;
        let moved = self.context.control.move_labels(project, name, &keyed, to, record).await?;
        self.changed(project).await;
        for label in labels {
            tracing::info!(project.id = %project, label = %label, version = to, "moved a label");
        }
        Ok(moved)
    }

    /// Removes a label. The slot keeps its flag key for when the label comes back.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`]; [`ServiceError::Protected`].
    pub async fn remove_label(
        &self,
        actor: &Actor,
        project: ProjectId,
        name: &str,
        label: &str,
        reason: Option<&str>,
    ) -> Result<(), ServiceError> {
        authorize(actor, project, Permission::WritePrompts)?;
        let name = known_name(name)?;
        let label = settable(label)?;
        let record = self.record(actor, project, reason).await?;
        self.context.control.remove_label(project, &name, &label, record).await?;
        self.changed(project).await;
        tracing::info!(project.id = %project, label = %label, "removed a label");
        Ok(())
    }

    /// Protects a label, so that only owners move it, or lifts the protection. Only owners do either.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`]; anybody but an owner is refused.
    pub async fn protect_label(
        &self,
        actor: &Actor,
        project: ProjectId,
        name: &str,
        label: &str,
        protected: bool,
    ) -> Result<Label, ServiceError> {
        authorize(actor, project, Permission::Manage)?;
        let name = known_name(name)?;
        let label = settable(label)?;
        let label = self.context.control.protect_label(project, &name, &label, protected).await?;
        self.changed(project).await;
        tracing::info!(project.id = %project, label = %label.name, protected, "changed a label's protection");
        Ok(label)
    }

    /// Moves of a prompt's labels, newest first, at most 500. They outlive the prompt.
    ///
    /// # Errors
    /// Anybody who may not read is refused.
    pub async fn label_moves(
        &self,
        actor: &Actor,
        project: ProjectId,
        name: &str,
    ) -> Result<Vec<LabelMove>, ServiceError> {
        authorize(actor, project, Permission::Read)?;
        Ok(self.context.control.label_moves(project, &known_name(name)?, MAX_MOVES).await?)
    }
}

fn settable(label: &str) -> Result<LabelName, ServiceError> {
    if label == LabelName::LATEST {
        return Err(ServiceError::field("label", draft::LATEST_IS_DERIVED));
    }
    label.parse().map_err(ServiceError::of("label"))
}

/// The flag key a new slot asks for: the prompt's name with everything but `[A-Za-z0-9._-]` made `-`, a dot, the label. The store
/// appends `-2`, `-3`, … when another slot has it.
///
/// # Errors
/// Never in practice: what it builds is a flag key.
pub fn flag_key(name: &PromptName, label: &LabelName) -> Result<FlagKey, ServiceError> {
    // Room for the dot, the longest label and a suffix within the 200 of a key.
    const MAX_NAME: usize = 150;
    let mut slug = String::with_capacity(name.as_str().len());
    for c in name.as_str().chars() {
        match c {
            'A'..='Z' | 'a'..='z' | '0'..='9' | '.' | '_' => slug.push(c),
            _ if slug.is_empty() || slug.ends_with('-') => {}
            _ => slug.push('-'),
        }
    }
    slug.truncate(MAX_NAME);
    let slug = slug.trim_end_matches('-');
    let slug = if slug.is_empty() { "prompt" } else { slug };
    format!("{slug}.{label}").parse().map_err(ServiceError::of("label"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flag_keys_are_words() {
        let production: LabelName = "production".parse().unwrap();
        for (name, key) in [
            ("greet", "greet.production"),
            ("support/Answer v2", "support-Answer-v2.production"),
            ("Antwort für Kunden", "Antwort-f-r-Kunden.production"),
            ("日本", "prompt.production"),
            ("a -- b!", "a-b.production"),
        ] {
            assert_eq!(flag_key(&name.parse().unwrap(), &production).unwrap().as_str(), key);
        }
        let long: PromptName = "x".repeat(200).parse().unwrap();
        assert!(flag_key(&long, &"y".repeat(40).parse().unwrap()).unwrap().as_str().len() <= 191);
    }
}
