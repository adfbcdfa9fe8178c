//! Tests of outcome events, exposures, and what becomes of exposed units. [`expected`] works a unit out afresh, the slow and
//! obvious way.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    experiment::{Eligibility, Exposure, ExposureDoor, MetricSource, UnitKind},
    ids::ExperimentId,
    metric::Quantity,
    outcome::{EventUnit, OutcomeEvent},
    score::{ScoreTarget, ScoreValue},
    time::{HOUR_NS, TimeNs, TimeUs},
    trace::Level,
};
use serde_json::{Map, json};

use super::{Build, Model, RECEIVED, Random, START_NS, blocks, fold_all};
use crate::event::{
    EventBatch, EventStore, OutcomeCount, OutcomePlace, SliceKind, UnitDay, UnitMeasure, UnitState, UnitSum, Watch,
    is_earlier, outcome_version,
};

const DAY_NS: i64 = 24 * HOUR_NS;
pub(super) const PROMPT: &str = "greet";

pub(super) fn experiment() -> ExperimentId {
    "00000000-0000-7000-9000-000000000001".parse().expect("a UUID")
}

pub(super) fn event(id: &str, name: &str, unit: EventUnit, value: Option<f64>, at_ns: i64) -> OutcomeEvent {
    let properties = Map::from_iter([("plan".to_owned(), json!("pro"))]);
    let (id, name) = (id.parse().expect("an id"), name.parse().expect("a name"));
    OutcomeEvent { id, name, unit, value, properties, at_us: TimeUs(at_ns / 1000) }
}

pub(super) fn user(id: &str) -> EventUnit {
    EventUnit::new(UnitKind::User, id).expect("a unit")
}

pub(super) fn exposure(phase: u32, unit: &str, arm: &str, at_ns: i64) -> Exposure {
    Exposure {
        experiment: experiment(),
        phase,
        epoch: 1,
        unit: unit.to_owned(),
        arm: arm.parse().expect("an arm"),
        propensity: 0.5,
        bucket: 4_321,
        eligibility: Eligibility::Matched,
        door: ExposureDoor::Resolve,
        first_us: TimeUs(at_ns / 1000),
    }
}

pub(super) fn outcomes(events: Vec<OutcomeEvent>) -> EventBatch {
    EventBatch { outcomes: events, ..EventBatch::empty(Build::project(1), RECEIVED) }
}

pub(super) fn exposures(exposures: Vec<Exposure>) -> EventBatch {
    EventBatch { exposures, ..EventBatch::empty(Build::project(1), RECEIVED) }
}

/// A watch with every kind of measure and reading.
pub fn watch(unit: UnitKind, until_us: Option<TimeUs>) -> Watch {
    let measure = |source: &str, window_hours: Option<u32>, bins: bool| UnitMeasure {
        source: source.parse().expect("a source"),
        window_hours,
        bins,
    };
    Watch {
        experiment: experiment(),
        phase: 0,
        unit,
        prompt: PROMPT.to_owned(),
        until_us,
        measures: vec![
            measure("generations", None, false),
            measure("errors", None, false),
            measure("null_responses", None, false),
            measure("latency", None, true),
            measure("cost", Some(1), false),
            measure("total_tokens", None, false),
            measure("score:tone", None, true),
            measure("score:tone", Some(1), false),
            measure("event:buy", None, false),
            measure("event:buy", Some(2), false),
        ],
        readings: blocks::readings(),
    }
}

pub(super) async fn append(store: &dyn EventStore, batch: EventBatch) {
    store.append(batch).await.expect("append");
}

