//! One answer at every door: resolving, GrowthBook's payload and the bundle agree unit by unit.

use std::collections::BTreeMap;

use assign::hash::{Bucket, Seeded};
use domain::{auth::Actor, experiment::Design, ids::ProjectId};
use serde_json::{Map, Value, json};
use services::{assignment::Ruleset, experiments::Act};

use crate::{
    experiments::{design, launched, with_prompt},
    world::World,
};

fn with(changes: Value) -> Design {
    let mut whole = design();
    for (field, value) in changes.as_object().unwrap() {
        whole[field.as_str()] = value.clone();
    }
    serde_json::from_value(whole).unwrap()
}

/// A unit's attributes: ids of several scripts, a plan for one in three.
fn attributes(index: u32) -> Map<String, Value> {
    let id = match index % 5 {
        0 => format!("user-{index}"),
        1 => format!("üser-{index}-ñ"),
        2 => format!("ユーザー{index}"),
        3 => format!("😀{index}"),
        _ => format!("{index:08x}-0000-7000-8000-00000000beef"),
    };
    let plan = if index.is_multiple_of(3) { "pro" } else { "free" };
    Map::from_iter([("id".to_owned(), json!(id)), ("plan".to_owned(), json!(plan))])
}

fn resolved(rules: &Ruleset, index: u32) -> String {
    let rule = rules.by_flag_key("greet.production").unwrap();
    rule.resolve(&attributes(index)).version.to_string()
}

/// What a client makes of the payload, written from the protocol alone: filters, condition, ranges.
fn by_client(payload: &Value, index: u32) -> String {
    let attributes = attributes(index);
    let feature = &payload["features"]["greet.production"];
    let answer = |value: &Value| value.as_str().unwrap().to_owned();
    let Some(rule) = feature["rules"].get(0) else { return answer(&feature["defaultValue"]) };
    assert_eq!(rule["hashVersion"], 2);
    let id = attributes[rule["hashAttribute"].as_str().unwrap()].as_str().unwrap();
    let hash =
        |seed: &Value| -> f64 { f64::from(Bucket::number(Seeded::new(seed.as_str().unwrap()).bucket(id))) / 10_000.0 };
    let inside = |place: f64, range: &Value| range[0].as_f64().unwrap() <= place && place < range[1].as_f64().unwrap();
    let filtered = rule["filters"].as_array().is_some_and(|filters| {
        !filters.iter().all(|filter| {
            let place = hash(&filter["seed"]);
            filter["ranges"].as_array().unwrap().iter().any(|range| inside(place, range))
        })
    });
    let untargeted = rule.get("condition").is_some() && attributes["plan"] != "pro";
    if filtered || untargeted {
        return answer(&feature["defaultValue"]);
    }
    let place = hash(&rule["seed"]);
    let arm = rule["ranges"].as_array().unwrap().iter().position(|range| inside(place, range));
    arm.map_or_else(|| answer(&feature["defaultValue"]), |arm| answer(&rule["variations"][arm]))
}

async fn agree(world: &World, actor: &Actor, project: ProjectId, what: &str) -> BTreeMap<String, u32> {
    let assignment = &world.services.assignment;
    let rules = assignment.rules(actor, project).await.unwrap();
    let payload = serde_json::to_value(assignment.features(actor, project).await.unwrap()).unwrap();
    let bundle = serde_json::to_value(assignment.bundle(actor, project).await.unwrap()).unwrap();
    let slots = bundle["slots"].as_array().unwrap();
    let slot = slots.iter().find(|slot| slot["flag_key"] == "greet.production").unwrap();
    let offline = slot
        .get("experiment")
        .map(|definition| assign::Experiment::new(serde_json::from_value(definition.clone()).unwrap()).unwrap());
    let mut counts = BTreeMap::new();
    for index in 0..10_000 {
        let attributes = attributes(index);
        let here = resolved(&rules, index);
        assert_eq!(by_client(&payload, index), here, "{what}: the payload, unit {index}");
        let arm = offline.as_ref().and_then(|engine| {
            engine.assign(attributes["id"].as_str(), &attributes).arm().map(|arm| arm.value.clone())
        });
        assert_eq!(arm.unwrap_or_else(|| slot["version"].to_string()), here, "{what}: the bundle, unit {index}");
        *counts.entry(here).or_default() += 1;
    }
    counts
}

fn near(count: u32, expected: u32) {
    assert!(count.abs_diff(expected) < 300, "{count} is not near {expected}");
}

