//! The demo's experiments: recorded as run, and asked who got what by the engine that assigns here, so that a user of the demo
//! gets the same arm from now on.

use assign::Outcome;
use demo::DemoTrial;
use domain::{
    experiment::{ArmKey, Eligibility, Experiment, Exposure, ExposureDoor},
    ids::ProjectId,
    time::TimeUs,
    trace::Span,
};
use serde_json::Map;

use crate::{
    ServiceError,
    experiments::{Experiments, PastExperiment, definition},
};

/// An experiment of the demo while it ran.
pub(super) struct Trial {
    experiment: Experiment,
    engine: assign::Experiment,
    from: TimeUs,
    /// When it ended.
    to: Option<TimeUs>,
}

impl Trial {
    /// Writes it into the project.
    pub(super) async fn record(
        experiments: &Experiments,
        project: ProjectId,
        trial: DemoTrial,
    ) -> Result<Self, ServiceError> {
        let shipped = match trial.shipped {
            Some(shipped) => {
                let arm: ArmKey = shipped.arm.parse().map_err(ServiceError::of("arm"))?;
                Some((arm, shipped.at, shipped.note.to_owned()))
            }
            None => None,
        };
        let past = PastExperiment {
            key: trial.key.to_owned(),
            prompt: trial.prompt.to_owned(),
            design: trial.design,
            launched: trial.launched,
            shipped,
        };
        let experiment = experiments.record_past(project, past).await?;
        let stage = experiment.phase().and_then(|phase| Some((phase, phase.epoch()?)));
        let (phase, epoch) =
            stage.ok_or_else(|| ServiceError::Internal("an experiment of the demo has no phase".into()))?;
        let definition = definition::at_stage(&experiment, phase, epoch)?;
        let engine = assign::Experiment::new(definition).map_err(|cause| ServiceError::Internal(Box::new(cause)))?;
        Ok(Self { from: trial.launched, to: experiment.ended_us, engine, experiment })
    }

    /// The version a user gets of a prompt, while this splits it.
    pub(super) fn version(&self, prompt: &str, user: &str, at: TimeUs) -> Option<u32> {
        let arm = self.assigned(prompt, user, at)?.arm;
        self.experiment.design.arm(&arm).map(|arm| arm.version)
    }

    /// The exposure behind a visit's spans, the root first.
    pub(super) fn exposure(&self, spans: &[Span]) -> Option<Exposure> {
        let root = spans.first()?;
        let prompt = spans.iter().find_map(|span| span.prompt.as_ref())?;
        self.assigned(prompt.name.as_str(), root.trace.user_id.as_deref()?, root.start_ns.to_us())
    }

    fn assigned(&self, prompt: &str, user: &str, at: TimeUs) -> Option<Exposure> {
        let splits =
            prompt == self.experiment.slot.prompt_name.as_str() && at >= self.from && self.to.is_none_or(|to| at < to);
        if !splits {
            return None;
        }
        let Outcome::Assigned { arm, bucket, propensity, .. } = self.engine.assign(Some(user), &Map::new()) else {
            return None;
        };
        let stage = self.engine.definition().stage;
        Some(Exposure {
            experiment: self.experiment.id,
            phase: stage.phase,
            epoch: stage.epoch,
            unit: user.to_owned(),
            arm: arm.key.parse().ok()?,
            propensity,
            bucket: bucket.number(),
            eligibility: Eligibility::Untargeted,
            door: ExposureDoor::Resolve,
            first_us: at,
        })
    }
}
