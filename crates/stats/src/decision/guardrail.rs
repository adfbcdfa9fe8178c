//! Guardrails: has something that must not suffer suffered?

use crate::anytime::OneSided;
use crate::contrast::{Direction, linear};
use crate::error::{Result, non_negative};
use crate::estimate::ArmEstimate;

/// How much worse a guardrail may get.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Margin {
    /// In the metric's own unit: half a percentage point of error rate is 0.005.
    Absolute(f64),
    /// As a share of the control: 5% of latency is 0.05.
    Relative(f64),
}

/// What the data say about a guardrail so far; each statement holds at every look with error at most α.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum GuardrailState {
    /// Worse by less than the margin, or better.
    Passes,
    /// Worse, and perhaps by more than the margin.
    Harmed,
    /// Worse by more than the margin.
    SeriouslyHarmed,
    /// Too early to say.
    Undecided,
}

/// Judges a guardrail with one-sided confidence sequences on the oriented effect `d'` (§5.3): *passes* if its lower bound
/// is above `−M`, *harmed* if its upper bound is below 0, *seriously harmed* if that is below `−M`.
///
/// A relative margin is tested as the linear contrast `θ_B − (1 ∓ margin)·θ_A` without a division. No correction for the
/// number of guardrails: shipping needs all of them to pass (intersection–union; Schultzberg, Ankargren & Frånberg 2024).
///
/// # Errors
/// The margin is negative or not finite, no variation, overflow.
pub fn assess(
    control: &ArmEstimate,
    treatment: &ArmEstimate,
    margin: Margin,
    direction: Direction,
    sequence: &OneSided,
) -> Result<GuardrailState> {
    let difference = direction.orient(linear(control, treatment, 1.0)?);
    // The effect whose lower bound above 0 means "not worse by the margin".
    let (against, shift) = match margin {
        Margin::Absolute(margin) => (difference, non_negative("margin", margin)?),
        Margin::Relative(margin) => {
            let margin = non_negative("margin", margin)?;
            // Worse by the margin means towards 0 or beyond for "higher is better" and a positive control.
            let towards = match direction {
                Direction::HigherIsBetter => -margin,
                Direction::LowerIsBetter => margin,
            };
            let multiplier = if control.value() < 0.0 { 1.0 - towards } else { 1.0 + towards };
            (direction.orient(linear(control, treatment, multiplier)?), 0.0)
        }
    };
    Ok(if sequence.upper_bound(&against)? < -shift {
        GuardrailState::SeriouslyHarmed
    } else if sequence.lower_bound(&against)? > -shift {
        GuardrailState::Passes
    } else if sequence.upper_bound(&difference)? < 0.0 {
        GuardrailState::Harmed
    } else {
        GuardrailState::Undecided
    })
}
