//! The tests.

use domain::{
    metric::{Dimension, Quantity},
    score::{ScoreTarget, ScoreValue},
    time::{HOUR_NS, TimeNs, TimeRange, TimeUs},
    trace::Level,
};
use serde_json::json;

use super::{
    Build, Model, Random, START_NS, agrees, fold_all,
    random::{batches, shuffled},
    total,
};
use crate::event::{Appended, EventBatch, EventStore, SpanTotals, TotalsQuestion, TraceFilter, TraceSlice, Words};

/// Makes one test of each of the suite's, on a store made by the expression (it may await and use `?` is not needed).
#[macro_export]
macro_rules! event_conformance {
    ($make:expr) => {
        $crate::event_conformance!(@each $make;
            the_same_batch_twice_changes_nothing
            the_greater_version_stands_whatever_comes_first
            a_late_parent_links_what_came_before_it
            a_changed_ancestor_relinks_what_inherits
            a_span_may_move_in_time
            scores_may_come_before_what_they_are_about
            a_session_score_follows_its_traces
            a_score_may_change_what_it_is_about
            a_removed_first_or_last_is_found_again
            projects_do_not_see_each_other
            a_removed_project_leaves_nothing_behind
            payloads_come_back_as_sent
            lists_page_without_gaps_or_repeats
            unknown_ids_are_no_error
            extreme_values_do_no_harm
            any_order_split_and_repeat_gives_the_same_state
            totals_are_right_however_folding_and_writing_interleave
            a_user_named_late_moves_what_its_trace_counts
            segments_follow_the_attribute_chosen
            names_categories_and_segments_beyond_the_bound_count_as_others
            scores_are_listed_by_arrival
            a_removed_score_stays_removed
            spans_are_found_by_their_id_alone
            a_session_is_read_from_its_first_trace_on
            sessions_and_users_are_listed_by_their_newest_trace_and_by_id
            generations_are_listed_by_what_they_count_for
            words_are_what_a_project_has_used
            messages_join_their_span_whatever_comes_first
            what_a_span_costs_may_change_and_the_old_amount_stays
            changed_content_comes_with_its_own_cost
            pages_of_charges_cover_every_span_once
            models_without_a_price_are_counted
            totals_are_right_however_charging_folding_and_writing_interleave
            the_same_event_counts_once_and_the_later_stands
            the_earliest_exposure_stands_and_a_second_arm_is_noted
            units_are_summed_from_their_exposure_to_the_end_of_the_phase
            units_are_the_same_whatever_order_split_and_repeat
            past_units_are_what_they_would_have_been_in_an_experiment
            what_is_erased_is_as_if_it_had_never_been_sent
            a_large_trace_goes_in_pieces
            a_large_session_goes_in_pieces
            what_became_newer_since_it_was_found_stays
            a_unit_has_its_turn_while_others_flood
        );
    };
    (@each $make:expr; $($name:ident)+) => {$(
        #[tokio::test]
        async fn $name() {
            let (store, _kept) = $make.await;
            $crate::conformance::event::$name(&store).await;
        }
    )+};
}

async fn append(store: &dyn EventStore, model: &mut Model, batch: EventBatch) -> Appended {
    model.take(&batch);
    store.append(batch).await.expect("append")
}

async fn count_of(store: &dyn EventStore, prompt: &str) -> SpanTotals {
    fold_all(store).await;
    let question = TotalsQuestion {
        range: TimeRange { from: TimeUs(START_NS / 1000), to: TimeUs((START_NS + 100 * HOUR_NS) / 1000) },
        steps: Vec::new(),
        dimensions: vec![Dimension::Prompt],
        filters: vec![],
        spans: true,
        bins: Quantity::ALL.to_vec(),
        scores: false,
        score_bins: false,
    };
    let answer = total(store, Build::project(1), question).await;
    answer.spans.into_iter().find(|group| group.key == [prompt]).map(|group| group.totals).unwrap_or_default()
}