pub async fn the_same_event_counts_once_and_the_later_stands(store: &dyn EventStore) {
    let project = Build::project(1);
    let first = event("e1", "buy", user("ana"), Some(2.5), START_NS);
    let answer = store.append(outcomes(vec![first.clone(), first.clone()])).await.expect("append");
    assert_eq!((answer.new, answer.replaced, answer.unchanged), (1, 0, 1));
    let later = event("e1", "refund", user("ben"), None, START_NS + 1_000_000);
    append(store, outcomes(vec![later.clone(), event("e2", "buy", user("ana"), None, START_NS)])).await;
    append(store, outcomes(vec![first])).await;
    let id = "e1".parse().expect("an id");
    let stored = store.outcome(project, &id).await.expect("event").expect("there");
    assert_eq!((stored.event, stored.received_us), (later, RECEIVED));
    assert_eq!(store.outcome(Build::project(2), &id).await.expect("event"), None);
    let count = |name: &str| OutcomeCount { name: name.parse().expect("a name"), events: 1, last_us: RECEIVED };
    assert_eq!(store.outcome_counts(project, 10).await.expect("counts"), [count("buy"), count("refund")]);
    let mut found = Vec::new();
    let mut before: Option<OutcomePlace> = None;
    while let Some((place, record)) = store.outcomes(project, before, 1).await.expect("events").pop() {
        before = Some(place);
        found.push(record.event.id.as_str().to_owned());
    }
    assert_eq!(found, ["e2", "e1"]);
    while store.remove_project(project).await.expect("removed") {}
    assert!(store.outcomes(project, None, 10).await.expect("events").is_empty());
    assert!(store.outcome_counts(project, 10).await.expect("counts").is_empty());
}

pub async fn the_earliest_exposure_stands_and_a_second_arm_is_noted(store: &dyn EventStore) {
    let project = Build::project(1);
    let sent = [
        exposure(0, "ana", "a", START_NS + 5_000),
        exposure(0, "ana", "a", START_NS),
        exposure(0, "ana", "a", START_NS + 9_000),
        exposure(0, "ben", "a", START_NS + 1_000),
        exposure(0, "ben", "b", START_NS + 7_000),
        exposure(1, "ana", "b", START_NS + 2_000),
    ];
    for seed in 0..4 {
        let mut shuffled = sent.to_vec();
        Random(seed).shuffle(&mut shuffled);
        for one in shuffled {
            append(store, exposures(vec![one.clone(), one])).await;
        }
        let of = async |unit: &str| store.exposures(project, experiment(), unit).await.expect("exposures");
        let ana = of("ana").await;
        assert_eq!(ana.iter().map(|record| &record.exposure).collect::<Vec<_>>(), [&sent[1], &sent[5]]);
        assert!(ana.iter().all(|record| !record.multiple));
        let ben = of("ben").await;
        assert_eq!((&ben[0].exposure, ben[0].multiple, ben.len()), (&sent[3], true, 1));
        assert!(of("nobody").await.is_empty());
        let version = store.units_version(project, experiment(), 0).await.expect("version");
        assert_eq!(version.units, 2);
    }
    assert!(store.exposures(Build::project(2), experiment(), "ana").await.expect("exposures").is_empty());
    let page = store.units(project, experiment(), 0, None, 1).await.expect("units");
    assert_eq!((page[0].exposed.exposure.unit.as_str(), page[0].state.clone()), ("ana", None));
    let page = store.units(project, experiment(), 0, Some("ana"), 5).await.expect("units");
    assert_eq!((page.len(), page[0].exposed.multiple), (1, true));
    while store.remove_project(project).await.expect("removed") {}
    assert!(store.units(project, experiment(), 0, None, 5).await.expect("units").is_empty());
    assert!(store.unit_blocks(project, experiment(), 0, &[SliceKind::Days]).await.expect("blocks").is_empty());
}

/// Every event sent, as it stands.
#[derive(Default)]
pub(super) struct Sent {
    pub(super) model: Model,
    pub(super) outcomes: BTreeMap<String, OutcomeEvent>,
    pub(super) exposures: BTreeMap<String, Exposure>,
}

