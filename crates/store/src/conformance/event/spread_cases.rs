//! Tests of unit groups, segments and bounds.

use domain::{
    metric::{Dimension, Quantity},
    score::{ScoreTarget, ScoreValue},
    segment::SegmentAttribute,
    time::{HOUR_NS, TimeNs, TimeRange, TimeUs},
};
use serde_json::json;

use super::{Build, Model, Random, START_NS, agrees, fold_all, random::batches, total};
use crate::event::{EventStore, TotalsQuestion};

pub async fn a_user_named_late_moves_what_its_trace_counts(store: &dyn EventStore) {
    let (project, mut model) = (Build::project(1), Model::default());
    let mut generation = Build::generation(1, 1);
    generation.parent_id = Some(Build::span_id(2));
    let target = ScoreTarget::Trace { trace: Build::trace(1) };
    let score = Build::score("s", target, "tone", ScoreValue::Numeric(0.5));
    let mut root = Build::span(1, 2);
    root.trace.user_id = Some("user 1".to_owned());
    let mut ended = root.clone();
    ended.end_ns = TimeNs(root.end_ns.0 + 1);
    ended.trace.user_id = Some("user 2".to_owned());
    // First a trace alone, then a user, then another one: each time what was folded moves to another group.
    for batch in [
        Build::batch(project, vec![generation], vec![score]),
        Build::batch(project, vec![root], vec![]),
        Build::batch(project, vec![ended], vec![]),
    ] {
        model.take(&batch);
        store.append(batch).await.expect("append");
        agrees(store, &model).await;
    }
}

pub async fn segments_follow_the_attribute_chosen(store: &dyn EventStore) {
    let (project, mut model) = (Build::project(1), Model::default());
    let plan: SegmentAttribute = "metadata.plan".parse().expect("an attribute");
    let choices = [Some(plan.clone()), Some(SegmentAttribute::Release), Some(plan.clone()), None];
    let mut random = Random(77);
    for choice in choices {
        store.segment_by(project, choice.clone()).await.expect("chosen");
        model.segment_by(project, choice);
        // Half of what comes next was told apart by the plan, whatever is chosen now.
        for batch in batches(&mut random, 12) {
            let batch = if random.one_in(2) { Build::segmented(&batch, &plan) } else { batch };
            model.take(&batch);
            store.append(batch).await.expect("append");
            if random.one_in(3) {
                store.fold().await.expect("fold");
            }
        }
        agrees(store, &model).await;
    }
    // The present one again is no work.
    store.segment_by(project, None).await.expect("chosen");
    agrees(store, &model).await;
}

pub async fn names_categories_and_segments_beyond_the_bound_count_as_others(store: &dyn EventStore) {
    let project = Build::project(1);
    let plan: SegmentAttribute = "metadata.plan".parse().expect("an attribute");
    store.segment_by(project, Some(plan.clone())).await.expect("chosen");
    let (mut spans, mut scores) = (Vec::new(), Vec::new());
    for number in 0..60 {
        let mut span = Build::generation(number, 1);
        span.metadata.insert("plan".to_owned(), json!(format!("plan {number}")));
        spans.push(span);
        let target = || ScoreTarget::Trace { trace: Build::trace(number) };
        let name = format!("name {number:02}");
        scores.push(Build::score(&format!("n{number}"), target(), &name, ScoreValue::Numeric(1.0)));
        let category = ScoreValue::Categorical(format!("category {number:02}"));
        scores.push(Build::score(&format!("c{number}"), target(), "name 00", category));
    }
    let batch = Build::batch(project, spans, scores);
    store.append(Build::segmented(&batch, &plan)).await.expect("append");
    fold_all(store).await;
    let ask = |dimension, scores: bool| TotalsQuestion {
        range: TimeRange { from: TimeUs(START_NS / 1000), to: TimeUs((START_NS + HOUR_NS) / 1000) },
        steps: Vec::new(),
        dimensions: vec![dimension],
        filters: vec![],
        spans: !scores,
        bins: Quantity::ALL.to_vec(),
        scores,
        score_bins: false,
    };
    let by_segment = total(store, project, ask(Dimension::Segment, false)).await;
    assert_eq!(by_segment.spans.len(), 21);
    let other = by_segment.spans.iter().find(|group| group.key == ["other"]).expect("others");
    assert_eq!(other.totals.count, 40);
    let by_name = total(store, project, ask(Dimension::ScoreName, true)).await;
    let of = |name: &str| by_name.scores.iter().find(|group| group.name == name).map(|group| &group.totals);
    assert_eq!(by_name.scores.len(), 51);
    assert_eq!(of("").map(|totals| totals.n), Some(10));
    let categories = &of("name 00").expect("a name").categories;
    assert_eq!(categories.len(), 21);
    assert_eq!(categories.first(), Some(&(String::new(), 40)));
}
