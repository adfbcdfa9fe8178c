//! Units of a value, as names for the host's formatters and as text for summary and table.

use domain::time::TimeUs;

/// What a value is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Unit {
    /// How many.
    Count,
    /// Milliseconds.
    Milliseconds,
    /// Dollars.
    Usd,
    /// A share, 0 to 1, shown as percent.
    Percent,
    /// A score, three decimals.
    Score,
    /// Any number.
    Number,
}

impl Unit {
    /// Name that follows `fmt:` and `tip:` in options; `chart_host.js` knows the same ones.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Count => "count",
            Self::Milliseconds => "ms",
            Self::Usd => "usd",
            Self::Percent => "percent",
            Self::Score => "score",
            Self::Number => "number",
        }
    }

    /// Text for summary and table.
    pub(crate) fn write(self, value: f64) -> String {
        if !value.is_finite() {
            return "–".to_owned();
        }
        let text = match self {
            Self::Count => grouped(value.round() as i64),
            Self::Milliseconds if value.abs() >= 1000.0 => format!("{:.2} s", value / 1000.0),
            Self::Milliseconds => format!("{} ms", significant(value)),
            Self::Usd if value < 0.0 => format!("-${}", dollars(-value)),
            Self::Usd => format!("${}", dollars(value)),
            Self::Percent => format!("{:.1}%", value * 100.0),
            Self::Score => format!("{value:.3}"),
            Self::Number => significant(value),
        };
        text.replace('-', "\u{2212}")
    }
}

fn dollars(value: f64) -> String {
    if value >= 1.0 || value == 0.0 { format!("{value:.2}") } else { significant(value) }
}

/// Three significant digits without trailing zeros.
fn significant(value: f64) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    let decimals = (2 - value.abs().log10().floor() as i32).clamp(0, 9).unsigned_abs() as usize;
    let text = format!("{value:.decimals$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

pub(crate) fn grouped(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if number < 0 { format!("-{text}") } else { text }
}

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// `Nov 21, 2026`, with the time of day and whose clock shows it where buckets are shorter than a day.
pub(crate) fn moment(at: TimeUs, clock: Option<&str>) -> String {
    // `TimeUs` writes RFC 3339: 2026-11-21T14:02:11.000000Z
    let text = at.to_string();
    let part = |from: usize, to: usize| text.get(from..to).unwrap_or("");
    let month = part(5, 7).parse::<usize>().ok().and_then(|month| MONTHS.get(month.wrapping_sub(1))).copied();
    let date = format!("{} {}, {}", month.unwrap_or("?"), part(8, 10).trim_start_matches('0'), part(0, 4));
    clock.map_or_else(|| date.clone(), |zone| format!("{date}, {} {zone}", part(11, 16)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_written_with_their_unit() {
        for (unit, value, text) in [
            (Unit::Count, 12_345.0, "12,345"),
            (Unit::Milliseconds, 840.0, "840 ms"),
            (Unit::Milliseconds, 1_210.0, "1.21 s"),
            (Unit::Usd, 0.0042, "$0.0042"),
            (Unit::Usd, 8.9, "$8.90"),
            (Unit::Usd, -0.5, "−$0.5"),
            (Unit::Percent, 0.008, "0.8%"),
            (Unit::Score, 0.6534, "0.653"),
            (Unit::Number, f64::NAN, "–"),
        ] {
            assert_eq!(unit.write(value), text);
        }
    }

    #[test]
    fn moments_say_whose_clock_shows_them() {
        let at = TimeUs(1_795_269_731_482_000);
        assert_eq!(moment(at, None), "Nov 21, 2026");
        assert_eq!(moment(at, Some("UTC")), "Nov 21, 2026, 14:02 UTC");
    }
}
