//! Effects per segment: exploration, heterogeneity, and Simpson's paradox.

use super::{Finding, Status};
use crate::contrast::Effect;
use crate::error::{Result, Undefined, computed};
use crate::multiplicity::{Correction, adjust};
use crate::special::{gamma, normal};

/// Error level of the check that arms mix alike over segments.
const MIX_ALPHA: f64 = 0.001;

/// Whether the effect differs between segments.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Heterogeneity {
    /// The inverse-variance mean of the effects.
    pub common: Effect,
    /// Cochran's Q, `Σ(d_h − d̄)²/v_h`.
    pub q: f64,
    /// Degrees of freedom, segments − 1.
    pub dof: u64,
    /// p-value of "the effect is the same in all segments".
    pub p: f64,
    /// `I² = max(0, (Q − dof)/Q)`, the share of the spread that is not noise.
    pub i_squared: f64,
}

/// Cochran's (1954) test over independent segments.
///
/// # Errors
/// Fewer than 2 segments, or overflow.
pub fn heterogeneity(effects: &[Effect]) -> Result<Heterogeneity> {
    if effects.len() < 2 {
        return Err(Undefined::TooFewUnits { have: effects.len() as u64, need: 2 });
    }
    // Weights relative to the smallest standard error: at most 1, so nothing overflows.
    let smallest = effects.iter().map(Effect::standard_error).fold(f64::INFINITY, f64::min);
    let (mut weights, mut weighted) = (0.0, 0.0);
    for effect in effects {
        let ratio = smallest / effect.standard_error();
        weights += ratio * ratio;
        weighted += ratio * ratio * effect.estimate();
    }
    let mean = computed(weighted / weights)?;
    let mut q = 0.0;
    for effect in effects {
        let z = (effect.estimate() - mean) / effect.standard_error();
        q += z * z;
    }
    let q = computed(q)?;
    let dof = effects.len() as u64 - 1;
    let units = effects.iter().map(Effect::units).fold(0, u64::saturating_add);
    Ok(Heterogeneity {
        common: Effect::new(mean, smallest / f64::sqrt(weights), units)?,
        q,
        dof,
        p: gamma::upper_regularized(0.5 * dof as f64, 0.5 * q),
        i_squared: if q > 0.0 { ((q - dof as f64) / q).max(0.0) } else { 0.0 },
    })
}

/// Benjamini–Hochberg adjusted two-sided p-values of the segments' effects: an exploration, never a decision.
///
/// # Errors
/// None for valid effects.
pub fn explore(effects: &[Effect]) -> Result<Vec<f64>> {
    let p: Vec<Option<f64>> = effects.iter().map(|effect| Some(2.0 * normal::sf(effect.z().abs()))).collect();
    Ok(adjust(Correction::BenjaminiHochberg, &p)?.into_iter().flatten().collect())
}

/// Checks for Simpson's paradox: the overall effect against the post-stratified one, and the arms' mix over segments.
///
/// `mix` holds a row of unit counts per segment, one count per arm. *Broken* when the mix differs between arms
/// (chi-square, α = 0.001): with fixed hashing that is a bug, with changed weights the estimate must be stratified by
/// epoch. *Warn* when the signs differ and one of the two effects is more than two standard errors from 0; a mere
/// difference of signs around 0 is noise.
///
/// # Errors
/// Rows of different lengths.
pub fn simpson(overall: &Effect, stratified: &Effect, mix: &[Vec<u64>]) -> Result<Finding> {
    let p = mix_p_value(mix)?;
    let clear = overall.z().abs().max(stratified.z().abs()) > 2.0;
    let opposed = overall.estimate() * stratified.estimate() < 0.0 && clear;
    let (inside, outside) = if stratified.estimate() < 0.0 { ("lower", "higher") } else { ("higher", "lower") };
    let paradox = format!(
        "Within every group B is {inside} on average, yet overall it looks {outside}, because the groups are not split \
         evenly."
    );
    Ok(if p < MIX_ALPHA {
        let sentence =
            if opposed { paradox } else { "The versions were shown to different mixes of groups.".to_owned() };
        Finding::new(Status::Broken, p, sentence)
    } else if opposed {
        Finding::new(Status::Warn, p, paradox)
    } else {
        Finding::new(Status::Ok, p, "The groups are split evenly between the versions.")
    })
}

/// p-value of independence of segment and arm; 1 when the table has no degrees of freedom.
fn mix_p_value(mix: &[Vec<u64>]) -> Result<f64> {
    let arms = mix.first().map_or(0, Vec::len);
    if mix.iter().any(|row| row.len() != arms) {
        return Err(Undefined::invalid("mix", "one count per arm in every row"));
    }
    let mut per_arm = vec![0.0; arms];
    for row in mix {
        for (sum, count) in per_arm.iter_mut().zip(row) {
            *sum += *count as f64;
        }
    }
    let total: f64 = per_arm.iter().sum();
    let used_arms = per_arm.iter().filter(|sum| **sum > 0.0).count();
    let used_rows = mix.iter().filter(|row| row.iter().any(|count| *count > 0)).count();
    if used_arms < 2 || used_rows < 2 {
        return Ok(1.0);
    }
    let mut statistic = 0.0;
    for row in mix {
        let sum: f64 = row.iter().map(|count| *count as f64).sum();
        for (count, arm) in row.iter().zip(&per_arm) {
            let expected = sum * (arm / total);
            if expected > 0.0 {
                let gap = *count as f64 - expected;
                statistic += gap * gap / expected;
            }
        }
    }
    let dof = ((used_arms - 1) * (used_rows - 1)) as f64;
    Ok(gamma::upper_regularized(0.5 * dof, 0.5 * computed(statistic)?))
}
