//! Nonparametric sequential bounds for quantiles of independent rows (Howard & Ramdas 2022, Bernoulli 28(3)).
//!
//! Exact at every sample size and valid at every look, for any distribution. They need independent rows: offer them only
//! when the trace itself is randomized, so that the unit is the row.

use crate::error::{Result, Undefined, computed, finite, open_unit, positive};
use crate::interval::Interval;
use crate::order;
use crate::search::golden_minimum;
use crate::sketch::{DdSketch, RELATIVE_ERROR};
use crate::special::beta;

/// Spacing of the grid of quantile orders (δ), the exponent of the error spent on each epoch (s), the ratio of successive
/// epochs (η), and ζ(s).
const DELTA: f64 = 0.5;
const EXPONENT: f64 = 1.4;
const EPOCH_RATIO: f64 = 2.0;
const ZETA_OF_EXPONENT: f64 = 3.105_547_277_977_581_5;

/// How far the count of rows at or below the ν-quantile may stray above tν, at any time t: the double-stitching bound.
///
/// Formula: Howard & Ramdas 2022, Theorem 1 with the constants δ = 0.5, s = 1.4, η = 2:
/// `δ√(η t' σ²/m) + √(k₁²σ²t'ℓ + (k₂c ℓ)²) + k₂c ℓ` with t' = max(t, m), m = `tightest_at`, σ² = r(1−r), c = (1−2ν)/3 and
/// ℓ = s ln ln(ηt'/m) + s ln j + ln(2ζ(s)(2ζ(s)+1)/(α lnˢη)). The bound below tν is this one at 1 − ν. Holds for all t
/// and *all* ν at once with probability 1 − α.
///
/// # Errors
/// ν or α outside (0, 1), or `rows` or `tightest_at` not above 0.
pub fn double_stitching(nu: f64, rows: f64, alpha: f64, tightest_at: f64) -> Result<f64> {
    let nu = open_unit("nu", nu)?;
    let alpha = open_unit("alpha", alpha)?;
    let start = positive("tightest_at", tightest_at)?;
    let time = positive("rows", rows)?.max(start);
    let growth = time / start;
    let logit = libm::log(nu / (1.0 - nu));
    let order = if nu >= 0.5 {
        nu
    } else {
        // The grid's next order, no nearer to the edge than a half.
        let shifted = logit + 2.0 * DELTA * (EPOCH_RATIO / growth).sqrt();
        (1.0 / (1.0 + libm::exp(-shifted))).min(0.5)
    };
    let variance = order * (1.0 - order);
    let cell = growth.sqrt() * logit.abs() / (2.0 * DELTA) + 1.0;
    let ln_ratio = libm::log(EPOCH_RATIO);
    let spent = 2.0 * ZETA_OF_EXPONENT * (2.0 * ZETA_OF_EXPONENT + 1.0) / (alpha * libm::pow(ln_ratio, EXPONENT));
    let ell = EXPONENT * libm::log(libm::log(EPOCH_RATIO * growth)) + EXPONENT * libm::log(cell) + libm::log(spent);
    let root = EPOCH_RATIO.sqrt();
    let fourth = root.sqrt();
    // k₁² = (η^¼ + η^−¼)²/2.
    let k1_squared = 0.5 * (fourth + 1.0 / fourth) * (fourth + 1.0 / fourth);
    let skew = 0.5 * (root + 1.0) * (1.0 - 2.0 * nu) / 3.0 * ell;
    let discretisation = DELTA * (EPOCH_RATIO * growth * variance).sqrt();
    computed(discretisation + (k1_squared * variance * time * ell + skew * skew).sqrt() + skew)
}

/// An interval for the ν-quantile that holds at every look, from a sketch of independent rows.
///
/// # Errors
/// As [`double_stitching`]; [`Undefined::QuantileOutOfReach`] while a bound lies beyond the data.
pub fn interval(rows: &DdSketch, nu: f64, alpha: f64, tightest_at: f64) -> Result<Interval> {
    let count = rows.count() as f64;
    let above = double_stitching(nu, count, alpha, tightest_at)?;
    let below = double_stitching(1.0 - nu, count, alpha, tightest_at)?;
    let (low, high) = (count * nu - below, count * nu + above);
    if low < 1.0 || high > count - 1.0 {
        return Err(Undefined::QuantileOutOfReach);
    }
    let lower = rows.at_rank(low.floor() as u64)?;
    let upper = rows.at_rank(high.ceil() as u64 + 1)?;
    Interval::new(lower - RELATIVE_ERROR * lower.abs(), upper + RELATIVE_ERROR * upper.abs())
}

/// How far the whole empirical distribution function may stray from the true one at any time t ≥ `from_rows`:
/// `A √((ln(1 + ln(t/m)) + C)/t)`, a sequential Dvoretzky–Kiefer–Wolfowitz band.
///
/// Formula: Howard & Ramdas 2022, Theorem 2; C is the smallest constant whose error bound
/// `inf_η 4e^{−γ²C}(1 + 1/((γ²−1) ln η))`, γ² = (2/η)(A − √(2(η−1)/C))², is at most α. 0.85 is a good A.
///
/// # Errors
/// α outside (0, 1); A not above 1/√2 or above 10; `from_rows` below 1; `rows` below `from_rows`, where the band is not
/// defined yet.
pub fn empirical_process(rows: f64, alpha: f64, from_rows: f64, scale: f64) -> Result<f64> {
    let alpha = open_unit("alpha", alpha)?;
    let rows = finite("rows", rows)?;
    if finite("from_rows", from_rows)? < 1.0 {
        return Err(Undefined::invalid("from_rows", "at least 1"));
    }
    if rows < from_rows {
        return Err(Undefined::invalid("rows", "at least `from_rows`"));
    }
    if !(finite("scale", scale)? > core::f64::consts::FRAC_1_SQRT_2 && scale <= 10.0) {
        return Err(Undefined::invalid("scale", "above 0.7072 and at most 10"));
    }
    let constant = least_constant(alpha, scale)?;
    computed(scale * ((libm::log1p(libm::log(rows / from_rows)) + constant) / rows).sqrt())
}

