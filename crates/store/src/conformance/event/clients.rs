//! Tests of what clients ask besides traces: scores one by one, spans by their id alone, messages beside spans.

use domain::{
    score::{ScoreTarget, ScoreValue},
    time::{HOUR_NS, TimeNs, TimeRange, TimeUs},
    trace::{Extent, PromptLink, Side, Span, SpanMessage},
};
use serde_json::{Value, json};

use super::{Build, Random, START_NS, fold_all, questions, total};
use crate::{
    StoreError,
    event::{EventBatch, EventStore, ScorePlace, ScoreTotals, ScoresOf, TotalsQuestion},
};

async fn append(store: &dyn EventStore, batch: EventBatch) {
    store.append(batch).await.expect("append");
}

fn number(value: f64) -> ScoreValue {
    ScoreValue::Numeric(value)
}

pub async fn scores_are_listed_by_arrival(store: &dyn EventStore) {
    let project = Build::project(1);
    let (trace, session) = (Build::trace(1), "s 1".to_owned());
    let targets = [
        ScoreTarget::Trace { trace },
        ScoreTarget::Observation { trace, span: Build::span_id(1) },
        ScoreTarget::Session { session: session.clone() },
        ScoreTarget::Trace { trace: Build::trace(2) },
    ];
    for (at, target) in targets.into_iter().enumerate() {
        let score = Build::score(&format!("s{at}"), target, "tone", number(0.5));
        append(store, Build::batch(project, vec![], vec![score])).await;
    }
    // An update keeps its place; a neighbour's score is not there.
    let update = Build::score("s0", ScoreTarget::Trace { trace }, "tone", number(0.9));
    append(store, Build::batch(project, vec![], vec![update])).await;
    let theirs = Build::score("s9", ScoreTarget::Trace { trace }, "tone", number(0.5));
    append(store, Build::batch(Build::project(2), vec![], vec![theirs])).await;
    for (of, expected) in [
        (ScoresOf::Project, vec!["s3", "s2", "s1", "s0"]),
        (ScoresOf::Trace(trace), vec!["s1", "s0"]),
        (ScoresOf::Session(session), vec!["s2"]),
        (ScoresOf::Trace(Build::trace(9)), vec![]),
    ] {
        let mut found = Vec::new();
        let mut before: Option<ScorePlace> = None;
        loop {
            let page = store.scores_by_arrival(project, &of, before, 2).await.expect("scores");
            let Some((last, _)) = page.last() else { break };
            assert!(page.len() <= 2);
            before = Some(*last);
            found.extend(page.into_iter().map(|(_, record)| record.score.id.as_str().to_owned()));
        }
        assert_eq!(found, expected, "{of:?}");
    }
    let one = store.score(project, &"s0".parse().expect("an id")).await.expect("score").expect("there");
    assert_eq!(one.score.value, number(0.9));
    assert_eq!(store.score(project, &"s9".parse().expect("an id")).await.expect("score"), None);
}

async fn scored(store: &dyn EventStore) -> ScoreTotals {
    fold_all(store).await;
    // Over everything, whatever else a question may ask.
    let question = questions().into_iter().next().expect("a question");
    let question = TotalsQuestion { dimensions: vec![], filters: vec![], spans: false, scores: true, ..question };
    let answer = total(store, Build::project(1), question).await;
    answer.scores.into_iter().next().map(|group| group.totals).unwrap_or_default()
}

pub async fn a_removed_score_stays_removed(store: &dyn EventStore) {
    let project = Build::project(1);
    let id = "s".parse().expect("an id");
    let target = ScoreTarget::Observation { trace: Build::trace(1), span: Build::span_id(1) };
    let score = Build::score("s", target.clone(), "tone", number(0.5));
    let sent = Build::batch(project, vec![Build::generation(1, 1)], vec![score.clone()]);
    append(store, sent.clone()).await;
    assert_eq!(scored(store).await.n, 1);
    let at = TimeUs(score.at_us.0 + 10);
    store.remove_score(project, &id, at).await.expect("removed");
    for sent_again in [false, true] {
        if sent_again {
            append(store, sent.clone()).await;
        }
        assert_eq!(scored(store).await, ScoreTotals::default());
        assert_eq!(store.score(project, &id).await.expect("score"), None);
        assert!(store.scores(project, Build::trace(1)).await.expect("scores").is_empty());
        assert!(store.scores_by_arrival(project, &ScoresOf::Project, None, 5).await.expect("scores").is_empty());
    }
    for unknown in [store.remove_score(project, &id, at).await, store.remove_score(Build::project(2), &id, at).await] {
        assert!(matches!(unknown, Err(StoreError::NotFound { .. })), "{unknown:?}");
    }
    store.rebuild_totals().await.expect("rebuilt");
    assert_eq!(scored(store).await, ScoreTotals::default());
    // Given again, later.
    let mut anew = Build::score("s", target, "tone", number(0.25));
    anew.at_us = TimeUs(at.0 + 1);
    append(store, Build::batch(project, vec![], vec![anew.clone()])).await;
    assert_eq!(scored(store).await.n, 1);
    assert_eq!(store.score(project, &id).await.expect("score").expect("there").score, anew);
}

