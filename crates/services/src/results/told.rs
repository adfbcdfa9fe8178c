//! Verdicts for lists, kept in memory: a list of fifty experiments must not work fifty results out whenever somebody opens it.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use domain::{
    auth::{Actor, Permission},
    experiment::Experiment,
    ids::{ExperimentId, ProjectId},
    time::TimeUs,
};
use experiment::TreatmentVerdict;
use store::event::UnitsVersion;

use super::{ResultQuery, Results};
use crate::{ServiceError, context::authorize};

const SECOND_US: i64 = 1_000_000;
/// How long a verdict is told while units change.
const BRIEFLY_US: i64 = 60 * SECOND_US;
/// How long while none does: days pass all the same, and with them the least duration.
const UNCHANGED_US: i64 = 600 * SECOND_US;
/// Experiments remembered; beyond that the one told longest ago is forgotten.
const MOST: usize = 1_000;

/// What was told last of each experiment.
#[derive(Default)]
pub(super) struct Told(Mutex<HashMap<ExperimentId, Telling>>);

/// What an experiment was when it was told about.
#[derive(Clone, Copy, PartialEq)]
struct Seen {
    revision: u32,
    units: UnitsVersion,
}

struct Telling {
    seen: Seen,
    at: TimeUs,
    verdicts: Arc<[TreatmentVerdict]>,
}

impl Told {
    fn still_good(&self, experiment: ExperimentId, seen: Seen, now: TimeUs) -> Option<Arc<[TreatmentVerdict]>> {
        let told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let telling = told.get(&experiment).filter(|telling| telling.seen.revision == seen.revision)?;
        let limit = if telling.seen.units == seen.units { UNCHANGED_US } else { BRIEFLY_US };
        // A clock that was put back makes nothing last longer.
        (0..limit).contains(&now.0.saturating_sub(telling.at.0)).then(|| Arc::clone(&telling.verdicts))
    }

    fn keep(&self, experiment: ExperimentId, telling: Telling) {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if told.len() >= MOST && !told.contains_key(&experiment) {
            let oldest = told.iter().min_by_key(|(id, telling)| (telling.at, **id)).map(|(id, _)| *id);
            oldest.and_then(|id| told.remove(&id));
        }
        told.insert(experiment, telling);
    }
}

impl Results {
    /// What follows for each treatment by the plan, for lists: at most a minute old while units come or change, ten minutes
    /// while none does, and never of another revision. Empty before the start.
    ///
    /// # Errors
    /// As [`Self::result`].
    pub async fn told(
        &self,
        actor: &Actor,
        project: ProjectId,
        experiment: &Experiment,
    ) -> Result<Arc<[TreatmentVerdict]>, ServiceError> {
        authorize(actor, project, Permission::Read)?;
        let Some(phase) = experiment.phase() else { return Ok(Arc::default()) };
        let units = self.context.events.units_version(project, experiment.id, phase.number).await?;
        let (seen, at) = (Seen { revision: experiment.revision, units }, self.context.clock.now());
        if let Some(verdicts) = self.told.still_good(experiment.id, seen, at) {
            return Ok(verdicts);
        }
        let result = self.result(actor, project, experiment.key.as_str(), &ResultQuery::default()).await?;
        let verdicts: Arc<[TreatmentVerdict]> = result.table.verdicts.into();
        self.told.keep(experiment.id, Telling { seen, at, verdicts: Arc::clone(&verdicts) });
        Ok(verdicts)
    }

    /// What tells whether a result may have changed: the experiment's revision and how often its units did. Reads two rows and
    /// works nothing out.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`] without the experiment.
    pub async fn stamp(&self, actor: &Actor, project: ProjectId, key: &str) -> Result<(u32, u64), ServiceError> {
        authorize(actor, project, Permission::Read)?;
        let experiment = self.find(project, key).await?;
        let units = match experiment.phase() {
            Some(phase) => self.context.events.units_version(project, experiment.id, phase.number).await?,
            None => UnitsVersion::default(),
        };
        Ok((experiment.revision, units.version))
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn id(number: u128) -> ExperimentId {
        ExperimentId(Uuid::from_u128(number))
    }

    fn seen(revision: u32, version: u64) -> Seen {
        Seen { revision, units: UnitsVersion { version, units: version } }
    }

    fn at(second: i64) -> TimeUs {
        TimeUs(second * SECOND_US)
    }

    fn telling(seen: Seen, second: i64) -> Telling {
        Telling { seen, at: at(second), verdicts: Arc::default() }
    }

    #[test]
    fn a_verdict_lasts_a_minute_while_units_change_and_ten_while_none_does() {
        let told = Told::default();
        told.keep(id(1), telling(seen(3, 7), 1_000));
        let good = |seen, second| told.still_good(id(1), seen, at(second)).is_some();
        assert!(good(seen(3, 7), 1_000) && good(seen(3, 7), 1_599));
        assert!(!good(seen(3, 7), 1_600));
        assert!(good(seen(3, 8), 1_059));
        assert!(!good(seen(3, 8), 1_060));
        assert!(!good(seen(4, 7), 1_001), "of another revision");
        assert!(!good(seen(3, 7), 999), "the clock was put back");
        assert!(told.still_good(id(2), seen(3, 7), at(1_000)).is_none());
    }

    #[test]
    fn what_was_told_longest_ago_makes_room() {
        let told = Told::default();
        for number in 0..=MOST as u128 {
            told.keep(id(number), telling(seen(1, 1), 1_000 + number as i64));
        }
        let good = |number: u128| told.still_good(id(number), seen(1, 1), at(1_000 + MOST as i64 / 2 + 1)).is_some();
        assert_eq!(told.0.lock().unwrap().len(), MOST);
        assert!(!good(0), "the first one");
        assert!(good(MOST as u128 / 2));
    }
}
