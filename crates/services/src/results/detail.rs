//! One metric in detail: how it stood at every look, how its values are spread, whether the effect changes with time.

use domain::{
    auth::{Actor, Permission},
    experiment::{Aggregation, Direction, Eligibility, MetricDefinition, MetricSource},
    ids::ProjectId,
};
use experiment::Reading;
use stats::{
    contrast::{self, Effect},
    estimate::MetricKind,
    guard::novelty,
    moments::Moments,
};
use store::event::{UnitDay, UnitMeasure, UnitSum};

use super::{DAY_US, Look, Results, ServiceError, internal, moved, phase_of, totals, watch_of};
use crate::context::authorize;

/// Units read at once.
const PAGE: u32 = 5_000;
/// Most units a distribution is drawn of: as many as they are, more of them would not move a line.
const MOST_UNITS: usize = 200_000;
/// Bars of a distribution.
const BARS: usize = 24;
/// Quantiles shown of each arm.
pub const QUANTILES: [f64; 6] = [0.1, 0.25, 0.5, 0.75, 0.9, 0.99];
/// Days since the first exposure that are looked at together: from, to (exclusive), the middle the trend is fitted at.
const AGES: [(i64, i64, f64); 5] = [(0, 1, 0.0), (1, 3, 1.5), (3, 7, 4.5), (7, 14, 10.0), (14, i64::MAX, 14.0)];

/// One metric in detail.
#[derive(Clone, Debug, PartialEq)]
pub struct Detail {
    /// How it stood at the end of each day, as [`Results::looks`] has it: only this metric, in all of them.
    pub looks: Vec<Look>,
    /// Place of the metric among those of the design.
    pub metric: usize,
    /// How its values are spread.
    pub spread: Option<Spread>,
    /// The effect by time since the first exposure, one entry for each treatment.
    pub ages: Vec<Ages>,
}

/// How values are spread, by arm.
#[derive(Clone, Debug, PartialEq)]
pub struct Spread {
    /// Whether a value is one of a row (for quantiles) rather than of a unit.
    pub of_rows: bool,
    /// Lower end of the first bar and width of a bar, in the metric's own unit.
    pub from: f64,
    /// See `from`.
    pub width: f64,
    /// For each arm the share of its values in every bar; the last one holds everything above, too.
    pub bars: Vec<Vec<f64>>,
    /// For each arm its [`QUANTILES`]; nothing for one without values.
    pub quantiles: Vec<Vec<f64>>,
}

/// An effect by time since the first exposure.
#[derive(Clone, Debug, PartialEq)]
pub struct Ages {
    /// First day, last day (none: no end), difference and its standard error in the metric's own unit, units of both arms.
    pub steps: Vec<(i64, Option<i64>, f64, f64, u64)>,
    /// Whether the effect fades or grows, in words; nothing before there are two steps.
    pub finding: Option<stats::guard::Finding>,
}

