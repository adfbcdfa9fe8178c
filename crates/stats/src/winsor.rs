//! Winsorising: values above a cap count as the cap.
//!
//! Default for means of cost, tokens and latency per unit, at the 99.9th percentile of all units of **all** arms. A cap
//! that does not know the arms is valid under the null hypothesis, also when it moves; the estimand becomes the capped
//! mean, and the product says so: "costs above $0.42 count as $0.42 (0.1% of users)". Capping does not replace the
//! variance floor: alone it left 12% false positives where the floor left 0.3%.

use crate::error::{Result, Undefined, computed, finite};
use crate::order::sorted;

/// Units in all arms from which a cap is set.
const FIRST_UNITS: u64 = 500;
/// The default order of the percentile.
pub const DEFAULT_ORDER: f64 = 0.999;

/// An upper cap on a unit's value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cap(f64);

impl Cap {
    /// A cap at `value`: a percentile of the units, exact ([`percentile`]) or from a sketch.
    ///
    /// # Errors
    /// `value` is not finite.
    pub fn new(value: f64) -> Result<Self> {
        finite("value", value).map(Self)
    }

    /// The cap's value.
    pub const fn value(self) -> f64 {
        self.0
    }

    /// The capped value, and whether it was capped.
    ///
    /// # Errors
    /// `value` is not finite.
    pub fn apply(self, value: f64) -> Result<(f64, bool)> {
        let value = finite("value", value)?;
        Ok((value.min(self.0), value > self.0))
    }
}

/// Whether a cap set at `set_at` units (`None`: not yet) is to be set anew at `units`: first at 500, then at doublings.
/// In between it is frozen.
pub fn is_due(set_at: Option<u64>, units: u64) -> bool {
    match set_at {
        None => units >= FIRST_UNITS,
        Some(before) => units >= before.saturating_mul(2).max(FIRST_UNITS),
    }
}

/// The percentile of order `order` with linear interpolation between order statistics (type 7 of Hyndman & Fan 1996, as
/// numpy).
///
/// # Errors
/// No values, a value that is not finite, `order` not in [0, 1], or overflow.
pub fn percentile(values: &[f64], order: f64) -> Result<f64> {
    if !(0.0..=1.0).contains(&finite("order", order)?) {
        return Err(Undefined::invalid("order", "between 0 and 1"));
    }
    let sorted = sorted(values)?;
    let last = sorted.len() - 1;
    let place = last as f64 * order;
    let below = (libm::floor(place) as usize).min(last);
    let above = (below + 1).min(last);
    let (Some(low), Some(high)) = (sorted.get(below), sorted.get(above)) else {
        return Err(Undefined::TooFewUnits { have: 0, need: 1 });
    };
    computed(low + (high - low) * (place - below as f64))
}
