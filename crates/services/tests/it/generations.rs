//! Units that met an experiment by a generation alone.

use domain::{
    experiment::{Activity, ActivityKind, Eligibility, Experiment, Exposure, ExposureDoor, Targeting},
    ids::{ActivityId, ExperimentId},
    time::TimeNs,
};
use experiment::CheckKind;
use serde_json::{Value, json};
use store::{
    conformance::event::Build,
    control::ExperimentStore as _,
    event::{EventStore as _, UnitStore as _},
};

use crate::pipeline::{KEY, Pipeline, metric, units};

/// One generation of each unit on a version, now, with what the trace tells of it.
async fn generations(pipeline: &Pipeline, first: u64, calls: &[(&str, u32, Value)]) {
    let now = pipeline.world.services.now().to_ns().0;
    let spans = (first..).zip(calls).map(|(number, (unit, version, told))| {
        let mut span = Build::generation(number, number);
        (span.start_ns, span.end_ns) = (TimeNs(now), TimeNs(now + 1_000_000_000));
        span.trace.user_id = Some((*unit).to_owned());
        span.prompt = Some(Build::link("greet", *version));
        span.metadata = told.as_object().cloned().unwrap_or_default();
        span
    });
    pipeline.world.events.append(Build::batch(pipeline.project, spans.collect(), Vec::new())).await.unwrap();
    pipeline.fold().await;
}

async fn exposed(pipeline: &Pipeline) -> usize {
    pipeline.world.clock.pass_s(180);
    let exposed = pipeline.world.services.assignment.expose_by_generations().await.unwrap();
    pipeline.fold().await;
    exposed
}

async fn exposure(pipeline: &Pipeline, unit: &str) -> Option<Exposure> {
    let id = pipeline.experiment().await.id;
    let mut found = pipeline.world.events.exposures(pipeline.project, id, unit).await.unwrap();
    found.pop().map(|record| record.exposure)
}

#[tokio::test]
async fn a_client_that_assigned_by_itself_and_told_nobody_is_counted() {
    let mut pipeline = Pipeline::new().await;
    let forced = |design: &mut Value| design["forced"] = json!({"tester": "warm"});
    pipeline.launch(KEY, &[metric("buy", "rate", "higher", "goal", Value::Null)], forced).await;
    let names = units("a", 0..40);
    // What the bundle would have told it.
    let dealt = pipeline.assigned(&names).await;
    let version = |one: &Option<Exposure>| if one.as_ref().unwrap().arm.as_str() == "control" { 1 } else { 2 };
    let mut calls: Vec<_> =
        names.iter().zip(&dealt).map(|(unit, one)| (unit.as_str(), version(one), json!({}))).collect();
    calls.extend([("tester", 2, json!({})), ("other label", 3, json!({}))]);
    let began = pipeline.world.services.now();
    // One of them met a door before.
    pipeline.meet(&names[..1]).await;
    generations(&pipeline, 1, &calls).await;
    assert_eq!(pipeline.world.services.assignment.expose_by_generations().await.unwrap(), 0, "doors come first");
    assert_eq!(exposed(&pipeline).await, 39);
    for (unit, one) in names.iter().zip(&dealt).skip(1) {
        let found = exposure(&pipeline, unit).await.unwrap();
        assert_eq!(
            (found.door, found.first_us, found.eligibility),
            (ExposureDoor::Generation, began, Eligibility::Untargeted)
        );
        assert_eq!((&found.arm, found.bucket), (&one.as_ref().unwrap().arm, one.as_ref().unwrap().bucket));
    }
    assert_eq!(exposure(&pipeline, &names[0]).await.unwrap().door, ExposureDoor::Resolve);
    assert_eq!((exposure(&pipeline, "tester").await, exposure(&pipeline, "other label").await), (None, None));
    assert_eq!(exposed(&pipeline).await, 0, "once is enough");
    let result = pipeline.result().await;
    assert_eq!(result.exposed, 40);
    let contamination = result.sheet.checks.iter().find(|check| check.kind == CheckKind::Contamination).unwrap();
    assert!(contamination.number.abs() < 1e-12, "{}", contamination.sentence);
}

