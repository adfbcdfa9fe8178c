//! An experiment written down as it happened, for the demo: the same states, phases and log as one that was run here, at the
//! times it is said to have been run.

use domain::{
    auth::Actor,
    experiment::{ActivityKind, ArmKey, DecisionKind, Design, Experiment, Outcome, State},
    ids::ProjectId,
    time::TimeUs,
};

use super::{
    Experiments,
    edit::NewExperiment,
    life::{Ending, begin, end},
    save::Told,
};
use crate::ServiceError;

/// An experiment of the past.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct PastExperiment {
    /// Its key.
    pub(crate) key: String,
    /// The prompt, whose label `production` it split.
    pub(crate) prompt: String,
    /// What was compared.
    pub(crate) design: Design,
    /// When it was launched.
    pub(crate) launched: TimeUs,
    /// The arm that was shipped, when, and why; none while it runs.
    pub(crate) shipped: Option<(ArmKey, TimeUs, String)>,
}

impl Experiments {
    /// Writes it down. Nobody is asked for permission: only the demo does this, in a project it has just made.
    ///
    /// # Errors
    /// [`ServiceError::Invalid`] with what a launch would refuse in its design; as the stores.
    pub(crate) async fn record_past(
        &self,
        project: ProjectId,
        past: PastExperiment,
    ) -> Result<Experiment, ServiceError> {
        let PastExperiment { key, prompt, design, launched, shipped } = past;
        let problems = design.problems();
        if !problems.is_empty() {
            return Err(ServiceError::Invalid(problems));
        }
        let actor = Actor::System;
        let mut experiment =
            self.draft(&actor, project, NewExperiment { key, prompt, label: None, design }, launched).await?;
        experiment.state = State::Running;
        experiment.launched_us = Some(launched);
        begin(&mut experiment, project, launched, "launched")?;
        experiment = self.save(&actor, project, experiment, launched, Told::new(ActivityKind::Launched, "")).await?;
        let Some((arm, at, note)) = shipped else { return Ok(experiment) };
        let version = experiment.design.arm(&arm).map(|arm| arm.version);
        let by = experiment.created_by.clone();
        experiment.state = State::Decided(Outcome::Ship);
        // What happened comes only after this: there are no numbers to keep yet.
        let ending = Ending {
            kind: DecisionKind::Ship,
            arm: Some(arm),
            before: State::Running,
            note: note.clone(),
            by,
            evidence: None,
        };
        end(&mut experiment, ending, at);
        let told = Told { label: version, ..Told::new(ActivityKind::Shipped, note) };
        self.save(&actor, project, experiment, at, told).await
    }
}
