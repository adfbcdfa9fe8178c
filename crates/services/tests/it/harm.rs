//! The rule that ends harm, and the numbers kept with a decision.

use domain::experiment::{ActivityKind, Experiment, Outcome, State};
use domain::page::PageSize;
use domain::time::TimeNs;
use serde_json::{Value, json};
use services::{experiments::Act, results::KeptEvidence};
use stats::random::Generator;
use store::conformance::event::Build;
use store::event::{EventStore as _, UnitStore as _, Watch};

use crate::pipeline::{KEY, Pipeline, metric, units};

/// A goal nobody moves and one guardrail.
fn guarded(direction: &str) -> [Value; 2] {
    [
        metric("buy", "rate", "higher", "goal", Value::Null),
        metric("crash", "rate", direction, "guardrail", json!({"absolute": 0.05})),
    ]
}

fn on_harm(what: &'static str) -> impl FnOnce(&mut Value) {
    move |design| design["plan"] = json!({"rule": {"on_harm": what}})
}

/// Some units come; an event happens to those of the control and of the treatment with these chances.
async fn live(pipeline: &Pipeline, names: Vec<String>, chances: [f64; 2], random: &mut Generator) {
    let arms = pipeline.meet(&names).await;
    pipeline.world.clock.pass_s(60);
    let mut events = Vec::new();
    for (unit, arm) in names.into_iter().zip(arms) {
        let chance = if arm.as_deref() == Some("control") { chances[0] } else { chances[1] };
        if random.uniform() < 0.3 {
            events.push((unit.clone(), "buy", 1.0));
        }
        if arm.is_some() && random.uniform() < chance {
            events.push((unit, "crash", 1.0));
        }
    }
    pipeline.happened(events).await;
    pipeline.fold().await;
}

async fn tick(pipeline: &Pipeline) -> (usize, Experiment) {
    let done = pipeline.world.services.experiments.tick().await.unwrap();
    (done, pipeline.experiment().await)
}

async fn log(pipeline: &Pipeline) -> Vec<(ActivityKind, String, String)> {
    let experiments = &pipeline.world.services.experiments;
    let size = PageSize::default();
    let log = experiments.activity(&pipeline.actor, pipeline.project, KEY, None, size).await.unwrap();
    log.items.into_iter().map(|entry| (entry.kind, entry.by, entry.note)).collect()
}

#[tokio::test]
async fn a_seriously_harmed_guardrail_pauses_once_and_who_resumes_has_decided() {
    let mut pipeline = Pipeline::new().await;
    pipeline.launch(KEY, &guarded("lower"), |_| ()).await;
    let mut random = Generator::new(1);
    let first = units("a", 0..300);
    live(&pipeline, first, [0.02, 0.4], &mut random).await;
    let (done, paused) = tick(&pipeline).await;
    assert_eq!((done, paused.state), (1, State::Paused));
    let (kind, by, note) = log(&pipeline).await.remove(0);
    assert_eq!((kind, by.as_str()), (ActivityKind::Paused, "assay"));
    assert!(note.contains("crash"), "{note}");
    let epoch = paused.phase().unwrap().epoch().unwrap();
    assert_eq!((epoch.coverage.steps(), epoch.why.as_str()), (0, note.as_str()));
    // Everybody gets the control.
    assert!(pipeline.assigned(&units("b", 0..50)).await.iter().all(Option::is_none));
    let experiments = &pipeline.world.services.experiments;
    experiments.resume(&pipeline.actor, pipeline.project, KEY, &Act::default()).await.unwrap();
    pipeline.world.clock.pass_s(120);
    live(&pipeline, units("c", 0..100), [0.02, 0.4], &mut random).await;
    let (done, running) = tick(&pipeline).await;
    assert_eq!((done, running.state), (0, State::Running));
}

