//! The rule that ends harm: guardrails judged by the sequence that may be looked at as often as one likes.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use domain::{
    experiment::{ActivityKind, Experiment, MetricRole, OnHarm, Phase, State},
    ids::{ExperimentId, ProjectId},
    time::TimeUs,
};
use experiment::{CheckStatus, GuardrailState, Verdict};

use super::Experiments;
use crate::{ServiceError, access::SYSTEM, results::Moment};

/// Between two looks at an experiment whose units go on changing.
const LOOK_US: i64 = 60_000_000;
/// Entries of the log looked through for what the rule did already.
const MOST_LOOKED_THROUGH: u16 = 200;

/// The last look at each experiment.
#[derive(Clone, Default)]
pub(super) struct Looks(Arc<Mutex<HashMap<ExperimentId, Look>>>);

struct Look {
    at: TimeUs,
    /// The units it saw, by their version; none where it failed.
    seen: Option<u64>,
}

impl Looks {
    /// Whether a look at these units is due; if so it counts as taken.
    pub(super) fn is_due(&self, experiment: ExperimentId, units: u64, now: TimeUs) -> bool {
        let mut looks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if looks
            .get(&experiment)
            .is_some_and(|last| last.seen == Some(units) || now.0.saturating_sub(last.at.0) < LOOK_US)
        {
            return false;
        }
        looks.insert(experiment, Look { at: now, seen: Some(units) });
        true
    }

    /// Takes a look back, so that the next tick looks again.
    pub(super) fn forget(&self, experiment: ExperimentId) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&experiment);
    }

    /// Notes that a look saw nothing, so that it is repeated in its time, whether or not units change until then.
    pub(super) fn failed(&self, experiment: ExperimentId) {
        if let Some(last) = self.0.lock().unwrap_or_else(PoisonError::into_inner).get_mut(&experiment) {
            last.seen = None;
        }
    }
}

/// What is to be done about harm.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Harm {
    /// End it, or only give everybody the control.
    pub(super) roll_back: bool,
    /// Why.
    pub(super) sentence: String,
}

impl Experiments {
    /// Whether the plan's rule has to act on an experiment that runs.
    ///
    /// Where a check is broken the numbers prove nothing, so they end nothing: everybody gets the control until somebody has
    /// looked. Who resumes after the rule paused has decided: it says nothing more in that phase. Who takes its rolling back back has
    /// overruled what it saw, and it judges those who come from then on.
    pub(super) async fn harm(
        &self,
        project: ProjectId,
        experiment: &Experiment,
        now: TimeUs,
    ) -> Result<Option<Harm>, ServiceError> {
        let rule = experiment.design.plan.rule.on_harm;
        let Some(phase) = experiment.phase() else { return Ok(None) };
        let guarded = experiment.metrics(MetricRole::Guardrail).next().is_some();
        if experiment.state != State::Running || rule == OnHarm::Tell || !guarded {
            return Ok(None);
        }
        let units = self.context.events.units_version(project, experiment.id, phase.number).await?;
        if !self.looks.is_due(experiment.id, units.version, now) {
            return Ok(None);
        }
        let look = async {
            match self.jurisdiction(project, experiment, phase).await? {
                Some(first_epoch) => self.look_for_harm(project, experiment, first_epoch, now).await,
                None => Ok(None),
            }
        };
        match look.await {
            Ok(None) => Ok(None),
            Ok(Some((sentence, broken))) => {
                // Should what is tried now fail, the next tick tries it again.
                self.looks.forget(experiment.id);
                Ok(Some(Harm { roll_back: rule == OnHarm::RollBack && !broken, sentence }))
            }
            Err(error) => {
                self.looks.failed(experiment.id);
                Err(error)
            }
        }
    }

    /// Which guardrail is seriously harmed among those who came from an epoch on, for people, and whether a check is broken.
    async fn look_for_harm(
        &self,
        project: ProjectId,
        experiment: &Experiment,
        first_epoch: u32,
        now: TimeUs,
    ) -> Result<Option<(String, bool)>, ServiceError> {
        let since = if first_epoch == 0 { "" } else { "Among those who came since it was reopened: " };
        let own_data = experiment.phase().and_then(|phase| self.self_checks.of(experiment, phase.number));
        let moment = Moment::since(&self.context, project, experiment, own_data, now, first_epoch).await?;
        let Some(moment) = moment else { return Ok(None) };
        let arms = moment.sheet.arms.iter().skip(1);
        let rows = moment.anytime_rows()?;
        for (place, arm) in arms.enumerate() {
            let harmed = |row: &&experiment::MetricRow| {
                row.comparisons.get(place).and_then(|one| one.guardrail) == Some(GuardrailState::SeriouslyHarmed)
            };
            let Some(row) = rows.iter().find(harmed) else { continue };
            let verdict = moment.table.verdicts.get(place).filter(|verdict| verdict.verdict == Verdict::StopNow);
            if let Some(verdict) = verdict {
                return Ok(Some((format!("{since}{}", verdict.sentence), false)));
            }
            let broken = moment.sheet.checks.iter().find(|check| check.status == CheckStatus::Broken);
            let why = broken.map_or(String::new(), |check| format!(" A check is broken, too: {}", check.sentence));
            let sentence = format!("{since}`{}` is worse than its margin allows with `{}`.{why}", row.key, arm.key);
            return Ok(Some((sentence, broken.is_some())));
        }
        Ok(None)
    }

    /// The epoch from which on the rule judges who came; none where it may not judge in this phase any more.
    async fn jurisdiction(
        &self,
        project: ProjectId,
        experiment: &Experiment,
        phase: &Phase,
    ) -> Result<Option<u32>, ServiceError> {
        let control = &self.context.control;
        let log = control.experiment_activity(project, experiment.id, None, MOST_LOOKED_THROUGH).await?;
        let mut own = log.iter().filter(|entry| entry.by == SYSTEM && entry.at_us >= phase.from_us);
        // The newest entry comes first. An experiment that was rolled back and runs was reopened.
        let Some(spoke) = own.find(|entry| matches!(entry.kind, ActivityKind::Paused | ActivityKind::RolledBack))
        else {
            return Ok(Some(0));
        };
        if spoke.kind == ActivityKind::Paused {
            return Ok(None);
        }
        Ok(phase.epochs.iter().find(|epoch| epoch.from_us >= spoke.at_us).map(|epoch| epoch.number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_look_is_due_when_units_changed_and_again_in_its_time_where_it_failed() {
        let (looks, experiment) = (Looks::default(), ExperimentId(uuid::Uuid::nil()));
        let at = |looks_later: i64| TimeUs(looks_later * LOOK_US);
        assert!(looks.is_due(experiment, 7, at(0)));
        assert!(!looks.is_due(experiment, 7, at(5)), "nothing has changed");
        assert!(looks.is_due(experiment, 8, at(5)));
        looks.failed(experiment);
        assert!(!looks.is_due(experiment, 8, at(5)), "not at once");
        assert!(looks.is_due(experiment, 8, at(6)));
        looks.forget(experiment);
        assert!(looks.is_due(experiment, 8, at(6)));
    }
}
