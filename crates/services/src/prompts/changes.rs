//! What happened to prompts lately.

use domain::{
    auth::{Actor, Permission},
    ids::ProjectId,
    prompt::{LabelMove, PromptName},
    time::TimeUs,
};
use store::control::PromptFilter;

use super::Prompts;
use crate::{ServiceError, context::authorize};

/// Something that happened to a prompt.
#[derive(Clone, Debug, PartialEq)]
pub struct PromptChange {
    /// Which prompt.
    pub prompt: PromptName,
    /// When.
    pub at_us: TimeUs,
    /// Who, for people.
    pub by: String,
    /// What.
    pub what: PromptEvent,
}

/// What can happen to a prompt.
#[derive(Clone, Debug, PartialEq)]
pub enum PromptEvent {
    /// A label went to another version, came, or was removed.
    Moved(LabelMove),
    /// A version was saved.
    Saved {
        /// Its number.
        number: u32,
        /// Why it was made.
        message: Option<String>,
    },
}

impl Prompts {
    /// What happened to the project's prompts since an instant, newest first, at most `limit` of it. Prompts removed meanwhile
    /// are left out.
    ///
    /// # Errors
    /// As authorisation decides.
    pub async fn changes(
        &self,
        actor: &Actor,
        project: ProjectId,
        since: TimeUs,
        limit: u16,
    ) -> Result<Vec<PromptChange>, ServiceError> {
        authorize(actor, project, Permission::Read)?;
        let filter = PromptFilter { updated_from: Some(since), ..PromptFilter::default() };
        let mut prompts = self.all(actor, project, &filter).await?.prompts;
        // Each of the newest changes is of one of as many prompts changed last.
        prompts.sort_by_key(|prompt| std::cmp::Reverse(prompt.updated_us));
        prompts.truncate(usize::from(limit));
        let mut changes = Vec::new();
        for prompt in prompts {
            let (moves, versions) = tokio::try_join!(
                self.context.control.label_moves(project, &prompt.name, limit),
                self.context.control.versions(project, &prompt.name, None, limit),
            )?;
            changes.extend(moves.into_iter().map(|one| PromptChange {
                prompt: prompt.name.clone(),
                at_us: one.at_us,
                by: one.by.clone(),
                what: PromptEvent::Moved(one),
            }));
            changes.extend(versions.into_iter().map(|version| PromptChange {
                prompt: prompt.name.clone(),
                at_us: version.created_us,
                by: version.author,
                what: PromptEvent::Saved { number: version.number, message: version.commit_message },
            }));
        }
        changes.retain(|change| change.at_us >= since);
        changes.sort_by(|a, b| (b.at_us, &a.prompt).cmp(&(a.at_us, &b.prompt)));
        changes.truncate(usize::from(limit));
        Ok(changes)
    }
}