#[tokio::test]
async fn it_rolls_back_where_the_plan_says_so_whichever_way_is_better() {
    let mut pipeline = Pipeline::new().await;
    pipeline.launch(KEY, &guarded("higher"), on_harm("roll_back")).await;
    live(&pipeline, units("a", 0..400), [0.6, 0.2], &mut Generator::new(2)).await;
    let (done, ended) = tick(&pipeline).await;
    assert_eq!((done, ended.state), (1, State::RolledBack));
    let decision = ended.decision.unwrap();
    assert_eq!(decision.by, "assay");
    let evidence = decision.evidence.unwrap();
    assert_eq!(evidence["verdicts"][0]["verdict"], "stop_now");
    assert_eq!(evidence["verdicts"][0]["sentence"], decision.note.as_str());
    assert_eq!(evidence["rows"][1]["comparisons"][0]["guardrail"], "seriously_harmed");
}

/// Some units come and crash, those of the treatment so much more often, and their answers take as much longer.
async fn harmed(pipeline: &Pipeline, names: Vec<String>, first: u64, more: f64, random: &mut Generator) {
    let arms = pipeline.meet(&names).await;
    pipeline.world.clock.pass_s(60);
    let now = pipeline.world.services.now().to_ns().0;
    let (mut spans, mut crashes) = (Vec::new(), Vec::new());
    for (number, (unit, arm)) in (first..).zip(names.into_iter().zip(arms)) {
        let (version, treated) = if arm.as_deref() == Some("warm") { (2, more) } else { (1, 0.0) };
        let mut span = Build::generation(number, number);
        let took_ms = 100.0 * (random.uniform() + treated);
        (span.start_ns, span.end_ns) = (TimeNs(now), TimeNs(now + (1e6 * took_ms) as i64));
        span.trace.user_id = Some(unit.clone());
        span.prompt = Some(Build::link("greet", version));
        spans.push(span);
        if random.uniform() < 0.1 + treated {
            crashes.push((unit, "crash", 1.0));
        }
    }
    let mut batch = Build::batch(pipeline.project, spans, Vec::new());
    for span in &mut batch.spans {
        let took_ns = span.row.end_ns.0 - span.row.start_ns.0;
        span.row.derived.keys.latency = stats::sketch::key(took_ns as f64);
    }
    pipeline.world.events.append(batch).await.unwrap();
    pipeline.happened(crashes).await;
    pipeline.fold().await;
    pipeline.world.clock.pass_s(120);
}

#[tokio::test]
async fn who_reopens_overrules_what_was_seen_and_not_what_comes() {
    let slow = json!({
        "metric": {"key": "slow", "source": "latency", "aggregation": "p50", "direction": "lower"},
        "role": "guardrail", "margin": {"absolute": 2e7}
    });
    for guard in [metric("crash", "rate", "lower", "guardrail", json!({"absolute": 0.05})), slow] {
        let mut pipeline = Pipeline::new().await;
        let metrics = [metric("buy", "rate", "higher", "goal", Value::Null), guard];
        let what = pipeline.launch(KEY, &metrics, on_harm("roll_back")).await.design.metrics.remove(1).metric.key;
        let mut random = Generator::new(9);
        harmed(&pipeline, units("a", 0..900), 1, 0.8, &mut random).await;
        assert_eq!(tick(&pipeline).await.1.state, State::RolledBack, "{what}");
        pipeline.world.clock.pass_s(20);
        let experiments = &pipeline.world.services.experiments;
        experiments.reopen(&pipeline.actor, pipeline.project, KEY, &Act::default()).await.unwrap();
        pipeline.world.clock.pass_s(120);
        assert_eq!(tick(&pipeline).await.1.state, State::Running, "{what}");
        // Those who came before are harmed again, and those who come now are not.
        harmed(&pipeline, units("a", 0..300), 1_001, 0.8, &mut random).await;
        harmed(&pipeline, units("b", 0..300), 2_001, 0.0, &mut random).await;
        assert_eq!(tick(&pipeline).await.1.state, State::Running, "{what}");
        // Then they are.
        harmed(&pipeline, units("c", 0..900), 3_001, 0.8, &mut random).await;
        let (done, ended) = tick(&pipeline).await;
        assert_eq!((done, ended.state), (1, State::RolledBack), "{what}");
        let decision = ended.decision.unwrap();
        assert!(decision.note.starts_with("Among those who came since it was reopened: "), "{}", decision.note);
        assert_eq!(decision.evidence.unwrap()["exposed"], json!(2_100), "the numbers are those of everybody");
    }
}

