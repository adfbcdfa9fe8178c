//! Phases and epochs: what was served from when to when.

use assign::{Change, Stage};
use domain::{
    experiment::{Allocation, Arm, Epoch, Experiment, Phase, PhaseDefinition, Share, State},
    ids::ProjectId,
    time::TimeUs,
};

use super::definition::{definition, first_seed, frozen};
use crate::ServiceError;

/// By which seed a new phase deals units.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Dealing {
    /// By the seed there is.
    AsBefore,
    /// By one of its own, and nobody keeps an arm.
    Anew,
    /// By one of its own, which only newcomers and those without an arm are dealt by.
    AnewWithoutArm,
}

/// The share of eligible units that takes part now: none while paused, the ramp's while it climbs.
fn coverage(experiment: &Experiment) -> Share {
    let design = &experiment.design;
    match (experiment.state, &design.ramp, experiment.ramp) {
        (State::Running, Some(ramp), Some(progress)) => ramp.coverage(progress.step, design.coverage),
        (State::Running, ..) => design.coverage,
        _ => Share::NONE,
    }
}

/// Whether the seed of the last phase deals badly from now on: units keep their arm, and one it dealt is gone. Whoever had that arm
/// lies in one stretch of places, which need not be shared by the weights of the arms that are left.
fn is_used_up(experiment: &Experiment, last: &Phase, next: &PhaseDefinition) -> bool {
    let is_left = |arm: &Arm| next.arms.iter().any(|own| own.key == arm.key);
    let mut by_it = experiment.phases.iter().filter(|phase| phase.definition.seed == last.definition.seed);
    next.keeps_arms() && by_it.any(|phase| !phase.definition.arms.iter().all(is_left))
}

/// Closes what is open and opens the first epoch of the next phase.
fn open_phase(experiment: &mut Experiment, project: ProjectId, now: TimeUs, why: &str, dealing: Dealing) {
    let number = experiment.phase().map_or(0, |phase| phase.number.saturating_add(1));
    let first = first_seed(experiment.id);
    let own = format!("{first}.{number}");
    let (seed, kept_since) = match (experiment.phase(), dealing) {
        (None, _) => (first, None),
        (Some(phase), Dealing::AsBefore) => (phase.definition.seed.clone(), phase.definition.kept_since),
        (Some(_), Dealing::Anew) => (own, None),
        (Some(phase), Dealing::AnewWithoutArm) => (own, Some(experiment.dealt_since(phase))),
    };
    close(experiment, now);
    let first = Epoch {
        number: 0,
        from_us: now,
        to_us: None,
        why: why.to_owned(),
        coverage: coverage(experiment),
        weights: weights(experiment),
    };
    experiment.phases.push(Phase {
        number,
        from_us: now,
        to_us: None,
        why: why.to_owned(),
        definition: PhaseDefinition { kept_since, ..frozen(project, &experiment.design, seed) },
        epochs: vec![first],
    });
}

fn weights(experiment: &Experiment) -> Vec<u16> {
    experiment.design.arms.iter().map(|arm| arm.weight).collect()
}

/// Whether a phase that moves its own weights began with those the design has now: then the batches decide, not the design.
fn moves_on(experiment: &Experiment, phase: &Phase) -> bool {
    let weight = |arm: &Arm| arm.weight;
    experiment.design.allocation == Allocation::Adaptive
        && phase.definition.allocation == Allocation::Adaptive
        && phase.definition.arms.iter().map(weight).eq(experiment.design.arms.iter().map(weight))
}

/// Opens the next batch of an adaptive split: an epoch with these weights.
pub(super) fn open_batch(experiment: &mut Experiment, now: TimeUs, why: &str, weights: Vec<u16>) {
    let coverage = coverage(experiment);
    let Some(phase) = experiment.phases.last_mut() else { return };
    let number = phase.epoch().map_or(0, |epoch| epoch.number.saturating_add(1));
    if let Some(last) = phase.epochs.last_mut() {
        last.to_us.get_or_insert(now);
    }
    phase.epochs.push(Epoch { number, from_us: now, to_us: None, why: why.to_owned(), coverage, weights });
}

/// Ends the present phase and epoch: from here on nobody takes part.
pub(super) fn close(experiment: &mut Experiment, now: TimeUs) {
    if let Some(phase) = experiment.phases.last_mut().filter(|phase| phase.to_us.is_none()) {
        phase.to_us = Some(now);
        if let Some(epoch) = phase.epochs.last_mut() {
            epoch.to_us = Some(now);
        }
    }
}

/// Brings what is served up to the experiment's state, ramp and design: opens a phase or an epoch where that changes
/// something, and says which.
///
/// # Errors
/// [`ServiceError::Invalid`] for a targeting condition that is none.
pub(super) fn bring_up(
    experiment: &mut Experiment,
    project: ProjectId,
    now: TimeUs,
    why: &str,
    reshuffle: bool,
) -> Result<Change, ServiceError> {
    let Some((phase, epoch)) = experiment.phase().and_then(|phase| Some((phase, phase.epoch()?))) else {
        open_phase(experiment, project, now, why, Dealing::AsBefore);
        return Ok(Change::Phase);
    };
    // After an undone ending the last phase is closed; the same question goes on in its next epoch.
    let closed = phase.to_us.is_some();
    let next = frozen(project, &experiment.design, phase.definition.seed.clone());
    let next_coverage = coverage(experiment);
    let moves_on = moves_on(experiment, phase);
    let next_weights = if moves_on { epoch.weights.clone() } else { weights(experiment) };
    let dealing = if reshuffle {
        Dealing::Anew
    } else if is_used_up(experiment, phase, &next) {
        Dealing::AnewWithoutArm
    } else {
        Dealing::AsBefore
    };
    let stage = Stage { phase: phase.number, epoch: epoch.number };
    let before = definition(experiment, &phase.definition, epoch.coverage, &epoch.weights, stage)?;
    let after = definition(experiment, &next, next_coverage, &next_weights, stage)?;
    let change = match before.change_to(&after) {
        Change::Phase => Change::Phase,
        _ if reshuffle => Change::Phase,
        // Weights a person changed ask a new question, whoever moves them from then on.
        _ if next.allocation == Allocation::Adaptive && !moves_on => Change::Phase,
        Change::Same if closed => Change::Epoch,
        smaller => smaller,
    };
    match change {
        Change::Same => {}
        Change::Phase => open_phase(experiment, project, now, why, dealing),
        Change::Epoch => {
            let epoch = Epoch {
                number: epoch.number.saturating_add(1),
                from_us: now,
                to_us: None,
                why: why.to_owned(),
                coverage: next_coverage,
                weights: next_weights,
            };
            if let Some(phase) = experiment.phases.last_mut() {
                phase.to_us = None;
                if let Some(last) = phase.epochs.last_mut() {
                    last.to_us.get_or_insert(now);
                }
                phase.epochs.push(epoch);
            }
        }
    }
    Ok(change)
}
