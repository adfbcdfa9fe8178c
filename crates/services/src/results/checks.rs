//! Reasons not to trust the numbers.

use std::collections::BTreeMap;

use domain::experiment::{Experiment, Phase};
use experiment::{Check, CheckKind, CheckStatus};
use stats::{
    anytime::Sequence,
    estimate::{self, ArmEstimate},
    exact::Epoch,
    guard::{concentration, exposure, missing, sample_ratio},
    moments::Moments,
};
use store::event::{UnitBlock, Watch};

use super::{gather::Gathered, internal, moved, reading, summed::Summed};
use crate::ServiceError;

/// Share of generations of another version from which to warn, and from which the numbers say nothing.
const CONTAMINATED: (f64, f64) = (0.01, 0.2);

pub(super) fn all(
    experiment: &Experiment,
    phase: &Phase,
    watch: &Watch,
    gathered: &Gathered,
) -> Result<Vec<Check>, ServiceError> {
    let mut checks = Vec::new();
    let sum =
        |of: fn(&UnitBlock) -> i64| gathered.epochs.values().flatten().map(of).sum::<i64>().try_into().unwrap_or(0_u64);
    let (units, multiple) = (sum(|block| block.units), sum(|block| block.multiple));
    if units + multiple == 0 {
        return Ok(checks);
    }
    checks.push(split(phase, gathered)?);
    let several = exposure::multiple(multiple, units + multiple, &exposure::Limits::DEFAULT).map_err(internal)?;
    checks.push(Check::of(CheckKind::TwoArms, several.finding));
    checks.extend(contamination(phase, gathered));
    checks.extend(missing_scores(experiment, phase, watch, gathered)?);
    let mut generations: BTreeMap<u64, u64> = BTreeMap::new();
    for (rows, units) in gathered.whole.iter().flat_map(|arm| &arm.block.generations) {
        *generations.entry(*rows).or_default() += u64::try_from(*units).unwrap_or(0);
    }
    let total: u64 = generations.iter().map(|(rows, units)| rows * units).sum();
    if total > 0 {
        checks.push(Check::of(CheckKind::Concentration, concentration::check_counts(&generations).map_err(internal)?));
        let early = sum(|block| block.early);
        let finding = exposure::early_rows(early, total + early).map_err(internal)?;
        checks.push(Check::of(CheckKind::EarlyRows, finding));
    }
    let unknown = sum(|block| block.unknown);
    if unknown > 0 {
        checks.push(Check {
            kind: CheckKind::UnknownEligibility,
            status: CheckStatus::Warn,
            number: unknown as f64,
            sentence: format!(
                "{unknown} users came without the attributes the audience is chosen by; they are left out."
            ),
        });
    }
    Ok(checks)
}

/// Units by first exposure against the weights, epoch by epoch; those left out because they saw two arms are in it once more
/// and once not, and the worse of the two counts.
fn split(phase: &Phase, gathered: &Gathered) -> Result<Check, ServiceError> {
    let weights = |number: u32| -> Vec<f64> {
        let epoch = phase.epochs.iter().find(|epoch| epoch.number == number).or(phase.epochs.last());
        epoch.map(|epoch| epoch.weights.iter().map(|weight| f64::from(*weight)).collect()).unwrap_or_default()
    };
    let of = |units: fn(&UnitBlock) -> i64| {
        let counts = |arms: &Vec<UnitBlock>| arms.iter().map(|arm| u64::try_from(units(arm)).unwrap_or(0)).collect();
        let epochs: Vec<Epoch> = gathered
            .epochs
            .iter()
            .map(|(number, arms)| Epoch { counts: counts(arms), weights: weights(*number) })
            .collect();
        sample_ratio::check(&epochs, None, 1).map_err(internal)
    };
    let (all, included) = (of(|block| block.units + block.multiple)?, of(|block| block.units)?);
    let worse = if included.finding.status > all.finding.status { included } else { all };
    Ok(Check::of(CheckKind::SampleRatio, worse.finding))
}

