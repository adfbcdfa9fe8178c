//! The corrected estimates from blocks: within a batch the weights and the earlier means stand still, so that a batch's
//! moments say everything about the scores of its units.

use super::Running;
use crate::anytime::Floor;
use crate::contrast::Effect;
use crate::error::{Result, Undefined, computed, non_negative, positive};
use crate::estimate::ArmEstimate;
use crate::moments::Moments;

/// Units of an arm from which the mean over its earlier batches is used; of fewer it would be noise of its own.
const LEAST_EARLIER: u64 = 20;

/// Units that were assigned while the weights stood still.
#[derive(Clone, Debug, PartialEq)]
pub struct Batch {
    /// Each arm's weight, above 0 for an arm that has units; they need not sum to 1.
    pub weights: Vec<f64>,
    /// Each arm's units, with what is known of them by now.
    pub arms: Vec<Moments>,
}

/// A pair of arms, corrected. The two estimates are to be taken as independent: their difference has the effect's
/// standard error, and the parts of it are what each arm adds in large samples.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pair {
    /// The control.
    pub control: ArmEstimate,
    /// The treatment.
    pub treatment: ArmEstimate,
}

/// What is used as the arms' expected outcomes in a batch.
#[derive(Clone, Copy)]
struct Centre {
    /// The control's, the treatment's.
    means: [f64; 2],
    /// What deviations from it are multiplied with.
    stretch: f64,
}

/// A batch seen by a pair of arms.
struct Seen<'b> {
    arms: [&'b Moments; 2],
    shares: [f64; 2],
    centre: Centre,
    units: f64,
}

/// The pair's effect by [`aipw_floored`](super::aipw_floored), worked out from blocks: for sequences, at any look.
///
/// A batch is centred at the mean each arm had in earlier batches. Where an arm had fewer than 20 units by then, as in the first
/// batch, every unit is centred at the mean of the pair's *other* units of its batch, which is as independent of the unit's own
/// arm as an earlier mean is. (With 0 in its place the first batch of a metric whose mean is five times its deviation would
/// weigh 26 times as much noise as any other.)
///
/// # Errors
/// Fewer than two units, an arm without a weight or not in the lists, no variation, overflow.
pub fn pair(batches: &[Batch], control: usize, treatment: usize, floor: &Floor) -> Result<Pair> {
    let seen = seen(batches, control, treatment)?;
    let mut scores = Running::default();
    let mut parts = Parts::default();
    for one in &seen {
        for cell in one.cells()? {
            scores = scores.merged(cell)?;
        }
        parts.add(one, floor, one.units)?;
    }
    let variance = scores.variance()?.max(computed(parts.variances()?.iter().sum())?);
    parts.pair(scores.mean, variance / scores.count as f64, [control, treatment], batches)
}

/// The pair's effect by [`adaptively_weighted`](super::adaptively_weighted), worked out from blocks: for one look at a planned
/// end. Centred as in [`pair()`].
///
/// # Errors
/// As [`pair()`].
pub fn pair_once(batches: &[Batch], control: usize, treatment: usize, floor: &Floor) -> Result<Pair> {
    let seen = seen(batches, control, treatment)?;
    let weight = |one: &Seen<'_>| (one.shares[0] * one.shares[1]).sqrt();
    let (mut total, mut sum, mut parts) = (0.0, 0.0, Parts::default());
    for one in &seen {
        for cell in one.cells()? {
            sum += weight(one) * cell.count as f64 * cell.mean;
        }
        total += weight(one) * one.units;
        parts.add(one, floor, weight(one) * one.units)?;
    }
    let estimate = computed(sum / positive("units", total)?)?;
    let mut squares = 0.0;
    for one in &seen {
        for cell in one.cells()? {
            let away = cell.mean - estimate;
            squares += weight(one) * weight(one) * (cell.second + cell.count as f64 * away * away);
        }
    }
    parts.pair(estimate, computed(squares / total / total)?, [control, treatment], batches)
}

/// One arm's corrected mean over the units of all arms, for the posterior of the next batch: [`ArmMean`](super::ArmMean) from
/// blocks. `unit_variance` is the least a unit of the arm is taken to vary.
///
/// # Errors
/// Fewer than two units, an arm without a weight or not in the lists, overflow.
pub fn arm(batches: &[Batch], arm: usize, unit_variance: f64) -> Result<ArmEstimate> {
    let unit_variance = non_negative("unit_variance", unit_variance)?;
    let (mut scores, mut earlier, mut expected) = (Running::default(), Moments::new(), 0.0);
    for batch in batches {
        let all = batch.arms.iter().try_fold(Moments::new(), |sum, arm| sum.merge(arm))?;
        if all.units() == 0 {
            continue;
        }
        let own = batch.arms.get(arm).ok_or(Undefined::invalid("arm", "within both lists"))?;
        let share = share(batch, arm, batch.weights.iter().sum())?;
        let (mean, stretch) = if earlier.units() >= LEAST_EARLIER {
            (earlier.mean_value(), 1.0)
        } else {
            (all.mean_value(), stretch(all.units()))
        };
        let scale = stretch / share;
        let others = Running { count: all.units() - own.units(), mean, second: 0.0 };
        let own_scores = Running {
            count: own.units(),
            mean: computed(mean + scale * (own.mean_value() - mean))?,
            second: computed(scale * scale * squares(own)?)?,
        };
        scores = scores.merged(own_scores)?.merged(others)?;
        expected += all.units() as f64 * unit_variance / share;
        earlier = earlier.merge(own)?;
    }
    let count = scores.count as f64;
    let variance = scores.variance()?.max(computed(expected / count)?);
    ArmEstimate::new(scores.mean, computed(variance / count)?, earlier.units())
}

