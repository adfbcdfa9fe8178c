//! The range a page's address asks for.

#[cfg(feature = "ssr")]
use domain::Invalid;
use domain::time::{RangeChoice, TimeRange, TimeUs};
use serde::{Deserialize, Serialize};
#[cfg(feature = "ssr")]
use ui::{Query, range_picker};

/// The range a page shows, as it travels: instants are numbers, because reading RFC 3339 is much code for a browser.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub enum RangeShown {
    /// The last so many minutes.
    Last {
        /// How many.
        minutes: u32,
    },
    /// Fixed ends.
    Fixed {
        /// First instant inside, microseconds.
        from_us: i64,
        /// First instant after.
        to_us: i64,
    },
}

impl From<RangeChoice> for RangeShown {
    fn from(choice: RangeChoice) -> Self {
        match choice {
            RangeChoice::Last { minutes } => Self::Last { minutes },
            RangeChoice::Fixed(TimeRange { from, to }) => Self::Fixed { from_us: from.0, to_us: to.0 },
        }
    }
}

impl From<RangeShown> for RangeChoice {
    fn from(shown: RangeShown) -> Self {
        match shown {
            RangeShown::Last { minutes } => Self::Last { minutes },
            RangeShown::Fixed { from_us, to_us } => Self::Fixed(TimeRange { from: TimeUs(from_us), to: TimeUs(to_us) }),
        }
    }
}

/// Reads `range`, or `from` and `to`; `default` when the address says nothing. Server only.
///
/// # Errors
/// With what was wrong and what would be right.
#[cfg(feature = "ssr")]
pub fn choose(
    range: Option<&str>,
    from: Option<&str>,
    to: Option<&str>,
    default: &str,
) -> Result<RangeChoice, Invalid> {
    let said = [("range", range), ("from", from), ("to", to)];
    let query = Query::from_pairs(said.into_iter().filter_map(|(name, value)| Some((name, value?))));
    match range_picker::read(&query)? {
        Some(choice) => Ok(choice),
        None => default.parse(),
    }
}

#[cfg(all(test, feature = "ssr"))]
mod tests {
    use super::*;

    #[test]
    fn the_default_stands_until_the_address_says_otherwise() {
        assert_eq!(choose(None, None, None, "7d"), Ok(RangeChoice::Last { minutes: 10_080 }));
        assert_eq!(choose(Some("24h"), None, None, "7d"), Ok(RangeChoice::Last { minutes: 1_440 }));
        let fixed = choose(None, Some("2026-11-01T00:00:00Z"), Some("2026-11-02T00:00:00Z"), "7d").unwrap();
        assert!(matches!(fixed, RangeChoice::Fixed(range) if range.length_us() == 86_400_000_000));
        assert!(choose(Some("soon"), None, None, "7d").is_err());
    }
}
