use domain::experiment::{Aggregation, MetricSource, QuantileLevel};
use serde::{Deserialize, Serialize};
use stats::{
    Undefined,
    contrast::Effect,
    estimate::{ArmEstimate, MetricKind},
    moments::{Moments, Parts},
    quantile,
    sketch::{DdSketch, ScoreBins},
};

/// Units of one arm, added up for one metric. It merges and is sent to the browser.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Block {
    /// Numbers of [`stats::moments::Moments`] over units: count, those that are not 0, removals; means of value and rows
    /// (high and low part each); second and third moments.
    pub counts: [u64; 3],
    /// See `counts`.
    pub means: [f64; 4],
    /// See `counts`.
    pub second: [f64; 3],
    /// See `counts`.
    pub third: Option<[f64; 4]>,
    /// For quantiles: all rows of the arm in bins, and how sure a rank among them is.
    pub quantiles: Option<Quantiles>,
}

/// Rows of one arm, for quantiles.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Quantiles {
    /// How many values each bin holds, by bin.
    pub bins: Vec<(i32, u64)>,
    /// The standard error of the share of rows at or below the quantile, from hashed groups of units; or why there is none.
    pub rank_standard_error: Result<f64, String>,
}

/// How rows of a metric become numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Reading {
    /// A number for each unit.
    Units(MetricKind),
    /// A quantile over rows.
    Quantile(QuantileLevel),
}

impl Reading {
    /// How an aggregation is read.
    pub fn of(source: &MetricSource, how: Aggregation) -> Self {
        // Failures count as rows that are one, so counting them is adding them up.
        let sums = matches!(source, MetricSource::Errors | MetricSource::NullResponses);
        Self::Units(match how {
            Aggregation::Mean => MetricKind::MeanPerUnit,
            Aggregation::Rate => MetricKind::BinaryPerUnit,
            Aggregation::Count if sums => MetricKind::MeanPerUnit,
            Aggregation::Count => MetricKind::CountPerUnit,
            Aggregation::Ratio => MetricKind::Ratio,
            Aggregation::UnitMean => MetricKind::UnitMean,
            Aggregation::Quantile(level) => return Self::Quantile(level),
        })
    }
}

/// What one stored unit of a source counts in the metric's own unit: scores and events are kept in units of 1e-9.
pub fn scale(source: &MetricSource) -> f64 {
    match source {
        MetricSource::Score(_) | MetricSource::Event(_) => 1e-9,
        _ => 1.0,
    }
}

impl Block {
    /// From moments over units, and for quantiles their rows in bins.
    pub fn new(moments: &Parts, quantiles: Option<Quantiles>) -> Self {
        let Parts { units, nonzero, removed, mean_value, mean_rows, second, third } = *moments;
        let ([value, value_low], [rows, rows_low]) = (mean_value, mean_rows);
        Self {
            counts: [units, nonzero, u64::from(removed)],
            means: [value, value_low, rows, rows_low],
            second,
            third,
            quantiles,
        }
    }
}

impl Quantiles {
    /// From rows in bins, by hashed group of units; a bin may be named several times.
    pub fn of(groups: &[Vec<(i32, u64)>], level: QuantileLevel, scores: bool) -> Self {
        let bins = joined(groups.iter().flatten().copied());
        let error = rank_standard_error(&bins, groups, level, scores);
        Self { rank_standard_error: error.map_err(|undefined| undefined.to_string()), bins }
    }
}

/// Bins by key, each once.
fn joined(bins: impl Iterator<Item = (i32, u64)>) -> Vec<(i32, u64)> {
    let mut all: Vec<(i32, u64)> = bins.collect();
    all.sort_unstable_by_key(|(bin, _)| *bin);
    all.dedup_by(|next, held| {
        let same = next.0 == held.0;
        if same {
            held.1 = held.1.saturating_add(next.1);
        }
        same
    });
    all
}

