//! Numbers, money, durations and times as text. Pure functions of their arguments: no clock, no locale, so that server and
//! browser write the same. Negative numbers carry a real minus sign, U+2212.

const MINUS: char = '\u{2212}';
const US_PER_SECOND: i64 = 1_000_000;
const US_PER_DAY: i64 = 86_400 * US_PER_SECOND;
const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// A whole number with thousands apart: `12,345`.
pub fn count(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3 + 3);
    if number < 0 {
        text.push(MINUS);
    }
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A whole number in at most four characters and a letter: `987`, `12.3K`, `1.2M`, `4B`.
pub fn compact(number: i64) -> String {
    let absolute = number.unsigned_abs();
    if absolute < 10_000 {
        return count(number);
    }
    let sign = if number < 0 { "\u{2212}" } else { "" };
    for (unit, letter) in [(1_000_u64, "K"), (1_000_000, "M"), (1_000_000_000, "B"), (1_000_000_000_000, "T")] {
        // Rounded half up, each for itself; 999.6K is 1M, not 1000K.
        let (whole, tenths) = ((absolute + unit / 2) / unit, (absolute + unit / 20) / (unit / 10));
        if whole < 1000 || letter == "T" {
            return if tenths >= 1000 || tenths % 10 == 0 {
                format!("{sign}{whole}{letter}")
            } else {
                format!("{sign}{}.{}{letter}", tenths / 10, tenths % 10)
            };
        }
    }
    count(number)
}

/// `one` or `many` after a number: `1 span`, `9 spans`.
pub fn plural(number: i64, one: &str, many: &str) -> String {
    format!("{} {}", count(number), if number == 1 { one } else { many })
}