#[tokio::test]
async fn resolve_payload_and_bundle_agree_on_ten_thousand_units() {
    let world = World::new().await;
    let (actor, project) = with_prompt(&world).await;
    let experiments = &world.services.experiments;
    let before = agree(&world, &actor, project, "no experiment").await;
    assert_eq!(before, BTreeMap::from([("1".to_owned(), 10_000)]));

    let cases = [
        ("halves", json!({}), 5_000),
        (
            "three-arms",
            json!({"coverage": 0.8, "arms": [
                {"key": "control", "version": 1, "weight": 3334},
                {"key": "warm", "version": 2, "weight": 3333},
                {"key": "long", "version": 3, "weight": 3333}
            ]}),
            2_666,
        ),
        ("group", json!({"exclusion": {"group": "tone", "ranges": [{"start": 2500, "end": 7500}]}}), 2_500),
        ("holdout", json!({"holdout": {"share": 0.2}}), 4_000),
        ("targeted", json!({"targeting": {"eq": {"attribute": "plan", "value": "pro"}}}), 1_667),
    ];
    for (key, changes, expected) in cases {
        launched(&world, &actor, project, key, with(changes)).await;
        let counts = agree(&world, &actor, project, key).await;
        near(counts["2"], expected);
        experiments.stop(&actor, project, key, &Act::default()).await.unwrap();
        let after = agree(&world, &actor, project, "stopped").await;
        assert_eq!(after.len(), 1, "{key} was stopped");
        // Buckets rest after an experiment.
        world.clock.pass_s(15 * 86_400);
    }
}

#[tokio::test]
async fn a_ramp_step_moves_nobody_between_arms() {
    let world = World::new().await;
    let (actor, project) = with_prompt(&world).await;
    let ramp = json!({"ramp": {"steps": [{"coverage": 0.1, "hold_minutes": 60}]}});
    launched(&world, &actor, project, "ramped", with(ramp)).await;
    let assignment = &world.services.assignment;
    let first = assignment.rules(&actor, project).await.unwrap();
    near(agree(&world, &actor, project, "first step").await["2"], 500);
    world.clock.pass_s(3600);
    world.services.experiments.tick().await.unwrap();
    let second = assignment.rules(&actor, project).await.unwrap();
    near(agree(&world, &actor, project, "second step").await["2"], 5_000);
    for index in 0..10_000 {
        if resolved(&first, index) == "2" {
            assert_eq!(resolved(&second, index), "2", "unit {index} changed arms");
        }
    }
}

#[tokio::test]
async fn what_changes_is_served_at_once_here_and_soon_elsewhere() {
    let world = World::new().await;
    let (actor, project) = with_prompt(&world).await;
    let other = world.other_process().await;
    let split = async |services: &services::Services| {
        let rules = services.assignment.rules(&actor, project).await.unwrap();
        rules.by_flag_key("greet.production").unwrap().split.is_some()
    };
    assert!(!split(&other).await);
    launched(&world, &actor, project, "tone", with(json!({}))).await;
    assert!(split(&world.services).await);
    world.clock.pass_s(2);
    assert!(split(&other).await);
    world.services.experiments.pause(&actor, project, "tone", &Act::default()).await.unwrap();
    let rules = world.services.assignment.rules(&actor, project).await.unwrap();
    for index in 0..1_000 {
        assert_eq!(resolved(&rules, index), "1", "paused: everybody gets the control");
    }
}

#[tokio::test]
async fn forced_units_get_their_arm_here_and_are_never_published() {
    let world = World::new().await;
    let (actor, project) = with_prompt(&world).await;
    let forced = with(json!({"coverage": 0.01, "forced": {"tester-7": "warm"}}));
    launched(&world, &actor, project, "tone", forced).await;
    let assignment = &world.services.assignment;
    let rules = assignment.rules(&actor, project).await.unwrap();
    let tester = Map::from_iter([("id".to_owned(), json!("tester-7"))]);
    let answer = rules.by_flag_key("greet.production").unwrap().resolve(&tester);
    let split = answer.split.unwrap();
    assert_eq!((answer.version, split.reason, split.assigned), (2, assign::Reason::Forced, None));
    for published in [
        serde_json::to_string(&assignment.features(&actor, project).await.unwrap()).unwrap(),
        serde_json::to_string(&assignment.bundle(&actor, project).await.unwrap()).unwrap(),
    ] {
        assert!(!published.contains("tester-7"), "{published}");
    }
}
