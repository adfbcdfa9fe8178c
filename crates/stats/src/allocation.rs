//! How much traffic each arm gets when picking the best quickly matters more than a textbook comparison.
//!
//! Everything is quadrature or bisection, nothing is Monte Carlo: the same posteriors give the same weights to the bit.
//! Opt-in and batched: change weights at most every max(1 h, 200 units), stay uniform until each arm has 100 units, store
//! every exposure's propensity, and analyse with [`adaptive`](crate::adaptive), never with raw means.
//!
//! *In plain words: traffic moves toward versions that look better, but every version keeps a little.*

use crate::error::{Result, Undefined, finite, positive};
use crate::search::golden_minimum;
use crate::special::normal;

/// Points of the quadrature on each arm's ± 8 standard deviations.
const STEPS: usize = 4_000;

/// An arm's posterior: normal, with a mean in the direction "higher is better" and a standard deviation above 0.
///
/// Take the mean from the corrected estimate ([`ArmMean`](crate::adaptive::ArmMean)) and the variance from clustered
/// units. For lower-is-better metrics pass the negated mean.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Posterior {
    mean: f64,
    deviation: f64,
}

impl Posterior {
    /// N(`mean`, `deviation`²).
    ///
    /// # Errors
    /// A number is not finite, or the deviation is not above 0.
    pub fn new(mean: f64, deviation: f64) -> Result<Self> {
        Ok(Self { mean: finite("mean", mean)?, deviation: positive("deviation", deviation)? })
    }

    /// The mean.
    pub const fn mean(&self) -> f64 {
        self.mean
    }

    /// The standard deviation.
    pub const fn deviation(&self) -> f64 {
        self.deviation
    }
}

/// Each arm's chances of being the best and the second best. Both sum to 1.
#[derive(Clone, Debug, PartialEq)]
pub struct Ranking {
    /// P(arm k is the best).
    pub best: Vec<f64>,
    /// P(arm k is the second best).
    pub second: Vec<f64>,
}

impl Ranking {
    /// Top-two Thompson sampling with β = ½: the weight of an arm is the mean of its chances of being best and second
    /// best (Russo 2020, Oper. Res. 68; the randomisation averaged out). Sums to 1.
    #[must_use]
    pub fn top_two_weights(&self) -> Vec<f64> {
        self.best.iter().zip(&self.second).map(|(best, second)| 0.5 * (best + second)).collect()
    }

    /// What moves traffic: [`Self::top_two_weights`], or for two arms their chances of being the best. One of two arms is always
    /// the second best where the other is the best, so that top-two sampling would leave them at a half for ever.
    #[must_use]
    pub fn weights(&self) -> Vec<f64> {
        if self.best.len() == 2 { self.best.clone() } else { self.top_two_weights() }
    }
}

/// P(best) and P(second best) of independent normal posteriors.
///
/// `P(best = k) = ∫ φ_k(x) Π_{j≠k} Φ_j(x) dx`, and `P(second = k) = ∫ φ_k(x) Σ_{l≠k} (1 − Φ_l(x)) Π_{j≠k,l} Φ_j(x) dx`, by
/// Simpson's rule over m_k ± 8 s_k, split at the other arms' means so that each piece is smooth on its own scale. The
/// results are scaled to sum to 1.
///
/// # Errors
/// Fewer than two arms; deviations so different that the quadrature cannot see both (a factor above 10⁹).
pub fn rank_arms(arms: &[Posterior]) -> Result<Ranking> {
    if arms.len() < 2 {
        return Err(Undefined::TooFewUnits { have: arms.len() as u64, need: 2 });
    }
    let mut best = Vec::with_capacity(arms.len());
    let mut second = Vec::with_capacity(arms.len());
    for index in 0..arms.len() {
        let (first_chance, second_chance) = chances(arms, index);
        best.push(first_chance);
        second.push(second_chance);
    }
    Ok(Ranking { best: scaled(best)?, second: scaled(second)? })
}

