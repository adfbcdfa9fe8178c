//! What time does to experiments: scheduled starts and ends, ramps, batches of an adaptive split, and the rule that ends harm.

use domain::{
    auth::Actor,
    experiment::{Experiment, RampStep, State},
    ids::ProjectId,
    time::TimeUs,
};

use super::{Act, Experiments, batch::NextBatch, harm::Harm};
use crate::ServiceError;

/// What is due.
#[derive(Clone, Debug, Eq, PartialEq)]
enum Due {
    Start,
    End,
    Climb,
    Protect(Harm),
    Batch(NextBatch),
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

    /// What is due: what was scheduled, whatever the numbers say; then harm, before the ramp gives the arms more.
    async fn due(&self, project: ProjectId, experiment: &Experiment, now: TimeUs) -> Result<Option<Due>, ServiceError> {
        if let Some(due) = scheduled(experiment, now) {
            return Ok(Some(due));
        }
        if let Some(harm) = self.harm(project, experiment, now).await? {
            return Ok(Some(Due::Protect(harm)));
        }
        if experiment.ramp.is_none() {
            return Ok(self.next_batch(project, experiment, now).await?.map(Due::Batch));
        }
        let Some(step) = step_held(experiment, now) else { return Ok(None) };
        let enough = step.minimum_units == 0 || self.units_of(project, experiment).await? >= step.minimum_units;
        Ok(enough.then_some(Due::Climb))
    }

    /// Units exposed in the present phase.
    async fn units_of(&self, project: ProjectId, experiment: &Experiment) -> Result<u64, ServiceError> {
        let Some(phase) = experiment.phase() else { return Ok(0) };
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
            Due::Batch(next) => self.begin_batch(project, experiment, next).await?,
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

/// The start or the end that was set has come.
fn scheduled(experiment: &Experiment, now: TimeUs) -> Option<Due> {
    let schedule = experiment.design.schedule;
    if experiment.state == State::Scheduled {
        return schedule.start.is_none_or(|start| start <= now).then_some(Due::Start);
    }
    schedule.end.is_some_and(|end| end <= now).then_some(Due::End)
}

/// The step of the ramp that was held as long as it wants and waits for no person.
fn step_held(experiment: &Experiment, now: TimeUs) -> Option<&RampStep> {
    let progress = experiment.ramp.filter(|_| experiment.state == State::Running)?;
    let step = experiment.design.ramp.as_ref()?.steps.get(usize::try_from(progress.step).ok()?)?;
    let held_us = now.0.saturating_sub(progress.since_us.0);
    let held = held_us >= i64::from(step.hold_minutes).saturating_mul(60_000_000);
    (held && !step.approval).then_some(step)
}
