//! Units that met an experiment by a generation alone.

use domain::{
    experiment::{Eligibility, Exposure, ExposureDoor},
    time::TimeNs,
};
use experiment::CheckKind;
use serde_json::{Value, json};
use store::{
    conformance::event::Build,
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
