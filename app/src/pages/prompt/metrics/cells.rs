//! Numbers written out, each with what it rests on and the traces behind it. Server only.

use domain::metric::{Interval, Measure, MetricValue, NoInterval, Statistic, Unit};
use ui::{Query, format};

use super::model::Cell;
use crate::routes::project_href;

/// A number of nothing.
pub(super) const NOTHING: &str = "–";

/// Where numbers lead: the list of traces, filtered as the page is.
#[derive(Clone, Debug)]
pub(super) struct Links {
    base: String,
    query: Query,
    /// Whether the list can be filtered as the numbers are. It does not know segments.
    exact: bool,
}

impl Links {
    /// The traces of a prompt in the page's range.
    pub(super) fn new(project: &str, prompt: &str, page: &[(&str, Option<&str>)]) -> Self {
        let said = page.iter().filter_map(|(key, value)| Some((*key, (*value)?)));
        let exact = !page.iter().any(|(key, value)| *key == "segment" && value.is_some());
        let query = Query::from_pairs(std::iter::once(("prompt", prompt)).chain(said));
        Self { base: format!("{}/traces", project_href(project)), query, exact }
    }

    /// The same for one row.
    pub(super) fn of(&self, dimension: &str, value: &str) -> Self {
        // "None" is nothing a list can be filtered by.
        let exact = self.exact && dimension != "segment" && !value.is_empty();
        Self { base: self.base.clone(), query: self.query.set(dimension, value), exact }
    }

    /// The traces behind a measure.
    pub(super) fn href(&self, measure: &Measure) -> Option<String> {
        let query = match measure {
            Measure::Errors | Measure::ErrorRate => self.query.set("errors", "yes"),
            Measure::Score(Some(name), _) => self.query.set("score", name.as_str()),
            _ => self.query.clone(),
        };
        self.exact.then(|| format!("{}{}", self.base, query.href()))
    }
}

/// A value in its unit.
pub(super) fn written(measure: &Measure, value: f64, now_us: i64) -> String {
    match measure.unit() {
        Unit::Tokens if matches!(measure, Measure::Of(_, Statistic::Mean)) => format::number(value),
        Unit::Count | Unit::Tokens => format::count(value.round() as i64),
        Unit::Share => format::percent(value),
        Unit::Rate | Unit::Score => format::number(value),
        Unit::Nanoseconds => format::duration_ns(value.round() as i64),
        Unit::NanoUsd => format::money(value.round() as i64),
        Unit::TimeUs => format::relative(value as i64, now_us),
    }
}

/// Both ends of an interval, in the value's unit.
pub(super) fn ends(measure: &Measure, interval: Interval) -> String {
    let end = |value: f64| written(measure, value, 0);
    between(&end(interval.lower), &end(interval.upper))
}

/// Two numbers as a stretch, their unit once: `1.15–1.27 s`, `$0.8–1.2`. Negative ones keep the word.
pub(super) fn between(lower: &str, upper: &str) -> String {
    let signed = |text: &str| text.starts_with(['\u{2212}', '+']);
    if signed(lower) || signed(upper) {
        return format!("{lower} to {upper}");
    }
    if let (Some(_), Some(bare)) = (lower.strip_prefix('$'), upper.strip_prefix('$')) {
        return format!("{lower}–{bare}");
    }
    let unit = |text: &'_ str| text.find(|letter: char| !matches!(letter, '0'..='9' | '.' | ',')).unwrap_or(text.len());
    let (number, of_lower) = lower.split_at(unit(lower));
    let (_, of_upper) = upper.split_at(unit(upper));
    // A time of two units, such as 2 min 5 s, is not shortened.
    if of_lower == of_upper && !of_lower.contains(char::is_numeric) {
        return format!("{number}–{upper}");
    }
    format!("{lower} to {upper}")
}

/// What a number rests on.
pub(super) fn rests_on(n: u64) -> String {
    format!("n {}", format::count(i64::try_from(n).unwrap_or(i64::MAX)))
}

