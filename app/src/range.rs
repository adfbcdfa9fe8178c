//! The range a page's address asks for.

use domain::{Invalid, time::RangeChoice};
use ui::{Query, range_picker};

/// Reads `range`, or `from` and `to`; `default` when the address says nothing.
///
/// # Errors
/// With what was wrong and what would be right.
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

#[cfg(test)]
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
