//! The exact anytime-valid test of binary outcomes: which version did each success come from?
//!
//! Under equal rates, even if they drift over time, each success belongs to the treatment with probability `w`, the share
//! of units assigned to it. No asymptotics; valid from the first event. Source: Lindon & Malek (2022, arXiv 2011.03567).
//! Requires randomized, independent assignment with known constant `w`; when weights change, start an [`Epoch`]. It leads
//! over the asymptotic sequence while either arm has fewer than 25 successes or 25 failures.

use crate::error::{Result, Undefined, computed, non_negative, open_unit, positive};
use crate::fixed::Proportion;
use crate::interval::Interval;
use crate::special::{beta, gamma};

/// Concentrations of the default equal-weight mixture for success labels. A single one is fragile.
pub const CONCENTRATIONS: [f64; 4] = [2.0, 10.0, 50.0, 200.0];
/// Successes or failures in either arm below which the exact test leads.
const LEADS_BELOW: u64 = 25;

/// Whether the exact test leads over the asymptotic sequence: while either arm has fewer than 25 successes or 25 failures.
pub fn leads(control: &Proportion, treatment: &Proportion) -> bool {
    let few = |arm: &Proportion| arm.successes().min(arm.units() - arm.successes()) < LEADS_BELOW;
    few(control) || few(treatment)
}

/// `ln` of the Dirichlet-multinomial e-value that `counts` fell with probabilities `weights`:
/// `lnΒ(κw + n) − lnΒ(κw) − Σ n_k ln w_k`, averaged over the concentrations κ with equal weights.
///
/// Weights are renormalised. This one formula serves success labels, K arms, and sample ratio mismatch.
///
/// # Errors
/// Fewer than 2 counts, lists of different lengths, a weight or concentration not above 0, no concentration.
pub fn ln_e_counts(counts: &[u64], weights: &[f64], concentrations: &[f64]) -> Result<f64> {
    if counts.len() != weights.len() {
        return Err(Undefined::invalid("weights", "as many as `counts`"));
    }
    if counts.len() < 2 {
        return Err(Undefined::TooFewUnits { have: counts.len() as u64, need: 2 });
    }
    let mut total = 0.0;
    for weight in weights {
        total += positive("weight", *weight)?;
    }
    let total = computed(total)?;
    let units: f64 = counts.iter().map(|count| *count as f64).sum();
    let mut logs = Vec::with_capacity(concentrations.len());
    for concentration in concentrations {
        logs.push(ln_e_single(counts, weights, total, units, positive("concentration", *concentration)?)?);
    }
    computed(ln_mean_exp(&logs).ok_or(Undefined::invalid("concentrations", "at least one"))?)
}

/// One concentration, with the Stirling forms of all gamma functions collected so that no two large terms meet:
/// `Σ e_k·((1+u_k) ln(1+u_k) − u_k)` with `e_k = (κ+N)w_k`, `u_k = (n_k − N·w_k)/e_k`, plus logarithms and Stirling's
/// corrections. Correct to 1e-12 at millions of units, where the textbook form loses nine digits.
fn ln_e_single(counts: &[u64], weights: &[f64], total: f64, units: f64, concentration: f64) -> Result<f64> {
    let grown = concentration + units;
    let mut sum = 0.5 * libm::log1p(units / concentration) - gamma::stirling_correction(grown)
        + gamma::stirling_correction(concentration);
    for (count, weight) in counts.iter().zip(weights) {
        let weight = weight / total;
        let own = positive("weight", concentration * weight)?;
        let count = *count as f64;
        let expected = grown * weight;
        let gap = libm::fma(-units, weight, count) / expected;
        let divergence = gap * gap - (1.0 + gap) * gamma::excess_over_log(gap);
        sum += expected * divergence - 0.5 * libm::log1p(count / own) + gamma::stirling_correction(own + count)
            - gamma::stirling_correction(own);
    }
    computed(sum)
}

/// A stretch of time with constant weights.
#[derive(Clone, Debug, PartialEq)]
pub struct Epoch {
    /// Successes (or units) per arm.
    pub counts: Vec<u64>,
    /// Shares of units assigned to each arm.
    pub weights: Vec<f64>,
}

