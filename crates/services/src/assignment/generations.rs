//! Units that met an experiment by a generation alone: their client assigned by itself, from the bundle or GrowthBook's features,
//! and told nobody.

use std::{
    collections::{BTreeMap, HashMap, btree_map::Entry},
    sync::{Arc, Mutex, PoisonError},
};

use assign::Outcome;
use domain::{
    experiment::{Eligibility, Epoch, Experiment, Exposure, ExposureDoor, Phase, State},
    ids::{ExperimentId, ProjectId},
    outcome::EventUnit,
    time::{TimeRange, TimeUs},
};
use serde_json::{Map, Value};
use store::event::Meeting;

use super::Assignment;
use crate::{
    ServiceError,
    experiments::definition,
    planning::{missing_attribute, told_by_trace},
};

/// Doors and callbacks come first: what is younger waits.
const GRACE_US: i64 = 60_000_000;
/// Between two looks.
const LOOK_US: i64 = 60_000_000;
/// How far a look reaches behind the one before, for what comes late.
const OVERLAP_US: i64 = 10 * 60_000_000;
/// How far the first look of a process reaches back.
const FIRST_US: i64 = 24 * 3_600_000_000;
/// Traces of each version looked at once.
const TRACES: u32 = 20_000;
/// Spans of a trace looked through for a generation.
const SPANS: u32 = 200;

/// Up to when generations on each experiment's slot were looked at.
#[derive(Clone, Default)]
pub(super) struct Seen(Arc<Mutex<HashMap<ExperimentId, TimeUs>>>);

impl Seen {
    fn until(&self, experiment: ExperimentId) -> Option<TimeUs> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&experiment).copied()
    }

    fn note(&self, experiment: ExperimentId, until: TimeUs) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(experiment, until);
    }
}

impl Assignment {
    /// Exposes units that have a generation on the slot of a running experiment and that no door has exposed; says how many.
    /// Harmless to repeat. What comes more than ten minutes late is not looked for.
    ///
    /// # Errors
    /// As the stores.
    pub async fn expose_by_generations(&self) -> Result<usize, ServiceError> {
        let now = self.context.clock.now();
        let mut exposed = 0;
        for (project, experiment) in self.context.control.owning_experiments().await? {
            let Some(phase) = experiment.phase().filter(|_| experiment.state == State::Running) else { continue };
            let until = TimeUs(now.0 - GRACE_US);
            let seen = self.seen.until(experiment.id);
            if seen.is_some_and(|seen| until.0 - seen.0 < LOOK_US) {
                continue;
            }
            let from = seen.map_or(now.0 - FIRST_US, |seen| seen.0 - OVERLAP_US).max(phase.from_us.0);
            if from < until.0 {
                let range = TimeRange { from: TimeUs(from), to: until };
                let exposures = self.met_by_generation(project, &experiment, phase, range).await?;
                exposed += exposures.len();
                if !exposures.is_empty() {
                    self.ingest.store_exposures(project, exposures).await?;
                }
            }
            self.seen.note(experiment.id, until);
        }
        Ok(exposed)
    }

    async fn met_by_generation(
        &self,
        project: ProjectId,
        experiment: &Experiment,
        phase: &Phase,
        range: TimeRange,
    ) -> Result<Vec<Exposure>, ServiceError> {
        let unit = &phase.definition.unit;
        let prompt = experiment.slot.prompt_name.as_str();
        let met = self.context.events.meetings(project, prompt, unit, range, TRACES).await?;
        let mut engines: BTreeMap<u32, Engines> = BTreeMap::new();
        let mut exposures = Vec::new();
        for meeting in met.units {
            let too_long = meeting.unit.chars().count() > EventUnit::MOST_ID;
            if too_long || self.is_exposed(project, experiment, phase, &meeting.unit).await? {
                continue;
            }
            let Some(first_us) = self.first_generation(project, phase, prompt, &meeting).await? else { continue };
            // An epoch that ended meanwhile dealt what was served in it.
            let Some((_, epoch)) = experiment.stage_at(first_us).filter(|(of, _)| of.number == phase.number) else {
                continue;
            };
            let engine = match engines.entry(epoch.number) {
                Entry::Occupied(made) => made.into_mut(),
                Entry::Vacant(free) => free.insert(Engines::new(experiment, phase, epoch)?),
            };
            let told = match engine.dealing.definition().condition {
                Some(_) => told_by_trace(&self.context, project, prompt, &meeting).await?,
                None => Map::new(),
            };
            exposures.extend(engine.exposure(experiment, &meeting, &told, first_us));
        }
        Ok(exposures)
    }