impl Sent {
    pub(super) fn take(&mut self, batch: &EventBatch) {
        self.model.take(batch);
        for event in &batch.outcomes {
            let held = self.outcomes.entry(event.id.as_str().to_owned()).or_insert(event.clone());
            if outcome_version(event).expect("JSON") > outcome_version(held).expect("JSON") {
                *held = event.clone();
            }
        }
        for exposure in &batch.exposures {
            let held = self.exposures.entry(exposure.unit.clone()).or_insert(exposure.clone());
            if is_earlier(exposure, held) {
                *held = exposure.clone();
            }
        }
    }
}

fn fixed(number: f64) -> i128 {
    (number * 1e9).round_ties_even() as i128
}

/// A row's value by what reads it, and the bin it counts in.
type Row<'r> = dyn Fn(&MetricSource) -> Option<(i128, Option<i32>)> + 'r;

/// What became of a unit, from all that was sent.
pub(super) fn expected(sent: &Sent, watch: &Watch, unit: &str) -> UnitState {
    let project = Build::project(1);
    let first = sent.exposures[unit].first_us.to_ns().0;
    let until = watch.until_us.map_or(i64::MAX, |until| until.to_ns().0);
    let mut days: BTreeMap<i64, UnitDay> = BTreeMap::new();
    let mut state = UnitState::default();
    let mut counted: BTreeMap<_, i64> = BTreeMap::new();
    let mut traces: BTreeMap<String, i64> = BTreeMap::new();
    let mut sessions: BTreeMap<String, i64> = BTreeMap::new();
    let blank = |day: i64| UnitDay { day, versions: vec![], sums: vec![UnitSum::default(); watch.measures.len()] };
    let count = |days: &mut BTreeMap<i64, UnitDay>, at: i64, row: &Row<'_>| {
        for (index, measure) in watch.measures.iter().enumerate() {
            if measure.window_hours.is_some_and(|hours| at >= first + i64::from(hours) * HOUR_NS) {
                continue;
            }
            let Some((value, bin)) = row(&measure.source) else { continue };
            let day = at.div_euclid(DAY_NS);
            let bins = bin.filter(|_| measure.bins).map(|bin| vec![(bin, 1)]).unwrap_or_default();
            days.entry(day).or_insert_with(|| blank(day)).sums[index].add(&UnitSum { rows: 1, sum: value, bins });
        }
    };
    for trace_id in sent.model.trace_ids(project) {
        let trace = sent.model.trace(project, trace_id).expect("a trace");
        let of = match watch.unit {
            UnitKind::User => trace.user_id.clone(),
            UnitKind::Session => trace.session_id.clone(),
            _ => Some(trace_id.to_string()),
        };
        if of.as_deref() != Some(unit) {
            continue;
        }
        for (span, link) in sent.model.spans(project, trace_id) {
            let Some(link) = link.filter(|link| link.link.name == watch.prompt) else { continue };
            let (row, at) = (&span.row, span.row.start_ns.0);
            if at >= until || at < first {
                state.early += u64::from(at < first && at >= first - 60_000_000_000);
                continue;
            }
            let day = at.div_euclid(DAY_NS);
            let versions = &mut days.entry(day).or_insert_with(|| blank(day)).versions;
            match versions.iter_mut().find(|(version, _)| *version == link.link.version) {
                Some((_, generations)) => *generations += 1,
                None => versions.push((link.link.version, 1)),
            }
            versions.sort_unstable();
            count(&mut days, at, &|source| {
                let bin = |key: Option<i16>| key.map(i32::from);
                match source {
                    MetricSource::Generations => Some((1, None)),
                    MetricSource::Errors => Some((i128::from(row.level == Level::Error), None)),
                    MetricSource::NullResponses => Some((i128::from(row.null_response), None)),
                    MetricSource::Quantity(Quantity::Latency) => {
                        Some((i128::from((row.end_ns.0 - at).max(0)), bin(row.derived.keys.latency)))
                    }
                    MetricSource::Quantity(Quantity::Cost) => row.cost.map(|cost| (i128::from(cost.0), None)),
                    MetricSource::Quantity(Quantity::TotalTokens) => {
                        row.tokens.map(|tokens| (i128::from(tokens.total()), None))
                    }
                    _ => None,
                }
            });
            counted.insert((trace_id, row.span_id), at);
            let earliest = |at_held: &mut i64| *at_held = at.min(*at_held);
            traces.entry(trace_id.to_string()).and_modify(earliest).or_insert(at);
            if let Some(session) = &trace.session_id {
                sessions.entry(session.clone()).and_modify(earliest).or_insert(at);
            }
        }
    }
    for write in sent.model.scores.values() {
        let at = match &write.score.target {
            ScoreTarget::Observation { trace, span } => counted.get(&(*trace, *span)),
            ScoreTarget::Trace { trace } => traces.get(&trace.to_string()),
            ScoreTarget::Session { session } => sessions.get(session),
        };
        let (Some(at), Some(number)) = (at, write.score.value.number()) else { continue };
        count(&mut days, *at, &|source| match source {
            MetricSource::Score(name) if *name == write.score.name => Some((fixed(number), write.bin)),
            _ => None,
        });
    }
    for event in sent.outcomes.values() {
        let about = match event.unit.kind {
            UnitKind::Trace => event.unit.id == unit || traces.contains_key(&event.unit.id),
            UnitKind::Session if watch.unit == UnitKind::User => sessions.contains_key(&event.unit.id),
            _ => event.unit.kind == watch.unit && event.unit.id == unit,
        };
        let at = event.at_us.to_ns().0;
        if about && (first..until).contains(&at) {
            count(&mut days, at, &|source| match source {
                MetricSource::Event(name) if *name == event.name => Some((fixed(event.number()), None)),
                _ => None,
            });
        }
    }
    state.days = days.into_values().collect();
    state
}

