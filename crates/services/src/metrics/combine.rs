use std::{cmp::Ordering, collections::BTreeMap};

use domain::{metric::Dimension, time::TimeUs};
use store::event::{ScoreTotals, SpanTotals, TotalsAnswer};

use super::notice::OTHER_NAMES;

/// Which group and step a row speaks of. Ordered as answers are: versions as numbers, everything else as text, then time.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Place {
    pub(super) key: Vec<String>,
    pub(super) at_us: Option<TimeUs>,
    /// Versions among the key, as numbers, so that v10 follows v9.
    order: Vec<Part>,
}

#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Part {
    Number(u64),
    Text(String),
}

impl Ord for Place {
    fn cmp(&self, other: &Self) -> Ordering {
        (&self.order, self.at_us).cmp(&(&other.order, other.at_us))
    }
}

impl PartialOrd for Place {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Everything seen of one place.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    pub(super) spans: SpanTotals,
    /// Score totals by name, sorted by name.
    pub(super) scores: BTreeMap<String, ScoreTotals>,
}

impl Place {
    /// The place of a group and step.
    pub(super) fn new(key: Vec<String>, at_us: Option<TimeUs>, dimensions: &[Dimension]) -> Self {
        let order = key
            .iter()
            .zip(dimensions)
            .map(|(value, dimension)| match (dimension, value.parse()) {
                (Dimension::Version, Ok(number)) => Part::Number(number),
                _ => Part::Text(value.clone()),
            })
            .collect();
        Self { key, at_us, order }
    }
}

/// Joins the two halves of an answer by group and step, sorted, to what was seen already. `extend` completes the keys.
pub(super) fn combine(
    places: &mut BTreeMap<Place, Seen>,
    answer: TotalsAnswer,
    dimensions: &[Dimension],
    extend: impl Fn(Vec<String>) -> Vec<String>,
) {
    for group in answer.spans {
        let held = places.entry(Place::new(extend(group.key), group.at_us, dimensions)).or_default();
        add_spans(&mut held.spans, group.totals);
    }
    for group in answer.scores {
        let name = if group.name.is_empty() { OTHER_NAMES.to_owned() } else { group.name };
        let held = places.entry(Place::new(extend(group.key), group.at_us, dimensions)).or_default();
        add_scores(held.scores.entry(name).or_default(), group.totals);
    }
}

fn add_spans(held: &mut SpanTotals, more: SpanTotals) {
    if held.count == 0 {
        *held = more;
        return;
    }
    held.count += more.count;
    held.errors += more.errors;
    held.null_responses += more.null_responses;
    held.first_ns = [held.first_ns, more.first_ns].into_iter().flatten().min();
    held.last_ns = [held.last_ns, more.last_ns].into_iter().flatten().max();
    for (held, more) in held.quantities.iter_mut().zip(more.quantities) {
        held.n += more.n;
        held.sum = held.sum.saturating_add(more.sum);
        held.squares = held.squares.saturating_add(more.squares);
        held.bins = added(std::mem::take(&mut held.bins), more.bins);
    }
}

fn add_scores(held: &mut ScoreTotals, more: ScoreTotals) {
    held.n += more.n;
    held.sum = held.sum.saturating_add(more.sum);
    held.squares = held.squares.saturating_add(more.squares);
    held.bins = added(std::mem::take(&mut held.bins), more.bins);
    held.categories = added(std::mem::take(&mut held.categories), more.categories);
}

/// Counts of both, sorted by bin.
fn added<K: Ord>(one: Vec<(K, u64)>, other: Vec<(K, u64)>) -> Vec<(K, u64)> {
    if one.is_empty() {
        return other;
    }
    let mut counts: BTreeMap<K, u64> = one.into_iter().collect();
    for (bin, count) in other {
        *counts.entry(bin).or_default() += count;
    }
    counts.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use domain::time::TimeRange;
    use store::event::Group;

    use super::*;

    #[test]
    fn versions_sort_as_numbers_and_then_by_time() {
        let group = |version: &str, at: i64| Group {
            key: vec![version.to_owned()],
            at_us: Some(TimeUs(at)),
            totals: SpanTotals::default(),
        };
        let answer = TotalsAnswer {
            range: TimeRange { from: TimeUs(0), to: TimeUs(9) },
            spans: vec![group("10", 1), group("9", 2), group("9", 1)],
            scores: vec![],
            partial: None,
        };
        let mut places = BTreeMap::new();
        combine(&mut places, answer, &[Dimension::Version], |key| key);
        let order: Vec<(String, i64)> =
            places.into_keys().map(|place| (place.key.concat(), place.at_us.unwrap().0)).collect();
        assert_eq!(order, [("9".to_owned(), 1), ("9".to_owned(), 2), ("10".to_owned(), 1)]);
    }
}