pub async fn the_same_batch_twice_changes_nothing(store: &dyn EventStore) {
    let mut model = Model::default();
    let target = ScoreTarget::Trace { trace: Build::trace(1) };
    let score = Build::score("s", target, "tone", ScoreValue::Numeric(0.5));
    let batch = Build::batch(Build::project(1), vec![Build::generation(1, 1), Build::span(1, 2)], vec![score]);
    let first = append(store, &mut model, batch.clone()).await;
    assert_eq!(first, Appended { new: 3, replaced: 0, unchanged: 0 });
    agrees(store, &model).await;
    let again = append(store, &mut model, batch).await;
    assert_eq!(again, Appended { new: 0, replaced: 0, unchanged: 3 });
    assert!(!store.fold().await.expect("fold"));
    agrees(store, &model).await;
}

pub async fn the_greater_version_stands_whatever_comes_first(store: &dyn EventStore) {
    let mut model = Model::default();
    let project = Build::project(1);
    let open = Build::generation(1, 1);
    let mut done = open.clone();
    done.end_ns = TimeNs(done.end_ns.0 + 5);
    done.output = Some(json!("done"));
    let outcome =
        append(store, &mut model, Build::batch(project, vec![open.clone(), done.clone(), open.clone()], vec![])).await;
    assert_eq!(outcome, Appended { new: 1, replaced: 1, unchanged: 1 });
    agrees(store, &model).await;
    let mut later = done.clone();
    later.level = Level::Error;
    later.end_ns = TimeNs(later.end_ns.0 + 1);
    append(store, &mut model, Build::batch(project, vec![later, done], vec![])).await;
    agrees(store, &model).await;
    assert_eq!(count_of(store, "").await.errors, 1);
}

pub async fn a_late_parent_links_what_came_before_it(store: &dyn EventStore) {
    let mut model = Model::default();
    let project = Build::project(1);
    let mut child = Build::generation(1, 1);
    child.parent_id = Some(Build::span_id(2));
    let mut middle = Build::span(1, 2);
    middle.parent_id = Some(Build::span_id(3));
    let mut root = Build::span(1, 3);
    root.prompt = Some(Build::link("greet", 4));
    for span in [child, root, middle] {
        append(store, &mut model, Build::batch(project, vec![span], vec![])).await;
        agrees(store, &model).await;
    }
    assert_eq!(count_of(store, "greet").await.count, 1);
    assert_eq!(count_of(store, "").await.count, 0);
}

pub async fn a_changed_ancestor_relinks_what_inherits(store: &dyn EventStore) {
    let mut model = Model::default();
    let project = Build::project(1);
    let mut root = Build::span(1, 1);
    root.prompt = Some(Build::link("greet", 1));
    let mut child = Build::generation(1, 2);
    child.parent_id = Some(root.span_id);
    append(store, &mut model, Build::batch(project, vec![root.clone(), child], vec![])).await;
    agrees(store, &model).await;
    root.end_ns = TimeNs(root.end_ns.0 + 1);
    root.prompt = Some(Build::link("greet", 2));
    append(store, &mut model, Build::batch(project, vec![root.clone()], vec![])).await;
    agrees(store, &model).await;
    root.end_ns = TimeNs(root.end_ns.0 + 1);
    root.prompt = None;
    append(store, &mut model, Build::batch(project, vec![root], vec![])).await;
    agrees(store, &model).await;
    assert_eq!(count_of(store, "greet").await.count, 0);
}

pub async fn a_span_may_move_in_time(store: &dyn EventStore) {
    let mut model = Model::default();
    let project = Build::project(1);
    let mut span = Build::generation(1, 1);
    span.prompt = Some(Build::link("greet", 1));
    append(store, &mut model, Build::batch(project, vec![span.clone()], vec![])).await;
    agrees(store, &model).await;
    span.start_ns = TimeNs(span.start_ns.0 + 2 * HOUR_NS);
    span.end_ns = TimeNs(span.end_ns.0 + 3 * HOUR_NS);
    append(store, &mut model, Build::batch(project, vec![span.clone()], vec![])).await;
    agrees(store, &model).await;
    assert_eq!(count_of(store, "greet").await.first_ns, Some(span.start_ns.0));
}

