//! Money: integer nano-dollars (1e-9 USD). Sums are exact; an `i64` holds nine billion dollars.

use std::fmt;

use serde::{Deserialize, Serialize};

/// An amount in nano-dollars.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct NanoUsd(pub i64);

impl NanoUsd {
    /// From a number of dollars as SDKs send it, rounded half to even to a whole nano-dollar.
    /// `None` for anything not finite, or too large to hold.
    pub fn from_dollars(dollars: f64) -> Option<Self> {
        let nano = (dollars * 1e9).round_ties_even();
        // 2^63 is exact in f64, so this comparison loses nothing.
        (nano.is_finite() && nano.abs() < 9.2e18).then_some(Self(nano as i64))
    }

    /// In dollars, for the SDK-compatible read API, which speaks floats.
    pub fn to_dollars(self) -> f64 {
        self.0 as f64 / 1e9
    }
}

/// Exact decimal dollars, without trailing zeros: `0.0042`.
impl fmt::Display for NanoUsd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let whole = self.0.unsigned_abs() / 1_000_000_000;
        let rest = self.0.unsigned_abs() % 1_000_000_000;
        if rest == 0 {
            return write!(f, "{sign}{whole}");
        }
        let decimals = format!("{rest:09}");
        write!(f, "{sign}{whole}.{}", decimals.trim_end_matches('0'))
    }
}

impl Serialize for NanoUsd {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for NanoUsd {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::Error as _;
        let text = String::deserialize(deserializer)?;
        parse(&text).ok_or_else(|| D::Error::custom("an amount is decimal dollars with at most nine decimals"))
    }
}

fn parse(text: &str) -> Option<NanoUsd> {
    let (negative, digits) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let (whole, rest) = digits.split_once('.').unwrap_or((digits, ""));
    if whole.is_empty() || rest.len() > 9 || !whole.bytes().chain(rest.bytes()).all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let nano = whole.parse::<i64>().ok()?.checked_mul(1_000_000_000)?;
    let nano = nano.checked_add(format!("{rest:0<9}").parse::<i64>().ok()?)?;
    Some(NanoUsd(if negative { -nano } else { nano }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_written_exactly_and_read_back() {
        for (nano, text) in [(4_200_000, "0.0042"), (0, "0"), (-1, "-0.000000001"), (12_000_000_000, "12")] {
            assert_eq!(NanoUsd(nano).to_string(), text);
            assert_eq!(parse(text), Some(NanoUsd(nano)));
        }
        assert_eq!(NanoUsd::from_dollars(0.000_31), Some(NanoUsd(310_000)));
        assert_eq!(NanoUsd::from_dollars(f64::NAN), None);
        assert_eq!(NanoUsd::from_dollars(1e300), None);
    }
}