impl Results {
    /// One metric in detail.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`] without the experiment, the phase or the metric.
    pub async fn detail(
        &self,
        actor: &Actor,
        project: ProjectId,
        key: &str,
        phase: Option<u32>,
        metric: &str,
    ) -> Result<Detail, ServiceError> {
        authorize(actor, project, Permission::Read)?;
        let experiment = self.find(project, key).await?;
        let found = experiment.design.metrics.iter().position(|own| own.metric.key.as_str() == metric);
        let at = found.ok_or_else(|| ServiceError::NotFound {
            entity: "metric of the experiment",
            id: metric.chars().take(200).collect(),
        })?;
        let looks = self.looks(actor, project, key, phase).await?;
        let phase = phase_of(&experiment, phase)?;
        let watch = watch_of(&experiment, phase);
        let arms = &phase.definition.arms;
        let mut units = Vec::new();
        let mut after: Option<String> = None;
        while units.len() < MOST_UNITS {
            let page = self.context.events.units(project, experiment.id, phase.number, after.as_deref(), PAGE).await?;
            let is_last = page.len() < PAGE as usize;
            after = page.last().map(|unit| unit.exposed.exposure.unit.clone());
            for record in page {
                let exposure = &record.exposed.exposure;
                let counts = !record.exposed.multiple && exposure.eligibility != Eligibility::Unknown;
                let arm = arms.iter().position(|arm| arm.key == exposure.arm).filter(|_| counts);
                let Some(arm) = arm else { continue };
                let first = exposure.first_us.0.div_euclid(DAY_US);
                let mut sums = totals(&record);
                // A unit that did nothing has a sum of every measure all the same.
                sums.resize(watch.measures.len(), UnitSum::default());
                units.push(Unit { arm, first, sums, days: record.state.map(|state| state.days).unwrap_or_default() });
            }
            if is_last {
                break;
            }
        }
        let (arms, is_adaptive) = (arms.len(), moved::is_adaptive(phase));
        let Some(definition) = experiment.design.metrics.get(at).map(|own| own.metric.clone()) else {
            return Ok(Detail { looks, metric: at, spread: None, ages: Vec::new() });
        };
        let work = move || {
            if is_adaptive {
                // Raw values of arms whose shares moved compare units of different times.
                return Ok(Detail { looks, metric: at, spread: None, ages: Vec::new() });
            }
            let spread = spread(&definition, &watch.measures, &units, arms)?;
            let ages = by_age(&definition, &watch.measures, &units, arms)?;
            Ok::<_, ServiceError>(Detail { looks, metric: at, spread, ages })
        };
        tokio::task::spawn_blocking(work).await.map_err(|cause| ServiceError::Internal(Box::new(cause)))?
    }
}

/// A unit in the analysis.
struct Unit {
    arm: usize,
    /// The day of its first exposure, in days since 1970.
    first: i64,
    days: Vec<UnitDay>,
    /// All days together.
    sums: Vec<UnitSum>,
}

/// Where a measure stands in the sums.
fn place(measures: &[UnitMeasure], metric: &MetricDefinition) -> Option<usize> {
    let bins = matches!(metric.aggregation, Aggregation::Quantile(_));
    let wanted = UnitMeasure { source: metric.source.clone(), window_hours: metric.window_hours, bins };
    measures.iter().position(|measure| *measure == wanted)
}

/// Values of an arm with how many there are of each, smallest first.
type Weighed = Vec<(f64, u64)>;

fn spread(
    metric: &MetricDefinition,
    measures: &[UnitMeasure],
    units: &[Unit],
    arms: usize,
) -> Result<Option<Spread>, ServiceError> {
    let Some(at) = place(measures, metric) else { return Ok(None) };
    let reading = Reading::of(&metric.source, metric.aggregation);
    // Of a share of units there is nothing to spread.
    if metric.aggregation == Aggregation::Rate {
        return Ok(None);
    }
    let scale = experiment::scale(&metric.source);
    let mut values: Vec<Weighed> = vec![Vec::new(); arms];
    for unit in units {
        let (Some(held), sum) = (values.get_mut(unit.arm), unit.sums.get(at)) else { continue };
        let (total, rows) = sum.map_or((0.0, 0), |sum| (sum.sum as f64 * scale, sum.rows));
        match reading {
            Reading::Quantile(_) => {
                let scores = matches!(metric.source, MetricSource::Score(_));
                let bins = sum.map_or(&[][..], |sum| &sum.bins);
                held.extend(bins.iter().map(|(bin, count)| (experiment::bin_value(*bin, scores), *count)));
            }
            Reading::Units(kind) => {
                if let Some((value, rows)) = kind.reduce(total, rows).map_err(internal)? {
                    held.push((if rows > 0.0 { value / rows } else { value }, 1));
                }
            }
        }
    }
    for held in &mut values {
        held.sort_unstable_by(|one, other| one.0.total_cmp(&other.0));
    }
    let mut all: Weighed = values.concat();
    all.sort_unstable_by(|one, other| one.0.total_cmp(&other.0));
    let (Some((least, _)), Some(most)) = (all.first().copied(), quantile(&all, 0.99)) else { return Ok(None) };
    let width = if most > least { (most - least) / BARS as f64 } else { 1.0 };
    let bars = values.iter().map(|held| {
        let total: u64 = held.iter().map(|(_, count)| count).sum();
        let mut bars = vec![0.0; BARS];
        for (value, count) in held {
            let bar = (((value - least) / width).max(0.0) as usize).min(BARS - 1);
            if let Some(share) = bars.get_mut(bar) {
                *share += *count as f64 / total.max(1) as f64;
            }
        }
        bars
    });
    let bars = bars.collect();
    let quantiles = |held: &Weighed| QUANTILES.iter().filter_map(|share| quantile(held, *share)).collect();
    Ok(Some(Spread {
        of_rows: matches!(reading, Reading::Quantile(_)),
        from: least,
        width,
        bars,
        quantiles: values.iter().map(quantiles).collect(),
    }))
}

