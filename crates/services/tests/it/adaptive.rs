//! Experiments that move their own weights, through the doors and the clock.

use std::collections::BTreeMap;

use assign::Reason;
use domain::{
    experiment::{ActivityKind, Design, ExposureDoor},
    ids::ProjectId,
    page::PageSize,
};
use experiment::{CheckKind, CheckStatus, Verdict};
use serde_json::{Map, Value, json};
use services::{
    ServiceError,
    assignment::Resolved,
    experiments::{Act, Edit, NewExperiment},
    ingest::NewExposure,
};
use stats::random::Generator;
use store::event::UnitStore as _;

use crate::{
    experiments::design,
    pipeline::{KEY, Pipeline, metric, units},
};

const FLAG: &str = "greet.production";
const DAY_S: i64 = 86_400;

fn goal() -> Value {
    metric("buy", "rate", "higher", "goal", Value::Null)
}

fn adaptive(design: &mut Value) {
    design["allocation"] = json!("adaptive");
    design["plan"] = json!({"tuning_units": 1_000});
    design["schedule"] = json!({"minimum_hours": 0});
}

fn attributes(unit: &str) -> Map<String, Value> {
    Map::from_iter([("id".to_owned(), Value::from(unit))])
}

/// Units ask one after the other, each is exposed, and what they did becomes known; with the arm of each.
async fn live(pipeline: &Pipeline, names: &[String], rates: [f64; 2], random: &mut Generator) -> Vec<String> {
    let services = &pipeline.world.services;
    let rules = services.assignment.rules(&pipeline.actor, pipeline.project).await.unwrap();
    let rule = rules.by_flag_key(FLAG).unwrap();
    let (mut arms, mut exposures, mut events) = (Vec::new(), Vec::new(), Vec::new());
    for unit in names {
        let resolved = services.assignment.resolve(pipeline.project, rule, &attributes(unit)).await.unwrap();
        let arm = resolved.split.as_ref().unwrap().arm.unwrap().to_string();
        exposures.extend(resolved.exposure(ExposureDoor::Resolve, services.now()));
        if random.uniform() < rates[usize::from(arm != "control")] {
            events.push((unit.clone(), "buy", 1.0));
        }
        arms.push(arm);
    }
    pipeline.expose(exposures).await;
    pipeline.world.clock.pass_s(60);
    pipeline.happened(events).await;
    pipeline.fold().await;
    arms
}

async fn tick(pipeline: &Pipeline) -> usize {
    pipeline.world.services.experiments.tick().await.unwrap()
}

async fn weights(pipeline: &Pipeline) -> Vec<u16> {
    pipeline.experiment().await.phase().unwrap().epoch().unwrap().weights.clone()
}

async fn edit(pipeline: &Pipeline, change: impl FnOnce(&mut Value)) -> Result<(), ServiceError> {
    let experiment = pipeline.experiment().await;
    let mut design = serde_json::to_value(&experiment.design).unwrap();
    change(&mut design);
    let design: Design = serde_json::from_value(design).unwrap();
    let edit = Edit { revision: experiment.revision, design, note: None, reshuffle: false };
    pipeline.world.services.experiments.edit(&pipeline.actor, pipeline.project, KEY, edit).await.map(|_| ())
}

