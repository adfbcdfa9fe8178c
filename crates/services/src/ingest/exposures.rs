//! Exposures in: at once from those who post them, and without waiting from the doors that answer assignments.

use std::{
    collections::{HashMap, VecDeque},
    ops::RangeInclusive,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use assign::hash::bucket;
use domain::{
    auth::{Actor, Permission},
    experiment::{Allocation, ArmKey, Eligibility, Experiment, ExperimentKey, Exposure, ExposureDoor},
    ids::{ExperimentId, ProjectId},
    outcome::EventUnit,
    problem::FieldProblem,
    time::TimeUs,
};
use store::event::EventBatch;

use super::{AHEAD, Ingest, MAX_AHEAD_US};
use crate::{
    Events, ServiceError,
    assignment::{Kept, Resolved},
    context::authorize,
    results,
};

/// Exposures that may wait to be stored; more are repeated by the next call of their unit.
const WAITING: usize = 50_000;
/// Exposures remembered as stored, so that a unit's next calls cost nothing.
const REMEMBERED: usize = 500_000;
/// Exposures stored in one batch.
const BATCH: usize = 2_000;

/// A tracking callback as a client sends it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct NewExposure {
    /// The experiment.
    pub experiment: ExperimentKey,
    /// The unit.
    pub unit: String,
    /// The arm the client served.
    pub arm: ArmKey,
    /// When; now when absent.
    pub at: Option<TimeUs>,
}

type Key = (ProjectId, ExperimentId, u32, String);

/// What is known of a unit's exposures in a phase: they wait, or are stored.
struct Known {
    /// The earliest, which stands.
    first: (TimeUs, ArmKey),
    /// The last one of another arm; it is stored too, because a unit with two arms counts for neither.
    other: Option<(TimeUs, ArmKey)>,
}

impl Known {
    fn new(exposure: &Exposure) -> Self {
        Self { first: (exposure.first_us, exposure.arm.clone()), other: None }
    }

    /// Whether an exposure says nothing new.
    fn covers(&self, exposure: &Exposure) -> bool {
        let mut all = [&self.first].into_iter().chain(&self.other);
        all.any(|(at, arm)| *arm == exposure.arm && *at <= exposure.first_us)
    }

    fn take(&mut self, exposure: &Exposure) {
        let mut later = (exposure.first_us, exposure.arm.clone());
        if later < self.first {
            std::mem::swap(&mut later, &mut self.first);
        }
        if later.1 != self.first.1 {
            self.other = Some(later);
        }
    }
}

#[derive(Default)]
struct State {
    waiting: VecDeque<(ProjectId, Exposure)>,
    known: HashMap<Key, Known>,
    running: bool,
    /// Experiments whose units are known to be summed, by revision.
    watched: HashMap<(ProjectId, ExperimentId), u32>,
}

impl State {
    fn note(&mut self, key: Key, exposure: &Exposure) {
        if self.known.len() >= REMEMBERED {
            self.known.clear();
        }
        self.known.entry(key).and_modify(|known| known.take(exposure)).or_insert_with(|| Known::new(exposure));
    }
}

/// Exposures on their way to the store. Nobody waits for it: what could not be stored is forgotten here, and sent again with
/// the unit's next call.
#[derive(Clone, Default)]
pub(super) struct ExposureQueue(Arc<Mutex<State>>);

impl ExposureQueue {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes an exposure unless it is known. Says whether somebody has to begin storing.
    fn push(&self, project: ProjectId, exposure: Exposure) -> bool {
        let key = (project, exposure.experiment, exposure.phase, exposure.unit.clone());
        let mut state = self.state();
        let known = state.known.get(&key).is_some_and(|known| known.covers(&exposure));
        if known || state.waiting.len() >= WAITING {
            return false;
        }
        state.note(key, &exposure);
        state.waiting.push_back((project, exposure));
        !std::mem::replace(&mut state.running, true)
    }

    /// Remembers what is stored already.
    fn remember(&self, project: ProjectId, exposure: &Exposure) {
        let key = (project, exposure.experiment, exposure.phase, exposure.unit.clone());
        self.state().note(key, exposure);
    }

