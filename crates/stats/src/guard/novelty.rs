//! Does the effect change with the time a unit has been exposed?

use super::{Finding, Status};
use crate::contrast::Effect;
use crate::error::{Result, Undefined, computed, non_negative};
use crate::special::normal;

/// Two-sided error level of the trend.
const ALPHA: f64 = 0.01;

/// The effect among units a given number of days after their first exposure.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bucket {
    /// Days since first exposure, the bucket's middle: 0, 1.5, 4.5, 10, 14 by default.
    pub day: f64,
    /// The effect in it.
    pub effect: Effect,
}

/// The trend of an effect over exposure time.
#[derive(Clone, Debug, PartialEq)]
pub struct Novelty {
    /// Inverse-variance slope of the effect on `ln(1 + day)`.
    pub slope: Effect,
    /// The effect in the last bucket: the best projection of the long run.
    pub long_run: Effect,
    /// The verdict: a warning when the slope is significant at 1%.
    pub finding: Finding,
}

/// Fits the effect's trend over days since first exposure.
///
/// # Errors
/// Fewer than 2 buckets with different days, a negative day, or overflow.
pub fn check(buckets: &[Bucket]) -> Result<Novelty> {
    let Some(last) = buckets.last() else { return Err(Undefined::TooFewUnits { have: 0, need: 2 }) };
    let smallest = buckets.iter().map(|bucket| bucket.effect.standard_error()).fold(f64::INFINITY, f64::min);
    let mut points = Vec::with_capacity(buckets.len());
    for bucket in buckets {
        let x = libm::log1p(non_negative("day", bucket.day)?);
        let ratio = smallest / bucket.effect.standard_error();
        points.push((x, bucket.effect.estimate(), ratio * ratio));
    }
    let weight: f64 = points.iter().map(|(_, _, w)| w).sum();
    let mean_x = points.iter().map(|(x, _, w)| w * x).sum::<f64>() / weight;
    let mean_y = computed(points.iter().map(|(_, y, w)| w * y).sum::<f64>() / weight)?;
    let spread: f64 = points.iter().map(|(x, _, w)| w * (x - mean_x) * (x - mean_x)).sum();
    if spread <= 1e-12 * weight {
        return Err(Undefined::TooFewUnits { have: 1, need: 2 });
    }
    let crossed: f64 = points.iter().map(|(x, y, w)| w * (x - mean_x) * (y - mean_y)).sum();
    let units = buckets.iter().map(|bucket| bucket.effect.units()).fold(0, u64::saturating_add);
    let slope = Effect::new(computed(crossed / spread)?, computed(smallest / spread.sqrt())?, units)?;
    let p = 2.0 * normal::sf(slope.z().abs());
    let (status, sentence) = if p >= ALPHA {
        (Status::Ok, "The effect is steady over time.")
    } else if slope.estimate() * mean_y < 0.0 {
        (Status::Warn, "The advantage is fading.")
    } else {
        (Status::Warn, "The effect is still growing.")
    };
    Ok(Novelty { slope, long_run: last.effect, finding: Finding::new(status, p, sentence) })
}
