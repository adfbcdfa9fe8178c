//! Distances of two samples of numbers.

use crate::error::{Result, computed};
use crate::order::sorted;
use crate::special::kolmogorov;

/// Kolmogorov–Smirnov: sup|F − G|, with its p-value for independent rows from the distribution for ⌊nm/(n+m)⌉ values.
///
/// Returns `(distance, p_value)`. The p-value is too small when rows are clustered in units; permute units then.
///
/// # Errors
/// An empty sample, or a value that is not finite.
pub fn kolmogorov_smirnov(reference: &[f64], current: &[f64]) -> Result<(f64, f64)> {
    let mut distance = 0.0_f64;
    walk(reference, current, |f, g, _| distance = distance.max((f - g).abs()))?;
    let (n, m) = (reference.len() as f64, current.len() as f64);
    let effective = (n * m / (n + m)).round_ties_even().max(1.0);
    Ok((distance, kolmogorov::sf(effective as u64, distance)))
}

/// Wasserstein-1, ∫|F − G|: how far, in the unit of the values, rows moved on average. The effect size to show.
///
/// # Errors
/// An empty sample, a value that is not finite, or overflow.
pub fn wasserstein(reference: &[f64], current: &[f64]) -> Result<f64> {
    let mut sum = 0.0;
    walk(reference, current, |f, g, step| sum += (f - g).abs() * step)?;
    computed(sum)
}

/// Visits the distinct values in order with both distribution functions there and the distance to the next value.
fn walk(reference: &[f64], current: &[f64], mut visit: impl FnMut(f64, f64, f64)) -> Result<()> {
    let left = sorted(reference)?;
    let right = sorted(current)?;
    let (mut in_left, mut in_right) = (0, 0);
    loop {
        let next = match (left.get(in_left), right.get(in_right)) {
            (Some(&first), Some(&second)) => first.min(second),
            (Some(&only), None) | (None, Some(&only)) => only,
            (None, None) => return Ok(()),
        };
        while left.get(in_left) == Some(&next) {
            in_left += 1;
        }
        while right.get(in_right) == Some(&next) {
            in_right += 1;
        }
        let following = match (left.get(in_left), right.get(in_right)) {
            (Some(&first), Some(&second)) => first.min(second),
            (Some(&only), None) | (None, Some(&only)) => only,
            (None, None) => next,
        };
        visit(in_left as f64 / left.len() as f64, in_right as f64 / right.len() as f64, following - next);
    }
}
