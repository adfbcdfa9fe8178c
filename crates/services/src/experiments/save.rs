//! One way to change an experiment: checked against what the caller saw, logged, told to whoever serves.

use domain::{
    auth::Actor,
    experiment::{Activity, ActivityKind, Experiment, FieldChange},
    ids::{ActivityId, ExperimentId, LabelMoveId, ProjectId},
    prompt::MoveSource,
    time::TimeUs,
};
use store::control::{ExperimentChange, LabelStep, MoveRecord};

use super::Experiments;
use crate::{ServiceError, access::author, prompts::protection_for, results};

/// Most entries of a log looked through to say what changed meanwhile.
const MOST_MISSED: u16 = 20;

/// What is told about a change beside the change itself.
pub(super) struct Told {
    pub(super) kind: ActivityKind,
    pub(super) note: String,
    pub(super) changes: Vec<FieldChange>,
    /// Where the label goes.
    pub(super) label: Option<u32>,
}

impl Told {
    pub(super) fn new(kind: ActivityKind, note: impl Into<String>) -> Self {
        Self { kind, note: note.into(), changes: Vec::new(), label: None }
    }
}

impl Experiments {
    /// Stores the experiment as it has become, one revision on.
    pub(super) async fn save(
        &self,
        actor: &Actor,
        project: ProjectId,
        mut experiment: Experiment,
        at: TimeUs,
        told: Told,
    ) -> Result<Experiment, ServiceError> {
        let context = &*self.context;
        let by = author(context, actor).await?;
        experiment.revision = experiment.revision.saturating_add(1);
        experiment.updated_us = at;
        let label = match told.label {
            Some(to) => {
                Some(LabelStep { to, record: self.label_record(actor, project, experiment.id, &by, at, &told)? })
            }
            None => None,
        };
        let activity = Activity {
            id: ActivityId(context.new_id()?),
            at_us: at,
            by,
            kind: told.kind,
            note: told.note,
            changes: told.changes,
            revision: experiment.revision,
        };
        let change = ExperimentChange { experiment, activity, label };
        context.control.save_experiment(project, &change).await?;
        self.prompts.changed(project).await;
        let ExperimentChange { experiment, activity, .. } = change;
        // The other plane: what fails here is made good by the next exposure reported, and by whoever looks at the results.
        if let Err(error) = results::watch(context, project, &experiment).await {
            tracing::warn!(error = &error as &dyn std::error::Error, experiment.id = %experiment.id,
                "could not say what is summed of the units of an experiment");
        }
        tracing::info!(
            project.id = %project, experiment.id = %experiment.id, revision = experiment.revision,
            state = %experiment.state, "experiment `{}`: {}", experiment.key, activity.kind.as_str(),
        );
        Ok(experiment)
    }

    fn label_record(
        &self,
        actor: &Actor,
        project: ProjectId,
        experiment: ExperimentId,
        by: &str,
        at: TimeUs,
        told: &Told,
    ) -> Result<MoveRecord, ServiceError> {
        Ok(MoveRecord {
            id: LabelMoveId(self.context.new_id()?),
            by: by.to_owned(),
            reason: (!told.note.is_empty()).then(|| told.note.clone()),
            source: MoveSource::Experiment,
            at,
            protected: protection_for(actor, project),
            experiment: Some(experiment),
        })
    }

    /// Refuses a change made from another revision than the present one, and says what changed since.
    pub(super) async fn unless_changed(
        &self,
        project: ProjectId,
        experiment: &Experiment,
        seen: Option<u32>,
    ) -> Result<(), ServiceError> {
        let Some(seen) = seen.filter(|seen| *seen != experiment.revision) else { return Ok(()) };
        let log = self.context.control.experiment_activity(project, experiment.id, None, MOST_MISSED).await?;
        let missed: Vec<String> = log.iter().rev().filter(|entry| entry.revision > seen).map(sentence).collect();
        let what = if missed.is_empty() { String::new() } else { format!(" Since then: {}.", missed.join("; ")) };
        Err(ServiceError::Conflict(format!(
            "The experiment `{}` is at revision {}, and you changed revision {seen}.{what} Look at it before you change it.",
            experiment.key, experiment.revision,
        )))
    }
}

/// One entry of a log as part of a sentence: ``edited by ana@example.com (`coverage`, `arms[0].weight`)``.
fn sentence(entry: &Activity) -> String {
    const MOST_FIELDS: usize = 6;
    let what = entry.kind.as_str().replace('_', " ");
    let mut fields: Vec<String> =
        entry.changes.iter().take(MOST_FIELDS).map(|change| format!("`{}`", change.field)).collect();
    if entry.changes.len() > MOST_FIELDS {
        fields.push("and more".to_owned());
    }
    let fields = if fields.is_empty() { String::new() } else { format!(" ({})", fields.join(", ")) };
    format!("{what} by {}{fields}", entry.by)
}
