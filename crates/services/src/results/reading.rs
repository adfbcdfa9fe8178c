//! How metrics are added up over units, and the blocks statistics are worked out from.

use std::collections::BTreeMap;

use domain::experiment::{Aggregation, Cap, MetricDefinition, MetricSource};
use experiment::{Block, Quantiles};
use stats::moments::Parts;
use store::event::{AVERAGE_UNIT, UnitCap, UnitForm, UnitMeasure, UnitReading, UnitSums, Watch, shelf_end};

use super::{exact::parts, summed::Summed};

/// Units with rows from which a percentile is something to cap by; of fewer it is their largest value.
const LEAST_CAPPED: i64 = 500;

/// How a metric's rows are added up over units.
fn form(metric: &MetricDefinition) -> UnitForm {
    // Failures count as rows that are one, so counting them is adding them up.
    let sums = matches!(metric.source, MetricSource::Errors | MetricSource::NullResponses);
    match metric.aggregation {
        Aggregation::Mean => UnitForm::Sum,
        Aggregation::Rate => UnitForm::Any,
        Aggregation::Count if sums => UnitForm::Sum,
        Aggregation::Count => UnitForm::Rows,
        Aggregation::Ratio => UnitForm::Ratio,
        Aggregation::UnitMean => UnitForm::Average,
        Aggregation::Quantile(_) => UnitForm::Bins,
    }
}

/// Where a measure stands in the sums of a watch.
pub(super) fn place(
    measures: &[UnitMeasure],
    source: &MetricSource,
    window_hours: Option<u32>,
    bins: bool,
) -> Option<u16> {
    let wanted = UnitMeasure { source: source.clone(), window_hours, bins };
    let place = measures.iter().position(|measure| *measure == wanted)?;
    u16::try_from(place).ok()
}

pub(super) fn measure_of(metric: &MetricDefinition, measures: &[UnitMeasure]) -> Option<u16> {
    let bins = matches!(metric.aggregation, Aggregation::Quantile(_));
    place(measures, &metric.source, metric.window_hours, bins)
}

/// A cap in the unit the store counts in.
fn cap(metric: &MetricDefinition) -> Option<UnitCap> {
    Some(match metric.cap? {
        Cap::Percentile(_) => UnitCap::Later,
        Cap::Value(value) => UnitCap::At((value / experiment::scale(&metric.source)).round() as i128),
    })
}

/// What shows whether a score is missing in one arm more than in another.
fn share(metric: &MetricDefinition, measures: &[UnitMeasure]) -> Option<UnitReading> {
    if !matches!(metric.source, MetricSource::Score(_)) {
        return None;
    }
    let of = place(measures, &MetricSource::Generations, metric.window_hours, false)?;
    Some(UnitReading { measure: measure_of(metric, measures)?, form: UnitForm::Share { of }, cap: None })
}

/// How units are added up for metrics: with their caps, without where somebody may want to look at it so, and what the checks
/// need.
pub(super) fn readings<'m>(
    metrics: impl Iterator<Item = &'m MetricDefinition>,
    measures: &[UnitMeasure],
) -> Vec<UnitReading> {
    let mut readings: Vec<UnitReading> = Vec::new();
    for metric in metrics {
        let Some(measure) = measure_of(metric, measures) else { continue };
        let (form, cap) = (form(metric), cap(metric));
        let mut wanted = vec![UnitReading { measure, form, cap }];
        if matches!(cap, Some(UnitCap::At(_))) {
            wanted.push(UnitReading { measure, form, cap: None });
        }
        wanted.extend(share(metric, measures));
        for reading in wanted {
            if !readings.contains(&reading) {
                readings.push(reading);
            }
        }
    }
    readings
}

/// One block for each arm.
pub(crate) fn blocks(metric: &MetricDefinition, watch: &Watch, arms: &[Summed]) -> Vec<Block> {
    blocks_among(metric, watch, arms, arms)
}

/// The same for a part of the units; a cap by a percentile is that of everybody.
pub(super) fn blocks_among(
    metric: &MetricDefinition,
    watch: &Watch,
    arms: &[Summed],
    everybody: &[Summed],
) -> Vec<Block> {
    let empty = || vec![Block::default(); arms.len()];
    let Some(measure) = measure_of(metric, &watch.measures) else { return empty() };
    let (form, cap) = (form(metric), cap(metric));
    let find = |cap| watch.readings.iter().position(|reading| *reading == UnitReading { measure, form, cap });
    // What is kept on shelves for a percentile is also everything without a cap.
    let Some(at) = find(cap).or_else(|| find(Some(UnitCap::Later)).filter(|_| cap.is_none())) else { return empty() };
    let last_shelf = match metric.cap {
        Some(Cap::Percentile(share)) => last_shelf(at, everybody, share),
        Some(Cap::Value(_)) | None => None,
    };
    let scale = match form {
        UnitForm::Any | UnitForm::Rows | UnitForm::Bins | UnitForm::Share { .. } => 1.0,
        UnitForm::Sum | UnitForm::Ratio => experiment::scale(&metric.source),
        UnitForm::Average => experiment::scale(&metric.source) * AVERAGE_UNIT,
    };
    let binned = watch.readings.iter().take(at).filter(|reading| reading.form == UnitForm::Bins).count();
    let scores = matches!(metric.source, MetricSource::Score(_));
    let block = |arm: &Summed| {
        let quantiles = match metric.aggregation {
            Aggregation::Quantile(level) => {
                Some(Quantiles::of(arm.bins.get(binned).map(Vec::as_slice).unwrap_or_default(), level, scores))
            }
            _ => None,
        };
        Block::new(&parts(&sums(arm, at, last_shelf), is_paired(form), scale), quantiles)
    };
    arms.iter().map(block).collect()
}

/// The shelf the percentile of all units with rows is on, whatever their arm; nothing while they are few.
fn last_shelf(at: usize, arms: &[Summed], share: f64) -> Option<u16> {
    let mut shelves: BTreeMap<u16, i64> = BTreeMap::new();
    for (shelf, sums) in arms.iter().filter_map(|arm| arm.block.readings.get(at)).flatten() {
        *shelves.entry(*shelf).or_default() += sums.with_rows;
    }
    let units: i64 = shelves.values().sum();
    if units < LEAST_CAPPED {
        return None;
    }
    let rank = ((units - 1) as f64 * share).ceil() as i64;
    let mut seen = 0;
    shelves.into_iter().find_map(|(shelf, units)| {
        seen += units;
        (seen > rank).then_some(shelf)
    })
}

/// All units of a reading; those above the shelf count as much as its end.
fn sums(arm: &Summed, at: usize, last_shelf: Option<u16>) -> UnitSums {
    let mut sums = UnitSums::default();
    for (shelf, own) in arm.block.readings.get(at).into_iter().flatten() {
        match last_shelf.filter(|last| shelf > last) {
            Some(last) => sums.merge(&own.capped(shelf_end(last))),
            None => sums.merge(own),
        }
    }
    sums
}

/// Units of an arm whose scores could be missing, and how many are there; nothing for metrics that are no scores.
pub(super) fn scored(metric: &MetricDefinition, watch: &Watch, arm: &Summed) -> Option<Parts> {
    let reading = share(metric, &watch.measures)?;
    let at = watch.readings.iter().position(|known| *known == reading)?;
    Some(parts(&sums(arm, at, None), true, 1.0))
}

/// Whether units have rows beside their value.
fn is_paired(form: UnitForm) -> bool {
    matches!(form, UnitForm::Ratio | UnitForm::Share { .. })
}
