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

fn arm(key: &str, version: u32, weight: u16) -> Value {
    json!({"key": key, "version": version, "weight": weight})
}

/// Whether so many of these units may come by such a chance.
fn is_likely(hits: usize, units: usize, chance: f64) -> bool {
    let spread = (units as f64 * chance * (1.0 - chance)).sqrt();
    (hits as f64 - units as f64 * chance).abs() < 4.0 * spread
}

/// An arm is removed and comes back: who keeps what, who is dealt anew and how, and what is said of it.
async fn who_lost_an_arm(adaptive: bool) {
    let mut pipeline = Pipeline::new().await;
    let three = json!([arm("control", 1, 3_400), arm("warm", 2, 3_300), arm("cold", 3, 3_300)]);
    let sticky = |design: &mut Value| {
        if adaptive {
            design["allocation"] = json!("adaptive");
        } else {
            design["sticky"] = json!(true);
        }
        design["arms"] = three.clone();
    };
    pipeline.launch(KEY, &metrics(), sticky).await;
    let names = units("a", 0..900);
    let first = served(&pipeline, &names).await;
    pipeline.world.clock.pass_s(60);
    edit(&pipeline, false, |design| design["arms"] = json!([arm("control", 1, 7_000), arm("warm", 2, 3_000)])).await;
    let (lost, left): (Vec<_>, Vec<_>) =
        names.iter().cloned().zip(first.iter().map(|(version, _)| *version)).partition(|(_, version)| *version == 3);
    assert!(is_likely(lost.len(), names.len(), 0.33), "{}", lost.len());
    for (unit, version) in &left {
        assert_eq!(answered(&pipeline, unit).await, (*version, Reason::Kept, false), "{unit}");
    }
    let lost: Vec<String> = lost.into_iter().map(|(unit, _)| unit).collect();
    let second = served(&pipeline, &lost).await;
    assert!(second.iter().all(|(_, exposure)| exposure.is_some()), "all are dealt anew");
    let share = |dealt: &[(u32, Option<Exposure>)]| dealt.iter().filter(|(version, _)| *version == 1).count();
    // By the weights of the arms that are left, and newcomers likewise.
    assert!(is_likely(share(&second), lost.len(), 0.7), "{} of {}", share(&second), lost.len());
    let newcomers = served(&pipeline, &units("b", 0..300)).await;
    assert!(is_likely(share(&newcomers), 300, 0.7), "{} of 300", share(&newcomers));
    pipeline.fold().await;
    let results = &pipeline.world.services.results;
    let said = async |unit: &str| {
        results.explain(&pipeline.actor, pipeline.project, KEY, unit, None).await.unwrap().rule.unwrap()
    };
    let cold = Some("cold".parse().unwrap());
    let says = said(&lost[0]).await;
    assert_eq!((says.reason, says.arm.unwrap().version, says.lost), (Reason::Assigned, second[0].0, cold.clone()));
    assert_eq!(said(&left[0].0).await.lost, None);
    // Whatever follows, also that the arm comes back: by what this process remembers, and by what is stored.
    let back = json!([arm("control", 1, 600), arm("warm", 2, 600), arm("cold", 3, 8_800)]);
    for arms in [json!([arm("control", 1, 600), arm("warm", 2, 9_400)]), back] {
        pipeline.world.clock.pass_s(60);
        edit(&pipeline, false, |design| design["arms"] = arms).await;
        let other = pipeline.world.other_process().await;
        let rules = other.assignment.rules(&pipeline.actor, pipeline.project).await.unwrap();
        let rule = rules.by_flag_key(FLAG).unwrap();
        for (unit, (version, _)) in lost.iter().zip(&second).take(60) {
            assert_eq!(answered(&pipeline, unit).await, (*version, Reason::Kept, false), "{unit}");
            let attributes = Map::from_iter([("id".to_owned(), Value::from(unit.as_str()))]);
            let resolved = other.assignment.resolve(pipeline.project, rule, &attributes).await.unwrap();
            assert_eq!(resolved.version, *version, "{unit}");
        }
        let says = said(&lost[0]).await;
        assert_eq!((says.reason, says.arm.unwrap().version), (Reason::Kept, second[0].0));
    }
    for (unit, version) in left.iter().take(60) {
        assert_eq!(answered(&pipeline, unit).await, (*version, Reason::Kept, false), "{unit}");
    }
    // Until everybody is dealt anew.
    edit(&pipeline, true, |_| ()).await;
    assert_eq!(answered(&pipeline, &left[0].0).await.1, Reason::Assigned);
}

#[tokio::test]
async fn who_lost_an_arm_keeps_the_next_one() {
    who_lost_an_arm(false).await;
}

#[tokio::test]
async fn who_lost_an_arm_of_an_adaptive_split_keeps_the_next_one() {
    who_lost_an_arm(true).await;
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
