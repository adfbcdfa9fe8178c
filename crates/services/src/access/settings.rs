use domain::{
    auth::{Actor, Permission},
    ids::ProjectId,
    project::{Change, ProjectSettings, SettingsAt},
    segment::SegmentAttribute,
};
use store::StoreError;

use super::Access;
use crate::{ServiceError, context::authorize};

/// Tries of a change that does not say what it was read from.
const TRIES: u32 = 5;

/// What to change of a project's settings.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct SettingsChange {
    /// The attribute to segment by, or none at all.
    pub segment: Change<Option<SegmentAttribute>>,
    /// For how many days events are kept, or for ever.
    pub retention_days: Change<Option<u32>>,
    /// The revision the change was made from; when it is no longer the present one, nothing is changed.
    pub revision: Option<u64>,
}

impl Access {
    /// A project's settings.
    ///
    /// # Errors
    /// As the actor may not read the project.
    pub async fn settings(&self, actor: &Actor, project: ProjectId) -> Result<SettingsAt, ServiceError> {
        authorize(actor, project, Permission::Read)?;
        Ok(self.context.control.settings(project).await?)
    }

    /// Changes a project's settings. What is stored already is sorted into new segments in the background.
    ///
    /// # Errors
    /// [`ServiceError::Conflict`] when they were changed since the revision given; [`ServiceError::Invalid`]
    /// (`retention_days`).
    pub async fn change_settings(
        &self,
        actor: &Actor,
        project: ProjectId,
        change: SettingsChange,
    ) -> Result<SettingsAt, ServiceError> {
        authorize(actor, project, Permission::Manage)?;
        if let Change::To(Some(days)) = change.retention_days
            && !(1..=ProjectSettings::MOST_DAYS).contains(&days)
        {
            let most = ProjectSettings::MOST_DAYS;
            let message = format!("`{days}` days; events are kept for 1 to {most} days, or for ever");
            return Err(ServiceError::field("retention_days", message));
        }
        let control = &self.context.control;
        let mut tries = 0;
        let now = loop {
            tries += 1;
            let SettingsAt { mut settings, revision } = control.settings(project).await?;
            let from = change.revision.unwrap_or(revision);
            if let Change::To(segment) = &change.segment {
                settings.segment.clone_from(segment);
            }
            if let Change::To(days) = change.retention_days {
                settings.retention_days = days;
            }
            match control.set_settings(project, &settings, from).await {
                Ok(revision) => break SettingsAt { settings, revision },
                Err(StoreError::Conflict(_)) if change.revision.is_none() && tries < TRIES => {}
                Err(error) => return Err(error.into()),
            }
        };
        // Also when it did not change here: what failed half-way last time is done now.
        self.context.events.segment_by(project, now.settings.segment.clone()).await?;
        Ok(now)
    }

    /// Tells the event plane what every project is segmented by, in case it did not hear of the last change; for start-up.
    ///
    /// # Errors
    /// As the stores.
    pub async fn apply_settings(&self) -> Result<(), ServiceError> {
        for project in self.context.control.projects().await? {
            let settings = self.context.control.settings(project.id).await?.settings;
            self.context.events.segment_by(project.id, settings.segment).await?;
        }
        Ok(())
    }
}
