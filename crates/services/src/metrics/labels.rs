//! Which version a label pointed at, and when: labels are not on spans, they follow from the moves.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    prompt::LabelMove,
    time::{TimeRange, TimeUs},
};

/// A stretch of time in which a label pointed at a version.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Held {
    pub(super) version: u32,
    pub(super) range: TimeRange,
}

/// What each label pointed at within a range, by the moves of one prompt.
pub(super) fn timeline(moves: &[LabelMove], range: TimeRange) -> BTreeMap<String, Vec<Held>> {
    let mut ordered: Vec<&LabelMove> = moves.iter().collect();
    ordered.sort_by_key(|moved| moved.at_us);
    let mut open: BTreeMap<&str, (u32, TimeUs)> = BTreeMap::new();
    let mut held: BTreeMap<String, Vec<Held>> = BTreeMap::new();
    let mut close = |label: &str, (version, since): (u32, TimeUs), until: TimeUs| {
        let range = TimeRange { from: since.max(range.from), to: until.min(range.to) };
        if range.from < range.to {
            held.entry(label.to_owned()).or_default().push(Held { version, range });
        }
    };
    for moved in ordered {
        let label = moved.label.as_str();
        if let Some(ended) = open.remove(label) {
            close(label, ended, moved.at_us);
        }
        if let Some(version) = moved.to {
            open.insert(label, (version, moved.at_us));
        }
    }
    for (label, still) in open {
        close(label, still, TimeUs(i64::MAX));
    }
    held
}

/// The stretches in which any of these labels pointed at a version, so that nothing is counted twice.
pub(super) fn union(held: &BTreeMap<String, Vec<Held>>) -> Vec<Held> {
    let mut by_version: BTreeMap<u32, BTreeSet<(i64, i64)>> = BTreeMap::new();
    for one in held.values().flatten() {
        by_version.entry(one.version).or_default().insert((one.range.from.0, one.range.to.0));
    }
    let mut joined: Vec<Held> = Vec::new();
    for (version, stretches) in by_version {
        for (from, to) in stretches {
            match joined.last_mut() {
                Some(last) if last.version == version && from <= last.range.to.0 => {
                    last.range.to = last.range.to.max(TimeUs(to));
                }
                _ => joined.push(Held { version, range: TimeRange { from: TimeUs(from), to: TimeUs(to) } }),
            }
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use domain::{
        ids::LabelMoveId,
        prompt::{LabelName, MoveSource},
    };

    use super::*;

    fn moved(label: &str, to: Option<u32>, at: i64) -> LabelMove {
        LabelMove {
            id: LabelMoveId(uuid::Uuid::from_u128(at as u128)),
            label: label.parse::<LabelName>().unwrap(),
            from: None,
            to,
            by: "test".to_owned(),
            at_us: TimeUs(at),
            reason: None,
            source: MoveSource::Api,
        }
    }

    fn held(version: u32, from: i64, to: i64) -> Held {
        Held { version, range: TimeRange { from: TimeUs(from), to: TimeUs(to) } }
    }

    #[test]
    fn a_label_holds_a_version_from_one_move_to_the_next() {
        let moves = [
            moved("production", Some(1), 10),
            moved("production", Some(2), 50),
            moved("staging", Some(2), 40),
            moved("staging", None, 60),
        ];
        let range = TimeRange { from: TimeUs(20), to: TimeUs(100) };
        let timeline = timeline(&moves, range);
        assert_eq!(timeline["production"], [held(1, 20, 50), held(2, 50, 100)]);
        assert_eq!(timeline["staging"], [held(2, 40, 60)]);
        assert_eq!(union(&timeline), [held(1, 20, 50), held(2, 40, 100)]);
    }
}