/// The two integrals of one arm, in units of its own deviation.
fn chances(arms: &[Posterior], index: usize) -> (f64, f64) {
    const REACH: f64 = 8.0;
    let Some(own) = arms.get(index) else {
        return (0.0, 0.0);
    };
    let others = || arms.iter().enumerate().filter(move |&(other, _)| other != index).map(|(_, arm)| arm);
    // Where another arm's distribution function rises, in own units: its mean and a few of its deviations around it.
    let mut cuts = vec![-REACH, REACH];
    for other in others() {
        for offset in [-6.0, -2.0, 0.0, 2.0, 6.0] {
            let cut = (other.mean - own.mean) / own.deviation + offset * (other.deviation / own.deviation);
            if cut.abs() < REACH {
                cuts.push(cut);
            }
        }
    }
    cuts.sort_unstable_by(f64::total_cmp);
    let mut totals = (0.0, 0.0);
    let pieces = cuts.len() - 1;
    let steps = (STEPS / pieces).clamp(16, 400) & !1;
    for (&from, &to) in cuts.iter().zip(cuts.iter().skip(1)) {
        let width = (to - from) / steps as f64;
        for step in 0..=steps {
            let u = from + width * step as f64;
            let weight = if step == 0 || step == steps {
                1.0
            } else if step % 2 == 1 {
                4.0
            } else {
                2.0
            };
            let density = normal::pdf(u) * weight * width / 3.0;
            if density > 0.0 {
                let (all, all_but_one) = products(others(), own.mean + own.deviation * u);
                totals.0 += density * all;
                totals.1 += density * all_but_one;
            }
        }
    }
    totals
}

/// P(all others ≤ x) and P(all others but one ≤ x), updated arm by arm so that nothing is divided.
fn products<'a>(others: impl Iterator<Item = &'a Posterior>, x: f64) -> (f64, f64) {
    let (mut all, mut all_but_one) = (1.0, 0.0);
    for other in others {
        let z = (x - other.mean) / other.deviation;
        let (below, above) = normal::both_tails(z);
        all_but_one = all_but_one * below + all * above;
        all *= below;
    }
    (all, all_but_one)
}

fn scaled(mut chances: Vec<f64>) -> Result<Vec<f64>> {
    let total: f64 = chances.iter().sum();
    // The integrals sum to 1 but for quadrature error; far from it they are not to be trusted.
    if !(0.999..1.001).contains(&total) {
        return Err(Undefined::PrecisionLost);
    }
    for chance in &mut chances {
        *chance /= total;
    }
    Ok(chances)
}

/// The share every arm keeps unless somebody says otherwise: max(0.02, 0.1/K), at most 1/K.
#[must_use]
pub fn usual_floor(arms: usize) -> f64 {
    let arms = arms.max(1) as f64;
    (0.1 / arms).max(0.02).min(1.0 / arms)
}

/// [`with_floor_of`] the [`usual_floor`].
///
/// # Errors
/// As [`with_floor_of`].
pub fn with_floor(weights: &[f64]) -> Result<Vec<f64>> {
    with_floor_of(weights, usual_floor(weights.len()))
}

/// Mixes weights with a floor, so that every arm keeps being observed: `w = floor + (1 − K·floor)·w̃`.
///
/// The floor bounds the variance of the corrected estimates: no unit counts more than 1/floor times.
///
/// # Errors
/// No weights, one that is negative or not finite, or all zero; the floor is not above 0, or above 1/K.
pub fn with_floor_of(weights: &[f64], floor: f64) -> Result<Vec<f64>> {
    let mut total = 0.0;
    for &weight in weights {
        if finite("weights", weight)? < 0.0 {
            return Err(Undefined::invalid("weights", "at least 0"));
        }
        total += weight;
    }
    let total = positive("weights", total)?;
    let arms = weights.len() as f64;
    if positive("floor", floor)? * arms > 1.0 + 1e-9 {
        return Err(Undefined::invalid("floor", "at most 1 divided by the number of arms"));
    }
    Ok(weights.iter().map(|weight| floor + (1.0 - arms * floor).max(0.0) * (weight / total)).collect())
}

/// The weights that find the best arm soonest, and how fast.
#[derive(Clone, Debug, PartialEq)]
pub struct TrackAndStop {
    /// Shares of traffic; they sum to 1.
    pub weights: Vec<f64>,
    /// The evidence against the nearest rival gained a unit, in nats.
    pub rate: f64,
}

