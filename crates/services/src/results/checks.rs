//! Reasons not to trust the numbers.

use domain::experiment::{Experiment, MetricSource, Phase};
use experiment::{Check, CheckKind, CheckStatus};
use stats::{
    anytime::Sequence,
    estimate,
    exact::Epoch,
    guard::{concentration, exposure, missing, sample_ratio},
    moments::Moments,
};
use store::event::Watch;

use super::{
    gather::{Gathered, place},
    internal,
};
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
    if gathered.all.values().flatten().sum::<u64>() == 0 {
        return Ok(checks);
    }
    checks.push(split(phase, gathered)?);
    let included = gathered.units.len() as u64 + gathered.multiple;
    let multiple = exposure::multiple(gathered.multiple, included, &exposure::Limits::DEFAULT).map_err(internal)?;
    checks.push(Check::of(CheckKind::TwoArms, multiple.finding));
    checks.extend(contamination(phase, gathered));
    checks.extend(missing_scores(experiment, phase, watch, gathered)?);
    let rows = place(watch, &MetricSource::Generations, None, false);
    let rows_of = |unit: &super::Unit| rows.and_then(|at| unit.sums.get(at)).map_or(0, |sum| sum.rows);
    let rows: Vec<u64> = gathered.units.iter().map(rows_of).collect();
    let total: u64 = rows.iter().sum();
    if total > 0 {
        checks.push(Check::of(CheckKind::Concentration, concentration::check(&rows).map_err(internal)?));
        let early: u64 = gathered.units.iter().map(|unit| unit.early).sum();
        let finding = exposure::early_rows(early, total + early).map_err(internal)?;
        checks.push(Check::of(CheckKind::EarlyRows, finding));
    }
    if gathered.unknown > 0 {
        checks.push(Check {
            kind: CheckKind::UnknownEligibility,
            status: CheckStatus::Warn,
            number: gathered.unknown as f64,
            sentence: format!(
                "{} users came without the attributes the audience is chosen by; they are left out.",
                gathered.unknown
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
    let of = |counts: &std::collections::BTreeMap<u32, Vec<u64>>| {
        let epochs: Vec<Epoch> =
            counts.iter().map(|(number, counts)| Epoch { counts: counts.clone(), weights: weights(*number) }).collect();
        sample_ratio::check(&epochs, None, 1).map_err(internal)
    };
    let mut included = gathered.all.clone();
    included.values_mut().flatten().for_each(|count| *count = 0);
    for unit in &gathered.units {
        if let Some(count) = included.get_mut(&unit.epoch).and_then(|counts| counts.get_mut(unit.arm)) {
            *count += 1;
        }
    }
    let (all, included) = (of(&gathered.all)?, of(&included)?);
    let worse = if included.finding.status > all.finding.status { included } else { all };
    Ok(Check::of(CheckKind::SampleRatio, worse.finding))
}

/// Generations of another version than the one their unit's arm serves.
fn contamination(phase: &Phase, gathered: &Gathered) -> Option<Check> {
    let (mut total, mut other) = (0_u64, 0_u64);
    for unit in &gathered.units {
        let served = phase.definition.arms.get(unit.arm).map(|arm| arm.version);
        for (version, generations) in unit.days.iter().flat_map(|day| &day.versions) {
            total += generations;
            other += if Some(*version) == served { 0 } else { *generations };
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
        if !matches!(definition.source, MetricSource::Score(_)) {
            continue;
        }
        let bins = matches!(definition.aggregation, domain::experiment::Aggregation::Quantile(_));
        let (Some(scored), Some(all)) = (
            place(watch, &definition.source, definition.window_hours, bins),
            place(watch, &MetricSource::Generations, definition.window_hours, false),
        ) else {
            continue;
        };
        let mut arms = vec![Moments::new(); phase.definition.arms.len()];
        for unit in &gathered.units {
            let rows = |at: usize| unit.sums.get(at).map_or(0, |sum| sum.rows) as f64;
            if let Some(block) = arms.get_mut(unit.arm).filter(|_| rows(all) > 0.0) {
                block.insert(rows(scored), rows(all)).map_err(internal)?;
            }
        }
        let Some((control, treatments)) = arms.split_first() else { continue };
        for treatment in treatments {
            // Too early to compare.
            let (Ok(control), Ok(treatment)) = (estimate::ratio(control), estimate::ratio(treatment)) else { continue };
            let Ok(finding) = missing::scores(&control, &treatment, &sequence) else { continue };
            let check = Check::of(CheckKind::MissingScores, finding);
            if worst.as_ref().is_none_or(|held| check.status > held.status) {
                worst = Some(check);
            }
        }
    }
    Ok(worst)
}
