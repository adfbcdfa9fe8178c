//! Effects measured while the traffic moved: corrected for the weights each unit was assigned under.
//!
//! Raw means of an adaptive experiment are biased downward (an unlucky arm is starved before it recovers; −0.016 standard
//! deviations measured) and their intervals too narrow (91.5% at 95%). Every unit therefore carries the probability of
//! its arm when it was assigned. A unit that returns keeps its arm and its propensity of entry; its reward must be known
//! before the next batch, else it belongs to the batch in which it becomes known.
//!
//! *In plain words: traffic moved toward better versions while the test ran, so we use a corrected estimate.*

pub mod batches;

use crate::anytime::{Floor, FloorArm, OneSided};
use crate::contrast::Effect;
use crate::error::{Result, Undefined, computed, finite, non_negative, open_unit, positive};
use crate::special::normal;

/// One assigned unit of an experiment with any number of arms, as its exposure stored it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Unit<'a> {
    /// The arm it got, counted from 0.
    pub arm: usize,
    /// Its outcome.
    pub outcome: f64,
    /// Each arm's probability when it was assigned; above 0 and below 1.
    pub propensities: &'a [f64],
    /// Each arm's mean over *earlier* batches; 0 at the start.
    pub earlier_means: &'a [f64],
}

/// One assigned unit of a pair of arms.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Draw {
    /// Whether it got the treatment, otherwise the control.
    pub treated: bool,
    /// Its outcome.
    pub outcome: f64,
    /// The probability of the control when it was assigned; above 0.
    pub control_propensity: f64,
    /// The probability of the treatment when it was assigned; above 0. The two sum to 1, also when there are more arms: see
    /// [`Draw::between`].
    pub treatment_propensity: f64,
    /// The control's mean over *earlier* batches; 0 at the start.
    pub control_mean: f64,
    /// The treatment's mean over earlier batches.
    pub treatment_mean: f64,
}

impl Draw {
    /// A unit as a draw between two arms of several; `None` if it got another arm.
    ///
    /// Both propensities are divided by their sum: given that a unit is in the pair, those decided which arm it got. Its
    /// score then stays unbiased, and batches in which the pair got little traffic count little.
    ///
    /// # Errors
    /// An arm is not in the lists, the two are the same, a propensity is outside (0, 1), or a number is not finite.
    pub fn between(control: usize, treatment: usize, unit: &Unit<'_>) -> Result<Option<Self>> {
        if control == treatment {
            return Err(Undefined::invalid("treatment", "another arm than `control`"));
        }
        let of =
            |list: &[f64], arm: usize| list.get(arm).copied().ok_or(Undefined::invalid("arm", "within both lists"));
        let a = open_unit("propensities", of(unit.propensities, control)?)?;
        let b = open_unit("propensities", of(unit.propensities, treatment)?)?;
        let draw = Self {
            treated: unit.arm == treatment,
            outcome: finite("outcome", unit.outcome)?,
            control_propensity: a / (a + b),
            treatment_propensity: b / (a + b),
            control_mean: finite("earlier_means", of(unit.earlier_means, control)?)?,
            treatment_mean: finite("earlier_means", of(unit.earlier_means, treatment)?)?,
        };
        Ok((unit.arm == control || unit.arm == treatment).then_some(draw))
    }

    /// ψ = Γ_B − Γ_A with Γ_k = m̂_k + 1{A = k}(Y − m̂_k)/e_k: unbiased for the effect whatever the means are.
    fn score(&self) -> Result<f64> {
        let control = open_unit("control_propensity", self.control_propensity)?;
        let treatment = open_unit("treatment_propensity", self.treatment_propensity)?;
        finite("outcome", self.outcome)?;
        let base = finite("treatment_mean", self.treatment_mean)? - finite("control_mean", self.control_mean)?;
        computed(if self.treated {
            base + (self.outcome - self.treatment_mean) / treatment
        } else {
            base - (self.outcome - self.control_mean) / control
        })
    }
}

/// The augmented inverse-propensity-weighted effect: ψ̄ with its standard error. [`aipw_floored`] is for decisions.
///
/// # Errors
/// Fewer than two draws, a propensity outside (0, 1), a number that is not finite, or no variation.
pub fn aipw(draws: &[Draw]) -> Result<Effect> {
    let (mean, variance) = scores(draws)?;
    Effect::new(mean, computed((variance / draws.len() as f64).sqrt())?, draws.len() as u64)
}