/// A number of the table.
pub(super) fn cell(measure: &Measure, value: &MetricValue, links: &Links, now_us: i64) -> Cell {
    let Some(number) = value.value else {
        return Cell { text: NOTHING.to_owned(), n: Some(rests_on(value.n)), ..Cell::default() };
    };
    Cell {
        text: written(measure, number, now_us),
        interval: value.interval.map(|interval| ends(measure, interval)),
        // The number of generations is its own n, and so is that of failures among them.
        n: (*measure != Measure::Count).then(|| rests_on(value.n)),
        why: value.no_interval.map(why),
        href: links.href(measure),
    }
}

/// Why there is no interval.
pub(super) fn why(reason: NoInterval) -> String {
    match reason {
        NoInterval::TooFewUnits { have, need } => {
            format!("No interval yet: {have} groups of users were seen, {need} are needed")
        }
        NoInterval::TooFewBeyond => "No interval: too few generations lie beyond this quantile".to_owned(),
        NoInterval::TooFewDistinctValues => {
            "No interval: the values lie on too coarse a grid; see the mean or the share".to_owned()
        }
        NoInterval::NoVariation => "No interval: all values are the same".to_owned(),
        NoInterval::NotAsked => "No interval: it was not asked for".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use domain::metric::IntervalMethod;

    use super::*;

    fn measure(word: &str) -> Measure {
        word.parse().unwrap()
    }

    #[test]
    fn a_number_leads_to_its_traces_where_the_list_can_show_them() {
        let links = Links::new("demo", "a/b", &[("range", Some("7d")), ("model", None)]);
        let row = links.of("version", "3");
        assert_eq!(row.href(&measure("count")).unwrap(), "/p/demo/traces?prompt=a/b&range=7d&version=3");
        assert!(row.href(&measure("error_rate")).unwrap().ends_with("&version=3&errors=yes"));
        assert_eq!(links.of("segment", "gold").href(&measure("count")), None);
        assert_eq!(links.of("model", "").href(&measure("count")), None);
        let filtered = Links::new("demo", "a", &[("segment", Some("gold"))]);
        assert_eq!(filtered.of("version", "3").href(&measure("count")), None);
    }

    #[test]
    fn a_stretch_says_its_unit_once() {
        for (lower, upper, text) in [
            ("1.15 s", "1.27 s", "1.15–1.27 s"),
            ("840 ms", "1.2 s", "840 ms to 1.2 s"),
            ("2 min 5 s", "2 min 9 s", "2 min 5 s to 2 min 9 s"),
            ("$0.8", "$1.20", "$0.8–1.20"),
            ("0%", "2.1%", "0–2.1%"),
            ("12", "1,200", "12–1,200"),
            ("\u{2212}0.1", "0.3", "\u{2212}0.1 to 0.3"),
        ] {
            assert_eq!(between(lower, upper), text);
        }
    }

    #[test]
    fn every_number_says_what_it_rests_on_and_how_sure_it_is() {
        let links = Links::new("demo", "a", &[]);
        let interval = Interval { lower: 1.15e9, upper: 1.27e9, method: IntervalMethod::UnitGroups };
        let value = MetricValue { value: Some(1.21e9), n: 4790, interval: Some(interval), ..MetricValue::NOTHING };
        let found = cell(&measure("latency.p50"), &value, &links, 0);
        assert_eq!(found.text, "1.21 s");
        assert_eq!(found.interval.as_deref(), Some("1.15–1.27 s"));
        assert_eq!(found.n.as_deref(), Some("n 4,790"));
        let nothing = cell(&measure("latency.p50"), &MetricValue::NOTHING, &links, 0);
        assert_eq!((nothing.text.as_str(), nothing.href), (NOTHING, None));
        assert_eq!(written(&measure("error_rate"), 0.0512, 0), "5.1%");
        assert_eq!(written(&measure("cost.sum"), 4_200_000.0, 0), "$0.0042");
    }
}
