use std::fmt;

use serde::{Deserialize, Serialize, de};

use crate::Invalid;

/// A share of the traffic in steps of 1/10,000, as exact as the hash. In JSON a number from 0 to 1, such as `0.25`.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Share(u16);

impl Share {
    /// Nobody.
    pub const NONE: Self = Self(0);
    /// Everybody.
    pub const ALL: Self = Self(10_000);

    /// From 1/10,000ths.
    ///
    /// # Errors
    /// Above 10,000.
    pub fn from_steps(steps: u16) -> Result<Self, Invalid> {
        if steps > Self::ALL.0 {
            return Err(Invalid::new(format!("`{steps}` of 10000 is no share; give at most 10000")));
        }
        Ok(Self(steps))
    }

    /// From a fraction.
    ///
    /// # Errors
    /// Outside 0 to 1, or finer than 0.0001.
    pub fn from_fraction(fraction: f64) -> Result<Self, Invalid> {
        let scaled = fraction * f64::from(Self::ALL.0);
        let nearest = scaled.round();
        if !(0.0..=f64::from(Self::ALL.0)).contains(&nearest) || (scaled - nearest).abs() > 1e-6 {
            return Err(Invalid::new(format!("`{fraction}` is no share; give 0 to 1 in steps of 0.0001")));
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a whole number from 0 to 10,000")]
        let steps = nearest as u16;
        Ok(Self(steps))
    }

    /// In 1/10,000ths.
    pub fn steps(self) -> u16 {
        self.0
    }

    /// From 0 to 1.
    pub fn fraction(self) -> f64 {
        f64::from(self.0) / f64::from(Self::ALL.0)
    }
}

/// In percent, without needless decimals: `5%`, `12.5%`.
impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}%", f64::from(self.0) / 100.0)
    }
}

impl Serialize for Share {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.fraction())
    }
}

impl<'de> Deserialize<'de> for Share {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::from_fraction(f64::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_step_reads_back_what_it_writes() {
        for steps in 0..=10_000 {
            let share = Share::from_steps(steps).unwrap();
            let text = serde_json::to_string(&share).unwrap();
            assert_eq!(serde_json::from_str::<Share>(&text).unwrap(), share, "{text}");
        }
        assert_eq!(Share::from_fraction(0.125).unwrap().to_string(), "12.5%");
    }

    #[test]
    fn refuses_what_is_no_share() {
        for wrong in [-0.1, 1.1, 0.000_05, f64::NAN, f64::INFINITY] {
            assert!(Share::from_fraction(wrong).is_err(), "{wrong}");
        }
        assert!(Share::from_steps(10_001).is_err());
    }
}