/// [`aipw`] under the variance floor. Pass it to [`Sequence::interval`](crate::anytime::Sequence::interval) for an interval
/// that holds at every look (martingale form of the sequence: Waudby-Smith et al. 2024, §4). With more than two arms compare
/// each with the control through [`Draw::between`], and correct the p-values by Holm or the e-values by e-BH
/// ([`multiplicity`](crate::multiplicity)).
///
/// A starved arm has shown few of its rare values, so the scores vary less than they will: for a rate of 10% in four arms the
/// sequences without a floor missed in 11% of experiments where 5% were promised. The variance of a score is therefore taken
/// as at least the mean of `v_A/e_A + v_B/e_B` over the draws, with the unit variances of the two arms after the floor rule
/// (`floor`, from all their units so far).
///
/// # Errors
/// As [`aipw`].
pub fn aipw_floored(draws: &[Draw], floor: &Floor) -> Result<Effect> {
    let (mean, variance) = scores(draws)?;
    let of_unit = |arm: &FloorArm| arm.estimate.variance() * arm.estimate.units() as f64;
    let (control, treatment) = (of_unit(&floor.control), of_unit(&floor.treatment));
    let count = draws.len() as f64;
    let expected: f64 =
        draws.iter().map(|draw| control / draw.control_propensity + treatment / draw.treatment_propensity).sum();
    let variance = variance.max(computed(expected / count)?);
    Effect::new(mean, computed((variance / count).sqrt())?, draws.len() as u64)
}

/// Mean and sample variance of the scores.
fn scores(draws: &[Draw]) -> Result<(f64, f64)> {
    let mut scores = Running::default();
    for draw in draws {
        scores = scores.with(draw.score()?)?;
    }
    Ok((scores.mean, scores.variance()?))
}

/// The effect with adaptive weights h = √(e_A e_B): Σhψ/Σh, standard error √(Σh²(ψ − estimate)²)/Σh (Hadad, Hirshberg,
/// Zhan, Wager & Athey 2021, PNAS 118, eq. 11–13, with the weights for two arms). For one look at a planned end:
/// 94.1–94.3% coverage measured.
///
/// # Errors
/// As [`aipw`].
pub fn adaptively_weighted(draws: &[Draw]) -> Result<Effect> {
    if draws.len() < 2 {
        return Err(Undefined::TooFewUnits { have: draws.len() as u64, need: 2 });
    }
    let weight = |draw: &Draw| (draw.control_propensity * draw.treatment_propensity).sqrt();
    let (mut total, mut sum) = (0.0, 0.0);
    for draw in draws {
        sum += weight(draw) * draw.score()?;
        total += weight(draw);
    }
    let estimate = computed(sum / positive("propensity", total)?)?;
    let mut squares = 0.0;
    for draw in draws {
        let deviation = weight(draw) * (draw.score()? - estimate);
        squares += deviation * deviation;
    }
    Effect::new(estimate, computed(squares.sqrt() / total)?, draws.len() as u64)
}

/// Whether an arm has won an adaptive experiment (`STATS.md` §7.4): each of its advantages over the other arms has a lower
/// confidence bound above `−indifference`, at level α divided by their number.
///
/// `advantages` are the effects from [`aipw`] of every pair with the arm, turned so that positive is good. At every look, and
/// for any way of choosing the candidate, an arm that is worse than the best by `indifference` or more is named with
/// probability at most α.
///
/// *In plain words: we stop when one version is ahead of each other one by more than luck explains.*
///
/// # Errors
/// No advantages, `alpha` divided by their number is not between 0 and ½, `tightest_at` is not above 0, `indifference` is
/// negative or not finite, or overflow.
pub fn has_won(advantages: &[Effect], alpha: f64, tightest_at: f64, indifference: f64) -> Result<bool> {
    if advantages.is_empty() {
        return Err(Undefined::TooFewUnits { have: 0, need: 1 });
    }
    let indifference = non_negative("indifference", indifference)?;
    let sequence = OneSided::new(alpha / advantages.len() as f64, tightest_at)?;
    for advantage in advantages {
        if sequence.lower_bound(advantage)? <= -indifference {
            return Ok(false);
        }
    }
    Ok(true)
}

/// A batch in which the weights were constant: the difference of its arms' means.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Batch {
    /// Treatment minus control.
    pub difference: f64,
    /// Its standard error, above 0.
    pub standard_error: f64,
}