#[tokio::test]
async fn traffic_moves_to_the_better_arm_and_every_unit_counts_with_the_weights_it_was_dealt_by() {
    let mut pipeline = Pipeline::new().await;
    pipeline.launch(KEY, &[goal()], adaptive).await;
    // Going on after a pause is no batch.
    let (experiments, act) = (&pipeline.world.services.experiments, Act::default());
    experiments.pause(&pipeline.actor, pipeline.project, KEY, &act).await.unwrap();
    experiments.resume(&pipeline.actor, pipeline.project, KEY, &act).await.unwrap();
    let mut random = Generator::new(3);
    let mut dealt: BTreeMap<String, String> = BTreeMap::new();
    for day in 0..8 {
        let names = units(&format!("day-{day}"), 0..300);
        let arms = live(&pipeline, &names, [0.2, 0.4], &mut random).await;
        dealt.extend(names.into_iter().zip(arms));
        assert_eq!(tick(&pipeline).await, 0, "day {day}: the batch is not over");
        pipeline.world.clock.pass_s(DAY_S);
        tick(&pipeline).await;
        assert_eq!(tick(&pipeline).await, 0, "day {day}: once a batch");
    }
    let experiment = pipeline.experiment().await;
    let epochs = &experiment.phase().unwrap().epochs;
    assert_eq!(epochs[0].weights, [5_000, 5_000]);
    assert!(epochs.len() >= 3, "{epochs:?}");
    for epoch in epochs {
        assert_eq!(epoch.weights.iter().map(|own| u32::from(*own)).sum::<u32>(), 10_000);
        assert!(epoch.weights.iter().all(|own| *own >= 500), "{epoch:?}");
    }
    assert!(epochs.last().unwrap().weights[1] > 9_000, "{epochs:?}");
    // What is stored of each unit is what its epoch says, and arms came as often as that.
    let mut counted: BTreeMap<u32, [u32; 2]> = BTreeMap::new();
    let stored = pipeline.world.events.units(pipeline.project, experiment.id, 0, None, 10_000).await.unwrap();
    assert_eq!(stored.len(), 2_400);
    for record in &stored {
        let exposure = &record.exposed.exposure;
        let place = usize::from(exposure.arm.as_str() != "control");
        let weight = epochs[exposure.epoch as usize].weights[place];
        assert!((exposure.propensity - f64::from(weight) / 10_000.0).abs() < 1e-12, "{exposure:?}");
        assert_eq!(exposure.arm.as_str(), dealt[&exposure.unit]);
        counted.entry(exposure.epoch).or_default()[place] += 1;
    }
    for (epoch, [control, warm]) in &counted {
        let (units, share) = (f64::from(control + warm), f64::from(epochs[*epoch as usize].weights[1]) / 10_000.0);
        let spread = (share * (1.0 - share) / units).sqrt();
        assert!(
            (f64::from(*warm) / units - share).abs() < 4.0 * spread,
            "epoch {epoch}: {control} and {warm} at {share}"
        );
    }
    // Whoever comes back keeps the arm, also where the weights would deal another, and is not exposed anew.
    let services = &pipeline.world.services;
    let rules = services.assignment.rules(&pipeline.actor, pipeline.project).await.unwrap();
    let mut kept = 0;
    for (unit, arm) in dealt.iter().filter(|(unit, _)| unit.starts_with("day-0")) {
        let rule = rules.by_flag_key(FLAG).unwrap();
        let resolved = services.assignment.resolve(pipeline.project, rule, &attributes(unit)).await.unwrap();
        let split = resolved.split.as_ref().unwrap();
        assert_eq!(split.arm.unwrap().as_str(), arm, "{unit}");
        kept += u32::from(split.reason == Reason::Kept);
    }
    assert!(kept > 50, "{kept} of the control's units would be dealt the other arm by now");
    // The result is the corrected one, and says which way.
    let result = pipeline.result().await;
    let corrected = result.sheet.corrected[0][0].as_ref().unwrap();
    let row = &result.table.rows[0];
    assert_eq!(row.values[1].value, corrected.arms[1].map(|[mean, _]| mean));
    let [low, high] = row.comparisons[0].interval.unwrap();
    assert!(low > 0.0 && low < 0.2 && high > 0.2, "{low} to {high}");
    assert_eq!(result.table.verdicts[0].verdict, Verdict::Ship, "{}", result.table.verdicts[0].sentence);
    let split = result.sheet.checks.iter().find(|check| check.kind == CheckKind::SampleRatio).unwrap();
    assert_eq!(split.status, CheckStatus::Ok, "{}", split.sentence);
    // Each look is corrected, too, and agrees with the result in the end.
    let looks = services.results.looks(&pipeline.actor, pipeline.project, KEY, None).await.unwrap();
    assert_eq!(looks.last().unwrap().metrics[0].1[0].difference, row.comparisons[0].difference);
    // The log says what moved, and why.
    let size = PageSize::new(50).unwrap();
    let log = services.experiments.activity(&pipeline.actor, pipeline.project, KEY, None, size).await.unwrap();
    let notes: Vec<&str> = log
        .items
        .iter()
        .filter(|entry| entry.kind == ActivityKind::Reallocated)
        .map(|entry| entry.note.as_str())
        .collect();
    assert_eq!(notes.len(), epochs.len() - 3, "all but the first, the pause and what went on after it");
    assert!(notes.iter().all(|note| note.contains("the chance that warm is the best by buy")), "{notes:?}");
    assert!(notes.iter().any(|note| note.starts_with("batch 2: warm 9")), "{notes:?}");
}