pub async fn scores_may_come_before_what_they_are_about(store: &dyn EventStore) {
    let mut model = Model::default();
    let project = Build::project(1);
    let mut span = Build::generation(1, 1);
    span.prompt = Some(Build::link("greet", 1));
    let on_span = ScoreTarget::Observation { trace: span.trace_id, span: span.span_id };
    let on_trace = ScoreTarget::Trace { trace: span.trace_id };
    let scores = vec![
        Build::score("a", on_span, "correct", ScoreValue::Boolean(true)),
        Build::score("b", on_trace, "tone", ScoreValue::Numeric(-0.25)),
    ];
    append(store, &mut model, Build::batch(project, vec![], scores)).await;
    agrees(store, &model).await;
    append(store, &mut model, Build::batch(project, vec![span.clone()], vec![])).await;
    agrees(store, &model).await;
    let mut other = Build::generation(1, 2);
    other.prompt = Some(Build::link("greet", 2));
    append(store, &mut model, Build::batch(project, vec![other], vec![])).await;
    agrees(store, &model).await;
}

pub async fn a_session_score_follows_its_traces(store: &dyn EventStore) {
    let mut model = Model::default();
    let project = Build::project(1);
    let target = ScoreTarget::Session { session: "s".to_owned() };
    let score = Build::score("a", target, "tone", ScoreValue::Numeric(1.0));
    append(store, &mut model, Build::batch(project, vec![], vec![score])).await;
    for trace in 1..4 {
        let mut span = Build::generation(trace, 1);
        span.prompt = Some(Build::link("greet", trace as u32));
        // The second joins the session only later.
        span.trace.session_id = (trace != 2).then(|| "s".to_owned());
        append(store, &mut model, Build::batch(project, vec![span], vec![])).await;
        agrees(store, &model).await;
    }
    let mut late = Build::span(2, 9);
    late.trace.session_id = Some("s".to_owned());
    append(store, &mut model, Build::batch(project, vec![late.clone()], vec![])).await;
    agrees(store, &model).await;
    late.end_ns = TimeNs(late.end_ns.0 + 1);
    late.trace.session_id = Some("another".to_owned());
    append(store, &mut model, Build::batch(project, vec![late], vec![])).await;
    agrees(store, &model).await;
}

pub async fn a_score_may_change_what_it_is_about(store: &dyn EventStore) {
    let mut model = Model::default();
    let project = Build::project(1);
    let spans = (1..3).map(|trace| Build::generation(trace, 1)).collect();
    append(store, &mut model, Build::batch(project, spans, vec![])).await;
    for (at, trace) in [(0, 1), (1, 2), (0, 1), (2, 7)] {
        let target = ScoreTarget::Trace { trace: Build::trace(trace) };
        let mut score = Build::score("a", target, "tone", ScoreValue::Numeric(trace as f64));
        score.at_us = TimeUs(score.at_us.0 + at);
        append(store, &mut model, Build::batch(project, vec![], vec![score])).await;
        agrees(store, &model).await;
    }
}

pub async fn a_removed_first_or_last_is_found_again(store: &dyn EventStore) {
    let mut model = Model::default();
    let project = Build::project(1);
    let mut spans = Vec::new();
    for number in 0..200 {
        let mut span = Build::generation(number, 1);
        span.start_ns = TimeNs(START_NS + number as i64);
        // Another model's lie between, more of them than are read at once.
        if number % 100 != 0 {
            span.model = Some("small".to_owned());
        }
        spans.push(span);
    }
    append(store, &mut model, Build::batch(project, spans.clone(), vec![])).await;
    agrees(store, &model).await;
    for number in [0, 199, 198] {
        let mut moved = spans[number].clone();
        moved.end_ns = TimeNs(moved.end_ns.0 + HOUR_NS);
        moved.prompt = Some(Build::link("greet", 1));
        append(store, &mut model, Build::batch(project, vec![moved], vec![])).await;
    }
    agrees(store, &model).await;
}