    /// The next exposures of one project; none ends the storing.
    fn next(&self) -> Option<(ProjectId, Vec<Exposure>)> {
        let mut state = self.state();
        let Some(project) = state.waiting.front().map(|(project, _)| *project) else {
            state.running = false;
            return None;
        };
        let mut batch = Vec::new();
        while batch.len() < BATCH && state.waiting.front().is_some_and(|(of, _)| *of == project) {
            batch.extend(state.waiting.pop_front().map(|(_, exposure)| exposure));
        }
        Some((project, batch))
    }

    fn forget(&self, project: ProjectId, exposures: &[Exposure]) {
        let mut state = self.state();
        for exposure in exposures {
            state.known.remove(&(project, exposure.experiment, exposure.phase, exposure.unit.clone()));
        }
    }

    async fn run(self, events: Events, received: TimeUs, appended: tokio::sync::watch::Sender<u64>) {
        while let Some((project, exposures)) = self.next() {
            let batch = EventBatch { exposures: exposures.clone(), ..EventBatch::empty(project, received) };
            match events.append(batch).await {
                Ok(_) => appended.send_modify(|count| *count = count.wrapping_add(1)),
                Err(error) => {
                    self.forget(project, &exposures);
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        exposures = exposures.len(),
                        "could not store exposures; they are sent again with their units' next calls"
                    );
                }
            }
        }
    }
}

impl Ingest {
    /// Notes that a unit met an experiment, without waiting until that is stored. What the process loses, or the store has no
    /// room for, is noted by the unit's next call.
    pub fn expose(&self, project: ProjectId, exposure: Exposure) {
        if self.exposures.push(project, exposure) {
            let (events, now) = (Arc::clone(&self.context.events), self.context.clock.now());
            tokio::spawn(self.exposures.clone().run(events, now, self.appended.clone()));
        }
    }

    /// The arm a unit was given first in these phases, of those that will do, as far as this process remembers.
    pub(crate) fn exposed(
        &self,
        project: ProjectId,
        experiment: ExperimentId,
        phases: RangeInclusive<u32>,
        unit: &str,
        will_do: impl Fn(u32, &ArmKey) -> bool,
    ) -> Option<Kept> {
        let state = self.exposures.state();
        phases.into_iter().find_map(|phase| {
            let (_, arm) = &state.known.get(&(project, experiment, phase, unit.to_owned()))?.first;
            will_do(phase, arm).then(|| Kept { phase, arm: arm.clone() })
        })
    }

    /// Forgets who is known to be exposed in a project, because some of it was taken away: calls of the others' units cost a
    /// little once.
    pub(crate) fn forget_exposures(&self, project: ProjectId) {
        self.exposures.state().known.retain(|(of, ..), _| *of != project);
    }

    /// Remembers an exposure that was read.
    pub(crate) fn remember(&self, project: ProjectId, exposure: &Exposure) {
        self.exposures.remember(project, exposure);
    }

    /// Notes that a unit was answered its arm, as [`Self::expose`] does; nothing for a unit that takes no part or is forced.
    pub fn answered(&self, project: ProjectId, resolved: &Resolved<'_>, door: ExposureDoor) {
        if let Some(exposure) = resolved.exposure(door, self.context.clock.now()) {
            self.expose(project, exposure);
        }
    }

    /// Exposures as clients report them, each named by its place when it is wrong.
    ///
    /// # Errors
    /// [`ServiceError::Invalid`] with everything that is wrong: an experiment nobody knows or that did not split then, an arm
    /// it does not have, a time ahead of our clock.
    pub async fn tracked(
        &self,
        actor: &Actor,
        project: ProjectId,
        sent: Vec<NewExposure>,
    ) -> Result<Vec<Exposure>, ServiceError> {
        authorize(actor, project, Permission::Feedback)?;
        let now = self.context.clock.now();
        let mut known: HashMap<ExperimentKey, Option<Experiment>> = HashMap::new();
        let (mut exposures, mut wrong) = (Vec::with_capacity(sent.len()), Vec::new());
        for (index, one) in sent.into_iter().enumerate() {
            if !known.contains_key(&one.experiment) {
                let found = self.context.control.experiment(project, &one.experiment).await?;
                if let Some(found) = &found {
                    self.watched(project, found).await?;
                }
                known.insert(one.experiment.clone(), found);
            }
            let experiment = known.get(&one.experiment).and_then(Option::as_ref);
            match tracked(experiment, one, now) {
                Ok(exposure) => exposures.extend(exposure),
                Err(problem) => {
                    wrong.push(FieldProblem { field: format!("[{index}].{}", problem.field), ..problem });
                }
            }
        }
        if wrong.is_empty() { Ok(exposures) } else { Err(ServiceError::Invalid(wrong)) }
    }

