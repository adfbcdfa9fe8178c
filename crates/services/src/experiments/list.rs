//! Lists: experiments, and the log of one.

use domain::{
    auth::{Actor, Permission},
    experiment::{Activity, Experiment, State},
    ids::{ExperimentId, ProjectId},
    page::{Page, PageSize},
};
use store::control::ExperimentFilter;

use super::Experiments;
use crate::{ServiceError, context::authorize};

/// Which experiments to list.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ListExperiments {
    /// In these states; in any if empty.
    pub states: Vec<State>,
    /// On this prompt.
    pub prompt: Option<String>,
}

impl Experiments {
    /// Experiments, newest first.
    ///
    /// # Errors
    /// [`ServiceError::Invalid`] (`cursor`).
    pub async fn list(
        &self,
        actor: &Actor,
        project: ProjectId,
        list: ListExperiments,
        cursor: Option<&str>,
        size: PageSize,
    ) -> Result<Page<Experiment>, ServiceError> {
        authorize(actor, project, Permission::Read)?;
        let before = cursor.map(str::parse::<ExperimentId>).transpose().map_err(|_| bad_cursor())?;
        // No prompt has a name that breaks the rules, so none has an experiment.
        let Ok(prompt) = list.prompt.as_deref().map(str::parse).transpose() else {
            return Ok(Page { items: Vec::new(), next: None });
        };
        let filter = ExperimentFilter { states: list.states, prompt };
        let rows = size.rows();
        let mut items = self.context.control.experiments(project, &filter, before, rows.saturating_add(1)).await?;
        let more = items.len() > usize::from(rows);
        items.truncate(usize::from(rows));
        let next = items.last().filter(|_| more).map(|last| last.id.to_string());
        Ok(Page { items, next })
    }

    /// The log of an experiment, newest first.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`]; [`ServiceError::Invalid`] (`cursor`).
    pub async fn activity(
        &self,
        actor: &Actor,
        project: ProjectId,
        key: &str,
        cursor: Option<&str>,
        size: PageSize,
    ) -> Result<Page<Activity>, ServiceError> {
        authorize(actor, project, Permission::Read)?;
        let experiment = self.load(project, key).await?;
        let before = cursor.map(str::parse::<u32>).transpose().map_err(|_| bad_cursor())?;
        let rows = size.rows();
        let control = &self.context.control;
        let mut items = control.experiment_activity(project, experiment.id, before, rows.saturating_add(1)).await?;
        let more = items.len() > usize::from(rows);
        items.truncate(usize::from(rows));
        let next = items.last().filter(|_| more).map(|last| last.revision.to_string());
        Ok(Page { items, next })
    }
}

fn bad_cursor() -> ServiceError {
    ServiceError::field("cursor", "not a cursor; pass `next` of the page before")
}
