//! How often the numbers raise a false alarm on the project's own traffic.

use domain::time::TimeNs;
use experiment::{Check, CheckKind, CheckStatus};
use serde_json::{Value, json};
use stats::random::Generator;
use store::{conformance::event::Build, event::EventStore as _};

use crate::pipeline::{KEY, Pipeline, units};

/// One generation of each unit, now; how long it takes is luck.
async fn traffic(pipeline: &Pipeline, first: u64, names: &[String], random: &mut Generator) {
    let now = pipeline.world.services.now().to_ns().0;
    let spans = (first..).zip(names).map(|(number, unit)| {
        let mut span = Build::generation(number, number);
        let lasted = 2_000_000_000.0 + 300_000_000.0 * random.normal();
        (span.start_ns, span.end_ns) = (TimeNs(now), TimeNs(now + lasted as i64));
        span.trace.user_id = Some(unit.clone());
        span.prompt = Some(Build::link("greet", 1));
        span
    });
    pipeline.world.events.append(Build::batch(pipeline.project, spans.collect(), Vec::new())).await.unwrap();
    pipeline.fold().await;
}

async fn looked(pipeline: &Pipeline) -> usize {
    pipeline.world.services.results.check_own_data().await.unwrap()
}

async fn told(pipeline: &Pipeline) -> Option<Check> {
    pipeline.result().await.sheet.checks.into_iter().find(|check| check.kind == CheckKind::SelfCheck)
}

fn latency(design: &mut Value) {
    design["metrics"] = json!([{
        "metric": {"key": "latency", "source": "latency", "aggregation": "ratio", "direction": "lower"}, "role": "goal"
    }]);
}

#[tokio::test]
async fn traffic_is_shuffled_once_a_day_and_told_beside_the_other_checks() {
    let mut pipeline = Pipeline::new().await;
    pipeline.launch(KEY, &[], latency).await;
    assert_eq!(told(&pipeline).await, None, "nobody has looked yet");
    assert_eq!(looked(&pipeline).await, 1);
    let nothing = told(&pipeline).await.unwrap();
    assert_eq!((nothing.status, nothing.number), (CheckStatus::NotApplicable, 0.0), "{}", nothing.sentence);
    let mut random = Generator::new(21);
    traffic(&pipeline, 0, &units("a", 0..150), &mut random).await;
    pipeline.world.clock.pass_s(1_800);
    traffic(&pipeline, 150, &units("b", 0..150), &mut random).await;
    assert_eq!(looked(&pipeline).await, 0, "so soon there is hardly more");
    pipeline.world.clock.pass_s(1_800);
    assert_eq!(looked(&pipeline).await, 1);
    pipeline.world.clock.pass_s(80_000);
    assert_eq!(looked(&pipeline).await, 0, "once a day");
    pipeline.world.clock.pass_s(6_400);
    assert_eq!(looked(&pipeline).await, 1);
    let well = told(&pipeline).await.unwrap();
    assert_eq!(well.status, CheckStatus::Ok, "{}", well.sentence);
    assert!(well.sentence.starts_with("We shuffled your own data 200 times: "), "{}", well.sentence);
    // It stays with what was decided on.
    pipeline.stop().await;
    let evidence = pipeline.experiment().await.decision.unwrap().evidence.unwrap();
    let kinds: Vec<&Value> = evidence["checks"].as_array().unwrap().iter().map(|check| &check["kind"]).collect();
    assert!(kinds.contains(&&json!("self_check")), "{kinds:?}");
    pipeline.world.clock.pass_s(86_400);
    assert_eq!(looked(&pipeline).await, 0, "it runs no more");
}

#[tokio::test]
async fn an_attribute_that_traffic_does_not_tell_is_said_so() {
    let mut pipeline = Pipeline::new().await;
    pipeline
        .launch(KEY, &[], |design| {
            latency(design);
            design["metrics"][0]["metric"] =
                crate::pipeline::metric("buy", "rate", "higher", "goal", Value::Null)["metric"].clone();
            design["unit"] = json!("attribute:company");
        })
        .await;
    assert_eq!(looked(&pipeline).await, 1);
    let check = told(&pipeline).await.unwrap();
    assert_eq!(check.status, CheckStatus::NotApplicable);
    assert!(check.sentence.contains("`company`"), "{}", check.sentence);
}
