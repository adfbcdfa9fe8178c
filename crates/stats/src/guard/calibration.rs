//! A/A calibration: does the engine keep its promise on this project's own data?

use super::{Finding, Status, percent};
use crate::error::{Result, Undefined, computed, finite, open_unit};
use crate::fixed::Proportion;
use crate::interval::Interval;
use crate::special::{gamma, kolmogorov};

/// Kolmogorov–Smirnov p-value below which to warn.
const KS_ALPHA: f64 = 0.001;

/// How fixed-horizon p-values of re-randomized A/A halves behave; promised is uniform.
#[derive(Clone, Debug, PartialEq)]
pub struct Calibration {
    /// Largest distance between their distribution and the uniform one.
    pub ks: f64,
    /// Its exact p-value.
    pub ks_p: f64,
    /// Chi-square of the counts in ten equal bins.
    pub decile_chi_square: f64,
    /// Its p-value (9 degrees of freedom).
    pub decile_p: f64,
    /// Share of p-values below α.
    pub false_positive_rate: f64,
    /// Clopper & Pearson's 95% interval of that share.
    pub interval: Interval,
    /// The verdict: warns when the interval excludes α or the distribution is far from uniform.
    pub finding: Finding,
}

/// Judges the p-values of A/A comparisons in which **units** (never rows) were re-randomized with fresh salts.
///
/// # Errors
/// No p-values, one outside [0, 1], `alpha` not between 0 and 1.
pub fn calibrate(p_values: &[f64], alpha: f64) -> Result<Calibration> {
    let alpha = open_unit("alpha", alpha)?;
    let mut sorted = p_values.to_vec();
    for p in &sorted {
        if !(0.0..=1.0).contains(&finite("p_values", *p)?) {
            return Err(Undefined::invalid("p_values", "between 0 and 1"));
        }
    }
    sorted.sort_unstable_by(f64::total_cmp);
    let count = sorted.len() as u64;
    let n = count as f64;
    let (mut ks, mut below) = (0.0_f64, 0.0);
    let mut deciles = [0_u32; 10];
    for p in &sorted {
        ks = ks.max(p - below / n).max((below + 1.0) / n - p);
        below += 1.0;
        if let Some(slot) = deciles.get_mut(((p * 10.0) as usize).min(9)) {
            *slot += 1;
        }
    }
    let positives = Proportion::new(sorted.iter().filter(|p| **p < alpha).count() as u64, count)?;
    let expected = n / 10.0;
    let chi: f64 = deciles.iter().map(|seen| (f64::from(*seen) - expected) * (f64::from(*seen) - expected)).sum();
    let decile_chi_square = computed(chi / expected)?;
    let interval = positives.clopper_pearson(0.05)?;
    let ks_p = kolmogorov::sf(count, ks);
    let status = if interval.contains(alpha) && ks_p >= KS_ALPHA { Status::Ok } else { Status::Warn };
    let rate = positives.share();
    let sentence = format!(
        "We shuffled your own data {count} times: {} false alarms ({} promised).",
        percent(rate),
        percent(alpha)
    );
    Ok(Calibration {
        ks,
        ks_p,
        decile_chi_square,
        decile_p: gamma::upper_regularized(4.5, 0.5 * decile_chi_square),
        false_positive_rate: rate,
        interval,
        finding: Finding::new(status, rate, sentence),
    })
}

/// Judges the confidence sequence on the same shuffles: `significant` of `shuffles` were significant at some look.
/// Warns when the 95% interval of that share lies above `alpha`; being below is the price of looking daily, not a fault.
///
/// # Errors
/// No shuffles, more significant ones than shuffles, `alpha` not between 0 and 1.
pub fn sequence(significant: u64, shuffles: u64, alpha: f64) -> Result<Finding> {
    let alpha = open_unit("alpha", alpha)?;
    let share = Proportion::new(significant, shuffles)?;
    let status = if share.clopper_pearson(0.05)?.lower() > alpha { Status::Warn } else { Status::Ok };
    let sentence = format!(
        "Looking every day, {} of {shuffles} shuffles were ever called a difference (at most {} promised).",
        percent(share.share()),
        percent(alpha)
    );
    Ok(Finding::new(status, share.share(), sentence))
}
