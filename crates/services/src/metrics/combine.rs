use std::{cmp::Ordering, collections::BTreeMap};

use domain::{metric::Dimension, time::TimeUs};
use store::event::{ScoreTotals, SpanTotals, TotalsAnswer};

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

/// Joins the two halves of an answer by group and step, sorted.
pub(super) fn combine(answer: TotalsAnswer, dimensions: &[Dimension]) -> BTreeMap<Place, Seen> {
    let place = |key: Vec<String>, at_us: Option<TimeUs>| {
        let order = key
            .iter()
            .zip(dimensions)
            .map(|(value, dimension)| match (dimension, value.parse()) {
                (Dimension::Version, Ok(number)) => Part::Number(number),
                _ => Part::Text(value.clone()),
            })
            .collect();
        Place { key, at_us, order }
    };
    let mut places: BTreeMap<Place, Seen> = BTreeMap::new();
    for group in answer.spans {
        places.entry(place(group.key, group.at_us)).or_default().spans = group.totals;
    }
    for group in answer.scores {
        places.entry(place(group.key, group.at_us)).or_default().scores.insert(group.name, group.totals);
    }
    places
}

#[cfg(test)]
mod tests {
    use store::event::Group;

    use super::*;

    #[test]
    fn versions_sort_as_numbers_and_then_by_time() {
        let group = |version: &str, at: i64| Group {
            key: vec![version.to_owned()],
            at_us: Some(TimeUs(at)),
            totals: SpanTotals::default(),
        };
        let answer =
            TotalsAnswer { spans: vec![group("10", 1), group("9", 2), group("9", 1)], ..TotalsAnswer::default() };
        let order: Vec<(String, i64)> = combine(answer, &[Dimension::Version])
            .into_keys()
            .map(|place| (place.key.concat(), place.at_us.unwrap().0))
            .collect();
        assert_eq!(order, [("9".to_owned(), 1), ("9".to_owned(), 2), ("10".to_owned(), 1)]);
    }
}
