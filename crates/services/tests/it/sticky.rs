//! Units that keep their arm.

use assign::Reason;
use domain::experiment::{Design, Exposure, ExposureDoor};
use serde_json::{Map, Value, json};
use services::experiments::{Act, Edit};

use crate::pipeline::{KEY, Pipeline, metric, units};

const FLAG: &str = "greet.production";

fn metrics() -> [Value; 1] {
    [metric("buy", "rate", "higher", "goal", Value::Null)]
}

/// Units come to a door, which notes it; with the version each is given.
async fn served(pipeline: &Pipeline, names: &[String]) -> Vec<(u32, Option<Exposure>)> {
    let services = &pipeline.world.services;
    let rules = services.assignment.rules(&pipeline.actor, pipeline.project).await.unwrap();
    let rule = rules.by_flag_key(FLAG).unwrap();
    let mut served = Vec::new();
    for unit in names {
        let attributes = Map::from_iter([("id".to_owned(), Value::from(unit.as_str()))]);
        let resolved = services.assignment.resolve(pipeline.project, rule, &attributes).await.unwrap();
        let exposure = resolved.exposure(ExposureDoor::Resolve, services.now());
        services.ingest.answered(pipeline.project, &resolved, ExposureDoor::Resolve);
        served.push((resolved.version, exposure));
    }
    // What the door notes is stored behind it; this is.
    pipeline.expose(served.iter().filter_map(|(_, exposure)| exposure.clone()).collect()).await;
    served
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
    // Who asks why is told the arm that is served.
    let results = &pipeline.world.services.results;
    let mut kept = 0;
    for (unit, version) in names.iter().zip(&before) {
        let explained = results.explain(&pipeline.actor, pipeline.project, KEY, unit, None).await.unwrap();
        let rule = explained.rule.unwrap();
        assert_eq!(rule.arm.unwrap().version, *version, "{unit}");
        kept += u32::from(rule.reason == Reason::Kept);
    }
    assert_eq!(kept, 120, "dealt in the phase before");
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

#[tokio::test]
async fn who_lost_an_arm_keeps_the_next_one() {
    let mut pipeline = Pipeline::new().await;
    let arm = |key: &str, version: u32, weight: u16| json!({"key": key, "version": version, "weight": weight});
    let three = json!([arm("control", 1, 3_400), arm("warm", 2, 3_300), arm("cold", 3, 3_300)]);
    let sticky = |design: &mut Value| {
        design["sticky"] = json!(true);
        design["arms"] = three;
    };
    pipeline.launch(KEY, &metrics(), sticky).await;
    let names = units("a", 0..90);
    let first = served(&pipeline, &names).await;
    pipeline.world.clock.pass_s(60);
    edit(&pipeline, false, |design| design["arms"] = json!([arm("control", 1, 5_000), arm("warm", 2, 5_000)])).await;
    let lost: Vec<String> =
        names.iter().zip(&first).filter(|(_, (version, _))| *version == 3).map(|(unit, _)| unit.clone()).collect();
    assert!(lost.len() > 10, "{}", lost.len());
    let second = served(&pipeline, &lost).await;
    pipeline.fold().await;
    pipeline.world.clock.pass_s(60);
    edit(&pipeline, false, weights(100)).await;
    let other = pipeline.world.other_process().await;
    let rules = other.assignment.rules(&pipeline.actor, pipeline.project).await.unwrap();
    let rule = rules.by_flag_key(FLAG).unwrap();
    for (unit, (version, exposure)) in lost.iter().zip(&second) {
        assert!(exposure.is_some() && *version != 3, "{unit} is dealt anew");
        // By what this process remembers, and by what is stored.
        assert_eq!(answered(&pipeline, unit).await, (*version, Reason::Kept, false), "{unit}");
        let attributes = Map::from_iter([("id".to_owned(), Value::from(unit.as_str()))]);
        let resolved = other.assignment.resolve(pipeline.project, rule, &attributes).await.unwrap();
        assert_eq!(resolved.version, *version, "{unit}");
    }
}

#[tokio::test]
async fn a_second_arm_does_not_take_the_place_of_the_first() {
    let mut pipeline = Pipeline::new().await;
    pipeline.launch(KEY, &metrics(), |design| design["sticky"] = json!(true)).await;
    let names = units("a", 0..30);
    let first = served(&pipeline, &names).await;
    pipeline.world.clock.pass_s(60);
    for (_, exposure) in &first {
        let exposure = exposure.clone().unwrap();
        let arm = if exposure.arm.as_str() == "control" { "warm" } else { "control" };
        let second = Exposure { arm: arm.parse().unwrap(), first_us: pipeline.world.services.now(), ..exposure };
        pipeline.world.services.ingest.expose(pipeline.project, second);
    }
    edit(&pipeline, false, weights(100)).await;
    for (unit, (version, _)) in names.iter().zip(&first) {
        assert_eq!(answered(&pipeline, unit).await, (*version, Reason::Kept, false), "{unit}");
    }
}
