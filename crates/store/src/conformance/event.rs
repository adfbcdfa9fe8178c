//! Suite of the event plane. A store is right when it agrees with [`Model`], which keeps every event and works everything out
//! afresh, the slow and obvious way.
//!
//! Each test takes a fresh, empty store; [`event_conformance`](crate::event_conformance) makes one test function of each.

#![expect(clippy::expect_used, reason = "a suite of tests: it panics with what differed")]

mod blocks;
mod build;
mod cases;
pub mod charges;
mod clients;
pub mod erase;
pub mod experiments;
mod flood;
mod model;
mod past;
pub mod random;
mod spread_cases;
mod totals;
mod trace_lists;

use domain::{
    ids::ProjectId,
    metric::{Dimension, Filter, Quantity},
    score::ScoreName,
    time::{HOUR_NS, TimeRange, TimeUs},
};

pub use build::{Build, RECEIVED, Random, START_NS};
pub use cases::*;
pub use charges::{
    changed_content_comes_with_its_own_cost, models_without_a_price_are_counted,
    pages_of_charges_cover_every_span_once, totals_are_right_however_charging_folding_and_writing_interleave,
    what_a_span_costs_may_change_and_the_old_amount_stays,
};
pub use clients::*;
pub use erase::{
    a_large_session_goes_in_pieces, a_large_trace_goes_in_pieces, what_became_newer_since_it_was_found_stays,
    what_is_erased_is_as_if_it_had_never_been_sent,
};
pub use experiments::*;
pub use flood::a_unit_has_its_turn_while_others_flood;
pub use model::Model;
pub use past::*;
pub use spread_cases::*;
pub use trace_lists::*;

use crate::event::{
    Derived, EventBatch, EventStore, ScoreCondition, ScoreGroup, ScoreTest, SpanRow, SpreadAnswer, SpreadQuestion,
    TotalsAnswer, TotalsQuestion, TraceFilter,
};

/// Appends batches, folding now and then.
async fn append_all(store: &dyn EventStore, batches: &[EventBatch], random: &mut Random) {
    for batch in batches {
        store.append(batch.clone()).await.expect("append");
        if random.one_in(4) {
            store.fold().await.expect("fold");
        }
    }
}

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
        steps: Vec::new(),
        dimensions: dimensions.to_vec(),
        filters,
        spans: true,
        bins: Quantity::ALL.to_vec(),
        scores: true,
        score_bins: true,
    };
    let every = |width: i64| (0..20 * hour_us / width).map(|step| TimeUs(all.from.0 + step * width)).collect();
    let filter = |dimension, values: &[&str]| Filter {
        dimension,
        values: values.iter().map(|value| (*value).to_owned()).collect(),
    };
    let everything =
        [Dimension::Prompt, Dimension::Version, Dimension::Model, Dimension::Environment, Dimension::Segment];
    let uneven = TimeRange { from: TimeUs(start + hour_us / 7), to: TimeUs(start + 2 * hour_us + 12_345_678) };
    let minutes = (0..120).map(|step| TimeUs(uneven.from.0 / 60_000_000 * 60_000_000 + step * 60_000_000)).collect();
    let scores_only = |dimensions: &[Dimension], filters| TotalsQuestion { spans: false, ..ask(dimensions, filters) };
    vec![
        ask(&[], vec![]),
        TotalsQuestion { steps: every(hour_us), ..ask(&everything, vec![]) },
        TotalsQuestion { steps: every(5 * hour_us), ..ask(&[Dimension::Version], vec![]) },
        ask(&[Dimension::Version], vec![filter(Dimension::Prompt, &["greet"])]),
        ask(&[], vec![filter(Dimension::Prompt, &[""]), filter(Dimension::Environment, &["staging", "nowhere"])]),
        ask(&[Dimension::Prompt], vec![filter(Dimension::Version, &["2"]), filter(Dimension::Model, &["", "small"])]),
        scores_only(&[Dimension::ScoreName, Dimension::ScoreLevel, Dimension::Prompt], vec![]),
        scores_only(
            &[Dimension::Version],
            vec![filter(Dimension::ScoreLevel, &["trace"]), filter(Dimension::ScoreName, &["correct"])],
        ),
        // Parts of hours.
        TotalsQuestion { range: uneven, ..ask(&[Dimension::Version, Dimension::Segment], vec![]) },
        TotalsQuestion { range: uneven, steps: minutes, ..ask(&[Dimension::Prompt], vec![]) },
        TotalsQuestion { steps: vec![all.from, TimeUs(start + hour_us / 2)], ..ask(&everything, vec![]) },
        // Users.
        ask(&[Dimension::User, Dimension::Version], vec![]),
        TotalsQuestion { range: uneven, ..ask(&[Dimension::User], vec![filter(Dimension::User, &["user 1", ""])]) },
        ask(&everything, vec![filter(Dimension::User, &["user 0", "user 2", "nobody"])]),
        scores_only(&[Dimension::User, Dimension::ScoreName], vec![filter(Dimension::Prompt, &["greet"])]),
        // Without bins, from totals and from single scores.
        TotalsQuestion { score_bins: false, ..ask(&everything, vec![]) },
        TotalsQuestion { score_bins: false, range: uneven, ..ask(&[Dimension::Version], vec![]) },
        // Segments.
        ask(&[Dimension::Prompt], vec![filter(Dimension::Segment, &["plan 1", ""])]),
        TotalsQuestion {
            range: TimeRange { from: TimeUs(start + hour_us), to: TimeUs(start + 2 * hour_us) },
            ..ask(&[Dimension::Prompt, Dimension::Version], vec![])
        },
    ]
}