#[tokio::test]
async fn harm_is_only_told_where_the_plan_says_so_and_better_is_no_harm() {
    for (what, chances) in [("tell", [0.02, 0.5]), ("pause", [0.5, 0.02])] {
        let mut pipeline = Pipeline::new().await;
        pipeline.launch(KEY, &guarded("lower"), on_harm(what)).await;
        live(&pipeline, units("a", 0..400), chances, &mut Generator::new(3)).await;
        let (done, running) = tick(&pipeline).await;
        assert_eq!((done, running.state), (0, State::Running), "{what}");
    }
}

#[tokio::test]
async fn numbers_that_prove_nothing_end_nothing() {
    let mut pipeline = Pipeline::new().await;
    pipeline.launch(KEY, &guarded("lower"), on_harm("roll_back")).await;
    // Of the control's units every other one never arrives.
    let names = units("a", 0..1_600);
    let exposures = pipeline.assigned(&names).await.into_iter().flatten().enumerate();
    let kept: Vec<_> =
        exposures.filter(|(at, one)| one.arm.as_str() == "warm" || at % 2 == 0).map(|(_, one)| one).collect();
    let crashed: Vec<_> = kept.iter().filter(|one| one.arm.as_str() == "warm").map(|one| one.unit.clone()).collect();
    pipeline.expose(kept).await;
    pipeline.world.clock.pass_s(60);
    pipeline.happened(crashed.into_iter().step_by(2).map(|unit| (unit, "crash", 1.0))).await;
    pipeline.fold().await;
    let (done, paused) = tick(&pipeline).await;
    assert_eq!((done, paused.state), (1, State::Paused), "paused, not rolled back");
    let (_, _, note) = log(&pipeline).await.remove(0);
    assert!(note.contains("A check is broken"), "{note}");
}

#[tokio::test]
async fn alike_arms_are_left_alone_however_often_the_rule_looks() {
    let mut pipeline = Pipeline::new().await;
    pipeline.launch(KEY, &guarded("lower"), |_| ()).await;
    let mut random = Generator::new(4);
    for day in 0..12 {
        live(&pipeline, units(&format!("day-{day}"), 0..100), [0.2, 0.2], &mut random).await;
        pipeline.world.clock.pass_s(7_200);
        let (done, running) = tick(&pipeline).await;
        assert_eq!((done, running.state), (0, State::Running), "day {day}");
    }
}

#[tokio::test]
async fn what_was_decided_on_stays_as_it_was_told() {
    let mut pipeline = Pipeline::new().await;
    pipeline.launch(KEY, &guarded("lower"), |_| ()).await;
    let mut random = Generator::new(5);
    live(&pipeline, units("a", 0..200), [0.1, 0.1], &mut random).await;
    let told = pipeline.result().await;
    let experiments = &pipeline.world.services.experiments;
    let act = Act { note: Some("it sounds better".to_owned()), ..Act::default() };
    let shipped = experiments.ship(&pipeline.actor, pipeline.project, KEY, "warm", &act).await.unwrap();
    let evidence = shipped.decision.clone().unwrap().evidence.unwrap();
    assert_eq!(evidence["rows"], serde_json::to_value(&told.table.rows).unwrap());
    assert_eq!(evidence["checks"], serde_json::to_value(&told.sheet.checks).unwrap());
    assert_eq!(evidence["arms"], serde_json::to_value(&told.sheet.arms).unwrap());
    assert_eq!((&evidence["exposed"], &evidence["phase"]), (&json!(200), &json!(0)));
    assert!(serde_json::to_string(&evidence).unwrap().len() < 20_000);
    let kept = KeptEvidence::of(&shipped.decision.clone().unwrap()).unwrap();
    assert_eq!(
        (kept.phase, kept.exposed, kept.arms, kept.rows.len()),
        (0, 200, told.sheet.arms, told.table.rows.len())
    );
    assert_eq!(kept.rows[0].comparisons[0].interval, told.table.rows[0].comparisons[0].interval);
    // What comes late changes the result, and not what it was decided on.
    pipeline.happened(units("a", 0..200).into_iter().map(|unit| (unit, "buy", 5.0))).await;
    pipeline.fold().await;
    experiments.archive(&pipeline.actor, pipeline.project, KEY, &Act::default()).await.unwrap();
    assert_eq!(pipeline.experiment().await.decision.unwrap().evidence, Some(evidence));
}