    /// Whether a unit is exposed in the phase, or keeps an arm it was dealt before it.
    async fn is_exposed(
        &self,
        project: ProjectId,
        experiment: &Experiment,
        phase: &Phase,
        unit: &str,
    ) -> Result<bool, ServiceError> {
        if self.ingest.exposed(project, experiment.id, phase.number..=phase.number, unit).is_some() {
            return Ok(true);
        }
        let stored = self.context.events.exposures(project, experiment.id, unit).await?;
        let seed = &phase.definition.seed;
        let keeps = |number: u32| {
            phase.definition.sticky
                && experiment.phases.iter().any(|one| one.number == number && one.definition.seed == *seed)
        };
        let found = stored.iter().find(|record| record.exposure.phase == phase.number || keeps(record.exposure.phase));
        if let Some(record) = found {
            self.ingest.remember(project, &record.exposure);
        }
        Ok(found.is_some())
    }

    /// When the first generation of a meeting began that used a version the experiment serves: other versions of the prompt are
    /// other labels' business.
    async fn first_generation(
        &self,
        project: ProjectId,
        phase: &Phase,
        prompt: &str,
        meeting: &Meeting,
    ) -> Result<Option<TimeUs>, ServiceError> {
        let spans = self.context.events.spans(project, meeting.trace, None, SPANS).await?;
        let served = |version: u32| phase.definition.arms.iter().any(|arm| arm.version == version);
        let starts = spans.iter().filter(|span| {
            span.link.as_ref().is_some_and(|link| link.link.name == prompt && served(link.link.version))
        });
        Ok(starts.map(|span| span.row.start_ns.to_us()).min())
    }
}

/// What deals in an epoch.
struct Engines {
    dealing: assign::Experiment,
    /// The same for everybody, whatever the audience: for those of whom it is not known.
    everybody: assign::Experiment,
}

impl Engines {
    fn new(experiment: &Experiment, phase: &Phase, epoch: &Epoch) -> Result<Self, ServiceError> {
        let made = definition::at_stage(experiment, phase, epoch)?;
        let engine = |definition| {
            assign::Experiment::new(definition)
                .map_err(|problems| ServiceError::Invalid(definition::refusals(&problems)))
        };
        let everybody = assign::Definition { condition: None, ..made.clone() };
        Ok(Self { dealing: engine(made)?, everybody: engine(everybody)? })
    }

    /// The exposure of a unit, if it takes part.
    fn exposure(
        &self,
        experiment: &Experiment,
        meeting: &Meeting,
        told: &Map<String, Value>,
        first_us: TimeUs,
    ) -> Option<Exposure> {
        let condition = self.dealing.definition().condition.as_ref();
        let (engine, eligibility) = match condition {
            None => (&self.dealing, Eligibility::Untargeted),
            // The program may have known what the trace does not tell.
            Some(condition) if missing_attribute(condition, told).is_some() => (&self.everybody, Eligibility::Unknown),
            Some(_) => (&self.dealing, Eligibility::Matched),
        };
        let Outcome::Assigned { arm, bucket, propensity } = engine.assign(Some(&meeting.unit), told) else {
            return None;
        };
        let stage = engine.definition().stage;
        Some(Exposure {
            experiment: experiment.id,
            phase: stage.phase,
            epoch: stage.epoch,
            unit: meeting.unit.clone(),
            arm: arm.key.parse().ok()?,
            propensity,
            bucket: bucket.number(),
            eligibility,
            door: ExposureDoor::Generation,
            first_us,
        })
    }
}