/// Track-and-stop for arms with their own variances: `w* = argmax_w min_{j≠b} (m_b − m_j)²/(2(σ_b²/w_b + σ_j²/w_j))`
/// (Garivier & Kaufmann 2016, COLT, Theorem 1 for Gaussian arms).
///
/// `means` in the direction "higher is better", `variances` those of a unit. At the optimum all rivals gain evidence at
/// one rate g; for a given w_b each w_j follows from g, g from Σw = 1 by bisection, and w_b by golden section. Gaps are
/// floored at a thousandth of the mean deviation, so that ties get finite weights.
///
/// # Errors
/// Fewer than two arms, lists of different length, a number that is not finite, a variance not above 0, or values so far
/// apart that the weights cannot be told from 0.
pub fn track_and_stop(means: &[f64], variances: &[f64]) -> Result<TrackAndStop> {
    if means.len() < 2 {
        return Err(Undefined::TooFewUnits { have: means.len() as u64, need: 2 });
    }
    if means.len() != variances.len() {
        return Err(Undefined::invalid("variances", "as long as `means`"));
    }
    for (&mean, &variance) in means.iter().zip(variances) {
        finite("means", mean)?;
        positive("variances", variance)?;
    }
    let mean_variance = variances.iter().fold(0.0, |sum, variance| sum + variance / means.len() as f64);
    let best = (0..).zip(means).max_by(|left, right| left.1.total_cmp(right.1).then(right.0.cmp(&left.0)));
    let (best, top) = best.map_or((0_usize, 0.0), |(index, &mean)| (index, mean));
    let own = variances.get(best).copied().unwrap_or(mean_variance);
    // Squared gap and variance of each rival, both in units of the mean variance.
    let rivals: Vec<(usize, f64, f64)> = (0..)
        .zip(means.iter().zip(variances))
        .filter(|&(index, _)| index != best)
        .map(|(index, (mean, variance))| {
            let gap = (top - mean) / mean_variance.sqrt();
            (index, (gap * gap).max(1e-6), variance / mean_variance)
        })
        .collect();
    let own = own / mean_variance;
    let smallest = rivals.iter().map(|rival| rival.1).fold(f64::MAX, f64::min);
    if !own.is_finite() || !smallest.is_finite() || rivals.iter().any(|rival| !rival.1.is_finite()) {
        return Err(Undefined::PrecisionLost);
    }

    let rate_at = |share: f64| common_rate(&rivals, own, share, smallest);
    let (share, negated) = golden_minimum(1e-9, 1.0 - 1e-9, |share| -rate_at(share));
    let rate = -negated;
    let mut weights = vec![0.0; means.len()];
    for &(index, gap_squared, variance) in &rivals {
        if let Some(weight) = weights.get_mut(index) {
            *weight = variance / (gap_squared / rate - own / share);
        }
    }
    if let Some(weight) = weights.get_mut(best) {
        *weight = share;
    }
    let total: f64 = weights.iter().sum();
    if weights.iter().any(|weight| !weight.is_finite() || *weight < 0.0) || !total.is_finite() || total <= 0.0 {
        return Err(Undefined::PrecisionLost);
    }
    for weight in &mut weights {
        *weight /= total;
    }
    Ok(TrackAndStop { weights, rate: 0.5 * rate })
}

/// The largest g for which Σ_j σ_j²/(Δ_j²/g − σ_b²/w_b) fits into 1 − w_b.
fn common_rate(rivals: &[(usize, f64, f64)], own: f64, share: f64, smallest: f64) -> f64 {
    let needed = |rate: f64| {
        let mut sum = 0.0;
        for &(_, gap_squared, variance) in rivals {
            let room = gap_squared / rate - own / share;
            if room <= 0.0 {
                return f64::INFINITY;
            }
            sum += variance / room;
        }
        sum
    };
    let (mut low, mut high) = (0.0, smallest * share / own);
    for _ in 0..100 {
        let middle = 0.5 * (low + high);
        if needed(middle) > 1.0 - share {
            high = middle;
        } else {
            low = middle;
        }
    }
    low
}
