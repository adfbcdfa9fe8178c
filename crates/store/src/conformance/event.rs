//! Suite of the event plane. A store is right when it agrees with [`Model`], which keeps every event and works everything out
//! afresh, the slow and obvious way.
//!
//! Each test takes a fresh, empty store; [`event_conformance`](crate::event_conformance) makes one test function of each.

#![expect(clippy::expect_used, reason = "a suite of tests: it panics with what differed")]

mod build;
mod cases;
mod clients;
mod model;
pub mod random;

use domain::{
    metric::{Dimension, Filter, Granularity},
    time::{HOUR_NS, TimeRange, TimeUs},
};

pub use build::{Build, RECEIVED, Random, START_NS};
pub use cases::*;
pub use clients::*;
pub use model::Model;

use crate::event::{EventStore, ScoreGroup, TotalsAnswer, TotalsQuestion, TraceFilter, TraceKey};

/// Folds until nothing waits.
///
/// # Panics
/// When the store fails.
pub async fn fold_all(store: &dyn EventStore) {
    while store.fold().await.expect("fold") {}
}

/// Questions about totals that between them touch every dimension, filter and step.
pub fn questions() -> Vec<TotalsQuestion> {
    let hour_us = HOUR_NS / 1000;
    let start = START_NS / 1000;
    let all = TimeRange { from: TimeUs(start - 10 * hour_us), to: TimeUs(start + 10 * hour_us) };
    let ask = |dimensions: &[Dimension], filters: Vec<Filter>| TotalsQuestion {
        range: all,
        granularity: None,
        dimensions: dimensions.to_vec(),
        filters,
        spans: true,
        scores: true,
    };
    let filter = |dimension, values: &[&str]| Filter {
        dimension,
        values: values.iter().map(|value| (*value).to_owned()).collect(),
    };
    let everything = [Dimension::Prompt, Dimension::Version, Dimension::Model, Dimension::Environment];
    let scores_only = |dimensions: &[Dimension], filters| TotalsQuestion { spans: false, ..ask(dimensions, filters) };
    vec![
        ask(&[], vec![]),
        TotalsQuestion { granularity: Some(Granularity::Hour), ..ask(&everything, vec![]) },
        TotalsQuestion { granularity: Some(Granularity::Day), ..ask(&[Dimension::Version], vec![]) },
        ask(&[Dimension::Version], vec![filter(Dimension::Prompt, &["greet"])]),
        ask(&[], vec![filter(Dimension::Prompt, &[""]), filter(Dimension::Environment, &["staging", "nowhere"])]),
        ask(&[Dimension::Prompt], vec![filter(Dimension::Version, &["2"]), filter(Dimension::Model, &["", "small"])]),
        scores_only(&[Dimension::ScoreName, Dimension::ScoreLevel, Dimension::Prompt], vec![]),
        scores_only(
            &[Dimension::Version],
            vec![filter(Dimension::ScoreLevel, &["trace"]), filter(Dimension::ScoreName, &["correct"])],
        ),
        TotalsQuestion {
            range: TimeRange { from: TimeUs(start + hour_us), to: TimeUs(start + 2 * hour_us) },
            ..ask(&[Dimension::Prompt, Dimension::Version], vec![])
        },
    ]
}

fn sorted(mut answer: TotalsAnswer) -> TotalsAnswer {
    let key = |group: &ScoreGroup| (group.key.clone(), group.at_us, group.name.clone());
    answer.spans.sort_by_key(|group| (group.key.clone(), group.at_us));
    answer.scores.sort_by_key(key);
    answer
}

/// Checks that everything that can be read is what the model says. Totals are checked once all is folded.
///
/// # Panics
/// With what differs.
pub async fn agrees(store: &dyn EventStore, model: &Model) {
    for project in model.projects() {
        for trace in model.trace_ids(project) {
            assert_eq!(store.trace(project, trace).await.expect("trace"), model.trace(project, trace));
            let expected = model.spans(project, trace);
            let spans = store.spans(project, trace, None, 10_000).await.expect("spans");
            assert_eq!(spans.len(), expected.len());
            for (span, (write, link)) in spans.iter().zip(expected) {
                assert_eq!(span.row, write.row);
                assert_eq!(span.link, link, "link of {span:?}");
                let payload = store.payload(project, trace, span.row.span_id).await.expect("payload").expect("there");
                assert_eq!(payload, serde_json::from_slice(&write.payload).expect("JSON"));
            }
            let scores = store.scores(project, trace).await.expect("scores");
            let expected = model.scores(project, trace);
            assert_eq!(
                scores.iter().map(|record| &record.score).collect::<Vec<_>>(),
                expected.iter().map(|write| &write.score).collect::<Vec<_>>(),
            );
        }
        for filter in filters() {
            // Page by page, so that paging is checked with every filter.
            let mut after = None;
            let mut found = Vec::new();
            loop {
                let page = store.traces(project, &filter, after, 2).await.expect("traces");
                let Some(last) = page.last() else { break };
                after = Some(TraceKey { start_ns: last.start_ns, trace_id: last.trace_id });
                found.extend(page);
            }
            assert_eq!(found, model.traces(project, &filter, None), "{filter:?}");
        }
    }
    fold_all(store).await;
    for project in model.projects() {
        for question in questions() {
            let answer = sorted(store.totals(project, &question).await.expect("totals"));
            assert_eq!(answer, sorted(model.totals(project, &question)), "{question:?}");
        }
    }
    assert_eq!(store.lag_ms().await.expect("lag"), 0);
}

fn filters() -> Vec<TraceFilter> {
    let hour_us = HOUR_NS / 1000;
    let start = START_NS / 1000;
    let none = TraceFilter::default;
    let text = |text: &str| Some(text.to_owned());
    vec![
        none(),
        TraceFilter { errors: Some(true), ..none() },
        TraceFilter { errors: Some(false), ..none() },
        TraceFilter { environment: text("staging"), ..none() },
        TraceFilter { environment: text("nowhere"), ..none() },
        TraceFilter { user_id: text("user 1"), ..none() },
        TraceFilter { session_id: text("session 1"), ..none() },
        TraceFilter { session_id: text("session 2"), user_id: text("user 0"), ..none() },
        TraceFilter { prompt: text("greet"), ..none() },
        TraceFilter { prompt: text("greet"), version: Some(2), ..none() },
        TraceFilter { prompt: text("nobody"), ..none() },
        TraceFilter { prompt: text("answer/short"), environment: text("default"), errors: Some(true), ..none() },
        TraceFilter {
            range: Some(TimeRange { from: TimeUs(start), to: TimeUs(start + hour_us / 4) }),
            prompt: text("greet"),
            ..none()
        },
        TraceFilter { range: Some(TimeRange { from: TimeUs(start), to: TimeUs(start + hour_us / 4) }), ..none() },
    ]
}
