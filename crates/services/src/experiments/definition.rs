//! What the assignment engine is told: a phase and an epoch of an experiment as `assign` reads them.

use std::collections::BTreeMap;

use assign::{Condition, Definition, Filter, Range, Stage};
use domain::{
    experiment::{
        Allocation, ArmKey, Design, Epoch, Experiment, Phase, PhaseDefinition, SeededRanges, SeededShare, Share,
    },
    ids::{ExperimentId, ProjectId},
    problem::FieldProblem,
};

use crate::ServiceError;

/// What a design asks, frozen. Holdout and exclusion group have hashes of their own, the same for every experiment of the
/// project that has them.
pub(crate) fn frozen(project: ProjectId, design: &Design, seed: String) -> PhaseDefinition {
    PhaseDefinition {
        unit: design.unit.clone(),
        arms: design.arms.clone(),
        seed,
        kept_since: None,
        targeting: design.targeting.clone(),
        holdout: design.holdout.map(|holdout| SeededShare { seed: format!("holdout-{project}"), share: holdout.share }),
        exclusion: design.exclusion.as_ref().map(|exclusion| SeededRanges {
            seed: format!("{project}-{}", exclusion.group),
            ranges: exclusion.ranges.clone(),
        }),
        allocation: design.allocation,
        sticky: design.sticky,
    }
}

/// The seed an experiment begins with: its id, which is unique and of fixed length.
pub(super) fn first_seed(id: ExperimentId) -> String {
    id.to_string()
}

/// The experiment as it assigns in a phase and an epoch.
///
/// # Errors
/// [`ServiceError::Invalid`] for a targeting condition that is none, which no stored phase has.
pub(crate) fn at_stage(experiment: &Experiment, phase: &Phase, epoch: &Epoch) -> Result<Definition, ServiceError> {
    let stage = Stage { phase: phase.number, epoch: epoch.number };
    definition(experiment, &phase.definition, epoch.coverage, &epoch.weights, stage)
}

pub(super) fn definition(
    experiment: &Experiment,
    question: &PhaseDefinition,
    coverage: Share,
    weights: &[u16],
    stage: Stage,
) -> Result<Definition, ServiceError> {
    of_phase(experiment.key.as_str(), &experiment.design.forced, question, coverage, weights, stage)
}

/// What a phase assigns under a key, with the testers it has.
///
/// # Errors
/// As [`at_stage`].
pub(crate) fn of_phase(
    key: &str,
    testers: &BTreeMap<String, ArmKey>,
    question: &PhaseDefinition,
    coverage: Share,
    weights: &[u16],
    stage: Stage,
) -> Result<Definition, ServiceError> {
    let arm = |(arm, weight): (&domain::experiment::Arm, &u16)| assign::Arm {
        key: arm.key.to_string(),
        name: arm.title().to_owned(),
        value: arm.version.to_string(),
        weight: *weight,
    };
    let forced = testers.iter().map(|(unit, arm)| (unit.clone(), arm.to_string()));
    // An arm that was removed since forces nobody.
    let forced = forced.filter(|(_, key)| question.arms.iter().any(|arm| arm.key.as_str() == key)).collect();
    Ok(Definition {
        key: key.to_owned(),
        seed: question.seed.clone(),
        unit: question.unit.attribute().to_owned(),
        arms: question.arms.iter().zip(weights).map(arm).collect(),
        coverage: coverage.fraction(),
        condition: question.targeting.as_ref().map(|targeting| condition(&targeting.0)).transpose()?,
        holdout: question
            .holdout
            .as_ref()
            .map(|holdout| assign::Holdout { seed: holdout.seed.clone(), share: holdout.share.fraction() }),
        exclusion: question.exclusion.as_ref().map(|exclusion| Filter {
            seed: exclusion.seed.clone(),
            ranges: exclusion.ranges.iter().map(|range| Range { start: range.start, end: range.end }).collect(),
        }),
        forced,
        allocation: match question.allocation {
            Allocation::Fixed => assign::Allocation::Fixed,
            Allocation::Adaptive => assign::Allocation::Adaptive,
        },
        sticky: question.keeps_arms(),
        stage,
    })
}

/// A targeting condition; what is wrong is named by its path.
pub(crate) fn condition(json: &serde_json::Value) -> Result<Condition, ServiceError> {
    serde_path_to_error::deserialize(json).map_err(|error| {
        let path = error.path().to_string();
        let field = if path == "." { "targeting".to_owned() } else { format!("targeting.{path}") };
        ServiceError::field(field, error.inner())
    })
}

/// What the engine refuses, at the fields of the design.
pub(crate) fn refusals(problems: &assign::Problems) -> Vec<FieldProblem> {
    let named = |problem: &assign::FieldProblem| {
        let field = match problem.field.strip_prefix("condition") {
            Some(rest) => format!("targeting{rest}"),
            None => problem.field.clone(),
        };
        FieldProblem::new(field, &problem.message)
    };
    problems.fields().iter().map(named).collect()
}
