//! Corrections for many tests at once.
//!
//! p-values that are missing (`None`) are left out of the number of tests, and stay missing. Anytime p-values are
//! p-values at every stopping time, so Holm on them is valid too.

use crate::error::{Result, Undefined, finite, open_unit};
use crate::order;

/// A family-wise or false-discovery correction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Correction {
    /// `min(1, m·p)`. What the displayed intervals (at α/m) agree with.
    Bonferroni,
    /// Holm (1979): `max_{j≤i} min(1, (m−j+1)·p_(j))`. Family-wise, any dependence, never weaker than Bonferroni.
    Holm,
    /// Hommel (1988): family-wise under positive dependence; stronger than Holm.
    Hommel,
    /// Benjamini & Hochberg (1995): `min_{j≥i} min(1, m·p_(j)/j)`. False discovery rate under positive dependence.
    BenjaminiHochberg,
    /// Benjamini & Yekutieli (2001): the same times `Σ1/j`, for any dependence.
    BenjaminiYekutieli,
}

/// Adjusted p-values, in the order given: reject those at most α.
///
/// # Errors
/// A p-value is not in [0, 1].
pub fn adjust(correction: Correction, p: &[Option<f64>]) -> Result<Vec<Option<f64>>> {
    let mut known = Vec::with_capacity(p.len());
    for (index, value) in p.iter().enumerate() {
        let Some(value) = *value else { continue };
        if !(0.0..=1.0).contains(&finite("p", value)?) {
            return Err(Undefined::invalid("p", "between 0 and 1"));
        }
        known.push((index, value));
    }
    order::sort(&mut known, |a, b| a.1.total_cmp(&b.1).then(a.0.cmp(&b.0)));
    let sorted: Vec<f64> = known.iter().map(|(_, value)| *value).collect();
    let m = sorted.len() as f64;
    let adjusted: Vec<f64> = match correction {
        Correction::Bonferroni => sorted.iter().map(|value| (m * value).min(1.0)).collect(),
        Correction::Holm => running_max(sorted.iter().zip(0_u32..).map(|(value, i)| (m - f64::from(i)) * value)),
        Correction::Hommel => hommel(&sorted),
        Correction::BenjaminiHochberg => step_up(&sorted, 1.0),
        Correction::BenjaminiYekutieli => {
            let harmonic: f64 = (1_u32..).take(sorted.len()).map(|j| 1.0 / f64::from(j)).sum();
            step_up(&sorted, harmonic)
        }
    };
    let mut out = vec![None; p.len()];
    for ((index, _), value) in known.iter().zip(adjusted) {
        if let Some(slot) = out.get_mut(*index) {
            *slot = Some(value);
        }
    }
    Ok(out)
}

fn running_max(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut largest = 0.0_f64;
    values
        .map(|value| {
            largest = largest.max(value.min(1.0));
            largest
        })
        .collect()
}

fn step_up(sorted: &[f64], factor: f64) -> Vec<f64> {
    let m = sorted.len() as f64;
    let mut smallest = 1.0_f64;
    let mut adjusted: Vec<f64> = sorted
        .iter()
        .enumerate()
        .rev()
        .map(|(index, value)| {
            smallest = smallest.min(factor * m * value / (index + 1) as f64);
            smallest
        })
        .collect();
    adjusted.reverse();
    adjusted
}

/// Hommel's adjusted p-values: the largest, over all sizes `s` of a hypothesis set that contains the test, of the set's
/// Simes p-value (Wright 1992, appendix).
fn hommel(sorted: &[f64]) -> Vec<f64> {
    let m = sorted.len();
    let simes_all = sorted.iter().zip(1_u32..).map(|(p, i)| m as f64 * p / f64::from(i)).fold(1.0, f64::min);
    let mut adjusted: Vec<f64> = sorted.iter().map(|p| p.max(simes_all).min(1.0)).collect();
    for size in (2..m).rev() {
        let s = size as f64;
        let split = m - size + 1;
        // The least favourable set of this size: the test itself and the s − 1 largest p-values.
        let rest = sorted.iter().skip(split).zip(2_u32..).map(|(p, j)| s * p / f64::from(j)).fold(1.0, f64::min);
        let last_of_head = sorted.get(split - 1).map_or(1.0, |p| (s * p).min(rest));
        for (index, (slot, p)) in adjusted.iter_mut().zip(sorted).enumerate() {
            let candidate = if index < split { (s * p).min(rest) } else { last_of_head };
            *slot = slot.max(candidate).min(1.0);
        }
    }
    adjusted
}

/// e-BH: the indices (ascending) of the tests rejected at false discovery rate `alpha`, under any dependence.
///
/// Rejects the `k` largest e-values for the largest `k` with `E_(k) ≥ m/(k·α)`. Source: Wang & Ramdas (2022, JRSS-B 84).
/// Takes logarithms, because e-values overflow.
///
/// # Errors
/// `alpha` is not between 0 and 1, or an e-value is `NaN`.
pub fn e_benjamini_hochberg(ln_e: &[f64], alpha: f64) -> Result<Vec<usize>> {
    let alpha = open_unit("alpha", alpha)?;
    let mut order: Vec<(usize, f64)> = ln_e.iter().copied().enumerate().collect();
    if order.iter().any(|(_, value)| value.is_nan()) {
        return Err(Undefined::NonFinite { name: "ln_e" });
    }
    order::sort(&mut order, |a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    let base = libm::log(order.len().max(1) as f64) - libm::log(alpha);
    let rejected = order
        .iter()
        .zip(1_u32..)
        .filter(|((_, value), rank)| *value >= base - libm::log(f64::from(*rank)))
        .map(|(_, rank)| rank as usize)
        .max()
        .unwrap_or(0);
    let mut indices: Vec<usize> = order.iter().take(rejected).map(|(index, _)| *index).collect();
    order::sort(&mut indices, usize::cmp);
    Ok(indices)
}
