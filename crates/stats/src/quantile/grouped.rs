//! Cluster-robust quantiles from grouped sketches.

use crate::anytime::Sequence;
use crate::contrast::Effect;
use crate::error::{Result, Undefined, open_unit, positive};
use crate::estimate;
use crate::interval::Interval;
use crate::moments::Moments;
use crate::sketch::{DdSketch, RELATIVE_ERROR};
use crate::special::student;

/// Fewest non-empty groups whose spread says how well a quantile is known.
const LEAST_GROUPS: u64 = 20;

/// Rows that must lie beyond the quantile on the thinner side, on top of the square of the critical value.
const MARGIN: f64 = 5.0;

/// One arm's sketches by unit group, days merged.
///
/// Assumes that units are independent and that the group is a hash of the unit under a salt of its own. 256 groups give
/// intervals as wide as those from the units themselves within 0.5%, 64 groups 1.5% wider.
#[derive(Clone, Debug, PartialEq)]
pub struct Grouped {
    total: DdSketch,
    groups: Vec<DdSketch>,
}

/// A quantile with its uncertainty.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct QuantileEstimate {
    /// The quantile, within 1%.
    pub value: f64,
    /// Where the true quantile plausibly lies.
    pub interval: Interval,
    /// The interval's width divided by twice its critical value.
    pub standard_error: f64,
    /// The standard error of the share of rows at or below the quantile: σ.
    pub rank_standard_error: f64,
    /// ν(1−ν)/σ²: how many independent rows would say as much.
    pub effective_rows: f64,
}

impl Grouped {
    /// From one sketch a group, empty ones included or not.
    ///
    /// # Errors
    /// [`Undefined::Overflow`] when the counts exceed 64 bits.
    pub fn new(groups: Vec<DdSketch>) -> Result<Self> {
        let total = DdSketch::merged(&groups).map_err(|_| Undefined::Overflow)?;
        Ok(Self { total, groups })
    }

    /// All rows of the arm.
    pub const fn total(&self) -> &DdSketch {
        &self.total
    }

    /// The ν-quantile with an interval for one look at a planned time, at level 1 − α.
    ///
    /// *In plain words: 95% of answers took less than 4.2 s, and we are 95% sure the true figure is between 4.0 and
    /// 4.5 s, if you look only once.*
    ///
    /// # Errors
    /// * [`Undefined::TooFewUnits`]: fewer than 20 groups have rows.
    /// * [`Undefined::QuantileOutOfReach`]: "not enough data for p99 yet".
    /// * [`Undefined::TooFewDistinctValues`]: the values lie on a grid; use the mean or a share.
    /// * [`Undefined::NoVariation`], [`Undefined::InvalidInput`].
    pub fn fixed(&self, nu: f64, alpha: f64) -> Result<QuantileEstimate> {
        let alpha = open_unit("alpha", alpha)?;
        let (value, rank_standard_error, groups) = self.locate(nu)?;
        let critical = student::quantile(1.0 - 0.5 * alpha, groups as f64 - 1.0);
        self.bounds(nu, value, rank_standard_error, critical)
    }

    /// The ν-quantile with an interval that holds at every look: the critical value is the sequence's.
    ///
    /// `units` are those of both compared arms together, as everywhere in a [`Sequence`]. Asymptotic in the number of
    /// units, like the sequence itself; the quantile is treated as the root of a mean.
    ///
    /// # Errors
    /// As [`fixed`](Self::fixed); p99 needs about 1,450 effective rows instead of 900.
    pub fn anytime(&self, nu: f64, sequence: &Sequence, units: u64) -> Result<QuantileEstimate> {
        let (value, rank_standard_error, _) = self.locate(nu)?;
        self.bounds(nu, value, rank_standard_error, sequence.critical_value(units)?)
    }

    /// q̂, σ and the number of non-empty groups. σ² is the ratio variance of (rows ≤ q̂, rows) over groups (Deng, Knoblich
    /// & Lu 2018, §4; bucketing: Chamandy, Muralidharan, Najmi & Naidu 2012).
    fn locate(&self, nu: f64) -> Result<(f64, f64, u64)> {
        let value = self.total.quantile(open_unit("nu", nu)?)?;
        let mut block = Moments::new();
        for group in self.groups.iter().filter(|group| !group.is_empty()) {
            block.insert(group.rank(value)?, group.count() as f64)?;
        }
        if block.units() < LEAST_GROUPS {
            return Err(Undefined::TooFewUnits { have: block.units(), need: LEAST_GROUPS });
        }
        let share = estimate::ratio(&block)?;
        if share.variance() == 0.0 {
            return Err(Undefined::NoVariation);
        }
        Ok((value, share.standard_error(), block.units()))
    }

    fn bounds(&self, nu: f64, value: f64, rank_standard_error: f64, critical: f64) -> Result<QuantileEstimate> {
        let rows = self.total.count();
        let interval =
            bounds(nu, rank_standard_error, critical, rows, RELATIVE_ERROR, |share| self.total.quantile(share))?;
        let effective_rows = nu * (1.0 - nu) / (rank_standard_error * rank_standard_error);
        let standard_error = interval.width() / (2.0 * critical);
        Ok(QuantileEstimate { value, interval, standard_error, rank_standard_error, effective_rows })
    }
}

/// An interval for the ν-quantile of `rows` values when the share of rows at or below it has a known standard error σ: the
/// quantiles at `ν ∓ critical·σ`, widened by the `relative_error` with which `quantile` answers (0 when it is exact).
///
/// σ comes from unit groups ([`Grouped`]), or from a design effect measured on a larger set.
/// Source: Woodruff (1952); with clusters Francisco & Fuller (1991).
///
/// # Errors
/// * [`Undefined::QuantileOutOfReach`]: "not enough data for p99 yet".
/// * [`Undefined::TooFewDistinctValues`]: the values lie on a grid; use the mean or a share.
/// * [`Undefined::InvalidInput`]; as `quantile`.
pub fn bounds(
    nu: f64,
    rank_standard_error: f64,
    critical: f64,
    rows: u64,
    relative_error: f64,
    quantile: impl Fn(f64) -> Result<f64>,
) -> Result<Interval> {
    let nu = open_unit("nu", nu)?;
    let sigma = positive("rank_standard_error", rank_standard_error)?;
    let effective_rows = nu * (1.0 - nu) / (sigma * sigma);
    let (low, high) = (nu - critical * sigma, nu + critical * sigma);
    let reachable = low > 0.0 && high < 1.0 - 1.0 / rows as f64;
    if !reachable || effective_rows * nu.min(1.0 - nu) < critical * critical + MARGIN {
        return Err(Undefined::QuantileOutOfReach);
    }
    let (lower, upper) = (quantile(low)?, quantile(high)?);
    if lower >= upper {
        return Err(Undefined::TooFewDistinctValues);
    }
    Interval::new(lower - relative_error * lower.abs(), upper + relative_error * upper.abs())
}

/// The difference of two arms' quantiles, treatment minus control: the arms are independent, so the variances add.
///
/// Pass both arms at the same critical value; `units` are those of both arms.
///
/// # Errors
/// As [`Effect::new`].
pub fn difference(control: &QuantileEstimate, treatment: &QuantileEstimate, units: u64) -> Result<Effect> {
    let standard_error = libm::hypot(control.standard_error, treatment.standard_error);
    Effect::new(treatment.value - control.value, standard_error, units)
}
