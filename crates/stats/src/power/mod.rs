//! How many units, how long, and what could be seen: before the start and along the way.
//!
//! Inputs come from the last 28 days by unit: a unit's variance and the curve of distinct units by day. For a ratio the
//! unit variance is n·Var(R̂), for a quantile n·se². With CUPED multiply it by 1 − R². A relative effect is the lift times
//! the baseline.
//!
//! *In plain words: with your traffic you can detect a 2% change in about 9 days (up to 15 in bad luck).*

mod fixed;
mod forecast;
mod runtime;
mod sequential;

pub use fixed::{Design, minimum_detectable_effect, power, sample_size, sample_size_guardrail, sample_size_t_test};
pub use forecast::{Forecast, forecast};
pub use runtime::{UnitCurve, minimum_detectable_by_day};
pub use sequential::{SequentialPlan, SequentialRun, sequential_run};

use crate::error::{Result, Undefined};

/// The point where a rising function reaches `target`, between 0 and a bound found by doubling from `start`.
fn reach(target: f64, start: f64, rising: impl Fn(f64) -> f64) -> Result<f64> {
    let mut high = start;
    while rising(high) < target {
        high *= 2.0;
        if !high.is_finite() {
            return Err(Undefined::Overflow);
        }
    }
    let mut low = 0.0;
    for _ in 0..200 {
        let middle = 0.5 * (low + high);
        if rising(middle) < target {
            low = middle;
        } else {
            high = middle;
        }
    }
    Ok(high)
}
