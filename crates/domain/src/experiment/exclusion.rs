use serde::{Deserialize, Serialize};

use super::{GroupName, problems::Problems};

/// A half-open range of the 10,000 buckets of an exclusion group's hash, `start..end`.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BucketRange {
    /// The first bucket.
    pub start: u16,
    /// The first bucket beyond; at most 10,000.
    pub end: u16,
}

impl BucketRange {
    /// Whether the two share a bucket.
    pub fn overlaps(self, other: Self) -> bool {
        self.start < other.end && other.start < self.end
    }
}

/// This experiment's part of a group of experiments that share no unit.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exclusion {
    /// The group.
    pub group: GroupName,
    /// The buckets this experiment owns: at least one range, none sharing a bucket with another.
    pub ranges: Vec<BucketRange>,
}

impl Exclusion {
    /// What cannot be launched, by the path below `field`.
    pub(super) fn check(&self, field: &str, problems: &mut Problems) {
        if self.ranges.is_empty() {
            problems.add(
                format!("{field}.ranges"),
                "no range; give the buckets this experiment owns, such as `{\"start\": 0, \"end\": 5000}`",
            );
        }
        for (index, range) in self.ranges.iter().enumerate() {
            let (start, end) = (range.start, range.end);
            let path = format!("{field}.ranges[{index}]");
            if start >= end || end > 10_000 {
                problems
                    .add(path, format!("`{start}..{end}` is no range; start lies below end, and end is at most 10000"));
            } else if let Some(other) = self.ranges.iter().take(index).find(|other| other.overlaps(*range)) {
                problems.add(path, format!("`{start}..{end}` shares buckets with `{}..{}`", other.start, other.end));
            }
        }
    }

    /// The first pair of ranges, ours and theirs, that share a bucket; none in different groups.
    pub fn overlap(&self, other: &Self) -> Option<(BucketRange, BucketRange)> {
        if self.group != other.group {
            return None;
        }
        self.ranges
            .iter()
            .find_map(|ours| other.ranges.iter().find(|theirs| ours.overlaps(**theirs)).map(|theirs| (*ours, *theirs)))
    }
}