    /// Has the units of an experiment summed, once for each of its revisions this process sees.
    async fn watched(&self, project: ProjectId, experiment: &Experiment) -> Result<(), ServiceError> {
        let key = (project, experiment.id);
        if self.exposures.state().watched.get(&key) == Some(&experiment.revision) {
            return Ok(());
        }
        results::watch(&self.context, project, experiment).await?;
        self.exposures.state().watched.insert(key, experiment.revision);
        Ok(())
    }

    /// Stores reported exposures; they survive a crash once this returns.
    ///
    /// # Errors
    /// As the store.
    pub async fn store_exposures(&self, project: ProjectId, exposures: Vec<Exposure>) -> Result<(), ServiceError> {
        self.append(EventBatch { exposures, ..EventBatch::empty(project, self.context.clock.now()) }).await
    }
}

/// What a report becomes; nothing for a forced unit, which is never analysed.
fn tracked(experiment: Option<&Experiment>, sent: NewExposure, now: TimeUs) -> Result<Option<Exposure>, FieldProblem> {
    let Some(experiment) = experiment else {
        let message = format!("no experiment `{}`; send the key the features name", sent.experiment);
        return Err(FieldProblem::new("experiment", message));
    };
    let first_us = sent.at.unwrap_or(now);
    if first_us.0.saturating_sub(now.0) > MAX_AHEAD_US {
        return Err(FieldProblem::new("at", format!("`{first_us}` is {AHEAD}")));
    }
    let length = sent.unit.chars().count();
    if length == 0 || length > EventUnit::MOST_ID || sent.unit.chars().any(char::is_control) {
        let message = format!("`{length}` characters; a unit's id has 1 to {} printable ones", EventUnit::MOST_ID);
        return Err(FieldProblem::new("unit", message));
    }
    if experiment.design.forced.contains_key(&sent.unit) {
        return Ok(None);
    }
    let Some((phase, epoch)) = experiment.stage_at(first_us) else {
        let message = format!("the experiment `{}` was not splitting at {first_us}", experiment.key);
        return Err(FieldProblem::new(if sent.at.is_some() { "at" } else { "experiment" }, message));
    };
    if phase.definition.allocation == Allocation::Adaptive {
        let message = format!(
            "`{}` moves its weights, and only the door that dealt an arm knows by which: resolve and single OFREP evaluations note \
             their exposures themselves; send none for it",
            experiment.key
        );
        return Err(FieldProblem::new("experiment", message));
    }
    let arms = &phase.definition.arms;
    let Some(place) = arms.iter().position(|arm| arm.key == sent.arm) else {
        let keys: Vec<String> = arms.iter().map(|arm| format!("`{}`", arm.key)).collect();
        return Err(FieldProblem::new("arm", format!("no arm `{}`; arms: {}", sent.arm, keys.join(", "))));
    };
    Ok(Some(Exposure {
        experiment: experiment.id,
        phase: phase.number,
        epoch: epoch.number,
        bucket: bucket(&phase.definition.seed, &sent.unit).number(),
        unit: sent.unit,
        arm: sent.arm,
        propensity: epoch.weights.get(place).map_or(0.0, |weight| f64::from(*weight) / 10_000.0),
        // The client evaluated the condition before it called back.
        eligibility: if phase.definition.targeting.is_some() { Eligibility::Matched } else { Eligibility::Untargeted },
        door: ExposureDoor::Tracking,
        first_us,
    }))
}
