//! Why a unit gets what it gets, at any time, and what the experiment knows of it.

use assign::{Outcome, Reason};
use domain::{
    auth::{Actor, Permission},
    experiment::{Arm, ArmKey, Experiment, Exposure},
    ids::ProjectId,
    time::TimeUs,
};
use serde_json::{Map, Value};
use store::event::{ExposureRecord, UnitMeasure, UnitRecord};

use super::{Results, ServiceError, internal_text};
use crate::{context::authorize, experiments::definition};

/// What an experiment knows of one unit.
#[derive(Clone, Debug, PartialEq)]
pub struct Explained {
    /// Its exposures, oldest phase first.
    pub exposures: Vec<ExposureRecord>,
    /// What became of it in the present phase.
    pub unit: Option<UnitRecord>,
    /// What the sums stand for.
    pub measures: Vec<UnitMeasure>,
    /// What the experiment's rule gives it at the time asked about; nothing at a time it did not run.
    pub rule: Option<RuleSays>,
}

/// What the rule of a time gives a unit.
#[derive(Clone, Debug, PartialEq)]
pub struct RuleSays {
    /// The time.
    pub at_us: TimeUs,
    /// The phase that held then.
    pub phase: u32,
    /// The epoch of it.
    pub epoch: u32,
    /// Why it gets what it gets: [`Reason::Kept`] for the arm it met before, where units keep theirs.
    pub reason: Reason,
    /// Its place in the hash, 0 to 9,999, where it has one.
    pub bucket: Option<u16>,
    /// The arm; whoever has none gets what the control's units get.
    pub arm: Option<Arm>,
    /// The arm it had until that was removed, where units keep theirs.
    pub lost: Option<ArmKey>,
    /// The experiment has an audience, and this is what holds for a unit that belongs to it.
    pub if_targeted: bool,
}

impl Results {
    /// What an experiment knows of one unit: when it met it, which arm it was given and why, what came of it; and what its rule
    /// gave such a unit `at` a time, now if none is given.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`] without the experiment.
    pub async fn explain(
        &self,
        actor: &Actor,
        project: ProjectId,
        key: &str,
        unit: &str,
        at: Option<TimeUs>,
    ) -> Result<Explained, ServiceError> {
        authorize(actor, project, Permission::Read)?;
        let experiment = self.find(project, key).await?;
        let exposures = self.context.events.exposures(project, experiment.id, unit).await?;
        let rule = rule(&experiment, unit, at.unwrap_or_else(|| self.context.clock.now()), &exposures)?;
        let Some(phase) = experiment.phase() else {
            return Ok(Explained { exposures, unit: None, measures: Vec::new(), rule });
        };
        let watch = self.context.events.watched(project, experiment.id, phase.number).await?;
        let unit = self.context.events.unit(project, experiment.id, phase.number, unit).await?;
        let measures = watch.map(|watch| watch.measures).unwrap_or_default();
        Ok(Explained { exposures, unit, measures, rule })
    }
}

fn rule(
    experiment: &Experiment,
    unit: &str,
    at_us: TimeUs,
    exposures: &[ExposureRecord],
) -> Result<Option<RuleSays>, ServiceError> {
    let Some((phase, epoch)) = experiment.stage_at(at_us) else { return Ok(None) };
    let mut definition = definition::at_stage(experiment, phase, epoch)?;
    // Whether a unit belongs to the audience follows from attributes nobody keeps.
    let if_targeted = definition.condition.take().is_some();
    let attribute = definition.unit.clone();
    let engine = assign::Experiment::new(definition).map_err(|problems| internal_text(problems.to_string()))?;
    let attributes = Map::from_iter([(attribute, Value::String(unit.to_owned()))]);
    let outcome = engine.assign((!unit.is_empty()).then_some(unit), &attributes);
    let bucket = match outcome {
        Outcome::Assigned { bucket, .. } | Outcome::OutsideCoverage { bucket } => Some(bucket.number()),
        _ => None,
    };
    let named = |key: &str| phase.definition.arms.iter().find(|arm| arm.key.as_str() == key);
    let arm = outcome.arm().and_then(|own| named(&own.key));
    // As doors do.
    let keeping = experiment.keeping(phase);
    let met = exposures.iter().map(|record| &record.exposure);
    let met: Vec<&Exposure> = met.filter(|one| phase.definition.keeps_arms() && one.first_us <= at_us).collect();
    let lost = keeping.lost(met.iter().copied()).cloned();
    let kept = keeping
        .kept(met)
        .filter(|met| met.phase != phase.number || arm.is_none_or(|arm| arm.key != met.arm))
        .filter(|met| engine.keeps(unit, &attributes, met.arm.as_str()).is_some());
    if let Some(kept) = kept {
        return Ok(Some(RuleSays {
            at_us,
            phase: phase.number,
            epoch: epoch.number,
            reason: Reason::Kept,
            bucket: None,
            arm: named(kept.arm.as_str()).cloned(),
            lost,
            if_targeted,
        }));
    }
    Ok(Some(RuleSays {
        at_us,
        phase: phase.number,
        epoch: epoch.number,
        reason: outcome.reason(),
        bucket,
        arm: arm.cloned(),
        lost,
        if_targeted,
    }))
}
