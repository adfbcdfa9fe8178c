//! Time: microseconds for records, nanoseconds for spans, always UTC. Nothing here reads a clock.

use std::{fmt, str::FromStr};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{Invalid, invalid::shown};

/// An instant in microseconds since 1970, UTC. In JSON it is RFC 3339 with six decimals.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct TimeUs(pub i64);

/// An instant in nanoseconds since 1970, UTC; what spans carry. In JSON it is RFC 3339 with nine decimals.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct TimeNs(pub i64);

/// Nanoseconds in one hour, the width of a rollup row.
pub const HOUR_NS: i64 = 3_600_000_000_000;
/// Nanoseconds in one day.
pub const DAY_NS: i64 = 24 * HOUR_NS;

impl TimeUs {
    /// The same instant in nanoseconds; saturates outside the years 1678 to 2261.
    pub fn to_ns(self) -> TimeNs {
        TimeNs(self.0.saturating_mul(1000))
    }
}

impl TimeNs {
    /// The same instant in whole microseconds, rounded down.
    pub fn to_us(self) -> TimeUs {
        TimeUs(self.0.div_euclid(1000))
    }

    /// Whole hours since 1970, rounded down.
    pub fn hour(self) -> i64 {
        self.0.div_euclid(HOUR_NS)
    }
}

fn rfc3339(f: &mut fmt::Formatter<'_>, instant: Result<Timestamp, jiff::Error>, digits: usize) -> fmt::Result {
    match instant {
        Ok(instant) => write!(f, "{instant:.digits$}"),
        // Outside the years jiff can name; the raw type still holds it.
        Err(_) => f.write_str("out of range"),
    }
}

impl fmt::Display for TimeUs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        rfc3339(f, Timestamp::from_microsecond(self.0), 6)
    }
}

impl fmt::Display for TimeNs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        rfc3339(f, Timestamp::from_nanosecond(i128::from(self.0)), 9)
    }
}

fn parse(text: &str) -> Result<Timestamp, Invalid> {
    text.parse().map_err(|_| {
        Invalid::new(format!("`{}` is not a time; write it as RFC 3339, such as `2026-11-21T09:30:00Z`", shown(text)))
    })
}

impl FromStr for TimeUs {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        parse(text).map(|instant| Self(instant.as_microsecond()))
    }
}

impl FromStr for TimeNs {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let instant = parse(text)?;
        i64::try_from(instant.as_nanosecond())
            .map(Self)
            .map_err(|_| Invalid::new(format!("`{}` lies outside the years 1678 to 2261", shown(text))))
    }
}

crate::as_text::as_text!(TimeUs, TimeNs);

/// A half-open stretch of time `[from, to)` in microseconds.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, Serialize, Deserialize)]
pub struct TimeRange {
    /// First instant inside.
    pub from: TimeUs,
    /// First instant after.
    pub to: TimeUs,
}

impl TimeRange {
    /// A range of positive length.
    ///
    /// # Errors
    /// When `to` is not after `from`.
    pub fn new(from: TimeUs, to: TimeUs) -> Result<Self, Invalid> {
        if to <= from {
            return Err(Invalid::new(format!("the range ends at {to}, which is not after its start {from}")));
        }
        Ok(Self { from, to })
    }

    /// Its length in microseconds.
    pub fn length_us(&self) -> i64 {
        self.to.0.saturating_sub(self.from.0)
    }

    /// The last `count` hours of UTC, the present one with them, to its end.
    ///
    /// Totals answer whole hours and days by themselves; parts of them need every generation in them.
    pub fn last_hours(now: TimeUs, count: i64) -> Self {
        Self::last_whole(now, HOUR_NS / 1000, count)
    }

    /// The last `count` days of UTC, today with them, to its end.
    pub fn last_days(now: TimeUs, count: i64) -> Self {
        Self::last_whole(now, DAY_NS / 1000, count)
    }

    fn last_whole(now: TimeUs, width_us: i64, count: i64) -> Self {
        let after = now.0.div_euclid(width_us).saturating_add(1);
        let at = |number: i64| TimeUs(number.saturating_mul(width_us));
        Self { from: at(after.saturating_sub(count)), to: at(after) }
    }
}

/// A range as people choose it and links keep it: relative stays relative when shared, absolute stays fixed.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RangeChoice {
    /// The last so many minutes, up to now; `range=24h`.
    Last {
        /// Length in minutes, 1 to 527,040 (366 days).
        minutes: u32,
    },
    /// Fixed ends; `from=&to=`.
    Fixed(TimeRange),
}

impl RangeChoice {
    /// The stretch it means at the instant `now`.
    pub fn resolve(&self, now: TimeUs) -> TimeRange {
        match self {
            Self::Last { minutes } => {
                TimeRange { from: TimeUs(now.0.saturating_sub(i64::from(*minutes) * 60_000_000)), to: now }
            }
            Self::Fixed(range) => *range,
        }
    }
}

/// Reads the relative form: a whole number and `m`, `h`, `d` or `w`.
impl FromStr for RangeChoice {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let wrong =
            || Invalid::new(format!("`{}` is not a range; write it as `30m`, `24h`, `7d` or `4w`", shown(text)));
        let unit = text.chars().last().ok_or_else(wrong)?;
        let per_unit = match unit {
            'm' => 1,
            'h' => 60,
            'd' => 1440,
            'w' => 10080,
            _ => return Err(wrong()),
        };
        let count: u32 = text.get(..text.len() - 1).ok_or_else(wrong)?.parse().map_err(|_| wrong())?;
        match count.checked_mul(per_unit) {
            Some(minutes @ 1..=527_040) => Ok(Self::Last { minutes }),
            _ => Err(Invalid::new(format!(
                "`{}` is too short or too long; a range has 1 minute to 366 days",
                shown(text)
            ))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_read_back_what_they_write() {
        let instant: TimeNs = "2026-11-21T02:45:22.700658123Z".parse().unwrap();
        assert_eq!(instant.to_string(), "2026-11-21T02:45:22.700658123Z");
        assert_eq!(instant.to_us().to_string(), "2026-11-21T02:45:22.700658Z");
        assert!("tomorrow".parse::<TimeUs>().is_err());
        assert!("9999-01-01T00:00:00Z".parse::<TimeNs>().is_err());
    }

    #[test]
    fn whole_hours_and_days_have_the_present_one_in_them() {
        let at = |text: &str| -> TimeUs { text.parse().unwrap() };
        let (now, midnight) = (at("2026-11-21T02:45:22Z"), at("2026-11-21T00:00:00Z"));
        let hours = TimeRange { from: at("2026-11-21T01:00:00Z"), to: at("2026-11-21T03:00:00Z") };
        assert_eq!(TimeRange::last_hours(now, 2), hours);
        let week = TimeRange { from: at("2026-11-15T00:00:00Z"), to: at("2026-11-22T00:00:00Z") };
        assert_eq!([TimeRange::last_days(now, 7), TimeRange::last_days(midnight, 7)], [week, week]);
    }

    #[test]
    fn relative_ranges_follow_the_clock() {
        let day: RangeChoice = "24h".parse().unwrap();
        let range = day.resolve(TimeUs(100_000_000_000));
        assert_eq!(range.length_us(), 86_400_000_000);
        for wrong in ["", "h", "0h", "-1h", "999w", "5y", "1.5h", "é"] {
            assert!(wrong.parse::<RangeChoice>().is_err(), "{wrong}");
        }
    }
}