pub async fn projects_do_not_see_each_other(store: &dyn EventStore) {
    let mut model = Model::default();
    for project in [1, 2] {
        let mut span = Build::generation(1, 1);
        span.prompt = Some(Build::link("greet", project as u32));
        span.trace.session_id = Some("s".to_owned());
        let target = ScoreTarget::Session { session: "s".to_owned() };
        let score = Build::score("a", target, "tone", ScoreValue::Numeric(project as f64));
        append(store, &mut model, Build::batch(Build::project(project), vec![span], vec![score])).await;
    }
    agrees(store, &model).await;
    let stranger = Build::project(3);
    assert!(store.trace(stranger, Build::trace(1)).await.expect("trace").is_none());
    assert!(store.spans(stranger, Build::trace(1), None, 10).await.expect("spans").is_empty());
    assert!(store.scores(stranger, Build::trace(1)).await.expect("scores").is_empty());
    assert!(store.payload(stranger, Build::trace(1), Build::span_id(1)).await.expect("payload").is_none());
    assert_eq!(store.traces(stranger, &TraceFilter::default(), None, 10).await.expect("traces"), TraceSlice::default());
    assert_eq!(store.words(stranger).await.expect("words"), Words::default());
    assert_eq!(store.activity(stranger).await.expect("activity"), crate::event::Activity::default());
}

pub async fn a_removed_project_leaves_nothing_behind(store: &dyn EventStore) {
    let mut model = Model::default();
    let removed = Build::project(1);
    for seed in 200..206 {
        let mut random = Random(seed);
        for batch in batches(&mut random, 40) {
            append(store, &mut model, batch).await;
            if random.one_in(3) {
                store.fold().await.expect("fold");
            }
        }
        // Folded, half folded, and the first time with what the project had before it was removed.
        if random.one_in(2) {
            agrees(store, &model).await;
        }
        while store.remove_project(removed).await.expect("a piece") {
            if random.one_in(2) {
                store.fold().await.expect("fold");
            }
        }
        model.remove(removed);
        assert_eq!(
            store.traces(removed, &TraceFilter::default(), None, 10).await.expect("traces"),
            TraceSlice::default()
        );
        assert_eq!(store.words(removed).await.expect("words"), Words::default());
        assert_eq!(store.activity(removed).await.expect("activity"), crate::event::Activity::default());
        for question in super::questions() {
            let answer = total(store, removed, question).await;
            assert!(answer.spans.is_empty() && answer.scores.is_empty(), "{answer:?}");
        }
        agrees(store, &model).await;
        store.rebuild_totals().await.expect("rebuild");
        agrees(store, &model).await;
        assert!(!store.remove_project(removed).await.expect("nothing"));
    }
}

pub async fn payloads_come_back_as_sent(store: &dyn EventStore) {
    let mut model = Model::default();
    let project = Build::project(1);
    let texts = [String::new(), "short".to_owned(), "long and repeating ".repeat(5000), "\u{0}é漢🙂".to_owned()];
    let mut spans = Vec::new();
    for (number, text) in (0..).zip(&texts) {
        let mut span = Build::generation(1, number);
        span.input = Some(json!({"messages": [{"role": "user", "content": text}], "n": 1.5e300, "deep": [[[null]]]}));
        span.metadata.insert("key".to_owned(), json!(text));
        spans.push(span);
    }
    append(store, &mut model, Build::batch(project, spans, vec![])).await;
    agrees(store, &model).await;
    let ids = [3, 99, 0].map(Build::span_id);
    let several = store.payloads(project, Build::trace(1), &ids).await.expect("payloads");
    assert_eq!(several.iter().map(|(id, _)| *id).collect::<Vec<_>>(), [ids[0], ids[2]]);
}

