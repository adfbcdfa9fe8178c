//! Units that met an experiment by a generation alone: their client assigned by itself, from the bundle or GrowthBook's features,
//! and told nobody.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
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
use store::event::{Meeting, Meetings};

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
/// Traces looked at at once; where there are more, the range is halved.
const TRACES: u32 = 2_000;
/// The shortest range that is halved into.
const LEAST_US: i64 = 1_000_000;
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
    /// Harmless to repeat. What comes more than ten minutes late is not looked for. Experiments that cannot be looked at are
    /// logged, and the others go on.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn expose_by_generations(&self) -> Result<usize, ServiceError> {
        let now = self.context.clock.now();
        let mut exposed = 0;
        for (project, experiment) in self.context.control.owning_experiments().await? {
            match self.look_for_generations(project, &experiment, now).await {
                Ok(new) => exposed += new,
                Err(error) => tracing::warn!(
                    project.id = %project, experiment.id = %experiment.id, %error,
                    "could not look who met experiment `{}` by a generation; trying again", experiment.key,
                ),
            }
        }
        Ok(exposed)
    }

    async fn look_for_generations(
        &self,
        project: ProjectId,
        experiment: &Experiment,
        now: TimeUs,
    ) -> Result<usize, ServiceError> {
        let told_to_clients = |phase: &&Phase| {
            // Who keeps an arm, or is dealt by what happened so far, is assigned by the server only.
            !phase.definition.keeps_arms()
        };
        let running = experiment.phase().filter(|_| experiment.state == State::Running);
        let Some(phase) = running.filter(told_to_clients) else { return Ok(0) };
        let until = TimeUs(now.0 - GRACE_US);
        let seen = self.seen.until(experiment.id);
        if seen.is_some_and(|seen| until.0 - seen.0 < LOOK_US) {
            return Ok(0);
        }
        let from = seen.map_or(now.0 - FIRST_US, |seen| seen.0 - OVERLAP_US).max(phase.from_us.0);
        let mut exposed = 0;
        let mut ranges = vec![TimeRange { from: TimeUs(from), to: until }];
        // The earlier half first: the first of a unit's generations is the one that counts.
        while let Some(range) = ranges.pop().filter(|range| range.from < range.to) {
            let met = self.meetings(project, experiment, phase, range).await?;
            if let Some(reached) = met.reached {
                let middle = TimeUs(range.from.0.midpoint(range.to.0));
                if middle.0 - range.from.0 >= LEAST_US {
                    ranges.extend([TimeRange { from: middle, ..range }, TimeRange { to: middle, ..range }]);
                    continue;
                }
                tracing::warn!(
                    project.id = %project, experiment.id = %experiment.id,
                    "more traces than can be looked at met experiment `{}` between {} and {reached}: who assigned there by \
                     themselves is not counted", experiment.key, range.from,
                );
            }
            let exposures = self.met_by_generation(project, experiment, phase, range, met).await?;
            exposed += exposures.len();
            if !exposures.is_empty() {
                self.ingest.store_exposures(project, exposures.clone()).await?;
                for exposure in &exposures {
                    self.ingest.remember(project, exposure);
                }
            }
            self.seen.note(experiment.id, range.to);
        }
        self.seen.note(experiment.id, until);
        Ok(exposed)
    }

    /// Who met a version the phase serves: other versions of the prompt are other labels' business.
    async fn meetings(
        &self,
        project: ProjectId,
        experiment: &Experiment,
        phase: &Phase,
        range: TimeRange,
    ) -> Result<Meetings, ServiceError> {
        let served: BTreeSet<u32> = phase.definition.arms.iter().map(|arm| arm.version).collect();
        let served: Vec<u32> = served.into_iter().collect();
        let (events, prompt) = (&self.context.events, experiment.slot.prompt_name.as_str());
        Ok(events.meetings(project, prompt, Some(&served), &phase.definition.unit, range, TRACES).await?)
    }

    async fn met_by_generation(
        &self,
        project: ProjectId,
        experiment: &Experiment,
        phase: &Phase,
        range: TimeRange,
        met: Meetings,
    ) -> Result<Vec<Exposure>, ServiceError> {
        let prompt = experiment.slot.prompt_name.as_str();
        let lasted = |epoch: &&Epoch| epoch.to_us.is_none_or(|to| range.from < to);
        let engines: BTreeMap<u32, Engines> = phase
            .epochs
            .iter()
            .filter(lasted)
            .map(|epoch| Ok((epoch.number, Engines::new(experiment, phase, epoch)?)))
            .collect::<Result<_, ServiceError>>()?;
        let mut exposures = Vec::new();
        for meeting in met.units {
            let unit = meeting.unit.as_str();
            // The hash alone leaves most out of a small experiment, before anything is asked of them.
            if unit.chars().count() > EventUnit::MOST_ID || !engines.values().any(|engine| engine.may_deal(unit)) {
                continue;
            }
            if self.is_exposed(project, experiment, phase, unit).await? {
                continue;
            }
            let Some(first_us) = self.first_generation(project, phase, prompt, &meeting).await? else { continue };
            // An epoch that ended meanwhile dealt what was served in it.
            let stage = experiment.stage_at(first_us).filter(|(of, _)| of.number == phase.number);
            let Some(engine) = stage.and_then(|(_, epoch)| engines.get(&epoch.number)) else { continue };
            let told = match engine.dealing.definition().condition {
                Some(_) => told_by_trace(&self.context, project, prompt, &meeting).await?,
                None => Map::new(),
            };
            exposures.extend(engine.exposure(experiment, &meeting, &told, first_us));
        }
        Ok(exposures)
    }

    /// Whether a unit is exposed in the phase.
    async fn is_exposed(
        &self,
        project: ProjectId,
        experiment: &Experiment,
        phase: &Phase,
        unit: &str,
    ) -> Result<bool, ServiceError> {
        if self.ingest.exposed(project, experiment.id, phase.number..=phase.number, unit, |_, _| true).is_some() {
            return Ok(true);
        }
        let stored = self.context.events.exposures(project, experiment.id, unit).await?;
        let found = stored.iter().find(|record| record.exposure.phase == phase.number);
        if let Some(record) = found {
            self.ingest.remember(project, &record.exposure);
        }
        Ok(found.is_some())
    }

    /// When the first generation of a meeting began that used a version the experiment serves.
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

    /// Whether a unit would take part if the audience were right; what is told of it cannot change a no.
    fn may_deal(&self, unit: &str) -> bool {
        matches!(self.everybody.assign(Some(unit), &Map::new()), Outcome::Assigned { .. })
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
