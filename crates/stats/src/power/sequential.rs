//! Sample sizes when someone looks all the time.

use super::fixed::chance_beyond;
use super::reach;
use crate::anytime::{critical, tuning_constant};
use crate::error::{Result, Undefined, computed, finite, open_unit, positive};
use crate::order;
use crate::random::Generator;
use crate::special::normal;

/// A two-sided confidence sequence seen from the planning side.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SequentialPlan {
    alpha: f64,
    tightest_at: f64,
    constant: f64,
    unit_deviation: f64,
}

impl SequentialPlan {
    /// `unit_deviation` is √(n·Var(d̂)) with n the units of both arms: 2σ for an even split. `tightest_at` is the
    /// sequence's n*.
    ///
    /// # Errors
    /// α outside (0, 1), or a number not above 0.
    pub fn new(alpha: f64, tightest_at: f64, unit_deviation: f64) -> Result<Self> {
        Ok(Self {
            alpha: open_unit("alpha", alpha)?,
            tightest_at: positive("tightest_at", tightest_at)?,
            constant: tuning_constant(alpha)?,
            unit_deviation: positive("unit_deviation", unit_deviation)?,
        })
    }

    /// Half the interval's width at `units` units of both arms.
    ///
    /// # Errors
    /// `units` is not above 0.
    pub fn half_width(&self, units: f64) -> Result<f64> {
        let units = positive("units", units)?;
        computed(self.critical_at(units) * self.unit_deviation / units.sqrt())
    }

    /// The chance that a single look at `units` excludes 0: Φ(Δ/se − f) + Φ(−Δ/se − f). Earlier looks add to it, so this
    /// is a lower bound.
    ///
    /// # Errors
    /// The effect is not finite, or `units` is not above 0.
    pub fn single_look_power(&self, effect: f64, units: f64) -> Result<f64> {
        let units = positive("units", units)?;
        Ok(chance_beyond(self.shift_at(finite("effect", effect)?, units), self.critical_at(units)))
    }

    /// The units of both arms at which a single look has the wanted power: an upper bound on what is needed. With looks
    /// all along, [`sequential_run`] says what to expect.
    ///
    /// # Errors
    /// The effect is 0 or not finite, or the power is not above α.
    pub fn sample_size(&self, effect: f64, power: f64) -> Result<f64> {
        let effect = positive("effect", finite("effect", effect)?.abs())?;
        if open_unit("power", power)? <= self.alpha {
            return Err(Undefined::invalid("power", "above `alpha`"));
        }
        let start = (self.unit_deviation / effect) * (self.unit_deviation / effect);
        reach(power, positive("effect", start)?, |units| {
            chance_beyond(self.shift_at(effect, units), self.critical_at(units))
        })
    }

    /// Δ/se, kept finite: against an infinite critical value an infinite shift would be undefined.
    fn shift_at(&self, effect: f64, units: f64) -> f64 {
        (effect * (units.sqrt() / self.unit_deviation).min(f64::MAX)).clamp(-f64::MAX, f64::MAX)
    }

    fn critical_at(&self, units: f64) -> f64 {
        critical((self.constant * units / self.tightest_at).min(f64::MAX), self.alpha)
    }
}

/// When a continuously watched experiment decides, in multiples of the fixed-horizon sample size.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SequentialRun {
    /// Half of all experiments have decided by then.
    pub typical: f64,
    /// As many as the wanted power have decided by then: plan for this much.
    pub planned: f64,
    /// Nine of ten have decided by then.
    pub unlucky: f64,
}

/// How long a sequence tuned to the fixed-horizon sample takes when the effect is the planned one: 2,000 Brownian paths
/// looked at 800 times up to eight times that sample.
///
/// At α = 0.05 and 80% power: typically 0.98 and, planned, 1.67 times the fixed-horizon sample. Reproducible: the seed
/// is part of the answer.
///
/// # Errors
/// α or the power outside (0, 1), or the power not above α.
pub fn sequential_run(alpha: f64, power: f64, seed: u64) -> Result<SequentialRun> {
    const PATHS: usize = 2_000;
    const LOOKS: u32 = 800;
    const HORIZON: f64 = 8.0;
    let alpha = open_unit("alpha", alpha)?;
    if open_unit("power", power)? <= alpha {
        return Err(Undefined::invalid("power", "above `alpha`"));
    }
    let drift = normal::quantile(1.0 - 0.5 * alpha) + normal::quantile(power);
    let constant = tuning_constant(alpha)?;
    let step = HORIZON / f64::from(LOOKS);
    let bounds: Vec<(f64, f64)> = (1..=LOOKS)
        .map(|look| {
            let time = step * f64::from(look);
            (time, critical(constant * time, alpha) * time.sqrt())
        })
        .collect();
    let mut generator = Generator::new(seed);
    let mut stops: Vec<f64> = (0..PATHS)
        .map(|_| {
            let mut position = 0.0;
            for &(time, bound) in &bounds {
                position += drift * step + generator.normal() * step.sqrt();
                if position.abs() >= bound {
                    return time;
                }
            }
            HORIZON
        })
        .collect();
    stops.sort_unstable_by(f64::total_cmp);
    let at = |share: f64| order::at_share(&stops, share).unwrap_or(HORIZON);
    Ok(SequentialRun { typical: at(0.5), planned: at(power), unlucky: at(0.9) })
}