/// What the arms of a pair add to its effect.
#[derive(Default)]
struct Parts {
    weight: f64,
    control: f64,
    spread: [f64; 2],
}

impl Parts {
    fn add(&mut self, seen: &Seen<'_>, floor: &Floor, weight: f64) -> Result<()> {
        let [control, _] = seen.arms;
        let [mean, _] = seen.centre.means;
        let [share, _] = seen.shares;
        let own = control.units() as f64 / seen.units * seen.centre.stretch * (control.mean_value() - mean) / share;
        self.control += weight * computed(mean + if control.units() == 0 { 0.0 } else { own })?;
        for ((spread, arm), share) in self.spread.iter_mut().zip([&floor.control, &floor.treatment]).zip(seen.shares) {
            *spread += weight * arm.estimate.variance() * arm.estimate.units() as f64 / share;
        }
        self.weight += weight;
        Ok(())
    }

    /// The variance of a score that each arm is expected to add.
    fn variances(&self) -> Result<[f64; 2]> {
        let [control, treatment] = self.spread;
        let weight = positive("units", self.weight)?;
        Ok([computed(control / weight)?, computed(treatment / weight)?])
    }

    fn pair(&self, effect: f64, variance: f64, arms: [usize; 2], batches: &[Batch]) -> Result<Pair> {
        // Refuses what has no variation.
        Effect::new(effect, computed(variance.sqrt())?, 0)?;
        let [control, treatment] = self.variances()?;
        let part = if control + treatment > 0.0 { control / (control + treatment) } else { 0.5 };
        let value = computed(self.control / self.weight)?;
        let units =
            arms.map(|arm| batches.iter().filter_map(|batch| batch.arms.get(arm)).map(Moments::units).sum::<u64>());
        let [control_units, treatment_units] = units;
        Ok(Pair {
            control: ArmEstimate::new(value, part * variance, control_units)?,
            treatment: ArmEstimate::new(computed(value + effect)?, (1.0 - part) * variance, treatment_units)?,
        })
    }
}

impl Seen<'_> {
    /// The scores ψ of the control's units and of the treatment's.
    fn cells(&self) -> Result<[Running; 2]> {
        let [control_mean, treatment_mean] = self.centre.means;
        let base = treatment_mean - control_mean;
        let cell = |arm: &Moments, mean: f64, scale: f64| -> Result<Running> {
            if arm.units() == 0 {
                return Ok(Running::default());
            }
            let scale = scale * self.centre.stretch;
            Ok(Running {
                count: arm.units(),
                mean: computed(base + scale * (arm.mean_value() - mean))?,
                second: computed(scale * scale * squares(arm)?)?,
            })
        };
        let ([control, treatment], [of_control, of_treatment]) = (self.arms, self.shares);
        Ok([cell(control, control_mean, -1.0 / of_control)?, cell(treatment, treatment_mean, 1.0 / of_treatment)?])
    }
}

/// Every batch with units of the pair, in order, with what was known before it.
fn seen(batches: &[Batch], control: usize, treatment: usize) -> Result<Vec<Seen<'_>>> {
    if control == treatment {
        return Err(Undefined::invalid("treatment", "another arm than `control`"));
    }
    let mut earlier = [Moments::new(), Moments::new()];
    let mut found = Vec::with_capacity(batches.len());
    for batch in batches {
        let of = |arm: usize| batch.arms.get(arm).ok_or(Undefined::invalid("arm", "within both lists"));
        let arms = [of(control)?, of(treatment)?];
        let all = arms[0].merge(arms[1])?;
        if all.units() == 0 {
            continue;
        }
        let weight = |arm: usize| batch.weights.get(arm).copied().unwrap_or(0.0);
        let total = weight(control) + weight(treatment);
        let centre = if earlier.iter().all(|arm| arm.units() >= LEAST_EARLIER) {
            Centre { means: [earlier[0].mean_value(), earlier[1].mean_value()], stretch: 1.0 }
        } else {
            Centre { means: [all.mean_value(); 2], stretch: stretch(all.units()) }
        };
        let shares = [share(batch, control, total)?, share(batch, treatment, total)?];
        found.push(Seen { arms, shares, centre, units: all.units() as f64 });
        earlier = [earlier[0].merge(arms[0])?, earlier[1].merge(arms[1])?];
    }
    Ok(found)
}

fn share(batch: &Batch, arm: usize, total: f64) -> Result<f64> {
    let weight = batch.weights.get(arm).copied().ok_or(Undefined::invalid("arm", "within both lists"))?;
    Ok(positive("weights", weight)? / positive("weights", total)?)
}

/// A deviation from the mean of the others is this many deviations from the mean of all.
fn stretch(units: u64) -> f64 {
    if units < 2 { 1.0 } else { units as f64 / (units - 1) as f64 }
}

/// The sum of squared deviations.
fn squares(arm: &Moments) -> Result<f64> {
    if arm.units() < 2 { Ok(0.0) } else { Ok(arm.variance_value()? * (arm.units() - 1) as f64) }
}
