//! Mutual exclusion: experiments that must not share a unit own disjoint ranges of one hash.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::definition::Filter;
use crate::hash::BUCKETS;
use crate::problem::{Findings, Problems, shown};
use crate::range::Range;

/// The ranges that experiments of one group own.
///
/// A freed range should rest (14 days by default) before another experiment takes it, because its units carry the old
/// experiment's effect; whoever keeps time leaves the old owner in place until then.
///
/// ```
/// use assign::{ExclusionGroup, Range};
///
/// let group = ExclusionGroup::new("checkout", [
///     ("tone-test".to_owned(), vec![Range { start: 0, end: 4000 }]),
///     ("length-test".to_owned(), vec![Range { start: 4000, end: 7000 }]),
/// ])?;
/// assert_eq!(group.free(), [Range { start: 7000, end: 10_000 }]);
/// # Ok::<(), assign::Problems>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ExclusionGroup {
    seed: String,
    owners: BTreeMap<String, Vec<Range>>,
}

/// A group as it is read, before it is checked.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Unchecked {
    seed: String,
    owners: BTreeMap<String, Vec<Range>>,
}

impl<'de> Deserialize<'de> for ExclusionGroup {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Unchecked { seed, owners } = Unchecked::deserialize(deserializer)?;
        Self::new(seed, owners).map_err(serde::de::Error::custom)
    }
}

impl ExclusionGroup {
    /// A group with a seed and each experiment's ranges.
    ///
    /// # Errors
    ///
    /// [`Problems`] when the seed is empty, a range is empty or beyond 10,000, or two ranges overlap, also those of
    /// one experiment.
    pub fn new(
        seed: impl Into<String>,
        owners: impl IntoIterator<Item = (String, Vec<Range>)>,
    ) -> Result<Self, Problems> {
        let group = Self { seed: seed.into(), owners: owners.into_iter().collect() };
        let mut findings = Findings::default();
        if group.seed.is_empty() {
            findings.add("seed", "empty; give the group's id");
        }
        for (owner, ranges) in &group.owners {
            check_ranges(ranges, &format!("owners[{}]", shown(owner)), &mut findings);
        }
        for (first, second) in group.sorted().iter().zip(group.sorted().iter().skip(1)) {
            if first.1 != second.1 && first.0.overlaps(second.0) {
                findings.add(
                    format!("owners[{}]", shown(second.1)),
                    format!(
                        "`{}..{}` overlaps `{}..{}` of `{}`; experiments of a group own disjoint ranges",
                        second.0.start,
                        second.0.end,
                        first.0.start,
                        first.0.end,
                        shown(first.1)
                    ),
                );
            }
        }
        findings.into_result()?;
        Ok(group)
    }

    /// The filter an experiment of this group carries; `None` if it owns nothing.
    #[must_use]
    pub fn filter(&self, experiment: &str) -> Option<Filter> {
        let ranges = self.owners.get(experiment)?;
        Some(Filter { seed: self.seed.clone(), ranges: ranges.clone() })
    }

    /// The ranges nobody owns, in order.
    #[must_use]
    pub fn free(&self) -> Vec<Range> {
        let mut free = Vec::new();
        let mut start = 0;
        for (owned, _) in self.sorted() {
            if owned.start > start {
                free.push(Range { start, end: owned.start });
            }
            start = start.max(owned.end);
        }
        if start < BUCKETS {
            free.push(Range { start, end: BUCKETS });
        }
        free
    }

    fn sorted(&self) -> Vec<(Range, &str)> {
        let mut all: Vec<(Range, &str)> = self
            .owners
            .iter()
            .flat_map(|(owner, ranges)| ranges.iter().map(move |&range| (range, owner.as_str())))
            .collect();
        all.sort_unstable();
        all
    }
}

/// Whether each range holds a bucket, ends at 10,000 at most, and shares none with the others.
pub(crate) fn check_ranges(ranges: &[Range], field: &str, findings: &mut Findings) {
    if ranges.is_empty() {
        findings.add(field, "empty; give at least one range");
    }
    for (index, range) in ranges.iter().enumerate() {
        let (start, end) = (range.start, range.end);
        if range.width() == 0 || end > BUCKETS {
            findings.add(
                format!("{field}[{index}]"),
                format!("`{start}..{end}` is no range; start lies below end, and end is at most 10000"),
            );
        }
        if let Some(other) = ranges.iter().take(index).find(|other| other.overlaps(*range)) {
            findings.add(
                format!("{field}[{index}]"),
                format!("`{start}..{end}` overlaps `{}..{}`", other.start, other.end),
            );
        }
    }
}