/// A combined estimate with the interval for one look.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Combined {
    /// The estimate.
    pub estimate: f64,
    /// Its standard error.
    pub standard_error: f64,
    /// Estimate over standard error.
    pub z: f64,
    /// Lower bound at 1 − α.
    pub lower: f64,
    /// Upper bound at 1 − α.
    pub upper: f64,
}

/// Batched ordinary least squares: each batch is standardised on its own, so its weights cannot bias the sum. Estimate
/// Σ(d/se)/Σ(1/se), standard error √T/Σ(1/se) (Zhang, Janson & Murphy 2020, NeurIPS, §4, inverted). 94–94.5% measured.
///
/// # Errors
/// No batches, a number that is not finite, a standard error not above 0, or α outside (0, 1).
pub fn batched(batches: &[Batch], alpha: f64) -> Result<Combined> {
    let critical = normal::quantile(1.0 - 0.5 * open_unit("alpha", alpha)?);
    if batches.is_empty() {
        return Err(Undefined::TooFewUnits { have: 0, need: 1 });
    }
    let (mut standardised, mut precision) = (0.0, 0.0);
    for batch in batches {
        let standard_error = positive("standard_error", batch.standard_error)?;
        standardised += finite("difference", batch.difference)? / standard_error;
        precision += 1.0 / standard_error;
    }
    let estimate = computed(standardised / computed(precision)?)?;
    let standard_error = computed((batches.len() as f64).sqrt() / precision)?;
    let z = computed(estimate / positive("standard_error", standard_error)?)?;
    let (lower, upper) = (estimate - critical * standard_error, estimate + critical * standard_error);
    Ok(Combined { estimate, standard_error, z, lower: computed(lower)?, upper: computed(upper)? })
}

/// Count, mean and sum of squared deviations (Welford 1962).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Running {
    count: u64,
    mean: f64,
    second: f64,
}

impl Running {
    /// With one more value.
    fn with(self, value: f64) -> Result<Self> {
        let count = self.count.saturating_add(1);
        let distance = value - self.mean;
        let mean = computed(self.mean + distance / count as f64)?;
        Ok(Self { count, mean, second: computed(self.second + distance * (value - mean))? })
    }

    /// With all of another (Chan, Golub & LeVeque 1979).
    fn merged(self, other: Self) -> Result<Self> {
        if self.count == 0 || other.count == 0 {
            return Ok(if self.count == 0 { other } else { self });
        }
        let count = self.count.saturating_add(other.count);
        let (own, more, all) = (self.count as f64, other.count as f64, count as f64);
        let distance = other.mean - self.mean;
        let mean = computed(self.mean + distance * (more / all))?;
        Ok(Self {
            count,
            mean,
            second: computed(self.second + other.second + distance * distance * (own * more / all))?,
        })
    }

    /// Sample variance (n − 1).
    fn variance(&self) -> Result<f64> {
        if self.count < 2 {
            return Err(Undefined::TooFewUnits { have: self.count, need: 2 });
        }
        Ok(self.second / (self.count - 1) as f64)
    }
}

/// One arm's corrected mean, for the posterior of the next batch: the average of Γ over all units of the experiment.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ArmMean(Running);

impl ArmMean {
    /// Nothing observed.
    #[must_use]
    pub const fn new() -> Self {
        Self(Running { count: 0, mean: 0.0, second: 0.0 })
    }

    /// Adds a unit of the experiment, of this arm (`outcome` is its own) or of another (`None`).
    ///
    /// `earlier_mean` is the arm's mean over earlier batches, `propensity` the arm's probability for this unit.
    ///
    /// # Errors
    /// The propensity is outside (0, 1], or a number is not finite; nothing is added then.
    pub fn insert(&mut self, outcome: Option<f64>, propensity: f64, earlier_mean: f64) -> Result<()> {
        let earlier_mean = finite("earlier_mean", earlier_mean)?;
        let propensity = positive("propensity", propensity)?;
        if propensity > 1.0 {
            return Err(Undefined::invalid("propensity", "at most 1"));
        }
        let score = match outcome {
            Some(outcome) => computed(earlier_mean + (finite("outcome", outcome)? - earlier_mean) / propensity)?,
            None => earlier_mean,
        };
        self.0 = self.0.with(score)?;
        Ok(())
    }

    /// The mean with its standard error.
    ///
    /// # Errors
    /// Fewer than two units, or no variation.
    pub fn estimate(&self) -> Result<Effect> {
        let Running { count, mean, .. } = self.0;
        Effect::new(mean, (self.0.variance()? / count as f64).sqrt(), count)
    }
}