pub(super) async fn check(store: &dyn EventStore, sent: &Sent, watch: &Watch) {
    fold_all(store).await;
    let project = Build::project(1);
    let units = store.units(project, experiment(), 0, None, 100).await.expect("units");
    let names: Vec<&str> = units.iter().map(|unit| unit.exposed.exposure.unit.as_str()).collect();
    assert_eq!(names, sent.exposures.keys().collect::<Vec<_>>());
    for unit in &units {
        let name = &unit.exposed.exposure.unit;
        assert_eq!(unit.exposed.exposure, sent.exposures[name]);
        assert_eq!(unit.state.as_ref(), Some(&expected(sent, watch, name)), "{name}");
        let one = store.unit(project, experiment(), 0, name).await.expect("unit");
        assert_eq!(one.as_ref(), Some(unit));
    }
    blocks::check(store, experiment(), &watch.readings, &units).await;
}

pub async fn units_are_summed_from_their_exposure_to_the_end_of_the_phase(store: &dyn EventStore) {
    let project = Build::project(1);
    let of_user = |trace: u64, span: u64, at_ns: i64, prompt: &str, version: u32| {
        let mut generation = Build::generation(trace, span);
        (generation.start_ns, generation.end_ns) = (TimeNs(at_ns), TimeNs(at_ns + 2_000_000_000));
        generation.trace.user_id = Some("ana".to_owned());
        generation.prompt = Some(Build::link(prompt, version));
        generation
    };
    let mut batch = Build::batch(
        project,
        vec![
            of_user(1, 1, START_NS - 2 * HOUR_NS, PROMPT, 1),
            of_user(1, 2, START_NS - 1_000_000_000, PROMPT, 1),
            // In the same trace, after the exposure.
            of_user(1, 3, START_NS + 1_000_000_000, PROMPT, 2),
            of_user(2, 4, START_NS + 30 * HOUR_NS, PROMPT, 1),
            of_user(3, 5, START_NS + 2 * HOUR_NS, "other", 1),
            of_user(4, 6, START_NS + 60 * HOUR_NS, PROMPT, 2),
        ],
        vec![
            Build::score("s1", ScoreTarget::Trace { trace: Build::trace(1) }, "tone", ScoreValue::Numeric(0.5)),
            Build::score(
                "s2",
                ScoreTarget::Observation { trace: Build::trace(1), span: Build::span_id(2) },
                "tone",
                ScoreValue::Numeric(9.0),
            ),
        ],
    );
    batch.outcomes = vec![
        event("e0", "buy", user("ana"), Some(5.0), START_NS - 1_000_000),
        event("e1", "buy", user("ana"), None, START_NS + 3 * HOUR_NS),
        event("e2", "buy", EventUnit::trace(Build::trace(1)), Some(0.25), START_NS + HOUR_NS),
        event("e3", "other", user("ana"), None, START_NS + HOUR_NS),
    ];
    batch.exposures = vec![exposure(0, "ana", "b", START_NS)];
    let watch = watch(UnitKind::User, Some(TimeUs((START_NS + 50 * HOUR_NS) / 1000)));
    store.watch(project, watch.clone()).await.expect("watched");
    assert_eq!(store.watched(project, experiment(), 0).await.expect("watch").as_ref(), Some(&watch));
    let mut sent = Sent::default();
    sent.take(&batch);
    append(store, batch).await;
    check(store, &sent, &watch).await;
    let state = store.unit(project, experiment(), 0, "ana").await.expect("unit").expect("there").state.expect("folded");
    let mut total = vec![UnitSum::default(); watch.measures.len()];
    for day in &state.days {
        total.iter_mut().zip(&day.sums).for_each(|(total, sum)| total.add(sum));
    }
    let sums: Vec<(u64, i128)> = total.iter().map(|sum| (sum.rows, sum.sum)).collect();
    assert_eq!(sums[0], (2, 2), "generations");
    assert_eq!(sums[3], (2, 4_000_000_000), "latency");
    assert_eq!(sums[4], (1, 1_500_000), "cost within an hour");
    assert_eq!(sums[6], (1, 500_000_000), "tone");
    assert_eq!(sums[8], (2, 1_250_000_000), "buy");
    assert_eq!(sums[9], (1, 250_000_000), "buy within two hours");
    assert_eq!((state.early, state.cut), (1, false));
    // Asked for something else, an earlier exposure, a removed score: worked out afresh.
    let other = Watch {
        measures: watch.measures.iter().take(7).cloned().collect(),
        readings: watch.readings.iter().rev().cloned().collect(),
        until_us: None,
        ..watch
    };
    store.watch(project, other.clone()).await.expect("watched");
    check(store, &sent, &other).await;
    let earlier = exposures(vec![exposure(0, "ana", "b", START_NS - HOUR_NS)]);
    sent.take(&earlier);
    append(store, earlier).await;
    check(store, &sent, &other).await;
    store.remove_score(project, &"s1".parse().expect("an id"), RECEIVED).await.expect("removed");
    sent.model.scores.retain(|(_, id), _| id != "s1");
    check(store, &sent, &other).await;
}

