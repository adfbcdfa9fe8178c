//! Units that keep their arm.

use assign::Reason;
use domain::experiment::{Design, ExposureDoor};
use serde_json::{Map, Value, json};
use services::experiments::{Act, Edit};

use crate::pipeline::{KEY, Pipeline, metric, units};

const FLAG: &str = "greet.production";

fn metrics() -> [Value; 1] {
    [metric("buy", "rate", "higher", "goal", Value::Null)]
}

/// What a unit is answered at a door: version, why, and whether it would be exposed.
async fn answered(pipeline: &Pipeline, unit: &str) -> (u32, Reason, bool) {
    let assignment = &pipeline.world.services.assignment;
    let rules = assignment.rules(&pipeline.actor, pipeline.project).await.unwrap();
    let attributes = Map::from_iter([("id".to_owned(), Value::from(unit)), ("plan".to_owned(), "free".into())]);
    let resolved = assignment.resolve(pipeline.project, rules.by_flag_key(FLAG).unwrap(), &attributes).await.unwrap();
    let exposed = resolved.exposure(ExposureDoor::Resolve, pipeline.world.services.now()).is_some();
    (resolved.version, resolved.split.as_ref().unwrap().reason, exposed)
}

async fn edit(pipeline: &Pipeline, reshuffle: bool, change: impl FnOnce(&mut Value)) {
    let experiment = pipeline.experiment().await;
    let mut design = serde_json::to_value(&experiment.design).unwrap();
    change(&mut design);
    let design: Design = serde_json::from_value(design).unwrap();
    let edit = Edit { revision: experiment.revision, design, note: None, reshuffle };
    pipeline.world.services.experiments.edit(&pipeline.actor, pipeline.project, KEY, edit).await.unwrap();
}

fn weights(control: u16) -> impl FnOnce(&mut Value) {
    move |design| {
        design["arms"][0]["weight"] = json!(control);
        design["arms"][1]["weight"] = json!(10_000 - control);
    }
}

#[tokio::test]
async fn a_unit_keeps_its_arm_over_weights_and_shares_and_is_counted_where_it_was_dealt() {
    let mut pipeline = Pipeline::new().await;
    pipeline.launch(KEY, &metrics(), |design| design["sticky"] = json!(true)).await;
    let names = units("a", 0..120);
    let arms = pipeline.meet(&names).await;
    let mut before = Vec::new();
    for (unit, arm) in names.iter().zip(&arms) {
        let (version, reason, exposed) = answered(&pipeline, unit).await;
        assert_eq!((reason, exposed), (Reason::Assigned, true));
        assert_eq!(version, if arm.as_deref() == Some("control") { 1 } else { 2 });
        before.push(version);
    }
    edit(&pipeline, false, weights(1_000)).await;
    for (unit, version) in names.iter().zip(&before) {
        assert_eq!(answered(&pipeline, unit).await, (*version, Reason::Kept, false), "{unit}");
    }
    // Newcomers are dealt by the new weights and counted.
    let (mut treated, newcomers) = (0, units("b", 0..120));
    for unit in &newcomers {
        let (version, reason, exposed) = answered(&pipeline, unit).await;
        assert_eq!((reason, exposed), (Reason::Assigned, true));
        treated += u32::from(version == 2);
    }
    assert!((90..=119).contains(&treated), "{treated} of 120");
    pipeline.meet(&newcomers).await;
    // A smaller share lets nobody go, a pause everybody.
    edit(&pipeline, false, |design| design["coverage"] = json!(0.01)).await;
    for (unit, version) in names.iter().zip(&before) {
        assert_eq!(answered(&pipeline, unit).await.0, *version, "{unit}");
    }
    let experiments = &pipeline.world.services.experiments;
    experiments.pause(&pipeline.actor, pipeline.project, KEY, &Act::default()).await.unwrap();
    for unit in &names {
        assert_eq!(answered(&pipeline, unit).await, (1, Reason::OutsideCoverage, false), "{unit}");
    }
    experiments.resume(&pipeline.actor, pipeline.project, KEY, &Act::default()).await.unwrap();
    assert_eq!(answered(&pipeline, &names[0]).await.0, before[0]);
    // Another process reads it from the store.
    let other = pipeline.world.other_process().await;
    let rules = other.assignment.rules(&pipeline.actor, pipeline.project).await.unwrap();
    for (unit, version) in names.iter().zip(&before) {
        let attributes = Map::from_iter([("id".to_owned(), Value::from(unit.as_str()))]);
        let rule = rules.by_flag_key(FLAG).unwrap();
        let resolved = other.assignment.resolve(pipeline.project, rule, &attributes).await.unwrap();
        assert_eq!(resolved.version, *version, "{unit}");
    }
    // Clients are not asked to know any of this.
    let features = serde_json::to_value(other.assignment.features(&pipeline.actor, pipeline.project).await.unwrap());
    let features = features.unwrap();
    assert_eq!(features["features"][FLAG]["defaultValue"], "1");
    assert_eq!(features["features"][FLAG]["rules"], Value::Null);
}

#[tokio::test]
async fn an_arm_is_kept_while_its_exposure_is_still_on_its_way() {
    let mut pipeline = Pipeline::new().await;
    pipeline.launch(KEY, &metrics(), |design| design["sticky"] = json!(true)).await;
    let names = units("a", 0..60);
    let services = &pipeline.world.services;
    let mut before = Vec::new();
    let rules = services.assignment.rules(&pipeline.actor, pipeline.project).await.unwrap();
    for unit in &names {
        let attributes = Map::from_iter([("id".to_owned(), Value::from(unit.as_str()))]);
        let rule = rules.by_flag_key(FLAG).unwrap();
        let resolved = services.assignment.resolve(pipeline.project, rule, &attributes).await.unwrap();
        services.ingest.answered(pipeline.project, &resolved, ExposureDoor::Resolve);
        before.push(resolved.version);
    }
    edit(&pipeline, false, weights(100)).await;
    for (unit, version) in names.iter().zip(&before) {
        assert_eq!(answered(&pipeline, unit).await, (*version, Reason::Kept, false), "{unit}");
    }
}

#[tokio::test]
async fn who_is_dealt_anew_or_not_let_in_keeps_nothing() {
    let mut pipeline = Pipeline::new().await;
    pipeline.launch(KEY, &metrics(), |design| design["sticky"] = json!(true)).await;
    let names = units("a", 0..60);
    pipeline.meet(&names).await;
    edit(&pipeline, false, |design| design["targeting"] = json!({"eq": {"attribute": "plan", "value": "pro"}})).await;
    for unit in &names {
        assert_eq!(answered(&pipeline, unit).await, (1, Reason::NotTargeted, false), "{unit}");
    }
    edit(&pipeline, true, |design| {
        design.as_object_mut().unwrap().remove("targeting");
    })
    .await;
    for unit in &names {
        let (_, reason, exposed) = answered(&pipeline, unit).await;
        assert_eq!((reason, exposed), (Reason::Assigned, true), "{unit}");
    }
}
