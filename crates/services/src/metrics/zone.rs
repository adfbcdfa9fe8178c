//! Where midnight is: steps of time in the zone of whoever asks.

use domain::{
    metric::Granularity,
    time::{TimeRange, TimeUs},
};
use jiff::{
    Timestamp, ToSpan as _, Unit,
    tz::{Offset, TimeZone},
};

use crate::ServiceError;

/// The starts of the steps of a range, ascending, the first not after the range's start. Hours and minutes are those of UTC:
/// whole hours are what is kept, and zones that are off by half an hour would divide every one of them.
///
/// # Errors
/// The field `zone` when there is no such zone.
pub(super) fn steps(
    range: TimeRange,
    granularity: Option<Granularity>,
    zone: Option<&str>,
) -> Result<Vec<TimeUs>, ServiceError> {
    let zone = zone.map_or(Ok(TimeZone::UTC), read)?;
    let Some(granularity) = granularity else { return Ok(Vec::new()) };
    if granularity == Granularity::Day {
        return Ok(days(range, &zone).unwrap_or_default());
    }
    let width = granularity.width_us();
    let first = range.from.0.div_euclid(width);
    let last = range.to.0.saturating_sub(1).div_euclid(width);
    Ok((first..=last).map(|step| TimeUs(step.saturating_mul(width))).collect())
}

/// An instant as clocks of a zone show it, written as if they were UTC's: for charts, which know no zones.
///
/// # Errors
/// The field `zone` when there is no such zone.
pub fn local_time(zone: Option<&str>, at: TimeUs) -> Result<TimeUs, ServiceError> {
    let Some(zone) = zone else { return Ok(at) };
    let zone = read(zone)?;
    // Beyond the years a calendar has there is no offset to speak of.
    let Ok(instant) = Timestamp::from_microsecond(at.0) else { return Ok(at) };
    let offset_us = i64::from(zone.to_offset(instant).seconds()).saturating_mul(1_000_000);
    Ok(TimeUs(at.0.saturating_add(offset_us)))
}

/// A name of the tz database, or an offset such as `+05:30`.
fn read(text: &str) -> Result<TimeZone, ServiceError> {
    let wrong = || {
        let shown: String = text.chars().take(60).collect();
        ServiceError::field(
            "zone",
            format!("`{shown}` is no time zone; use a name such as `Europe/Berlin` or an offset such as `+05:30`"),
        )
    };
    if let Some(sign) = text.chars().next().filter(|first| matches!(first, '+' | '-')) {
        let (hours, minutes) = text.get(1..).and_then(|rest| rest.split_once(':')).ok_or_else(wrong)?;
        let number = |digits: &str| {
            let two = digits.len() == 2 && digits.bytes().all(|digit| digit.is_ascii_digit());
            two.then(|| digits.parse::<i32>().ok()).flatten().ok_or_else(wrong)
        };
        let (hours, minutes) = (number(hours)?, number(minutes)?);
        if hours > 14 || minutes > 59 {
            return Err(wrong());
        }
        let seconds = (hours * 60 + minutes) * 60;
        let offset = Offset::from_seconds(if sign == '-' { -seconds } else { seconds }).map_err(|_| wrong())?;
        return Ok(TimeZone::fixed(offset));
    }
    TimeZone::get(text).map_err(|_| wrong())
}

/// Midnights from the one at or before the range's start to the last one inside it. `None` beyond the years a calendar has.
fn days(range: TimeRange, zone: &TimeZone) -> Option<Vec<TimeUs>> {
    let mut day = Timestamp::from_microsecond(range.from.0).ok()?.to_zoned(zone.clone()).start_of_day().ok()?;
    let mut starts = Vec::new();
    while day.timestamp().as_microsecond() < range.to.0 {
        starts.push(TimeUs(day.timestamp().as_microsecond()));
        // A day has 23 or 25 hours now and then; midnight may not exist at all.
        day = day.checked_add(1.day()).ok()?.start_of_day().ok()?.round(Unit::Microsecond).ok()?;
    }
    Some(starts)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(from: &str, to: &str, zone: Option<&str>) -> Vec<String> {
        let range = TimeRange { from: from.parse().unwrap(), to: to.parse().unwrap() };
        let starts = steps(range, Some(Granularity::Day), zone).unwrap();
        starts.iter().map(|start| start.to_string().replace(".000000", "")).collect()
    }

    #[test]
    fn days_begin_at_midnight_of_the_zone_also_when_clocks_change() {
        assert_eq!(
            of("2026-03-28T12:00:00Z", "2026-03-30T12:00:00Z", Some("Europe/Berlin")),
            ["2026-03-27T23:00:00Z", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z"]
        );
        assert_eq!(of("2026-11-21T00:00:00Z", "2026-11-21T20:00:00Z", Some("+05:30")).len(), 2);
        assert_eq!(of("2026-11-21T00:00:00Z", "2026-11-22T00:00:00Z", None), ["2026-11-21T00:00:00Z"]);
    }

    #[test]
    fn clocks_of_a_zone_differ_from_utc_by_summer_and_winter() {
        let at = |text: &str| text.parse::<TimeUs>().unwrap();
        for (utc, local) in
            [("2026-07-01T12:00:00Z", "2026-07-01T14:00:00Z"), ("2026-12-01T12:00:00Z", "2026-12-01T13:00:00Z")]
        {
            assert_eq!(local_time(Some("Europe/Berlin"), at(utc)).unwrap(), at(local));
            assert_eq!(local_time(None, at(utc)).unwrap(), at(utc));
        }
        assert!(local_time(Some("Europe/Nowhere"), at("2026-07-01T12:00:00Z")).is_err());
    }

    #[test]
    fn a_zone_nobody_knows_is_named() {
        let range = TimeRange { from: TimeUs(0), to: TimeUs(1) };
        for wrong in ["Europe/Nowhere", "+5", "+25:00", "-01:99", "+é0:00", ""] {
            assert!(steps(range, None, Some(wrong)).is_err(), "{wrong}");
        }
    }
}