#[tokio::test]
async fn who_is_not_known_to_be_eligible_is_counted_apart() {
    let mut pipeline = Pipeline::new().await;
    let targeted = |design: &mut Value| design["targeting"] = json!({"eq": {"attribute": "plan", "value": "pro"}});
    pipeline.launch(KEY, &[metric("buy", "rate", "higher", "goal", Value::Null)], targeted).await;
    let calls = [("pro", 1, json!({"plan": "pro"})), ("free", 1, json!({"plan": "free"})), ("untold", 1, json!({}))];
    generations(&pipeline, 1, &calls).await;
    assert_eq!(exposed(&pipeline).await, 2);
    assert_eq!(exposure(&pipeline, "pro").await.unwrap().eligibility, Eligibility::Matched);
    assert_eq!(exposure(&pipeline, "free").await, None);
    assert_eq!(exposure(&pipeline, "untold").await.unwrap().eligibility, Eligibility::Unknown);
    let result = pipeline.result().await;
    let told = |kind| result.sheet.checks.iter().find(|check| check.kind == kind).map(|check| check.number);
    assert_eq!((result.exposed, told(CheckKind::UnknownEligibility)), (2, Some(1.0)));
    assert_eq!(result.sheet.arms.iter().map(|arm| arm.units).sum::<u64>(), 1);
}

/// What the bundle, had it a rule, would have told each unit.
async fn calls_of<'n>(pipeline: &Pipeline, names: &'n [String]) -> Vec<(&'n str, u32, Value)> {
    let dealt = pipeline.assigned(names).await;
    let version = |one: &Option<Exposure>| if one.as_ref().unwrap().arm.as_str() == "control" { 1 } else { 2 };
    names.iter().zip(&dealt).map(|(unit, one)| (unit.as_str(), version(one), json!({}))).collect()
}

#[tokio::test]
async fn who_keeps_an_arm_is_assigned_by_the_server_only() {
    let mut pipeline = Pipeline::new().await;
    let sticky = |design: &mut Value| design["sticky"] = json!(true);
    pipeline.launch(KEY, &[metric("buy", "rate", "higher", "goal", Value::Null)], sticky).await;
    let names = units("a", 0..10);
    generations(&pipeline, 1, &calls_of(&pipeline, &names).await).await;
    assert_eq!(exposed(&pipeline).await, 0);
}

#[tokio::test]
async fn who_met_another_labels_version_first_is_counted() {
    let mut pipeline = Pipeline::new().await;
    pipeline.launch(KEY, &[metric("buy", "rate", "higher", "goal", Value::Null)], |_| ()).await;
    generations(&pipeline, 1, &[("ana", 3, json!({}))]).await;
    pipeline.world.clock.pass_s(10);
    let began = pipeline.world.services.now();
    generations(&pipeline, 2, &[("ana", 2, json!({}))]).await;
    assert_eq!(exposed(&pipeline).await, 1);
    assert_eq!(exposure(&pipeline, "ana").await.unwrap().first_us, began);
}

#[tokio::test]
async fn an_experiment_that_cannot_be_looked_at_stops_no_other() {
    let mut pipeline = Pipeline::new().await;
    let good = pipeline.launch(KEY, &[metric("buy", "rate", "higher", "goal", Value::Null)], |_| ()).await;
    // No use case would store this audience. One comes before the good one in any order, and one after it.
    let control = pipeline.world.control().await;
    for (number, key) in [(0, "first"), (u128::MAX, "last")] {
        let mut bad =
            Experiment { id: ExperimentId(uuid::Uuid::from_u128(number)), key: key.parse().unwrap(), ..good.clone() };
        bad.slot.flag_key = key.parse().unwrap();
        bad.slot.label = key.parse().unwrap();
        bad.phases[0].definition.targeting = Some(Targeting(json!({"no": "condition"})));
        let activity = Activity {
            id: ActivityId(uuid::Uuid::from_u128(number)),
            at_us: good.created_us,
            by: "somebody".to_owned(),
            kind: ActivityKind::Created,
            note: String::new(),
            changes: Vec::new(),
            revision: bad.revision,
        };
        control.create_experiment(pipeline.project, &bad, &activity).await.unwrap();
    }
    generations(&pipeline, 1, &[("ana", 1, json!({})), ("ben", 2, json!({}))]).await;
    assert_eq!(exposed(&pipeline).await, 2);
}

#[tokio::test]
async fn more_traces_than_are_looked_at_at_once_are_looked_at_in_turn() {
    let mut pipeline = Pipeline::new().await;
    pipeline.launch(KEY, &[metric("buy", "rate", "higher", "goal", Value::Null)], |_| ()).await;
    let (names, each) = (units("a", 0..1_200), 400);
    let calls = calls_of(&pipeline, &names).await;
    let began = pipeline.world.services.now();
    // Everybody comes twice.
    for (turn, calls) in calls.chunks(each).chain(calls.chunks(each)).enumerate() {
        generations(&pipeline, (turn * each) as u64, calls).await;
        pipeline.world.clock.pass_s(30);
    }
    assert_eq!(exposed(&pipeline).await, names.len());
    assert_eq!(exposure(&pipeline, &names[0]).await.unwrap().first_us, began);
    assert_eq!(pipeline.result().await.exposed, names.len() as u64);
}