/// The smallest value with at least this share of all at or below it.
fn quantile(sorted: &[(f64, u64)], share: f64) -> Option<f64> {
    let total: u64 = sorted.iter().map(|(_, count)| count).sum();
    let wanted = (share * total as f64).ceil().max(1.0) as u64;
    let mut seen = 0;
    sorted.iter().find_map(|(value, count)| {
        seen += count;
        (seen >= wanted).then_some(*value)
    })
}

fn by_age(
    metric: &MetricDefinition,
    measures: &[UnitMeasure],
    units: &[Unit],
    arms: usize,
) -> Result<Vec<Ages>, ServiceError> {
    let Reading::Units(kind) = Reading::of(&metric.source, metric.aggregation) else { return Ok(Vec::new()) };
    let Some(at) = place(measures, metric) else { return Ok(Vec::new()) };
    let scale = experiment::scale(&metric.source);
    let last = units.iter().filter_map(|unit| unit.days.last()).map(|day| day.day).max().unwrap_or(0);
    let mut ages: Vec<Ages> = vec![Ages { steps: Vec::new(), finding: None }; arms.saturating_sub(1)];
    let mut buckets: Vec<Vec<novelty::Bucket>> = vec![Vec::new(); arms.saturating_sub(1)];
    for (from, to, middle) in AGES {
        let mut blocks = vec![Moments::new(); arms];
        for unit in units {
            let first = unit.first;
            // Units that have not come so far yet would count as if they had done nothing.
            if first.saturating_add(from) > last {
                continue;
            }
            let own = unit.days.iter().filter(|day| (from..to).contains(&(day.day - first)));
            let (sum, rows) = own
                .filter_map(|day| day.sums.get(at))
                .fold((0.0, 0), |(sum, rows), one| (sum + one.sum as f64 * scale, rows + one.rows));
            if let (Some(block), Some((value, rows))) =
                (blocks.get_mut(unit.arm), kind.reduce(sum, rows).map_err(internal)?)
            {
                block.insert(value, rows).map_err(internal)?;
            }
        }
        let Some((control, others)) = blocks.split_first() else { continue };
        for ((treatment, ages), buckets) in others.iter().zip(&mut ages).zip(&mut buckets) {
            let Some(effect) = difference(kind, control, treatment) else { continue };
            let until = (to != i64::MAX).then_some(to - 1);
            ages.steps.push((from, until, effect.estimate(), effect.standard_error(), effect.units()));
            buckets.push(novelty::Bucket { day: middle, effect });
        }
    }
    let towards = match metric.direction {
        Direction::Higher => contrast::Direction::HigherIsBetter,
        Direction::Lower => contrast::Direction::LowerIsBetter,
    };
    for (ages, buckets) in ages.iter_mut().zip(buckets) {
        let oriented = |bucket: novelty::Bucket| novelty::Bucket { effect: towards.orient(bucket.effect), ..bucket };
        let buckets: Vec<novelty::Bucket> = buckets.into_iter().map(oriented).collect();
        ages.finding = novelty::check(&buckets).ok().map(|novelty| novelty.finding);
    }
    Ok(ages)
}

/// Units an arm from which a step of time is looked at.
const LEAST: u64 = 20;

fn difference(kind: MetricKind, control: &Moments, treatment: &Moments) -> Option<Effect> {
    if control.units() < LEAST || treatment.units() < LEAST {
        return None;
    }
    contrast::absolute(&kind.estimate(control).ok()?, &kind.estimate(treatment).ok()?).ok()
}