/// Questions about the spread of totals: the first three can be answered as they are.
pub fn spread_questions() -> Vec<SpreadQuestion> {
    let day_us = 24 * HOUR_NS / 1000;
    let first = (START_NS / 1000).div_euclid(day_us) * day_us;
    let days = TimeRange { from: TimeUs(first), to: TimeUs(first + 2 * day_us) };
    let ask = |dimensions: &[Dimension], filters: Vec<Filter>| SpreadQuestion {
        range: days,
        dimensions: dimensions.to_vec(),
        filters,
        spans: true,
        sums: Quantity::ALL.to_vec(),
        bins: Quantity::ALL.to_vec(),
        scores: true,
        score_bins: true,
    };
    vec![
        ask(&[Dimension::Prompt, Dimension::Version, Dimension::Environment], vec![]),
        ask(&[], vec![Filter::one(Dimension::Prompt, "greet")]),
        SpreadQuestion { score_bins: false, sums: vec![Quantity::Cost], ..ask(&[Dimension::Version], vec![]) },
        ask(&[Dimension::Model, Dimension::Version], vec![Filter::one(Dimension::User, "user 1")]),
        SpreadQuestion {
            spans: false,
            range: TimeRange { from: TimeUs(first + 5), to: TimeUs(first + day_us) },
            ..ask(&[Dimension::ScoreLevel], vec![Filter::one(Dimension::Segment, "plan 1")])
        },
    ]
}

fn sorted_spread(mut answer: SpreadAnswer) -> SpreadAnswer {
    answer.spans.sort_by_key(|spread| spread.key.clone());
    answer.scores.sort_by_key(|spread| (spread.key.clone(), spread.name.clone()));
    answer
}

