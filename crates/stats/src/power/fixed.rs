//! Sample sizes for one look at the planned end.

use super::reach;
use crate::error::{Result, Undefined, computed, finite, non_negative, open_unit, positive};
use crate::special::{normal, student};

/// What is compared with what: the unit variances, the split and the two error rates.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Design {
    /// Variance of a unit of the control; p(1−p) for a binary metric.
    pub control_variance: f64,
    /// Variance of a unit of the treatment.
    pub treatment_variance: f64,
    /// Units of the treatment for each unit of the control; 1 for an even split.
    pub ratio: f64,
    /// Two-sided error level α.
    pub alpha: f64,
    /// Wanted chance 1 − β of seeing the effect if it is there.
    pub power: f64,
}

impl Design {
    /// se²·n_A: the variance of the difference times the control's units.
    fn unit_variance(&self) -> Result<f64> {
        let ratio = positive("ratio", self.ratio)?;
        let treatment = non_negative("treatment_variance", self.treatment_variance)? / ratio;
        positive("variance", computed(non_negative("control_variance", self.control_variance)? + treatment)?)
    }

    fn checked_power(&self) -> Result<f64> {
        let power = open_unit("power", self.power)?;
        if power <= open_unit("alpha", self.alpha)? {
            return Err(Undefined::invalid("power", "above `alpha`"));
        }
        Ok(power)
    }
}

/// The chance that a two-sided test at level α sees an effect: Φ(Δ/se − z) + Φ(−Δ/se − z).
///
/// # Errors
/// The effect is not finite, the standard error not above 0, or α outside (0, 1).
pub fn power(effect: f64, standard_error: f64, alpha: f64) -> Result<f64> {
    let critical = -normal::quantile(0.5 * open_unit("alpha", alpha)?);
    let shift = finite("effect", effect)? / positive("standard_error", standard_error)?;
    Ok(chance_beyond(shift, critical))
}

/// P(|Z + shift| > critical).
pub(super) fn chance_beyond(shift: f64, critical: f64) -> f64 {
    // An infinite shift is certain to be seen.
    normal::cdf(shift - critical) + normal::cdf(-shift - critical)
}

/// The smallest effect a two-sided test at level α sees with the wanted power, given the standard error.
///
/// Solved, not approximated by (z_{1−α/2} + z_{1−β})·se, which ignores the far tail.
///
/// # Errors
/// As [`power`]; or the power is not above α.
pub fn minimum_detectable_effect(standard_error: f64, alpha: f64, wanted: f64) -> Result<f64> {
    let standard_error = positive("standard_error", standard_error)?;
    let critical = -normal::quantile(0.5 * open_unit("alpha", alpha)?);
    if open_unit("power", wanted)? <= alpha {
        return Err(Undefined::invalid("power", "above `alpha`"));
    }
    computed(standard_error * reach(wanted, 1.0, |shift| chance_beyond(shift, critical))?)
}

/// Units of the *control* for one look at the end; the treatment has `ratio` times as many.
///
/// n_A with Φ(Δ/se − z) + Φ(−Δ/se − z) = 1 − β and se² = (σ_A² + σ_B²/ratio)/n_A. Normal approximation; not rounded.
///
/// # Errors
/// The effect is 0 or not finite, or the design is out of range.
pub fn sample_size(effect: f64, design: &Design) -> Result<f64> {
    let effect = positive("effect", finite("effect", effect)?.abs())?;
    let shift = minimum_detectable_effect(1.0, design.alpha, design.checked_power()?)?;
    let standard_error = effect / shift;
    computed(design.unit_variance()? / standard_error / standard_error)
}

/// Units of the control for a guardrail: a one-sided test that the metric is not worse by the margin, at power
/// 1 − β/(G+1), so that all `guardrails` pass together as often as planned (Schultzberg, Ankargren & Frånberg 2024).
///
/// # Errors
/// As [`sample_size`].
pub fn sample_size_guardrail(margin: f64, design: &Design, guardrails: u32) -> Result<f64> {
    let margin = positive("margin", margin)?;
    let missed = (1.0 - design.checked_power()?) / (f64::from(guardrails) + 1.0);
    let shift = -normal::quantile(open_unit("alpha", design.alpha)?) - normal::quantile(missed);
    let ratio = positive("shift", shift)? / margin;
    computed(design.unit_variance()? * ratio * ratio)
}

/// Units of the control for Welch's test with equal variances, exact: the power is that of the noncentral t.
///
/// `effect_in_deviations` is Δ/σ, `ratio` the treatment's units for each of the control's. At 50 units an arm it asks for
/// one more than [`sample_size`]; beyond that the difference is below 2%.
///
/// # Errors
/// As [`sample_size`].
pub fn sample_size_t_test(effect_in_deviations: f64, ratio: f64, alpha: f64, wanted: f64) -> Result<f64> {
    let effect = positive("effect", finite("effect", effect_in_deviations)?.abs())?;
    let design = Design { control_variance: 1.0, treatment_variance: 1.0, ratio, alpha, power: wanted };
    let wanted = design.checked_power()?;
    let approximate = sample_size(effect, &design)?;
    let power_with = |control_units: f64| {
        let dof = control_units * (1.0 + ratio) - 2.0;
        if dof <= 1.0 {
            return 0.0;
        }
        let shift = effect * (control_units * ratio / (1.0 + ratio)).sqrt();
        chance_beyond_t(shift, student::quantile(1.0 - 0.5 * alpha, dof), dof)
    };
    reach(wanted, approximate.max(4.0), power_with)
}

/// P(|T| > critical) for the noncentral t: the normal tail averaged over s = √(χ²_ν/ν), by Simpson's rule. The density of
/// s is scaled to integrate to 1 by the same rule, so no Γ of large arguments is needed.
fn chance_beyond_t(shift: f64, critical: f64, dof: f64) -> f64 {
    const STEPS: u32 = 400;
    let spread = 1.0 / (2.0 * dof).sqrt();
    let low = (1.0 - 12.0 * spread).max(1e-6);
    let high = 1.0 + 12.0 * spread;
    let width = (high - low) / f64::from(STEPS);
    let (mut weighted, mut total) = (0.0, 0.0);
    for step in 0..=STEPS {
        let s = low + width * f64::from(step);
        let simpson = if step == 0 || step == STEPS { 1.0 } else { f64::from(2 + 2 * (step % 2)) };
        // (ν−1) ln s − ν(s²−1)/2: the log density up to a constant, 0 near its top.
        let density = libm::exp((dof - 1.0) * libm::log(s) - 0.5 * dof * (s - 1.0) * (s + 1.0));
        weighted += simpson * density * chance_beyond(shift, critical * s);
        total += simpson * density;
    }
    weighted / total
}
