//! Tests of taking events away: what is left is what a store has that never got the rest.

use std::collections::BTreeSet;

use domain::{
    experiment::UnitKind,
    ids::{ProjectId, TraceId},
    score::{Score, ScoreTarget, ScoreValue},
    time::{HOUR_NS, TimeNs, TimeUs},
};

use super::{
    Build, Random, START_NS, agrees, append_all,
    experiments::{Sent, check, experiment, random_batches, watch},
};
use crate::event::{ErasePiece, ErasePlace, Erased, Erasing, EventStore};

/// Erases all of it, as a worker does: piece by piece, with the fold and others in between.
///
/// # Panics
/// When the store fails, or comes to no end.
pub async fn erase_all(store: &dyn EventStore, project: ProjectId, what: &Erasing, random: &mut Random) -> Erased {
    let mut erased = Erased::default();
    let mut traces = BTreeSet::new();
    loop {
        let next = store.traces_to_erase(project, what, 3).await.expect("traces");
        if next.is_empty() {
            break;
        }
        traces.extend(next.iter().copied());
        let piece = store.erase(project, ErasePiece::Traces(next)).await.expect("erased");
        erased.add(piece);
        if random.one_in(3) {
            store.fold().await.expect("fold");
        }
    }
    assert_eq!(erased.traces, traces.len() as u64);
    let mut all_of = async |piece: ErasePiece| loop {
        erased.add(store.erase(project, piece.clone()).await.expect("erased"));
        if !erased.more {
            break;
        }
    };
    match what {
        Erasing::User(user) => all_of(ErasePiece::User(user.clone())).await,
        Erasing::Before(at) => {
            let mut place = Some(ErasePlace::default());
            while let Some(from) = place {
                let found = store.loose_to_erase(project, *at, &from).await.expect("found");
                place = found.next;
                if !found.loose.is_empty() {
                    all_of(ErasePiece::Loose(*at, found.loose)).await;
                }
            }
        }
    }
    if let Erasing::Before(at) = what {
        let mut place = ErasePlace::default();
        loop {
            let piece = ErasePiece::Phase(experiment(), 0, *at, place.clone());
            erased.add(store.erase(project, piece).await.expect("erased"));
            if !erased.more {
                break;
            }
            place = erased.place.clone();
        }
    }
    while store.erase(project, ErasePiece::Space).await.expect("space").more {}
    erased
}

/// Takes the same out of what was sent.
fn forget(sent: &mut Sent, kind: &UnitKind, what: &Erasing) {
    let project = Build::project(1);
    let goes = |trace: TraceId, sent: &Sent| {
        let record = sent.model.trace(project, trace).expect("a trace");
        match what {
            Erasing::Before(at) => record.start_ns.0 < at.to_ns().0,
            Erasing::User(user) => record.user_id.as_ref() == Some(user),
        }
    };
    let session = |trace: TraceId, sent: &Sent| sent.model.trace(project, trace).and_then(|record| record.session_id);
    let all = sent.model.trace_ids(project);
    let (gone, left): (BTreeSet<TraceId>, BTreeSet<TraceId>) = all.into_iter().partition(|trace| goes(*trace, sent));
    let kept: BTreeSet<String> = left.iter().filter_map(|trace| session(*trace, sent)).collect();
    let mut sessions: BTreeSet<String> = gone.iter().filter_map(|trace| session(*trace, sent)).collect();
    sessions.retain(|session| !kept.contains(session));
    let is_early = |at: TimeUs| matches!(what, Erasing::Before(until) if at < *until);
    sent.model.spans.retain(|(_, trace, _), _| !gone.contains(trace));
    sent.model.past_costs.retain(|(_, trace, _), _| !gone.contains(trace));
    sent.model.scores.retain(|_, write| {
        let hangs = match &write.score.target {
            ScoreTarget::Observation { trace, .. } | ScoreTarget::Trace { trace } => gone.contains(trace),
            ScoreTarget::Session { session } => sessions.contains(session),
        };
        !hangs && !is_early(write.score.at_us)
    });
    let is_gone = |of: &UnitKind, id: &str| match of {
        UnitKind::Trace => gone.iter().any(|trace| trace.to_string() == id),
        UnitKind::Session => sessions.contains(id),
        _ => matches!(what, Erasing::User(user) if user == id),
    };
    sent.outcomes.retain(|_, event| !is_gone(&event.unit.kind, &event.unit.id) && !is_early(event.at_us));
    sent.exposures.retain(|unit, exposure| !is_gone(kind, unit) && !is_early(exposure.first_us));
}

pub async fn what_is_erased_is_as_if_it_had_never_been_sent(store: &dyn EventStore) {
    let project = Build::project(1);
    for (seed, kind) in (0..).zip([UnitKind::User, UnitKind::Session, UnitKind::Trace, UnitKind::User]) {
        let mut random = Random(7_000 + seed);
        let batches = random_batches(&mut random, &kind, 60);
        let mut sent = Sent::default();
        for batch in &batches {
            sent.take(batch);
        }
        let watch = watch(kind.clone(), None);
        store.watch(project, watch.clone()).await.expect("watched");
        append_all(store, &batches, &mut random).await;
        let hours = |hours: i64| Erasing::Before(TimeUs((START_NS + hours * HOUR_NS) / 1000));
        let user = |number: u64| Erasing::User(format!("user {number}"));
        let mut took = Erased::default();
        for what in [user(1), hours(9), user(0), hours(21)] {
            forget(&mut sent, &kind, &what);
            took.add(erase_all(store, project, &what, &mut random).await);
            check(store, &sent, &watch).await;
            agrees(store, &sent.model).await;
            let again = erase_all(store, project, &what, &mut random).await;
            assert_eq!((again.traces, again.scores, again.events, again.units), (0, 0, 0, 0), "{what:?}");
        }
        assert!(took.traces > 2 && took.spans > 5 && took.scores > 2 && took.events > 2 && took.units > 0, "{took:?}");
        store.rebuild_totals().await.expect("rebuilt");
        check(store, &sent, &watch).await;
        agrees(store, &sent.model).await;
        // What is sent again is new.
        for batch in &batches {
            sent.take(batch);
        }
        append_all(store, &batches, &mut random).await;
        check(store, &sent, &watch).await;
        agrees(store, &sent.model).await;
        while store.remove_project(project).await.expect("removed") {}
    }
}