/// `ln` of the evidence over epochs. Epochs of equal weights are one, however often the weights came back; those of different
/// weights are multiplied, each with a prior started afresh. A prior costs evidence each time, which many short epochs never win
/// back, so that product is averaged with the evidence for one arm getting more or less than its weight in *all* epochs alike:
/// under the plan each unit falls by its own epoch's weights, so both are e-processes, and so is their mean.
///
/// # Errors
/// As [`ln_e_counts`].
pub fn ln_e_epochs(epochs: &[Epoch], concentrations: &[f64]) -> Result<f64> {
    let mut apart: Vec<Epoch> = Vec::new();
    for epoch in epochs {
        match apart.iter_mut().find(|known| known.splits_as(epoch)) {
            Some(known) => {
                for (count, more) in known.counts.iter_mut().zip(&epoch.counts) {
                    *count = count.saturating_add(*more);
                }
            }
            None => apart.push(epoch.clone()),
        }
    }
    let mut product = 0.0;
    for epoch in &apart {
        product += ln_e_counts(&epoch.counts, &epoch.weights, concentrations)?;
    }
    let arms = apart.first().map_or(0, |epoch| epoch.counts.len());
    if apart.len() < 2 || apart.iter().any(|epoch| epoch.counts.len() != arms) {
        return computed(product);
    }
    let tilted = ln_e_tilts(&apart, arms).unwrap_or(product);
    computed(ln_mean_exp(&[product, tilted]).unwrap_or(product))
}

/// How many times its weight an arm is thought to get; and as many times less.
const TILTS: [f64; 8] = [0.3, 0.5, 0.7, 0.8, 0.85, 0.9, 0.95, 0.98];

/// `ln` of the likelihood of one arm getting a multiple of its weight in all epochs, against the weights as they are, averaged
/// over arms and multiples.
fn ln_e_tilts(epochs: &[Epoch], arms: usize) -> Option<f64> {
    let ratios = TILTS.iter().flat_map(|ratio| [*ratio, 1.0 / ratio]);
    let mut logs = Vec::with_capacity(arms * TILTS.len() * 2);
    for ratio in ratios {
        for arm in 0..arms {
            let log: f64 = epochs
                .iter()
                .filter_map(|epoch| {
                    let whole: f64 = epoch.weights.iter().sum();
                    let share = epoch.weights.get(arm)? / whole;
                    let units = epoch.counts.iter().copied().fold(0, u64::saturating_add) as f64;
                    let own = *epoch.counts.get(arm)? as f64;
                    Some(own * libm::log(ratio) - units * libm::log1p(share * (ratio - 1.0)))
                })
                .sum();
            logs.push(log);
        }
    }
    ln_mean_exp(&logs)
}

impl Epoch {
    /// Whether units are dealt by the same shares.
    fn splits_as(&self, other: &Self) -> bool {
        let shares = |epoch: &Self| -> Vec<f64> {
            let whole: f64 = epoch.weights.iter().sum();
            epoch.weights.iter().map(|weight| weight / whole).collect()
        };
        self.counts.len() == other.counts.len()
            && self.weights.len() == other.weights.len()
            && shares(self).iter().zip(shares(other)).all(|(one, other)| (one - other).abs() < 1e-12)
    }
}

/// Successes of two arms and the share of units assigned to the treatment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SuccessLabels {
    control: u64,
    treatment: u64,
    share: f64,
}

impl SuccessLabels {
    /// Successes (first success per unit) of both arms; `share` of all units is assigned to the treatment.
    ///
    /// # Errors
    /// `share` is not between 0 and 1.
    pub fn new(control: u64, treatment: u64, share: f64) -> Result<Self> {
        Ok(Self { control, treatment, share: open_unit("share", share)? })
    }

    /// Log evidence against equal rates, mixed over the concentrations.
    ///
    /// # Errors
    /// No concentration, or one not above 0.
    pub fn ln_e(&self, concentrations: &[f64]) -> Result<f64> {
        ln_e_counts(&[self.control, self.treatment], &[1.0 - self.share, self.share], concentrations)
    }

    /// `min(1, 1/E)`.
    ///
    /// # Errors
    /// As [`SuccessLabels::ln_e`].
    pub fn p_value(&self, concentrations: &[f64]) -> Result<f64> {
        Ok(libm::exp(-self.ln_e(concentrations)?).min(1.0))
    }

    /// Confidence sequence for the probability that a success belongs to the treatment.
    ///
    /// # Errors
    /// As [`SuccessLabels::ln_e`]; `alpha` is not between 0 and 1.
    pub fn label_interval(&self, concentrations: &[f64], alpha: f64) -> Result<Interval> {
        let (lower, complement) = self.ends(concentrations, alpha)?;
        Interval::new(lower, 1.0 - complement)
    }

    /// The ratio of the two success rates, treatment to control: `+∞` when only the treatment has successes.
    ///
    /// # Errors
    /// No successes at all.
    pub fn rate_ratio(&self) -> Result<f64> {
        if self.control == 0 && self.treatment == 0 {
            return Err(Undefined::TooFewUnits { have: 0, need: 1 });
        }
        if self.control == 0 {
            return Ok(f64::INFINITY);
        }
        computed(self.treatment as f64 / self.control as f64 * self.odds_of_control())
    }