#[tokio::test]
async fn a_batch_goes_on_while_few_units_come_and_weights_outlive_a_pause() {
    let mut pipeline = Pipeline::new().await;
    let change = |design: &mut Value| {
        adaptive(design);
        design["adaptive"] = json!({"batch_hours": 1, "floor": 0.2});
    };
    pipeline.launch(KEY, &[goal()], change).await;
    let mut random = Generator::new(4);
    live(&pipeline, &units("few", 0..150), [0.1, 0.9], &mut random).await;
    pipeline.world.clock.pass_s(2 * 3_600);
    assert_eq!(tick(&pipeline).await, 0);
    // The same batch, long after its hour, once enough have come.
    live(&pipeline, &units("more", 0..150), [0.1, 0.9], &mut random).await;
    pipeline.world.clock.pass_s(120);
    assert_eq!(tick(&pipeline).await, 1);
    assert_eq!(weights(&pipeline).await, [2_000, 8_000]);
    let (services, act) = (&pipeline.world.services, Act::default());
    services.experiments.pause(&pipeline.actor, pipeline.project, KEY, &act).await.unwrap();
    assert_eq!(tick(&pipeline).await, 0);
    let resumed = services.experiments.resume(&pipeline.actor, pipeline.project, KEY, &act).await.unwrap();
    let epochs = &resumed.phase().unwrap().epochs;
    assert_eq!((resumed.phases.len(), epochs.len()), (1, 4));
    assert_eq!(epochs[3].weights, [2_000, 8_000]);
    // A setting of batches to come changes nothing now; weights by hand ask a new question.
    edit(&pipeline, |design| design["adaptive"]["batch_hours"] = json!(48)).await.unwrap();
    assert_eq!(pipeline.experiment().await.phases[0].epochs.len(), 4);
    edit(&pipeline, |design| {
        design["arms"][0]["weight"] = json!(7_000);
        design["arms"][1]["weight"] = json!(3_000);
    })
    .await
    .unwrap();
    let edited = pipeline.experiment().await;
    assert_eq!(edited.phases.len(), 2);
    assert_eq!(weights(&pipeline).await, [7_000, 3_000]);
}