/// Batches about four users, their sessions and traces: some spans, scores, events and exposures of each.
pub fn random_batches(random: &mut Random, kind: &UnitKind, count: usize) -> Vec<EventBatch> {
    let mut batches = Vec::new();
    for _ in 0..count {
        let at = START_NS + random.below(40 * 60) as i64 * 60_000_000_000;
        let (trace, span) = (random.below(9), random.below(5));
        let mut generation = Build::generation(trace, trace * 10 + span);
        (generation.start_ns, generation.end_ns) = (TimeNs(at), TimeNs(at + 1_000_000 * random.below(9_000) as i64));
        if random.one_in(2) {
            generation.trace.user_id = Some(format!("user {}", random.below(4)));
            generation.trace.session_id = Some(format!("session {}", random.below(3)));
        }
        if random.one_in(3) {
            generation.parent_id = Some(Build::span_id(trace * 10 + random.below(5)));
        }
        if !random.one_in(4) {
            let prompt = if random.one_in(5) { "other" } else { PROMPT };
            generation.prompt = Some(Build::link(prompt, 1 + random.below(2) as u32));
        }
        if random.one_in(6) {
            generation.level = Level::Error;
        }
        let target = match random.below(3) {
            0 => ScoreTarget::Trace { trace: Build::trace(trace) },
            1 => ScoreTarget::Session { session: format!("session {}", random.below(3)) },
            _ => ScoreTarget::Observation { trace: Build::trace(trace), span: Build::span_id(trace * 10 + span) },
        };
        let value = ScoreValue::Numeric(random.below(100) as f64 / 8.0);
        let mut score = Build::score(&format!("s{}", random.below(12)), target, "tone", value);
        score.at_us = TimeUs(random.below(1_000) as i64);
        let mut batch = Build::batch(Build::project(1), vec![generation], vec![score]);
        let about = match random.below(3) {
            0 => user(&format!("user {}", random.below(4))),
            1 => EventUnit::new(UnitKind::Session, &format!("session {}", random.below(3))).expect("a unit"),
            _ => EventUnit::trace(Build::trace(random.below(9))),
        };
        let name = *random.pick(&["buy", "buy", "other"]);
        let value = if random.one_in(3) { None } else { Some(random.below(50) as f64 / 4.0) };
        batch.outcomes = vec![event(&format!("e{}", random.below(20)), name, about, value, at)];
        let unit = match kind {
            UnitKind::User => format!("user {}", random.below(4)),
            UnitKind::Session => format!("session {}", random.below(3)),
            _ => Build::trace(random.below(9)).to_string(),
        };
        let arm = if random.one_in(12) { "b" } else { "a" };
        if random.one_in(2) {
            batch.exposures = vec![exposure(0, &unit, arm, START_NS + random.below(600) as i64 * 60_000_000_000)];
        }
        batches.push(batch);
    }
    batches
}