pub async fn spans_are_found_by_their_id_alone(store: &dyn EventStore) {
    let project = Build::project(1);
    let mut early = Build::generation(1, 7);
    early.start_ns = TimeNs(START_NS);
    let late = Build::generation(2, 7);
    append(store, Build::batch(project, vec![late, early, Build::span(3, 8)], vec![])).await;
    append(store, Build::batch(Build::project(2), vec![Build::span(4, 9)], vec![])).await;
    for (span, trace) in [(7, Some(Build::trace(2))), (8, Some(Build::trace(3))), (9, None), (10, None)] {
        assert_eq!(store.trace_of_span(project, Build::span_id(span)).await.expect("an answer"), trace, "{span}");
    }
}

pub async fn generations_are_listed_by_what_they_count_for(store: &dyn EventStore) {
    let project = Build::project(1);
    let at = |trace: u64, span: u64, offset: i64, link: Option<PromptLink>| {
        let mut generation = Build::generation(trace, span);
        (generation.start_ns, generation.prompt) = (TimeNs(START_NS + offset), link);
        generation
    };
    let greet = Build::link("greet", 2);
    let spans = vec![
        at(1, 1, 1, None),
        at(1, 2, 3, Some(greet.clone())),
        at(2, 3, 2, None),
        at(2, 4, HOUR_NS, None),
        Build::span(2, 5),
    ];
    append(store, Build::batch(project, spans, vec![])).await;
    append(store, Build::batch(Build::project(2), vec![at(3, 6, 1, None)], vec![])).await;
    let range = TimeRange { from: TimeUs(START_NS / 1000), to: TimeUs((START_NS + HOUR_NS) / 1000) };
    let found = async |link: Option<&PromptLink>, limit: u16| -> Vec<_> {
        let found = store.generations(project, link, range, limit).await.expect("generations");
        found.into_iter().map(|record| (record.row.trace_id, record.row.span_id)).collect()
    };
    let key = |trace: u64, span: u64| (Build::trace(trace), Build::span_id(span));
    assert_eq!(found(None, 10).await, [key(2, 3), key(1, 1)]);
    assert_eq!(found(None, 1).await, [key(2, 3)]);
    assert_eq!(found(Some(&greet), 10).await, [key(1, 2)]);
    assert!(found(Some(&Build::link("greet", 3)), 10).await.is_empty());
}

pub async fn messages_join_their_span_whatever_comes_first(store: &dyn EventStore) {
    let (project, trace, span) = (Build::project(1), Build::trace(1), Build::span_id(1));
    let say = |at: i64, place: u32, side: Side, extent: Extent, content: Value| SpanMessage {
        trace_id: trace,
        span_id: span,
        at_ns: TimeNs(START_NS + at),
        place,
        side,
        extent,
        content,
    };
    let silent = |trace: u64, number: u64| Span { input: None, output: None, ..Build::generation(trace, number) };
    let pieces = [
        say(1, 0, Side::Input, Extent::Piece, json!({"role": "system"})),
        say(1, 1, Side::Input, Extent::Piece, json!({"role": "user"})),
        say(5, 0, Side::Output, Extent::Piece, json!("done")),
    ];
    let read = async || store.payload(project, trace, span).await.expect("payload");
    for seed in 0..4 {
        let mut shuffled = pieces.clone();
        Random(seed).shuffle(&mut shuffled);
        for message in shuffled {
            store.add_messages(project, vec![message.clone(), message]).await.expect("added");
        }
        if seed == 0 {
            assert_eq!(read().await, None, "no span yet");
            append(store, Build::batch(project, vec![silent(1, 1), Build::generation(1, 2)], vec![])).await;
        }
        let payload = read().await.expect("there");
        assert_eq!(payload.input, Some(json!([{"role": "system"}, {"role": "user"}])));
        assert_eq!(payload.output, Some(json!("done")));
    }
    // What is said whole is more than its pieces; of several the last stands.
    for at in [9, 7, 8] {
        let whole = say(at, 0, Side::Input, Extent::Whole, json!([{"whole": at}]));
        store.add_messages(project, vec![whole]).await.expect("added");
    }
    assert_eq!(read().await.expect("there").input, Some(json!([{"whole": 9}])));
    // What the span says itself is more than both; an empty text says nothing.
    let mut speaking = silent(1, 1);
    (speaking.input, speaking.output) = (Some(json!("its own")), Some(json!("")));
    speaking.end_ns.0 += 1;
    append(store, Build::batch(project, vec![speaking], vec![])).await;
    let payload = read().await.expect("there");
    assert_eq!((payload.input, payload.output), (Some(json!("its own")), Some(json!("done"))));
    // Others see nothing of it.
    let other = store.payload(project, trace, Build::span_id(2)).await.expect("payload").expect("there");
    assert_eq!(other.output, Some(json!("because")));
    append(store, Build::batch(Build::project(2), vec![silent(1, 1)], vec![])).await;
    let theirs = store.payload(Build::project(2), trace, span).await.expect("payload").expect("there");
    assert_eq!((theirs.input, theirs.output), (None, None));
}