/// Erases a user's traces to the end; what each step took.
async fn traces_in_pieces(store: &dyn EventStore, project: ProjectId, user: &str) -> Vec<Erased> {
    let what = Erasing::User(user.to_owned());
    let mut pieces = Vec::new();
    loop {
        let next = store.traces_to_erase(project, &what, 10).await.expect("traces");
        if next.is_empty() {
            return pieces;
        }
        pieces.push(store.erase(project, ErasePiece::Traces(next)).await.expect("erased"));
    }
}

pub async fn a_large_trace_goes_in_pieces(store: &dyn EventStore) {
    let project = Build::project(1);
    let of_user = |trace: u64, span: u64| {
        let mut generation = Build::generation(trace, span);
        generation.trace.user_id = Some(format!("user {trace}"));
        generation
    };
    for part in 0..4 {
        let spans = (0..600).map(|span| of_user(1, part * 600 + span)).chain([of_user(2, part)]).collect();
        store.append(Build::batch(project, spans, vec![])).await.expect("append");
    }
    super::fold_all(store).await;
    let pieces = traces_in_pieces(store, project, "user 1").await;
    assert!(pieces.len() > 2 && pieces.iter().all(|piece| piece.spans <= 1_024), "{pieces:?}");
    let start = TimeNs(START_NS);
    let old = async |at: i64, most: u32| store.old_traces(project, TimeUs(at), most).await.expect("counted");
    assert_eq!(old(start.to_us().0, 9).await, (0, None));
    let (count, earliest) = old(i64::MAX, 9).await;
    assert!(count == 1 && earliest.is_some_and(|at| at >= start), "{earliest:?}");
    assert_eq!(old(i64::MAX, 0).await.0, 0, "no further than asked for");
    let left = store.traces(project, &crate::event::TraceFilter::default(), None, 10).await.expect("traces");
    assert_eq!(left.traces.iter().map(|trace| trace.spans).collect::<Vec<_>>(), [4]);
}

fn score(number: u64, target: ScoreTarget) -> Score {
    Build::score(&format!("score {number}"), target, "tone", ScoreValue::Numeric(1.0))
}

/// What hangs on a session is bounded by nothing.
pub async fn a_large_session_goes_in_pieces(store: &dyn EventStore) {
    let project = Build::project(1);
    let mut generation = Build::generation(1, 1);
    (generation.trace.user_id, generation.trace.session_id) = (Some("user".to_owned()), Some("long".to_owned()));
    let about = |session: &str| ScoreTarget::Session { session: session.to_owned() };
    store.append(Build::batch(project, vec![generation, Build::generation(2, 1)], vec![])).await.expect("append");
    for part in 0..3 {
        let scores = (0..1_000).map(|number| score(part * 1_000 + number, about("long"))).collect();
        store.append(Build::batch(project, vec![], scores)).await.expect("append");
    }
    store.append(Build::batch(project, vec![], vec![score(9_000, about("other"))])).await.expect("append");
    super::fold_all(store).await;
    let pieces = traces_in_pieces(store, project, "user").await;
    assert!((3..10).contains(&pieces.len()) && pieces.iter().all(|piece| piece.scores <= 1_024), "{pieces:?}");
    let mut erased = Erased::default();
    for piece in pieces {
        erased.add(piece);
    }
    assert_eq!((erased.traces, erased.scores), (1, 3_000), "what hangs on another session stays");
}

pub async fn what_became_newer_since_it_was_found_stays(store: &dyn EventStore) {
    let project = Build::project(1);
    let about = ScoreTarget::Session { session: "none".to_owned() };
    let early = score(1, about);
    let mut late = early.clone();
    late.at_us = TimeUs(early.at_us.0 + 60_000_000);
    let before = TimeUs(early.at_us.0 + 1);
    store.append(Build::batch(project, vec![], vec![early])).await.expect("append");
    let found = store.loose_to_erase(project, before, &ErasePlace::default()).await.expect("found");
    assert_eq!(found.loose.scores.len(), 1);
    store.append(Build::batch(project, vec![], vec![late])).await.expect("append");
    let piece = ErasePiece::Loose(before, found.loose);
    assert_eq!(store.erase(project, piece).await.expect("erased").scores, 0);
    let found = store.loose_to_erase(project, TimeUs(i64::MAX), &ErasePlace::default()).await.expect("found");
    let piece = ErasePiece::Loose(TimeUs(i64::MAX), found.loose);
    assert_eq!(store.erase(project, piece.clone()).await.expect("erased").scores, 1);
    assert_eq!(store.erase(project, piece).await.expect("erased").scores, 0, "it is gone");
}