/// The value at a share of the rows in bins.
fn at_share(bins: &[(i32, u64)], scores: bool, share: f64) -> stats::Result<f64> {
    if scores {
        return ScoreBins::new(bins.iter().copied())?.quantile(share);
    }
    let keys = bins.iter().filter_map(|(bin, count)| Some((i16::try_from(*bin).ok()?, *count)));
    DdSketch::from_bins(keys).map_err(|_| Undefined::Overflow)?.quantile(share)
}

/// The value a bin stands for, of a score's bins or of a sketch's.
pub fn bin_value(bin: i32, scores: bool) -> f64 {
    if scores {
        return stats::sketch::score_bin_value(bin);
    }
    i16::try_from(bin).map_or(f64::INFINITY, stats::sketch::value)
}

/// As `stats::quantile::Grouped` has it: the ratio variance of (rows at or below, rows) over groups.
fn rank_standard_error(
    total: &[(i32, u64)],
    groups: &[Vec<(i32, u64)>],
    level: QuantileLevel,
    scores: bool,
) -> stats::Result<f64> {
    let value = at_share(total, scores, level.share())?;
    let mut block = Moments::new();
    for group in groups.iter().filter(|group| !group.is_empty()) {
        let rows: u64 = group.iter().map(|(_, count)| count).sum();
        let below: u64 = group.iter().filter(|(bin, _)| bin_value(*bin, scores) <= value).map(|(_, count)| count).sum();
        block.insert(below as f64, rows as f64)?;
    }
    if block.units() < LEAST_GROUPS {
        return Err(Undefined::TooFewUnits { have: block.units(), need: LEAST_GROUPS });
    }
    let share = stats::estimate::ratio(&block)?;
    if share.variance() == 0.0 { Err(Undefined::NoVariation) } else { Ok(share.standard_error()) }
}

/// Groups with rows that a quantile's error needs.
const LEAST_GROUPS: u64 = 20;

impl Block {
    /// Its moments.
    ///
    /// # Errors
    /// The numbers cannot have come from a block.
    pub fn moments(&self) -> stats::Result<Moments> {
        let ([units, nonzero, removed], [value, value_low, rows, rows_low]) = (self.counts, self.means);
        Moments::from_parts(&Parts {
            units,
            nonzero,
            removed: u32::try_from(removed).unwrap_or(u32::MAX),
            mean_value: [value, value_low],
            mean_rows: [rows, rows_low],
            second: self.second,
            third: self.third,
        })
    }

    /// The quantile with the variance its interval at a critical value stands for.
    ///
    /// # Errors
    /// Why there is none yet.
    pub fn quantile(&self, level: QuantileLevel, scores: bool, critical: f64) -> Result<ArmEstimate, String> {
        let Some(quantiles) = &self.quantiles else { return Err("nothing was counted in bins".to_owned()) };
        let error = quantiles.rank_standard_error.clone()?;
        let rows = quantiles.bins.iter().map(|(_, count)| count).sum();
        let relative = stats::sketch::RELATIVE_ERROR;
        let at = |share: f64| at_share(&quantiles.bins, scores, share);
        let estimate = || -> stats::Result<ArmEstimate> {
            let value = at(level.share())?;
            let interval = quantile::bounds(level.share(), error, critical, rows, relative, at)?;
            let error = interval.width() / (2.0 * critical);
            ArmEstimate::new(value, error * error, self.counts[0].max(1))
        };
        estimate().map_err(|undefined| undefined.to_string())
    }

    /// Units in it.
    pub fn units(&self) -> u64 {
        self.counts[0]
    }
}

/// An effect's interval as two numbers.
pub(crate) fn ends(interval: stats::Interval) -> [f64; 2] {
    [interval.lower(), interval.upper()]
}

/// Whether an effect lies on the better side.
pub(crate) fn is_better(effect: &Effect, direction: stats::contrast::Direction) -> bool {
    direction.orient(*effect).estimate() > 0.0
}

impl Block {
    /// The quantile by itself, also where nothing can be said of its error.
    pub(crate) fn plain_quantile(&self, level: QuantileLevel, scores: bool) -> Option<f64> {
        let quantiles = self.quantiles.as_ref().filter(|own| !own.bins.is_empty())?;
        at_share(&quantiles.bins, scores, level.share()).ok()
    }
}