/// A number of any size with three significant digits: `0.653`, `214`, `12,300`; `–` if it is none.
pub fn number(value: f64) -> String {
    if !value.is_finite() {
        return "–".to_owned();
    }
    let absolute = value.abs();
    if absolute >= 999.5 {
        return count(value.round() as i64);
    }
    let decimals = if absolute >= 99.95 {
        0
    } else if absolute >= 9.995 {
        1
    } else if !(1e-12..0.9995).contains(&absolute) {
        2
    } else {
        // One more for each zero after the point.
        let mut decimals = 2;
        let mut shifted = absolute;
        while shifted < 1.0 && decimals < 9 {
            shifted *= 10.0;
            decimals += 1;
        }
        decimals
    };
    let text = fixed(value, decimals);
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// With exactly `decimals` decimals: `0.612`, `−4.60`. Never `−0.00`.
pub fn fixed(value: f64, decimals: u32) -> String {
    if !value.is_finite() {
        return "–".to_owned();
    }
    let text = decimal(value.abs(), decimals);
    let is_zero = text.chars().all(|digit| matches!(digit, '0' | '.'));
    if value < 0.0 && !is_zero { format!("{MINUS}{text}") } else { text }
}

/// A number with exactly `decimals` decimals and an ASCII minus, for attributes; 0 if it is none. Halves are rounded away from
/// zero, and beyond 18 digits zeros follow. By whole numbers, because the standard library's exact way is 15 KB of WASM.
pub(crate) fn decimal(value: f64, decimals: u32) -> String {
    let mut scaled = if value.is_finite() { value.abs() } else { 0.0 };
    for _ in 0..decimals {
        scaled *= 10.0;
    }
    let mut zeros = 0;
    while scaled >= 1e18 {
        scaled /= 10.0;
        zeros += 1;
    }
    let digits = scaled.round() as u64;
    let decimals = decimals as usize;
    // At least one digit stands before the point.
    let mut text = format!("{digits:0width$}", width = decimals + 1);
    text.extend(std::iter::repeat_n('0', zeros));
    if decimals > 0 {
        text.insert(text.len() - decimals, '.');
    }
    if value < 0.0 && digits > 0 {
        text.insert(0, '-');
    }
    text
}

/// A part of a width, for SVG: `12.34%`.
pub(crate) fn width(percent: f64) -> String {
    let mut text = decimal(percent, 2);
    text.push('%');
    text
}

/// A score with three decimals: `0.653`.
pub fn score(value: f64) -> String {
    fixed(value, 3)
}

/// Half the width of an interval: `±0.019`.
pub fn plus_minus(half_width: f64, decimals: u32) -> String {
    format!("±{}", fixed(half_width.abs(), decimals))
}

/// A share as percent with one decimal, so that a column aligns: `0.8%`, `20.0%`; all is `100%`, none `0%`.
pub fn percent(share: f64) -> String {
    if !share.is_finite() {
        return "–".to_owned();
    }
    match fixed(share * 100.0, 1).as_str() {
        "0.0" => "0%".to_owned(),
        "100.0" => "100%".to_owned(),
        text => format!("{text}%"),
    }
}

/// A share as whole percent, for running text: `20%`; something below half a percent is `<1%`.
pub fn percent_whole(share: f64) -> String {
    if share > 0.0 && share < 0.005 {
        return "<1%".to_owned();
    }
    if share.is_finite() { format!("{}%", fixed(share * 100.0, 0)) } else { "–".to_owned() }
}

/// A relative change with its sign: `+6.7%`, `−4.6%`, `0.0%`.
pub fn change(ratio: f64) -> String {
    if !ratio.is_finite() {
        return "–".to_owned();
    }
    let text = fixed(ratio * 100.0, 1);
    if ratio > 0.0 && text != "0.0" { format!("+{text}%") } else { format!("{text}%") }
}

/// A difference of shares in points: 0.041 is `+4.1 pts`.
pub fn points(difference: f64) -> String {
    let text = fixed(difference * 100.0, 1);
    if difference > 0.0 && text != "0.0" { format!("+{text} pts") } else { format!("{text} pts") }
}

/// A length of time in nanoseconds, three significant digits at most: `840 ms`, `1.21 s`, `2 min 5 s`, `3 h 12 min`.
pub fn duration_ns(nanoseconds: i64) -> String {
    let sign = if nanoseconds < 0 { "\u{2212}" } else { "" };
    let ns = nanoseconds.unsigned_abs();
    let text = match ns {
        0 => "0 ms".to_owned(),
        1..1_000 => format!("{ns} ns"),
        1_000..1_000_000 => three_digits(ns, 1_000, "µs"),
        1_000_000..999_500_000 => three_digits(ns, 1_000_000, "ms"),
        999_500_000..59_950_000_000 => seconds(ns),
        _ => {
            let total_seconds = (ns + 500_000_000) / 1_000_000_000;
            let (days, hours) = (total_seconds / 86_400, total_seconds / 3600 % 24);
            let (minutes, rest) = (total_seconds / 60 % 60, total_seconds % 60);
            match (days, total_seconds / 3600) {
                (0, 0) => two_units(minutes, "min", rest, "s"),
                (0, _) => two_units(hours, "h", minutes, "min"),
                _ => two_units(days, "d", hours, "h"),
            }
        }
    };
    format!("{sign}{text}")
}

/// The same for milliseconds.
pub fn duration_ms(milliseconds: f64) -> String {
    if milliseconds.is_finite() { duration_ns((milliseconds * 1e6).round() as i64) } else { "–".to_owned() }
}

/// Seconds with two decimals below ten, one above: `1.21 s`, `0.09 s`, `12.4 s`.
fn seconds(ns: u64) -> String {
    let hundredths = (ns + 5_000_000) / 10_000_000;
    if hundredths < 1000 {
        return format!("{}.{:02} s", hundredths / 100, hundredths % 100);
    }
    let tenths = (ns + 50_000_000) / 100_000_000;
    format!("{}.{} s", tenths / 10, tenths % 10)
}

fn three_digits(ns: u64, unit: u64, name: &str) -> String {
    let hundredths = (ns * 100 + unit / 2) / unit;
    match hundredths {
        0..1_000 if !hundredths.is_multiple_of(100) => {
            let text = format!("{}.{:02}", hundredths / 100, hundredths % 100);
            format!("{} {name}", text.trim_end_matches('0'))
        }
        1_000..10_000 if !((hundredths + 5) / 10).is_multiple_of(10) => {
            let tenths = (hundredths + 5) / 10;
            format!("{}.{} {name}", tenths / 10, tenths % 10)
        }
        _ => format!("{} {name}", (hundredths + 50) / 100),
    }
}

fn two_units(large: u64, large_name: &str, small: u64, small_name: &str) -> String {
    if small == 0 { format!("{large} {large_name}") } else { format!("{large} {large_name} {small} {small_name}") }
}

/// Nano-dollars: three significant digits below a dollar (`$0.0042`, `$0.50`), cents above (`$8.90`), whole dollars from
/// a thousand (`$1,234`).
pub fn money(nano_usd: i64) -> String {
    let sign = if nano_usd < 0 { "\u{2212}" } else { "" };
    let nano = nano_usd.unsigned_abs();
    if nano == 0 {
        return "$0".to_owned();
    }
    let cents = (nano + 5_000_000) / 10_000_000;
    if cents >= 100_000 {
        let dollars = (nano + 500_000_000) / 1_000_000_000;
        return format!("{sign}${}", count(i64::try_from(dollars).unwrap_or(i64::MAX)));
    }
    if nano >= 995_000_000 {
        return format!("{sign}${}.{:02}", cents / 100, cents % 100);
    }
    // Position of the first significant digit after the point decides where to round.
    let digits = nano.to_string().len() as u32;
    let unit = 10_u64.pow(digits.saturating_sub(3));
    let rounded = (nano + unit / 2) / unit * unit;
    let decimals = format!("{rounded:09}");
    // At least two significant digits and two decimals stay, so that `$0.0040` stands under `$0.0042`.
    let shown = (11 - digits as usize).clamp(2, 9).max(decimals.trim_end_matches('0').len());
    format!("{sign}$0.{}", decimals.get(..shown).unwrap_or(&decimals))
}

/// Bytes: `412 B`, `1.2 KB`, `3.4 MB`.
pub fn bytes(number: u64) -> String {
    if number < 1000 {
        return format!("{number} B");
    }
    for (unit, name) in [(1_000_u64, "KB"), (1_000_000, "MB"), (1_000_000_000, "GB")] {
        if number < unit * 1000 || name == "GB" {
            return three_digits(number, unit, name);
        }
    }
    format!("{number} B")
}

/// The first and last four characters of a long id: `7f3a…91c2`.
pub fn short_id(id: &str) -> String {
    if !id.is_ascii() || id.len() <= 12 {
        return id.to_owned();
    }
    let (head, tail) = (id.get(..4).unwrap_or(id), id.get(id.len() - 4..).unwrap_or(""));
    format!("{head}…{tail}")
}

/// A UTC instant taken apart.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Civil {
    /// Year.
    pub year: i64,
    /// Month, 1 to 12.
    pub month: i64,
    /// Day of the month.
    pub day: i64,
    /// Hour, 0 to 23.
    pub hour: i64,
    /// Minute.
    pub minute: i64,
    /// Second.
    pub second: i64,
    /// Microsecond.
    pub micro: i64,
}