pub async fn lists_page_without_gaps_or_repeats(store: &dyn EventStore) {
    let mut model = Model::default();
    let project = Build::project(1);
    // Many at the same instant, so that ids decide; `agrees` reads in pages of two.
    let spans = (0..12)
        .map(|number| {
            let mut span = Build::generation(number, 1);
            span.start_ns = TimeNs(START_NS + number as i64 / 5);
            span.prompt = Some(Build::link("greet", 1 + (number % 2) as u32));
            span
        })
        .collect();
    append(store, &mut model, Build::batch(project, spans, vec![])).await;
    let spans = (0..9).map(|number| Build::span(3, 10 + number)).collect();
    append(store, &mut model, Build::batch(project, spans, vec![])).await;
    agrees(store, &model).await;
    let (mut after, mut found) = (None, Vec::new());
    loop {
        let page = store.spans(project, Build::trace(3), after, 4).await.expect("spans");
        let Some(last) = page.last() else { break };
        after = Some((last.row.start_ns.0, last.row.span_id));
        found.extend(page.into_iter().map(|span| span.row.span_id));
    }
    let expected: Vec<_> =
        model.spans(project, Build::trace(3)).into_iter().map(|(span, _)| span.row.span_id).collect();
    assert_eq!(found, expected);
}

pub async fn unknown_ids_are_no_error(store: &dyn EventStore) {
    let project = Build::project(1);
    assert!(store.trace(project, Build::trace(1)).await.expect("trace").is_none());
    assert!(store.payload(project, Build::trace(1), Build::span_id(1)).await.expect("payload").is_none());
    assert!(!store.fold().await.expect("fold"));
    store.rebuild_totals().await.expect("rebuild");
    store.ping().await.expect("ping");
    store.append(Build::batch(project, vec![], vec![])).await.expect("append");
    assert_eq!(store.activity(project).await.expect("activity").last_span_us, None);
    store.append(Build::batch(project, vec![Build::generation(1, 1)], vec![])).await.expect("append");
    let activity = store.activity(project).await.expect("activity");
    assert_eq!((activity.last_span_us, activity.last_linked_us), (Some(super::RECEIVED), None));
}

pub async fn extreme_values_do_no_harm(store: &dyn EventStore) {
    let mut model = Model::default();
    let project = Build::project(1);
    let mut spans = Vec::new();
    for (number, (start, end)) in
        (0..).zip([(i64::MIN, i64::MIN), (i64::MAX, i64::MAX), (0, i64::MAX), (-1, 0), (i64::MIN + 1, i64::MAX)])
    {
        let mut span = Build::generation(number, 1);
        (span.start_ns, span.end_ns) = (TimeNs(start), TimeNs(end));
        span.usage.buckets =
            Some(domain::trace::TokenBuckets { input: u64::MAX / 8, other: u64::MAX, ..Default::default() });
        spans.push(span);
    }
    append(store, &mut model, Build::batch(project, spans, vec![])).await;
    fold_all(store).await;
    for trace in model.trace_ids(project) {
        assert_eq!(store.trace(project, trace).await.expect("trace"), model.trace(project, trace));
    }
    store.rebuild_totals().await.expect("rebuild");
}

pub async fn any_order_split_and_repeat_gives_the_same_state(store: &dyn EventStore) {
    // Every round is other events of the same spans and scores, so the store need not be fresh: the set only grows.
    let mut model = Model::default();
    for seed in 0..25 {
        let mut random = Random(seed);
        let batches = batches(&mut random, 12);
        for batch in &batches {
            model.take(batch);
        }
        for batch in shuffled(&mut random, &batches) {
            store.append(batch).await.expect("append");
        }
        agrees(store, &model).await;
    }
}

pub async fn totals_are_right_however_folding_and_writing_interleave(store: &dyn EventStore) {
    let mut model = Model::default();
    for seed in 100..125 {
        let mut random = Random(seed);
        for batch in batches(&mut random, 12) {
            append(store, &mut model, batch).await;
            if random.one_in(2) {
                store.fold().await.expect("fold");
            }
        }
        agrees(store, &model).await;
        if random.one_in(5) {
            store.rebuild_totals().await.expect("rebuild");
            agrees(store, &model).await;
        }
    }
}
