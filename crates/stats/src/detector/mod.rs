//! Did the level change after a deployment? A sequential alarm with a promised number of false ones.
//!
//! The e-SR detector (Shin, Ramdas & Rinaldo 2024, arXiv 2203.03532, §4): M_λ ← (1 + M_λ)·exp(λz − λ²/2), averaged over a
//! few λ; alarm when the mean reaches T, then start again at 0. If the z are independent standard normal while nothing
//! changes, the mean time to a false alarm is at least T. [`Baseline`] makes such z from an hourly series: seasonal
//! pattern out, varying row counts and autocorrelation accounted for. On raw autocorrelated data the same detector alarms
//! 4 to 12 times as often as promised (`STATS.md` A.11).
//!
//! *In plain words: the error rate is higher than usual since about Tuesday 14:00; we raise such an alarm by mistake at
//! most about once a month.*

mod baseline;
mod cusum;
mod recursion;

pub use baseline::{Baseline, Period, Season};
pub use cusum::{Cusum, average_run_length, siegmund_run_length, two_sided_run_length};
pub use recursion::{BernoulliDetector, EDetector, LevelDetector, Sides};

use crate::error::{Result, Undefined, computed, finite, positive};

/// The threshold that spends a project's alarm budget: T = series · periods a month / alarms allowed a month.
///
/// 20 hourly series and one alarm a month: 20 · 720 = 14,400.
///
/// # Errors
/// A number not above 0.
pub fn threshold(series: u32, periods_per_month: f64, alarms_per_month: f64) -> Result<f64> {
    let periods = positive("series", f64::from(series))? * positive("periods_per_month", periods_per_month)?;
    computed(periods / positive("alarms_per_month", alarms_per_month)?)
}

/// When the change probably happened: the index t that maximises the log likelihood ratio of a shift of z from t on,
/// `max_δ Σ_{i≥t} (δz_i − δ²/2) = (Σ_{i≥t} z_i)²/(2n)`.
///
/// # Errors
/// No values, or one that is not finite.
pub fn change_index(z: &[f64]) -> Result<usize> {
    let (mut sum, mut count, mut best, mut most) = (0.0, 0.0, None, -1.0);
    for (index, &value) in z.iter().enumerate().rev() {
        sum = computed(sum + finite("z", value)?)?;
        count += 1.0;
        let gain = computed(sum / count)? * sum;
        if gain > most {
            most = gain;
            best = Some(index);
        }
    }
    best.ok_or(Undefined::TooFewUnits { have: 0, need: 1 })
}
