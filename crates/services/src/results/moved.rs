//! Results of a split that moved: units by the batch of their first exposure, corrected for its weights.

use domain::experiment::{Allocation, Experiment, MetricDefinition, Phase};
use experiment::{Corrected, Sheet, Stretch};
use store::event::Watch;

use super::{gather::Gathered, reading, summed::Summed};

/// Why a segment says nothing.
const SEGMENT: &str = "no interval under adaptive allocation: units of a segment are not kept apart by batch";

/// Whether the weights of a phase moved by themselves.
pub(super) fn is_adaptive(phase: &Phase) -> bool {
    phase.definition.allocation == Allocation::Adaptive
}

/// Puts what is corrected for the batches that began before an instant into a sheet of everybody; nothing for a fixed split.
pub(super) fn correct(
    sheet: &mut Sheet,
    experiment: &Experiment,
    phase: &Phase,
    watch: &Watch,
    gathered: &Gathered,
    before_us: i64,
) {
    if !is_adaptive(phase) {
        return;
    }
    let batches: Vec<(Vec<f64>, Vec<Summed>)> = gathered
        .stretches(phase, before_us)
        .map(|(epoch, arms)| (epoch.weights.iter().map(|weight| f64::from(*weight)).collect(), arms))
        .collect();
    let arms = phase.definition.arms.len();
    let of = |metric: &MetricDefinition| {
        let stretches: Vec<Stretch> = batches
            .iter()
            .map(|(weights, units)| Stretch {
                weights: weights.clone(),
                arms: reading::blocks_among(metric, watch, units, &gathered.whole),
            })
            .collect();
        Corrected::of(metric, &stretches, arms)
    };
    let metrics = experiment.design.metrics.iter().enumerate();
    sheet.corrected = metrics
        .map(|(index, metric)| {
            let metric = &metric.metric;
            let uncapped = sheet.uncapped.get(index).is_some_and(Option::is_some);
            let plain = || MetricDefinition { cap: None, ..metric.clone() };
            [Some(of(metric)), uncapped.then(|| of(&plain()))]
        })
        .collect();
}

/// Says in a sheet of a segment that nothing can be told of it.
pub(super) fn silence(sheet: &mut Sheet, phase: &Phase) {
    if is_adaptive(phase) {
        let arms = phase.definition.arms.len();
        sheet.corrected = sheet.metrics.iter().map(|_| [Some(Corrected::without(arms, SEGMENT)), None]).collect();
    }
}