/// Generations of another version than the one their unit's arm serves.
fn contamination(phase: &Phase, gathered: &Gathered) -> Option<Check> {
    let (mut total, mut other) = (0_u64, 0_u64);
    for (arm, served) in gathered.whole.iter().zip(&phase.definition.arms) {
        for (version, generations) in &arm.block.versions {
            let generations = u64::try_from(*generations).unwrap_or(0);
            total += generations;
            other += if *version == served.version { 0 } else { generations };
        }
    }
    if total == 0 {
        return None;
    }
    let share = other as f64 / total as f64;
    let status = if share >= CONTAMINATED.1 {
        CheckStatus::Broken
    } else if share >= CONTAMINATED.0 {
        CheckStatus::Warn
    } else {
        CheckStatus::Ok
    };
    let sentence = format!(
        "{:.1}% of generations used another version than the one assigned: stale caches, or an application that does not use \
         the assigned version.",
        100.0 * share
    );
    Some(Check { kind: CheckKind::Contamination, status, number: share, sentence })
}

/// The shares of the control and of a treatment that are scored, each batch by itself and weighed by its units: weights that move
/// would otherwise compare one day's units with another's. None before two units of each arm have come in a batch.
fn shares(batches: &[Vec<Moments>], treatment: usize) -> Option<(ArmEstimate, ArmEstimate)> {
    let mut found = Vec::new();
    for arms in batches {
        let (one, other) = (arms.first()?, arms.get(treatment)?);
        if let (Ok(control), Ok(own)) = (estimate::ratio(one), estimate::ratio(other)) {
            found.push((control, own, (one.units() + other.units()) as f64));
        }
    }
    let total: f64 = found.iter().map(|(_, _, units)| units).sum();
    if found.is_empty() {
        return None;
    }
    let pooled = |of: fn(&(ArmEstimate, ArmEstimate, f64)) -> &ArmEstimate| {
        let part = |one: &(ArmEstimate, ArmEstimate, f64)| one.2 / total;
        let value = found.iter().map(|one| part(one) * of(one).value()).sum();
        let variance = found.iter().map(|one| part(one) * part(one) * of(one).variance()).sum();
        ArmEstimate::new(value, variance, found.iter().map(|one| of(one).units()).sum()).ok()
    };
    Some((pooled(|one| &one.0)?, pooled(|one| &one.1)?))
}

/// For each score: whether the arms are scored alike. The worst finding of all.
fn missing_scores(
    experiment: &Experiment,
    phase: &Phase,
    watch: &Watch,
    gathered: &Gathered,
) -> Result<Option<Check>, ServiceError> {
    let plan = &experiment.design.plan;
    let sequence = Sequence::new(plan.alpha, 2.0 * plan.tuning_units as f64).map_err(internal)?;
    let mut worst: Option<Check> = None;
    for metric in &experiment.design.metrics {
        let definition = &metric.metric;
        let scored = |arms: &[Summed]| -> Result<Option<Vec<Moments>>, ServiceError> {
            let blocks: Option<Vec<_>> = arms.iter().map(|arm| reading::scored(definition, watch, arm)).collect();
            let moments = |blocks: Vec<_>| blocks.iter().map(Moments::from_parts).collect::<Result<_, _>>();
            blocks.map(moments).transpose().map_err(internal)
        };
        let Some(whole) = scored(&gathered.whole)? else { continue };
        let mut batches = Vec::new();
        if moved::is_adaptive(phase) {
            for (_, arms) in gathered.stretches(phase, i64::MAX) {
                batches.extend(scored(&arms)?);
            }
        } else {
            batches.push(whole);
        }
        for treatment in 1..phase.definition.arms.len() {
            // Too early to compare.
            let Some((control, treatment)) = shares(&batches, treatment) else { continue };
            let Ok(finding) = missing::scores(&control, &treatment, &sequence) else { continue };
            let check = Check::of(CheckKind::MissingScores, finding);
            if worst.as_ref().is_none_or(|held| check.status > held.status) {
                worst = Some(check);
            }
        }
    }
    Ok(worst)
}