/// The smallest C whose error bound is at most α; the bound falls in C.
fn least_constant(alpha: f64, scale: f64) -> Result<f64> {
    let mut high = 1.0;
    while least_error(high, scale) > alpha {
        high *= 2.0;
        if high > 1e12 {
            return Err(Undefined::Overflow);
        }
    }
    let mut low = 0.0;
    for _ in 0..80 {
        let middle = 0.5 * (low + high);
        if least_error(middle, scale) > alpha {
            low = middle;
        } else {
            high = middle;
        }
    }
    Ok(high)
}

/// The error bound at C, minimised over the epoch ratio η where γ² > 1.
fn least_error(constant: f64, scale: f64) -> f64 {
    let gamma_squared = |eta: f64| {
        let gap = scale - (2.0 * (eta - 1.0) / constant).sqrt();
        if gap <= 0.0 { 0.0 } else { 2.0 / eta * gap * gap }
    };
    // γ² falls in η from 2A² > 1: bisect to where it reaches 1.
    let (mut low, mut high) = (1.0, 2.0 * scale * scale);
    for _ in 0..80 {
        let middle = 0.5 * (low + high);
        if gamma_squared(middle) > 1.0 {
            low = middle;
        } else {
            high = middle;
        }
    }
    golden_minimum(1.0, low, |eta| {
        let squared = gamma_squared(eta);
        if squared <= 1.0 || eta <= 1.0 {
            return f64::MAX;
        }
        4.0 * libm::exp(-squared * constant) * (1.0 + 1.0 / ((squared - 1.0) * libm::log(eta)))
    })
    .1
}

/// The p-value for "both arms have the same ν-quantile", valid at every look: two beta-binomial mixtures, one an arm,
/// evaluated at the common quantile that both arms like best.
///
/// Source: Howard & Ramdas 2022, §5. `tightest_at` is the number of rows an arm at which it is sharpest, for level
/// `alpha`. Assumes independent rows.
///
/// *In plain words: the chance, if the two p95s were equal, of ever seeing the arms so far apart.*
///
/// # Errors
/// An empty arm, a value that is not finite, ν or α outside (0, 1), or `tightest_at` not above 0.
pub fn equal_quantile_p_value(
    control: &[f64],
    treatment: &[f64],
    nu: f64,
    tightest_at: f64,
    alpha: f64,
) -> Result<f64> {
    let mixture = BetaBinomial::new(nu, tightest_at, alpha)?;
    let arms = [Arm::new(control, &mixture)?, Arm::new(treatment, &mixture)?];
    // Between two neighbouring values the evidence does not change, so the values themselves are all candidates.
    let mut least = f64::MAX;
    for &candidate in arms.iter().flat_map(|arm| &arm.sorted) {
        least = least.min(arms.iter().map(|arm| arm.ln_e_at(candidate, &mixture)).sum());
    }
    Ok(libm::exp(-least).min(1.0))
}

/// The two-sided beta-binomial mixture for the share of rows at or below the true ν-quantile.
struct BetaBinomial {
    nu: f64,
    /// Prior weights of "at or below" and "above".
    prior: (f64, f64),
    ln_prior: f64,
}

impl BetaBinomial {
    fn new(nu: f64, tightest_at: f64, alpha: f64) -> Result<Self> {
        let nu = open_unit("nu", nu)?;
        let level = -2.0 * libm::log(open_unit("alpha", alpha)?);
        let variance = nu * (1.0 - nu);
        let rho = variance * positive("tightest_at", tightest_at)? / (level + libm::log1p(level));
        let weight = (rho - variance).max(1e-3 * variance);
        let prior = (weight / (1.0 - nu), weight / nu);
        Ok(Self { nu, prior, ln_prior: beta::ln_beta(prior.0, prior.1) })
    }

    /// ln E when a share of `rows` rows lies at or below the quantile.
    fn ln_e(&self, share: f64, rows: f64) -> f64 {
        let below = share * rows;
        let above = rows - below;
        beta::ln_beta(self.prior.0 + below, self.prior.1 + above)
            - self.ln_prior
            - below * libm::log(self.nu)
            - above * libm::log1p(-self.nu)
    }
}

struct Arm {
    sorted: Vec<f64>,
    /// The share at which the arm's evidence is least.
    favourite: f64,
}

impl Arm {
    fn new(values: &[f64], mixture: &BetaBinomial) -> Result<Self> {
        let sorted = order::sorted(values)?;
        let rows = sorted.len() as f64;
        let (favourite, _) = golden_minimum(0.0, 1.0, |share| mixture.ln_e(share, rows));
        Ok(Self { sorted, favourite })
    }

    /// The least evidence if the quantile were `x`: the share at or below it may be anything between the shares strictly
    /// below and at or below, and ln E is convex in it.
    fn ln_e_at(&self, x: f64, mixture: &BetaBinomial) -> f64 {
        let rows = self.sorted.len() as f64;
        let least = self.sorted.partition_point(|&value| value < x) as f64 / rows;
        let most = self.sorted.partition_point(|&value| value <= x) as f64 / rows;
        mixture.ln_e(self.favourite.clamp(least, most), rows)
    }
}
