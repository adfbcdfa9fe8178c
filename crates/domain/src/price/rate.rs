use std::{fmt, str::FromStr};

use crate::{Invalid, invalid::shown, money::NanoUsd};

/// Decimals of a dollar a rate can hold.
const DECIMALS: u32 = 18;
/// Units of a rate in one nano-dollar.
const PER_NANO: u128 = 1_000_000_000;
/// Decimals of a rate written by the million.
const MILLION_DECIMALS: u32 = DECIMALS - 6;

/// What one token (or one request) costs, exactly: whole units of 1e-18 USD, up to 18.4 USD.
///
/// Published prices have up to 14 decimals, so nothing is lost, and a product with any count of tokens fits 128 bits: the only
/// rounding is the last step to nano-dollars. As text it is dollars a million tokens, the unit providers publish: `2.5`.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Rate(u64);

impl Rate {
    /// Dollars for one, as a decimal with or without an exponent: `0.0000025`, `2.5e-6`.
    ///
    /// # Errors
    /// When it is no number, negative, finer than 18 decimals or above 18.4 USD.
    pub fn per_one(text: &str) -> Result<Self, Invalid> {
        read(text, DECIMALS).map(Self).ok_or_else(|| {
            Invalid::new(format!(
                "`{}` is not a price; write dollars as a decimal with at most {DECIMALS} decimals, up to 18, such as `0.012`",
                shown(text)
            ))
        })
    }

    /// Dollars for a million, as a decimal: `2.5`.
    ///
    /// # Errors
    /// When it is no number, negative, finer than 12 decimals or above 18 million USD.
    pub fn per_million(text: &str) -> Result<Self, Invalid> {
        read(text, MILLION_DECIMALS).map(Self).ok_or_else(|| {
            Invalid::new(format!(
                "`{}` is not a price; write dollars a million tokens as a decimal with at most {MILLION_DECIMALS} decimals, \
                 such as `2.50`",
                shown(text)
            ))
        })
    }

    /// Dollars for one, as an exact decimal.
    pub fn to_one(self) -> String {
        write(self.0, DECIMALS)
    }

    /// What `count` of them cost: exact, then rounded once, half to even, to nano-dollars. `None` beyond nine billion dollars.
    pub fn amount(self, count: u64) -> Option<NanoUsd> {
        let exact = u128::from(self.0) * u128::from(count);
        let (whole, rest) = (exact / PER_NANO, exact % PER_NANO);
        let up = match (rest * 2).cmp(&PER_NANO) {
            std::cmp::Ordering::Less => 0,
            std::cmp::Ordering::Equal => whole & 1,
            std::cmp::Ordering::Greater => 1,
        };
        i64::try_from(whole + up).ok().map(NanoUsd)
    }
}

/// A decimal as a whole number of units of 10 to the power of minus `decimals`; `None` when it is none, or not whole.
fn read(text: &str, decimals: u32) -> Option<u64> {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (text, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if whole.is_empty() || whole.len() + fraction.len() > 30 {
        return None;
    }
    let mut digits = 0_u128;
    for byte in whole.bytes().chain(fraction.trim_end_matches('0').bytes()) {
        digits = digits * 10 + u128::from(byte.is_ascii_digit().then(|| byte - b'0')?);
    }
    let given = i32::try_from(fraction.trim_end_matches('0').len()).ok()?;
    let shift = i32::try_from(decimals).ok()?.checked_add(exponent)?.checked_sub(given)?;
    let power = 10_u128.checked_pow(shift.unsigned_abs());
    let units = match (shift >= 0, power) {
        (true, Some(power)) => digits.checked_mul(power)?,
        (false, Some(power)) if digits.is_multiple_of(power) => digits / power,
        _ if digits == 0 => 0,
        _ => return None,
    };
    u64::try_from(units).ok()
}

/// Units of 10 to the power of minus `decimals` as a decimal without trailing zeros.
fn write(units: u64, decimals: u32) -> String {
    let power = 10_u64.pow(decimals);
    let (whole, rest) = (units / power, units % power);
    if rest == 0 {
        return whole.to_string();
    }
    let fraction = format!("{rest:0width$}", width = decimals as usize);
    format!("{whole}.{}", fraction.trim_end_matches('0'))
}

/// Dollars a million.
impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&write(self.0, MILLION_DECIMALS))
    }
}

/// Dollars a million.
impl FromStr for Rate {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        Self::per_million(text)
    }
}

crate::as_text::as_text!(Rate);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_read_exactly_and_written_back() {
        for (text, million) in [
            ("2.5e-06", "2.5"),
            ("0.0000025", "2.5"),
            ("8.333333e-8", "0.08333333"),
            ("0", "0"),
            ("0.0", "0"),
            ("0.012", "12000"),
            ("1e-18", "0.000000000001"),
            ("18", "18000000"),
        ] {
            let rate = Rate::per_one(text).unwrap();
            assert_eq!(rate.to_string(), million);
            assert_eq!(million.parse::<Rate>().unwrap(), rate);
            assert_eq!(Rate::per_one(&rate.to_one()).unwrap(), rate);
        }
        for wrong in ["", ".", ".5", "-1", "1e-19", "19", "abc", "1.2.3", "NaN", "1e", "1e999", "+1", "1_0", "é"] {
            assert!(Rate::per_one(wrong).is_err(), "{wrong}");
        }
        assert_eq!(Rate::per_one("0e99").unwrap(), Rate(0));
    }

    #[test]
    fn amounts_round_half_to_even_once() {
        let rate = Rate::per_one("0.0000000005").unwrap();
        let nano: Vec<i64> = (0..6).map(|count| rate.amount(count).unwrap().0).collect();
        assert_eq!(nano, [0, 0, 1, 2, 2, 2]);
        assert_eq!(Rate(u64::MAX).amount(u64::MAX), None);
        assert_eq!(Rate::per_one("2.5e-6").unwrap().amount(1200), Some(NanoUsd(3_000_000)));
    }
}
