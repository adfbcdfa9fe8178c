//! The A/A self-check of running experiments: made in the background, once a day, and kept in memory.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use domain::{
    experiment::{Experiment, ExperimentMetric, MetricRole, Phase, State, UnitKind},
    ids::{ExperimentId, ProjectId},
    time::{TimeRange, TimeUs},
};
use experiment::{Check, CheckStatus};
use store::event::Meeting;

use super::{
    DAY_US, Results,
    shuffle::{self, Unit},
};
use crate::{ServiceError, planning::PastUnits};

/// How far back traffic is taken from.
const DAYS: i64 = 14;
/// After a look that failed, or found too little to look at.
const AGAIN_US: i64 = 3_600_000_000;

/// What the last look at each experiment said.
#[derive(Clone, Default)]
pub(crate) struct SelfChecks(Arc<Mutex<HashMap<Judged, Kept>>>);

/// An experiment and its phase: another phase may split other units.
type Judged = (ExperimentId, u32);

struct Kept {
    /// When to look again.
    next_us: TimeUs,
    check: Option<Check>,
}

impl SelfChecks {
    fn kept(&self) -> MutexGuard<'_, HashMap<Judged, Kept>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What to tell with an experiment's other checks; nothing until it was looked at.
    pub(crate) fn of(&self, experiment: &Experiment, phase: u32) -> Option<Check> {
        self.kept().get(&(experiment.id, phase)).and_then(|kept| kept.check.clone())
    }

    fn is_due(&self, judged: Judged, now: TimeUs) -> bool {
        self.kept().get(&judged).is_none_or(|kept| kept.next_us <= now)
    }

    fn keep(&self, judged: Judged, check: Check, now: TimeUs) {
        let rest_us = if check.status == CheckStatus::NotApplicable { AGAIN_US } else { DAY_US };
        self.kept().insert(judged, Kept { next_us: TimeUs(now.0.saturating_add(rest_us)), check: Some(check) });
    }

    /// What was known stands; it is looked at again before the day is over.
    fn put_off(&self, judged: Judged, now: TimeUs) {
        let next_us = TimeUs(now.0.saturating_add(AGAIN_US));
        self.kept().entry(judged).and_modify(|kept| kept.next_us = next_us).or_insert(Kept { next_us, check: None });
    }
}

impl Results {
    /// Shuffles the traffic of each running experiment's prompt, once a day when there is enough, and keeps what that says about how far its numbers
    /// can be trusted; says how many were looked at. Experiments that cannot be looked at are logged, and the others go on.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn check_own_data(&self) -> Result<usize, ServiceError> {
        let mut looked = 0;
        for (project, experiment) in self.context.control.owning_experiments().await? {
            let now = self.context.clock.now();
            let Some(phase) = experiment.phase().filter(|_| experiment.state == State::Running) else { continue };
            let judged = (experiment.id, phase.number);
            if !self.self_checks.is_due(judged, now) {
                continue;
            }
            match self.shuffled(project, &experiment, phase, now).await {
                Ok(check) => {
                    self.self_checks.keep(judged, check, now);
                    looked += 1;
                }
                Err(error) => {
                    self.self_checks.put_off(judged, now);
                    tracing::warn!(
                        project.id = %project, experiment.id = %experiment.id, %error,
                        "could not shuffle the traffic of experiment `{}`; trying again in an hour", experiment.key,
                    );
                }
            }
        }
        Ok(looked)
    }

    async fn shuffled(
        &self,
        project: ProjectId,
        experiment: &Experiment,
        phase: &Phase,
        now: TimeUs,
    ) -> Result<Check, ServiceError> {
        let unit = &phase.definition.unit;
        if let UnitKind::Attribute(name) = unit {
            let message =
                format!("Nothing to shuffle: past traffic does not tell the attribute `{name}` that is split by.");
            return Ok(shuffle::not_applicable(0, message));
        }
        let decides = |metric: &&ExperimentMetric| metric.role != MetricRole::Secondary;
        let metrics: Vec<ExperimentMetric> = experiment.design.metrics.iter().filter(decides).cloned().collect();
        let range = TimeRange { from: TimeUs(now.0.saturating_sub(DAYS * DAY_US)), to: now };
        let asked = PastUnits { project, prompt: experiment.slot.prompt_name.as_str(), unit, metrics: &metrics };
        let met = asked.meetings(&self.context, range).await?;
        let chosen: Vec<&Meeting> = PastUnits::sample(&met.units);
        let (watch, states) = asked.states(&self.context, &chosen, now).await?;
        let first_day = |one: &Meeting| one.first_us.0.div_euclid(DAY_US);
        let units: Vec<Unit> = chosen
            .iter()
            .zip(&states)
            .map(|(one, state)| Unit::new(&watch, one.unit.clone(), first_day(one), state))
            .collect();
        let plan = experiment.design.plan.clone();
        // Other halves each day: what was luck yesterday is not told again.
        let salt = format!("a/a {} {}", experiment.id, now.0.div_euclid(DAY_US));
        let work = move || shuffle::judge(&plan, &metrics, &watch, &units, &salt);
        tokio::task::spawn_blocking(work).await.map_err(|cause| ServiceError::Internal(Box::new(cause)))?
    }
}
