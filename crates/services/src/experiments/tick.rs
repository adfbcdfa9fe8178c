//! What time does to experiments: scheduled starts and ends, ramps, and the rule that ends harm.

use domain::{
    auth::Actor,
    experiment::{Experiment, State},
    ids::ProjectId,
    time::TimeUs,
};

use super::{Act, Experiments, harm::Harm};
use crate::ServiceError;

/// What is due.
#[derive(Clone, Debug, Eq, PartialEq)]
enum Due {
    Start,
    End,
    Climb,
    Protect(Harm),
}

impl Experiments {
    /// Does what is due by the clock of the context, and says how much that was. Experiments that cannot be acted on are
    /// logged, and the others go on.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn tick(&self) -> Result<usize, ServiceError> {
        let now = self.context.clock.now();
        let mut done = 0;
        for (project, experiment) in self.context.control.owning_experiments().await? {
            let worked = async {
                let Some(due) = self.due(project, &experiment, now).await? else { return Ok(false) };
                self.act(project, &experiment, due).await?;
                Ok::<_, ServiceError>(true)
            };
            match worked.await {
                Ok(acted) => done += usize::from(acted),
                Err(error) => tracing::warn!(
                    project.id = %project, experiment.id = %experiment.id, %error,
                    "could not do what is due for experiment `{}`; trying again", experiment.key,
                ),
            }
        }
        Ok(done)
    }

    /// What is due; harm before anything that gives the arms more.
    async fn due(&self, project: ProjectId, experiment: &Experiment, now: TimeUs) -> Result<Option<Due>, ServiceError> {
        if let Some(harm) = self.harm(project, experiment, now).await? {
            return Ok(Some(Due::Protect(harm)));
        }
        let units = self.units_of(project, experiment).await?;
        Ok(due(experiment, units, now))
    }

    /// Units exposed in the present phase, where a step of the ramp waits for them.
    async fn units_of(&self, project: ProjectId, experiment: &Experiment) -> Result<u64, ServiceError> {
        let waits = experiment.design.ramp.iter().flat_map(|ramp| &ramp.steps).any(|step| step.minimum_units > 0);
        let Some(phase) = experiment.phase().filter(|_| waits) else { return Ok(0) };
        Ok(self.context.events.units_version(project, experiment.id, phase.number).await?.units)
    }

    async fn act(&self, project: ProjectId, experiment: &Experiment, due: Due) -> Result<(), ServiceError> {
        let key = experiment.key.as_str();
        // Decided on this revision: if a person acted meanwhile, the next tick decides anew.
        let act = |note: &str| Act { revision: Some(experiment.revision), note: Some(note.to_owned()) };
        match due {
            Due::Start => self.start(&Actor::System, project, key, &act("the scheduled start came")).await?,
            Due::End => self.conclude(&Actor::System, project, key, &act("the scheduled end came")).await?,
            Due::Climb => self.advance(&Actor::System, project, key, &act("the ramp's step was held")).await?,
            Due::Protect(Harm { roll_back: true, sentence }) => {
                self.roll_back(&Actor::System, project, key, &act(&sentence)).await?
            }
            Due::Protect(Harm { roll_back: false, sentence }) => {
                self.pause(&Actor::System, project, key, &act(&sentence)).await?
            }
        };
        Ok(())
    }
}

fn due(experiment: &Experiment, units: u64, now: TimeUs) -> Option<Due> {
    let schedule = experiment.design.schedule;
    if experiment.state == State::Scheduled {
        return schedule.start.is_none_or(|start| start <= now).then_some(Due::Start);
    }
    if schedule.end.is_some_and(|end| end <= now) {
        return Some(Due::End);
    }
    if experiment.state != State::Running {
        return None;
    }
    let progress = experiment.ramp?;
    let step = experiment.design.ramp.as_ref()?.steps.get(usize::try_from(progress.step).ok()?)?;
    let held_us = now.0.saturating_sub(progress.since_us.0);
    let held = held_us >= i64::from(step.hold_minutes).saturating_mul(60_000_000);
    (held && !step.approval && step.minimum_units <= units).then_some(Due::Climb)
}