pub async fn units_are_the_same_whatever_order_split_and_repeat(store: &dyn EventStore) {
    let project = Build::project(1);
    for (seed, kind) in (0..).zip([UnitKind::User, UnitKind::Session, UnitKind::Trace, UnitKind::User]) {
        let mut random = Random(900 + seed);
        let watch = watch(kind.clone(), random.one_in(2).then_some(TimeUs((START_NS + 30 * HOUR_NS) / 1000)));
        let mut batches = random_batches(&mut random, &kind, 60);
        let mut sent = Sent::default();
        for batch in &batches {
            sent.take(batch);
        }
        let arms: BTreeMap<&str, BTreeSet<&str>> =
            batches.iter().flat_map(|batch| &batch.exposures).fold(BTreeMap::new(), |mut arms, one| {
                arms.entry(&one.unit).or_default().insert(one.arm.as_str());
                arms
            });
        let multiple: BTreeMap<String, bool> =
            arms.into_iter().map(|(unit, arms)| (unit.to_owned(), arms.len() > 1)).collect();
        let again: Vec<EventBatch> = batches.iter().filter(|_| random.one_in(3)).cloned().collect();
        batches.extend(again);
        random.shuffle(&mut batches);
        // The phase may become known in the middle of it.
        let told = random.below(60);
        for (at, batch) in (0..).zip(batches) {
            if at == told {
                store.watch(project, watch.clone()).await.expect("watched");
            }
            append(store, batch).await;
            if random.one_in(4) {
                store.fold().await.expect("fold");
            }
        }
        check(store, &sent, &watch).await;
        for (unit, multiple) in &multiple {
            let records = store.exposures(project, experiment(), unit).await.expect("exposures");
            assert_eq!(records[0].multiple, *multiple, "{unit}");
        }
        store.rebuild_totals().await.expect("rebuilt");
        check(store, &sent, &watch).await;
        while store.remove_project(project).await.expect("removed") {}
    }
}