#[tokio::test]
async fn an_undone_ending_has_no_numbers_and_an_ending_before_the_start_neither() {
    let mut pipeline = Pipeline::new().await;
    pipeline.launch(KEY, &guarded("lower"), |_| ()).await;
    pipeline.stop().await;
    assert!(pipeline.experiment().await.decision.unwrap().evidence.is_some());
    let experiments = &pipeline.world.services.experiments;
    let again = experiments.reopen(&pipeline.actor, pipeline.project, KEY, &Act::default()).await.unwrap();
    assert_eq!(again.decision, None);
    pipeline.stop().await;
    let later = |design: &mut Value| design["schedule"] = json!({"start": "2031-01-01T00:00:00Z"});
    let scheduled = pipeline.launch("later", &guarded("lower"), later).await;
    assert_eq!(scheduled.state, State::Scheduled);
    pipeline.stop().await;
    assert_eq!(pipeline.experiment().await.decision.unwrap().evidence, None);
}

/// Has the units summed as an older version might have had it, and gives that.
async fn summed_otherwise(pipeline: &Pipeline) -> Watch {
    let (events, id) = (&pipeline.world.events, pipeline.experiment().await.id);
    let mut watch = events.watched(pipeline.project, id, 0).await.unwrap().unwrap();
    watch.measures.truncate(1);
    watch.readings.clear();
    events.watch(pipeline.project, watch.clone()).await.unwrap();
    pipeline.fold().await;
    watch
}

#[tokio::test]
async fn what_was_summed_otherwise_is_summed_anew_before_it_is_judged() {
    let mut pipeline = Pipeline::new().await;
    pipeline.launch(KEY, &guarded("lower"), |_| ()).await;
    live(&pipeline, units("a", 0..300), [0.02, 0.4], &mut Generator::new(6)).await;
    summed_otherwise(&pipeline).await;
    assert_eq!(tick(&pipeline).await.0, 0, "nothing is known yet");
    pipeline.fold().await;
    pipeline.world.clock.pass_s(60);
    let (done, paused) = tick(&pipeline).await;
    assert_eq!((done, paused.state), (1, State::Paused));
}

#[tokio::test]
async fn where_a_person_has_decided_nobody_looks_again() {
    let mut pipeline = Pipeline::new().await;
    pipeline.launch(KEY, &guarded("lower"), |_| ()).await;
    live(&pipeline, units("a", 0..300), [0.02, 0.4], &mut Generator::new(7)).await;
    assert_eq!(tick(&pipeline).await.1.state, State::Paused);
    let experiments = &pipeline.world.services.experiments;
    experiments.resume(&pipeline.actor, pipeline.project, KEY, &Act::default()).await.unwrap();
    let (id, otherwise) = (pipeline.experiment().await.id, summed_otherwise(&pipeline).await);
    for _ in 0..3 {
        pipeline.world.clock.pass_s(61);
        assert_eq!(tick(&pipeline).await.0, 0);
    }
    // Whoever looks has the units summed as the plan wants it.
    assert_eq!(pipeline.world.events.watched(pipeline.project, id, 0).await.unwrap(), Some(otherwise));
}

#[tokio::test]
async fn the_end_that_was_set_comes_before_the_rule() {
    let mut pipeline = Pipeline::new().await;
    let end = domain::time::TimeUs(pipeline.world.services.now().0 + 3_600_000_000).to_string();
    let ending = |design: &mut Value| design["schedule"] = json!({"end": end, "minimum_hours": 0});
    pipeline.launch(KEY, &guarded("lower"), ending).await;
    live(&pipeline, units("a", 0..300), [0.02, 0.4], &mut Generator::new(8)).await;
    pipeline.world.clock.pass_s(7_200);
    let (done, over) = tick(&pipeline).await;
    assert_eq!((done, over.state), (1, State::Decided(Outcome::Inconclusive)));
    assert_eq!(over.decision.unwrap().note, "the scheduled end came");
}
