//! Hours that have to be divided: their generations are looked at one by one, within a bound.

use std::collections::{BTreeMap, BTreeSet};

use domain::time::{HOUR_NS, TimeRange, TimeUs};
use store::event::TotalsQuestion;

use super::{
    scan::{SCANNED, Stretch},
    totals::HOUR_US,
};

/// Generations looked at to divide the hours at the ends of a range or step; with more in them, whole hours are answered.
const DIVIDED: u64 = 20_000;

/// What is really answered of what was asked.
#[derive(Debug)]
pub(super) struct Answered {
    pub(super) range: TimeRange,
    /// Why it is not whole, when a bound was hit.
    pub(super) partial: Option<String>,
}

/// Which hours are divided, and how many generations they hold by prompt version.
#[derive(Default)]
pub(super) struct Division {
    hours: BTreeMap<i64, BTreeMap<(i64, i64), u64>>,
}

impl Division {
    /// Takes note of so many generations of a prompt version in an hour that is divided.
    pub(super) fn add(&mut self, hour: i64, version: (i64, i64), count: u64) {
        *self.hours.entry(hour).or_default().entry(version).or_default() += count;
    }

    /// Whether an hour's generations are looked at one by one.
    pub(super) fn has(&self, hour: i64) -> bool {
        self.hours.contains_key(&hour)
    }

    /// Keeps what may be looked at. What has to be (`fine`) is cut at the older end when there is too much; ends of hours are
    /// answered whole instead.
    pub(super) fn bound(&mut self, fine: bool, answered: &mut Answered) {
        let mut sum = 0_u64;
        let mut kept = None;
        for (hour, counts) in self.hours.iter().rev() {
            sum += counts.values().sum::<u64>();
            if sum > SCANNED {
                break;
            }
            kept = Some(*hour);
        }
        let all: u64 = self.hours.values().flat_map(BTreeMap::values).sum();
        if !fine && all > DIVIDED {
            self.hours.clear();
            let floor = |at: TimeUs| at.0.div_euclid(HOUR_US);
            answered.range = TimeRange {
                from: TimeUs(floor(answered.range.from).saturating_mul(HOUR_US)),
                to: TimeUs(
                    floor(TimeUs(answered.range.to.0.saturating_sub(1))).saturating_add(1).saturating_mul(HOUR_US),
                ),
            };
        } else if all > SCANNED {
            let first = kept.map_or(answered.range.to, |hour| TimeUs(hour.saturating_mul(HOUR_US)));
            self.hours.retain(|hour, _| kept.is_some_and(|kept| *hour >= kept));
            answered.range.from = first.max(answered.range.from);
            answered.partial = Some(format!(
                "the range holds {all} generations and this question looks at each; only the part since {first}, with at \
                 most {SCANNED} of them, was answered: narrow the range or filter"
            ));
        }
    }

    /// The parts of the range to be looked at, adjacent hours joined.
    pub(super) fn stretches(&self, range: TimeRange) -> Vec<Stretch> {
        let mut by_version: BTreeMap<(i64, i64), Vec<i64>> = BTreeMap::new();
        for (hour, counts) in &self.hours {
            for version in counts.keys() {
                by_version.entry(*version).or_default().push(*hour);
            }
        }
        let (first, last) = (range.from.to_ns().0, range.to.to_ns().0);
        let mut stretches: Vec<Stretch> = Vec::new();
        for ((prompt, version), hours) in by_version {
            for hour in hours {
                let from = hour.saturating_mul(HOUR_NS).max(first);
                let to = hour.saturating_add(1).saturating_mul(HOUR_NS).min(last);
                match stretches.last_mut() {
                    Some(open) if (open.prompt, open.version, open.to) == (prompt, version, from) => open.to = to,
                    _ if from < to => stretches.push(Stretch { prompt, version, from, to }),
                    _ => {}
                }
            }
        }
        stretches
    }
}

/// Hours that the range or a step begins or ends inside of.
pub(super) fn divided_hours(question: &TotalsQuestion) -> BTreeSet<i64> {
    let TimeRange { from, to } = question.range;
    let inner = question.steps.iter().copied().filter(|start| *start > from && *start < to);
    [from, to]
        .into_iter()
        .chain(inner)
        .filter(|at| at.0.rem_euclid(HOUR_US) != 0)
        .map(|at| at.0.div_euclid(HOUR_US))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Hours 10, 11, 12 with so many generations each, and a range from inside the first to inside the last.
    fn divided(counts: [u64; 3]) -> (Division, Answered) {
        let hours = (10..).zip(counts).map(|(hour, count)| (hour, BTreeMap::from([((1, 1), count)]))).collect();
        let range = TimeRange { from: TimeUs(10 * HOUR_US + 5), to: TimeUs(12 * HOUR_US + 7) };
        (Division { hours }, Answered { range, partial: None })
    }

    #[test]
    fn few_generations_are_looked_at_one_by_one() {
        let (mut division, mut answer) = divided([5, 5, 5]);
        let range = answer.range;
        division.bound(false, &mut answer);
        assert_eq!((answer.range, &answer.partial), (range, &None));
        let whole = Stretch { prompt: 1, version: 1, from: range.from.to_ns().0, to: range.to.to_ns().0 };
        assert_eq!(division.stretches(range), [whole]);
    }

    #[test]
    fn too_many_at_the_ends_make_whole_hours() {
        let (mut division, mut answer) = divided([DIVIDED, 0, 1]);
        division.bound(false, &mut answer);
        assert_eq!(answer.range, TimeRange { from: TimeUs(10 * HOUR_US), to: TimeUs(13 * HOUR_US) });
        assert!(division.stretches(answer.range).is_empty() && answer.partial.is_none());
    }

    #[test]
    fn of_too_many_that_have_to_be_looked_at_the_newest_are() {
        let (mut division, mut answer) = divided([SCANNED, 100, 100]);
        division.bound(true, &mut answer);
        assert_eq!(answer.range.from, TimeUs(11 * HOUR_US));
        assert!(answer.partial.is_some_and(|reason| reason.contains("200200")));
        let [kept] = division.stretches(answer.range)[..] else { panic!("one stretch") };
        assert_eq!(kept.from, 11 * HOUR_NS);
        let (mut division, mut answer) = divided([1, 1, SCANNED + 1]);
        division.bound(true, &mut answer);
        assert!(answer.partial.is_some() && division.stretches(answer.range).is_empty());
    }
}
