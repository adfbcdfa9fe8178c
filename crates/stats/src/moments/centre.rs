//! A mean with twice the digits of an `f64`.

/// The unevaluated sum `high + low`, with `|low|` at most half a unit in the last place of `high`.
///
/// A plain `f64` mean near 1e9 moves in steps of 1e-7; sums of squared deviations around it lose as many digits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Centre {
    high: f64,
    low: f64,
}

impl Centre {
    pub(super) const ZERO: Self = Self { high: 0.0, low: 0.0 };

    /// `value − self`.
    pub(super) fn distance_to(self, value: f64) -> f64 {
        (value - self.high) - self.low
    }

    /// `other − self`.
    pub(super) fn distance(self, other: Self) -> f64 {
        (other.high - self.high) + (other.low - self.low)
    }

    /// `self + step`, by Knuth's two-sum.
    pub(super) fn plus(self, step: f64) -> Self {
        let step = step + self.low;
        let high = self.high + step;
        let back = high - self.high;
        let low = (self.high - (high - back)) + (step - back);
        Self { high, low }
    }

    pub(super) fn rounded(self) -> f64 {
        self.high + self.low
    }

    pub(super) fn is_finite(self) -> bool {
        self.high.is_finite() && self.low.is_finite()
    }

    pub(super) const fn parts(self) -> [f64; 2] {
        [self.high, self.low]
    }

    pub(super) const fn from_parts([high, low]: [f64; 2]) -> Self {
        Self { high, low }
    }
}