/// Fields at fault of a design that is else whole.
async fn refused(pipeline: &Pipeline, index: usize, change: impl FnOnce(&mut Value)) -> Vec<(String, String)> {
    let mut whole = design();
    whole["metrics"] = json!([goal()]);
    adaptive(&mut whole);
    change(&mut whole);
    let key = format!("case-{index}");
    let new = NewExperiment {
        key: key.clone(),
        prompt: "greet".to_owned(),
        label: None,
        design: serde_json::from_value(whole).unwrap(),
    };
    let experiments = &pipeline.world.services.experiments;
    experiments.create(&pipeline.actor, pipeline.project, new).await.unwrap();
    match experiments.launch(&pipeline.actor, pipeline.project, &key, &Act::default()).await {
        Err(ServiceError::Invalid(fields)) => fields.into_iter().map(|one| (one.field, one.message)).collect(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn what_a_moving_split_cannot_do_is_refused_at_its_field() {
    let pipeline = Pipeline::new().await;
    let guardrail = metric("slow", "ratio", "lower", "guardrail", json!({"relative": 0.05}));
    let ramp = json!({"steps": [{"coverage": 0.1, "hold_minutes": 60}]});
    let arms = json!([{"key": "control", "version": 1, "weight": 9_900}, {"key": "warm", "version": 2, "weight": 100}]);
    let cases: [(&str, &str, Value, &str); 10] = [
        ("coverage", "coverage", json!(0.5), "exclusion group"),
        ("ramp.steps", "ramp", ramp, "leave it out"),
        (
            "metrics[0].metric.aggregation",
            "metrics",
            json!([metric("buy", "ratio", "higher", "goal", Value::Null)]),
            "`rate`",
        ),
        (
            "metrics[0].metric.aggregation",
            "metrics",
            json!([metric("buy", "p95", "higher", "goal", Value::Null)]),
            "`mean`",
        ),
        ("metrics[1].metric.aggregation", "metrics", json!([goal(), guardrail]), "make it secondary"),
        ("adaptive.batch_hours", "adaptive", json!({"batch_hours": 0}), "1 to 168"),
        ("adaptive.batch_hours", "adaptive", json!({"batch_hours": 169}), "1 to 168"),
        ("adaptive.floor", "adaptive", json!({"floor": 0.6}), "give 1% to 50%"),
        ("arms[1].weight", "arms", arms, "below the 5%"),
        ("adaptive", "allocation", json!("fixed"), "leave it out"),
    ];
    for (index, (field, at, value, right)) in cases.into_iter().enumerate() {
        let found = refused(&pipeline, index, |design| {
            design[at] = value;
            if at == "allocation" {
                design["adaptive"] = json!({});
            }
        })
        .await;
        assert_eq!(found.iter().map(|(field, _)| field.as_str()).collect::<Vec<_>>(), [field], "{found:?}");
        assert!(found[0].1.contains(right), "{found:?}");
    }
}

/// What a unit gets that asks for everything at once.
async fn at_once<'r>(pipeline: &Pipeline, rule: &'r services::assignment::Rule, unit: &str) -> Resolved<'r> {
    pipeline.world.services.assignment.preview(pipeline.project, rule, &attributes(unit)).await.unwrap()
}

#[tokio::test]
async fn only_doors_that_note_the_exposure_deal_arms_of_a_moving_split() {
    let mut pipeline = Pipeline::new().await;
    let experiment = pipeline.launch(KEY, &[goal()], adaptive).await;
    let project: ProjectId = pipeline.project;
    let services = &pipeline.world.services;
    let rules = services.assignment.rules(&pipeline.actor, project).await.unwrap();
    let rule = rules.by_flag_key(FLAG).unwrap();
    let new = at_once(&pipeline, rule, "new").await;
    assert_eq!((new.version, new.split.as_ref().unwrap().reason), (1, Reason::Undealt));
    let names = units("met", 0..40);
    let arms = live(&pipeline, &names, [0.0, 0.0], &mut Generator::new(1)).await;
    for (unit, arm) in names.iter().zip(&arms) {
        assert_eq!(at_once(&pipeline, rule, unit).await.version, if arm == "control" { 1 } else { 2 });
    }
    // Whoever assigns by itself serves the control, and cannot say by which weights.
    let features = services.assignment.features(&pipeline.actor, project).await.unwrap();
    let features = serde_json::to_value(&features).unwrap();
    assert_eq!(features["features"][FLAG], json!({"defaultValue": "1"}));
    let told = NewExposure {
        experiment: experiment.key.clone(),
        unit: "new".to_owned(),
        arm: "warm".parse().unwrap(),
        at: None,
    };
    match services.ingest.tracked(&pipeline.actor, project, vec![told]).await {
        Err(ServiceError::Invalid(fields)) => assert_eq!(fields[0].field, "[0].experiment"),
        other => panic!("{other:?}"),
    }
}