    /// Confidence sequence for the rate ratio; the lift is the ratio less 1. An end may be 0 or `+∞`.
    ///
    /// # Errors
    /// As [`SuccessLabels::label_interval`].
    pub fn rate_ratio_interval(&self, concentrations: &[f64], alpha: f64) -> Result<Interval> {
        let (lower, complement) = self.ends(concentrations, alpha)?;
        let odds = self.odds_of_control();
        let low = lower / (1.0 - lower) * odds;
        let high = if complement == 0.0 { f64::INFINITY } else { (1.0 - complement) / complement * odds };
        Interval::new(low.min(high), high)
    }

    fn odds_of_control(&self) -> f64 {
        (1.0 - self.share) / self.share
    }

    /// The lower end of the label probability, and 1 − its upper end (so that neither loses digits).
    fn ends(&self, concentrations: &[f64], alpha: f64) -> Result<(f64, f64)> {
        let alpha = open_unit("alpha", alpha)?;
        let (a, b) = (self.control as f64, self.treatment as f64);
        // E(p) = constant·p^{−s_B}(1 − p)^{−s_A}: one constant serves every p, also for the mixture.
        let at_share = b * libm::log(self.share) + a * libm::log1p(-self.share);
        let level = self.ln_e(concentrations)? + at_share + libm::log(alpha);
        Ok((lower_root(b, a, level), lower_root(a, b, level)))
    }
}

/// The smaller `p` with `s ln p + f ln(1 − p) = level`, by bisection on `ln p`; 0 when `s = 0`.
fn lower_root(successes: f64, failures: f64, level: f64) -> f64 {
    if successes == 0.0 {
        return 0.0;
    }
    let log_likelihood = |x: f64| {
        let rest = if failures == 0.0 { 0.0 } else { failures * libm::log(-libm::expm1(x)) };
        successes * x + rest
    };
    let mut high = libm::log(successes / (successes + failures));
    let mut low = -745.0_f64;
    if log_likelihood(low) >= level {
        return 0.0;
    }
    for _ in 0..200 {
        let middle = 0.5 * (low + high);
        if middle <= low || middle >= high {
            break;
        }
        if log_likelihood(middle) < level { low = middle } else { high = middle }
    }
    libm::exp(low)
}

/// Confidence sequence for one arm's rate (beta-binomial mixture, Howard et al. 2021; confseq's tuning): every `p` at
/// which the e-value of `successes` against success probability `p`, with prior strength `t_opt/(2 ln(1/α) + ln(1 + 2
/// ln(1/α))) − 1`, stays below `1/alpha`.
///
/// # Errors
/// More successes than units, no units, `t_opt` not above 0, an error level not between 0 and 1.
pub fn rate_interval(successes: u64, units: u64, alpha: f64, t_opt: f64, alpha_opt: f64) -> Result<Interval> {
    if units == 0 {
        return Err(Undefined::TooFewUnits { have: 0, need: 1 });
    }
    let Some(failures) = units.checked_sub(successes) else {
        return Err(Undefined::invalid("successes", "at most `units`"));
    };
    let target = -libm::log(open_unit("alpha", alpha)?);
    let twice = -2.0 * libm::log(open_unit("alpha_opt", alpha_opt)?);
    let strength = (positive("t_opt", t_opt)? / (twice + libm::log1p(twice)) - 1.0).max(1e-3);
    let (s, f) = (successes as f64, failures as f64);
    // ln E at p: the prior Beta(p·strength, (1 − p)·strength) moves with p.
    let excess = |p: f64, q: f64| {
        let (a, b) = (p * strength, q * strength);
        beta::ln_beta(a + s, b + f) - beta::ln_beta(a, b) - s * libm::log(p) - f * libm::log(q) - target
    };
    let end = |best: f64, side: &dyn Fn(f64) -> f64| {
        // From the estimate outwards to 0, where the evidence is infinite unless there were no events.
        let (mut low, mut high) = (0.0_f64, best);
        for _ in 0..1_100 {
            let middle = 0.5 * (low + high);
            if middle <= low || middle >= high || middle < 1e-300 {
                break;
            }
            if side(middle) > 0.0 { low = middle } else { high = middle }
        }
        low
    };
    let share = s / units as f64;
    let lower = if successes == 0 { 0.0 } else { end(share, &|p| excess(p, 1.0 - p)) };
    let upper = if failures == 0 { 1.0 } else { 1.0 - end(1.0 - share, &|q| excess(1.0 - q, q)) };
    Interval::new(lower, non_negative("upper", upper)?.max(lower))
}

/// `ln` of the mean of exponentials, `None` for an empty list.
pub(crate) fn ln_mean_exp(logs: &[f64]) -> Option<f64> {
    let largest = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if logs.is_empty() {
        return None;
    }
    if largest.is_infinite() {
        return Some(largest);
    }
    let sum: f64 = logs.iter().map(|log| libm::exp(log - largest)).sum();
    Some(largest + libm::log(sum / logs.len() as f64))
}