impl Civil {
    /// From microseconds since 1970. The calendar by Hinnant, "chrono-compatible low-level date algorithms".
    pub fn from_us(us: i64) -> Self {
        let (days, of_day) = (us.div_euclid(US_PER_DAY), us.rem_euclid(US_PER_DAY));
        let shifted = days + 719_468;
        let era = shifted.div_euclid(146_097);
        let day_of_era = shifted.rem_euclid(146_097);
        let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted_month = (5 * day_of_year + 2) / 153;
        let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
        let second_of_day = of_day / US_PER_SECOND;
        Self {
            year: year_of_era + era * 400 + i64::from(month <= 2),
            month,
            day: day_of_year - (153 * shifted_month + 2) / 5 + 1,
            hour: second_of_day / 3600,
            minute: second_of_day / 60 % 60,
            second: second_of_day % 60,
            micro: of_day % US_PER_SECOND,
        }
    }

    fn month_name(&self) -> &'static str {
        usize::try_from(self.month - 1).ok().and_then(|index| MONTHS.get(index)).copied().unwrap_or("")
    }
}

/// `Nov 21, 2026`.
pub fn date(us: i64) -> String {
    let at = Civil::from_us(us);
    format!("{} {}, {}", at.month_name(), at.day, at.year)
}

/// `Nov 21, 14:02:11`; the page says that times are UTC.
pub fn date_time(us: i64) -> String {
    let at = Civil::from_us(us);
    format!("{} {}, {:02}:{:02}:{:02}", at.month_name(), at.day, at.hour, at.minute, at.second)
}

/// `Nov 21, 2026, 14:02:11.482 UTC`, for titles and tooltips.
pub fn full_time(us: i64) -> String {
    let at = Civil::from_us(us);
    let (date, millis) = (date(us), at.micro / 1000);
    format!("{date}, {:02}:{:02}:{:02}.{millis:03} UTC", at.hour, at.minute, at.second)
}

/// RFC 3339 for `<time datetime>`: `2026-11-21T14:02:11.482000Z`.
pub fn rfc3339(us: i64) -> String {
    let at = Civil::from_us(us);
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z",
        at.year, at.month, at.day, at.hour, at.minute, at.second, at.micro
    )
}

/// The value of `<input type="datetime-local">`: `2026-11-21T14:02`.
pub fn datetime_local(us: i64) -> String {
    let at = Civil::from_us(us);
    format!("{:04}-{:02}-{:02}T{:02}:{:02}", at.year, at.month, at.day, at.hour, at.minute)
}

/// How long ago, seen from `now_us`: `just now`, `4 min ago`, `2 days ago`; beyond 30 days the date, with the year if it
/// is another one.
pub fn relative(us: i64, now_us: i64) -> String {
    let distance = now_us.saturating_sub(us) / US_PER_SECOND;
    let seconds = distance.abs();
    let (amount, unit) = match seconds {
        0..=4 => return "just now".to_owned(),
        5..=59 => (seconds, "s"),
        60..=3_599 => (seconds / 60, "min"),
        3_600..=86_399 => (seconds / 3600, "h"),
        86_400..=172_799 => (1, "day"),
        172_800..=2_592_000 => (seconds / 86_400, "days"),
        _ => {
            let (then, now) = (Civil::from_us(us), Civil::from_us(now_us));
            return if then.year == now.year { format!("{} {}", then.month_name(), then.day) } else { date(us) };
        }
    };
    if distance < 0 { format!("in {amount} {unit}") } else { format!("{amount} {unit} ago") }
}

#[cfg(test)]
#[path = "format_tests.rs"]
mod tests;
