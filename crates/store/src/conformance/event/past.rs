//! Tests of past traffic as an experiment would have met it.

use std::collections::BTreeMap;

use domain::{
    experiment::UnitKind,
    ids::TraceId,
    time::{HOUR_NS, TimeRange, TimeUs},
};

use super::{
    Build, Random, START_NS,
    experiments::{PROMPT, Sent, append, expected, random_batches, watch},
};
use crate::event::{EventStore, Meeting};

const HOUR_US: i64 = HOUR_NS / 1000;

/// Meetings in a range, from all that was sent: by unit, and how many traces there are and how many name none.
fn met(sent: &Sent, versions: Option<&[u32]>, kind: &UnitKind, range: TimeRange) -> (Vec<Meeting>, u64, u64) {
    let project = Build::project(1);
    let mut found: BTreeMap<String, (i64, TraceId)> = BTreeMap::new();
    let (mut traces, mut without) = (0, 0);
    for id in sent.model.trace_ids(project) {
        let spans = sent.model.spans(project, id);
        let asked = |version: u32| versions.is_none_or(|versions| versions.contains(&version));
        let uses = spans.iter().filter_map(|(_, link)| link.as_ref());
        let uses = uses.filter(|link| link.link.name == PROMPT).any(|link| asked(link.link.version));
        let trace = sent.model.trace(project, id).expect("a trace");
        let start_us = trace.start_ns.to_us().0;
        if !uses || !(range.from.0..range.to.0).contains(&start_us) {
            continue;
        }
        traces += 1;
        let unit = match kind {
            UnitKind::User => trace.user_id,
            UnitKind::Session => trace.session_id,
            _ => Some(id.to_string()),
        };
        let Some(unit) = unit else {
            without += 1;
            continue;
        };
        let own = (trace.start_ns.0, id);
        found.entry(unit).and_modify(|held| *held = own.min(*held)).or_insert(own);
    }
    let meeting = |(unit, (start_ns, trace)): (String, (i64, TraceId))| Meeting {
        unit,
        first_us: TimeUs(start_ns.div_euclid(1000)),
        trace,
    };
    (found.into_iter().map(meeting).collect(), traces, without)
}

pub async fn past_units_are_what_they_would_have_been_in_an_experiment(store: &dyn EventStore) {
    let project = Build::project(1);
    for (seed, kind) in (0..).zip([UnitKind::User, UnitKind::Session, UnitKind::Trace]) {
        let mut random = Random(300 + seed);
        let watch = watch(kind.clone(), Some(TimeUs(START_NS / 1000 + 30 * HOUR_US)));
        let mut sent = Sent::default();
        for batch in random_batches(&mut random, &kind, 50) {
            sent.take(&batch);
            append(store, batch).await;
        }
        for hours in [40, 12] {
            let range = TimeRange { from: TimeUs(START_NS / 1000), to: TimeUs(START_NS / 1000 + hours * HOUR_US) };
            let found = store.meetings(project, PROMPT, None, &kind, range, 1_000).await.expect("meetings");
            let (units, traces, without_unit) = met(&sent, None, &kind, range);
            assert_eq!((found.traces, found.without_unit, found.reached), (traces, without_unit, None));
            assert_eq!(found.units, units);
            for (versions, limit) in [(None, 1), (None, 3), (Some([1].as_slice()), 1), (Some(&[1, 2]), 3)] {
                let last = store.meetings(project, PROMPT, versions, &kind, range, limit).await.expect("meetings");
                let reached = last.reached.expect("there are more");
                assert!((1..=u64::from(limit)).contains(&last.traces), "{} traces of {limit}", last.traces);
                let rest = TimeRange { from: reached, ..range };
                let (units, traces, without_unit) = met(&sent, versions, &kind, rest);
                assert_eq!((last.units, last.traces, last.without_unit), (units, traces, without_unit));
            }
            for versions in [[1], [2], [9]] {
                let some =
                    store.meetings(project, PROMPT, Some(&versions), &kind, range, 1_000).await.expect("meetings");
                assert_eq!((some.units, some.reached), (met(&sent, Some(&versions), &kind, range).0, None));
            }
        }
        let exposed: Vec<(String, TimeUs)> =
            sent.exposures.values().map(|exposure| (exposure.unit.clone(), exposure.first_us)).collect();
        let states = store.would_have_become(project, &watch, &exposed).await.expect("states");
        for ((unit, _), state) in exposed.iter().zip(states) {
            assert_eq!(state, expected(&sent, &watch, unit), "{unit}");
        }
        let range = TimeRange { from: TimeUs(0), to: TimeUs(1) };
        let nobody = store.meetings(Build::project(2), PROMPT, None, &kind, range, 9);
        assert_eq!(nobody.await.expect("meetings"), crate::event::Meetings::default());
        while store.remove_project(project).await.expect("removed") {}
    }
}