/// The answer to one question.
pub(super) async fn total(store: &dyn EventStore, project: ProjectId, question: TotalsQuestion) -> TotalsAnswer {
    store.totals(project, &[question]).await.expect("totals").pop().expect("an answer")
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
                // A segment found by another attribute than the present one is left out until folding has found the right one.
                let derived = Derived { segment: span.row.derived.segment.clone(), ..write.row.derived.clone() };
                assert_eq!(span.row, SpanRow { derived, ..write.row.clone() });
                assert_eq!(span.link, link, "link of {span:?}");
                let payload = store.payload(project, trace, span.row.span_id).await.expect("payload").expect("there");
                assert_eq!(payload, serde_json::from_slice(&write.payload).expect("JSON"));
                let past = store.past_costs(project, trace, span.row.span_id).await.expect("past costs");
                assert_eq!(past, model.past_costs(project, trace, span.row.span_id));
            }
            let scores = store.scores(project, trace).await.expect("scores");
            let expected = model.scores(project, trace);
            assert_eq!(
                scores.iter().map(|record| &record.score).collect::<Vec<_>>(),
                expected.iter().map(|write| &write.score).collect::<Vec<_>>(),
            );
        }
        assert_eq!(store.unpriced(project, 1000).await.expect("models"), model.unpriced(project));
        for filter in filters() {
            // Page by page, so that paging is checked with every filter.
            let mut after = None;
            let mut found = Vec::new();
            loop {
                let page = store.traces(project, &filter, after, 2).await.expect("traces");
                let Some(end) = page.end() else { break };
                after = Some(end);
                found.extend(page.traces);
            }
            assert_eq!(found, model.traces(project, &filter, None), "{filter:?}");
        }
    }
    fold_all(store).await;
    for project in model.projects() {
        // All of them together, and some of them alone: the answers are the same.
        let questions = questions();
        let answers = store.totals(project, &questions).await.expect("totals");
        assert_eq!(answers.len(), questions.len());
        for (place, (question, answer)) in questions.iter().zip(answers).enumerate() {
            let answer = sorted(answer);
            assert_eq!(answer, sorted(model.totals(project, question)), "{question:?}");
            if place % 3 == 0 {
                assert_eq!(sorted(total(store, project, question.clone()).await), answer, "{question:?}");
            }
        }
    }
    for project in model.projects() {
        let questions = spread_questions();
        let answers = store.spread(project, &questions).await.expect("spread");
        assert_eq!(answers.len(), questions.len());
        for (place, (question, answer)) in questions.iter().zip(answers).enumerate() {
            let answer = sorted_spread(answer);
            assert!(totals::covers(&answer.answered, question), "{question:?}");
            assert!(place > 2 || answer.answered == *question, "{question:?}");
            assert_eq!(answer, sorted_spread(model.spread(project, &answer.answered)), "{question:?}");
        }
    }
    assert_eq!(store.lag_ms().await.expect("lag"), 0);
}

fn filters() -> Vec<TraceFilter> {
    let hour_us = HOUR_NS / 1000;
    let start = START_NS / 1000;
    let none = TraceFilter::default;
    let text = |text: &str| Some(text.to_owned());
    let score =
        |name: &str, test| Some(ScoreCondition { name: ScoreName::try_from(name.to_owned()).expect("a name"), test });
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
        TraceFilter { prompt: text("greet"), user_id: text("user 1"), ..none() },
        TraceFilter { prompt: text("greet"), version: Some(1), session_id: text("session 1"), ..none() },
        TraceFilter { model: text("small"), ..none() },
        TraceFilter { model: text("nothing like it"), ..none() },
        TraceFilter { model: text("gpt-4o"), prompt: text("greet"), errors: Some(true), ..none() },
        TraceFilter { min_duration_ns: Some(4_000_000_000), ..none() },
        TraceFilter { max_duration_ns: Some(HOUR_NS), user_id: text("user 0"), ..none() },
        TraceFilter { score: score("tone", ScoreTest::Any), ..none() },
        TraceFilter { score: score("tone", ScoreTest::Between { least: 0.0, most: 50.0 }), ..none() },
        TraceFilter { score: score("correct", ScoreTest::Is("good".to_owned())), model: text("small"), ..none() },
        TraceFilter { score: score("correct", ScoreTest::Is("true".to_owned())), prompt: text("greet"), ..none() },
    ]
}
