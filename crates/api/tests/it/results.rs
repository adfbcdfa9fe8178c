//! Outcome events, exposures, and what an experiment says of them.

use domain::{
    auth::Actor,
    experiment::{
        Activity, ActivityKind, Allocation, Arm, Design, Direction, Epoch, Experiment, ExperimentMetric, Margin,
        MetricDefinition, MetricRole, Phase, PhaseDefinition, Schedule, Share, Slot, State,
    },
    ids::{ActivityId, ExperimentId},
    prompt::PromptBody,
    time::TimeUs,
};
use serde_json::{Value, json};
use services::{prompts::SaveVersion, results::ResultQuery};
use testkit::{TestApp, otlp};

use crate::experiments;

pub(crate) const KEY: &str = "greet-test";
const DAY_US: i64 = 86_400_000_000;

fn metric(
    key: &str,
    source: &str,
    how: &str,
    better: Direction,
    role: MetricRole,
    margin: Option<Margin>,
) -> ExperimentMetric {
    let metric = MetricDefinition {
        key: key.parse().unwrap(),
        name: String::new(),
        source: source.parse().unwrap(),
        aggregation: how.parse().unwrap(),
        direction: better,
        cap: None,
        window_hours: None,
    };
    ExperimentMetric { metric, role, margin }
}

/// A running experiment on `welcome` and `production`, two arms, half and half, three days old.
pub(crate) async fn running(app: &TestApp) -> Experiment {
    let prompts = &app.services.prompts;
    if let Some(known) = app.control.experiment(app.project.id, &KEY.parse().unwrap()).await.unwrap() {
        return known;
    }
    for text in ["Hello {{name}}", "Good day {{name}}"] {
        let save = SaveVersion {
            labels: vec!["production".to_owned()],
            ..SaveVersion::new("welcome", PromptBody::Text(text.to_owned()))
        };
        prompts.save(&Actor::System, app.project.id, save).await.unwrap();
    }
    let prompt = prompts.prompt(&Actor::System, app.project.id, "welcome").await.unwrap();
    let now = app.services.now();
    let from_us = TimeUs(now.0 - 3 * DAY_US);
    let arm = |key: &str, version: u32| Arm { key: key.parse().unwrap(), name: String::new(), version, weight: 5_000 };
    let arms = vec![arm("a", 1), arm("b", 2)];
    let (goal, guard) = (MetricRole::Goal, MetricRole::Guardrail);
    let design = Design {
        arms: arms.clone(),
        schedule: Schedule { minimum_hours: 0, ..Schedule::default() },
        metrics: vec![
            metric("stars", "score:stars", "ratio", Direction::Higher, goal, None),
            metric("bought", "event:buy", "rate", Direction::Higher, MetricRole::Secondary, None),
            metric("latency-p50", "latency", "p50", Direction::Lower, guard, Some(Margin::Relative(0.1))),
            metric("tokens", "total_tokens", "mean", Direction::Lower, MetricRole::Secondary, None),
        ],
        ..Design::default()
    };
    let id: ExperimentId = "00000000-0000-7000-9000-000000000001".parse().unwrap();
    let definition = PhaseDefinition {
        kept_since: None,
        unit: design.unit.clone(),
        arms,
        seed: id.to_string(),
        targeting: None,
        holdout: None,
        exclusion: None,
        allocation: Allocation::Fixed,
        sticky: false,
    };
    let epoch = Epoch {
        number: 0,
        from_us,
        to_us: None,
        why: "launched".to_owned(),
        coverage: Share::ALL,
        weights: vec![5_000, 5_000],
    };
    let phase = Phase { number: 0, from_us, to_us: None, why: "launched".to_owned(), definition, epochs: vec![epoch] };
    let experiment = Experiment {
        id,
        key: KEY.parse().unwrap(),
        slot: Slot {
            prompt: prompt.id,
            prompt_name: prompt.name.clone(),
            label: "production".parse().unwrap(),
            flag_key: "welcome.production".parse().unwrap(),
        },
        state: State::Running,
        revision: 1,
        design,
        phases: vec![phase],
        ramp: None,
        decision: None,
        created_by: "a test".to_owned(),
        created_us: from_us,
        updated_us: from_us,
        launched_us: Some(from_us),
        started_us: Some(from_us),
        ended_us: None,
    };
    let activity = Activity {
        id: ActivityId("00000000-0000-7000-9000-000000000002".parse().unwrap()),
        at_us: from_us,
        by: "a test".to_owned(),
        kind: ActivityKind::Created,
        note: String::new(),
        changes: Vec::new(),
        revision: 1,
    };
    app.control.create_experiment(app.project.id, &experiment, &activity).await.unwrap();
    experiment
}

/// What one user does: arm, day, rows of (stars, latency in ms), purchases.
struct Life {
    treated: bool,
    day: i64,
    rows: Vec<(f64, u64)>,
    bought: bool,
}

/// Users whose numbers follow from their place alone; the treatment has `lift` more stars.
fn lives(users: u64, lift: f64) -> Vec<Life> {
    let noise = |seed: u64| {
        let mut mixed = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % 1_000) as f64 / 1_000.0
    };
    let life = |user: u64| {
        let treated = noise(user) < 0.5;
        let rows = (0..=user % 3).map(|row| {
            let stars = (3.0 + noise(user * 7 + row + 11) + if treated { lift } else { 0.0 } * 4.0) / 4.0;
            ((stars * 100.0).round() / 100.0, 200 + (noise(user * 13 + row) * 100.0) as u64)
        });
        Life { treated, day: (user % 3) as i64, rows: rows.collect(), bought: noise(user * 29) < 0.3 }
    };
    (0..users).map(life).collect()
}

/// Sends everything through the doors, `step` users a request.
async fn live(app: &TestApp, lives: &[Life]) {
    let start_us = app.services.now().0 - 3 * DAY_US;
    let text = |us: i64| TimeUs(us).to_string();
    let everybody: Vec<(usize, &Life)> = lives.iter().enumerate().collect();
    for part in everybody.chunks(100) {
        let (mut exposures, mut spans, mut scores, mut events) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for (user, life) in part {
            let met = start_us + life.day * DAY_US + 1_000_000;
            let arm = if life.treated { "b" } else { "a" };
            exposures.push(json!({"experiment": KEY, "unit": format!("user {user}"), "arm": arm, "at": text(met)}));
            for (row, (stars, latency)) in life.rows.iter().enumerate() {
                let (trace, span) = (format!("{:032x}", user * 10 + row + 1), format!("{:016x}", user * 10 + row + 1));
                let begin = (met + 60_000_000 * (row as i64 + 1)) * 1_000;
                let end = begin + *latency as i64 * 1_000_000;
                spans.push(
                    otlp::span(&span)
                        .trace(&trace)
                        .prompt("welcome", if life.treated { 2 } else { 1 })
                        .text("user.id", &format!("user {user}"))
                        .field("startTimeUnixNano", begin.to_string().into())
                        .field("endTimeUnixNano", end.to_string().into()),
                );
                scores.push(
                    json!({"id": format!("s-{span}"), "trace": trace, "span": span, "name": "stars", "value": stars}),
                );
            }
            if life.bought {
                let unit = json!({"kind": "user", "id": format!("user {user}")});
                events.push(
                    json!({"id": format!("buy-{user}"), "name": "buy", "unit": unit, "at": text(met + 5_000_000)}),
                );
            }
        }
        app.key().post("/api/v1/exposures", &json!(exposures)).await.expect(201);
        app.key().post("/v1/traces", &otlp::request(spans)).await.expect(200);
        app.key().post("/api/v1/scores", &json!(scores)).await.expect(201);
        app.key().post("/api/v1/events", &json!(events)).await.expect(201);
    }
    app.fold().await;
}

async fn results(app: &TestApp, query: &str) -> Value {
    app.key().get(&format!("/api/v1/experiments/{KEY}/results{query}")).await.expect(200).json()
}

fn close(got: &Value, expected: f64) {
    let got = got.as_f64().unwrap_or(f64::NAN);
    assert!((got - expected).abs() <= 1e-9 * expected.abs().max(1.0), "{got} is not {expected}");
}

/// Mean and variance (n − 1) by the book.
fn mean_variance(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    (mean, values.iter().map(|value| (value - mean) * (value - mean)).sum::<f64>() / (n - 1.0))
}

#[tokio::test]
async fn a_result_equals_what_the_raw_data_say() {
    let app = TestApp::start().await;
    running(&app).await;
    let lives = lives(600, 0.3);
    live(&app, &lives).await;
    let result = results(&app, "").await;
    assert_eq!(result["partial"], Value::Null);
    assert_eq!(result["exposed"], 600);
    let of = |treated: bool| lives.iter().filter(move |life| life.treated == treated);
    for (arm, treated) in [(0, false), (1, true)] {
        assert_eq!(result["sheet"]["arms"][arm]["units"], of(treated).count());
        let rows = of(treated).flat_map(|life| &life.rows);
        let stars: Vec<f64> = rows.map(|(stars, _)| *stars).collect();
        let value = &result["table"]["rows"][0]["values"][arm];
        close(&value["value"], stars.iter().sum::<f64>() / stars.len() as f64);
        close(&value["rows"], stars.len() as f64);
        let bought = of(treated).filter(|life| life.bought).count() as f64 / of(treated).count() as f64;
        close(&result["table"]["rows"][1]["values"][arm]["value"], bought);
        let mut latencies: Vec<f64> = of(treated).flat_map(|life| &life.rows).map(|(_, ms)| *ms as f64 * 1e6).collect();
        latencies.sort_by(f64::total_cmp);
        let median = latencies[latencies.len() / 2];
        let told = result["table"]["rows"][2]["values"][arm]["value"].as_f64().unwrap();
        assert!((told / median - 1.0).abs() < 0.02, "{told} is not {median}");
    }
    // The ratio's error by the delta method, and the sequence by its formula, from the raw data.
    let estimate = |treated: bool| {
        let points: Vec<(f64, f64)> =
            of(treated).map(|life| (life.rows.iter().map(|row| row.0).sum(), life.rows.len() as f64)).collect();
        let n = points.len() as f64;
        let (sum, rows) = points.iter().fold((0.0, 0.0), |(sum, rows), one| (sum + one.0, rows + one.1));
        let ratio: f64 = sum / rows;
        let residuals: f64 = points.iter().map(|(sum, rows)| (sum - ratio * rows).powi(2)).sum();
        (ratio, residuals / (n - 1.0) / n / (rows / n).powi(2), n)
    };
    let ((control, v_control, n_control), (treated, v_treated, n_treated)) = (estimate(false), estimate(true));
    let comparison = &result["table"]["rows"][0]["comparisons"][0];
    close(&comparison["difference"], treated - control);
    close(&comparison["standard_error"], (v_control + v_treated).sqrt());
    let alpha = 0.05_f64;
    let mut y = 10.0_f64;
    for _ in 0..200 {
        y = 1.0 - 2.0 * alpha.ln() + y.ln();
    }
    let r = (y - 1.0) * (n_control + n_treated) / 2_000.0;
    let reach = (v_control + v_treated).sqrt() * ((1.0 + r) / r * ((1.0 + r) / (alpha * alpha)).ln()).sqrt();
    close(&comparison["interval"][0], treated - control - reach);
    close(&comparison["interval"][1], treated - control + reach);
    assert_eq!(result["table"]["verdicts"][0]["arm"], "b");
    let sentence = result["table"]["verdicts"][0]["sentence"].as_str().unwrap();
    assert!(["ship", "nearly"].contains(&result["table"]["verdicts"][0]["verdict"].as_str().unwrap()), "{sentence}");

    // Welch, once, on the share of buyers.
    let fixed = results(&app, "?method=fixed_horizon&correction=none").await;
    let buyers = |treated: bool| of(treated).map(|life| f64::from(u8::from(life.bought))).collect::<Vec<f64>>();
    let ((one, s_one), (other, s_other)) = (mean_variance(&buyers(false)), mean_variance(&buyers(true)));
    let error = (s_one / n_control + s_other / n_treated).sqrt();
    let comparison = &fixed["table"]["rows"][1]["comparisons"][0];
    close(&comparison["difference"], other - one);
    close(&comparison["standard_error"], error);
    let half = (comparison["interval"][1].as_f64().unwrap() - comparison["interval"][0].as_f64().unwrap()) / 2.0;
    // The t quantile of some 600 degrees of freedom.
    assert!((half / error - 1.964).abs() < 0.001, "{}", half / error);
    let bayes = results(&app, "?method=bayesian").await;
    assert!(bayes["table"]["rows"][0]["comparisons"][0]["chance_to_win"].as_f64().unwrap() > 0.99);

    // The browser makes the same of the sheet.
    let sheet: experiment::Sheet = serde_json::from_value(result["sheet"].clone()).unwrap();
    let again = sheet.table(&experiment::Choices::of(&sheet.plan)).unwrap();
    assert_eq!(serde_json::to_value(again).unwrap(), result["table"]);

    // As a table for a spreadsheet, by the same choices.
    let csv =
        app.key().get(&format!("/api/v1/experiments/{KEY}/results.csv?method=fixed_horizon")).await.expect(200).text();
    let lines: Vec<&str> = csv.split_terminator("\r\n").collect();
    assert_eq!(lines.len(), 5);
    assert!(lines[1].starts_with("stars,goal,score:stars,ratio,higher,b,a,"), "{}", lines[1]);
    assert!(lines[1].contains(&fixed["table"]["rows"][0]["comparisons"][0]["difference"].to_string()), "{}", lines[1]);

    // Day by day, and one unit.
    let course = app.key().get(&format!("/api/v1/experiments/{KEY}/timeseries")).await.expect(200).json();
    let looks = course["looks"].as_array().unwrap();
    let units: Vec<u64> = looks.iter().map(|look| look["units"].as_u64().unwrap()).collect();
    assert!(units.is_sorted() && units.last() == Some(&600) && units[0] == 200, "{units:?}");
    assert_eq!(looks.last().unwrap()["metrics"][0]["comparisons"], result["table"]["rows"][0]["comparisons"]);
    let path = format!("/api/v1/experiments/{KEY}/explain?unit=user%205");
    let one = app.key().get(&path).await.expect(200).json();
    assert_eq!((&one["exposures"][0]["door"], &one["counts"]), (&json!("tracking"), &json!(true)));
    let generations = one["sums"].as_array().unwrap().iter().find(|sum| sum["source"] == "generations").unwrap();
    assert_eq!(generations["rows"], lives[5].rows.len());
}

#[tokio::test]
async fn a_wrong_split_and_a_wrong_version_are_told_before_any_verdict() {
    let app = TestApp::start().await;
    let experiment = running(&app).await;
    // 60/40 where half and half was planned.
    let at = TimeUs(app.services.now().0 - DAY_US).to_string();
    let exposures: Vec<Value> = (0..1_500)
        .map(|user| {
            let arm = if user % 5 < 3 { "a" } else { "b" };
            json!({"experiment": KEY, "unit": format!("user {user}"), "arm": arm, "at": at})
        })
        .collect();
    for part in exposures.chunks(500) {
        app.key().post("/api/v1/exposures", &json!(part)).await.expect(201);
    }
    // Two arms, and not served what was assigned.
    app.key()
        .post("/api/v1/exposures", &json!({"experiment": KEY, "unit": "user 0", "arm": "b", "at": at}))
        .await
        .expect(201);
    let wrong = otlp::span("00000000000000aa").prompt("welcome", 2).text("user.id", "user 1");
    app.key().post("/v1/traces", &otlp::request([wrong])).await.expect(200);
    app.fold().await;
    let health = app.key().get(&format!("/api/v1/experiments/{KEY}/health")).await.expect(200).json();
    let check = |kind: &str| {
        let checks = health["checks"].as_array().unwrap();
        checks.iter().find(|check| check["kind"] == kind).unwrap_or_else(|| panic!("{kind} in {health}")).clone()
    };
    assert_eq!(check("sample_ratio")["status"], "broken");
    assert!(check("sample_ratio")["sentence"].as_str().unwrap().contains("expected 50/50"));
    let result = results(&app, "").await;
    assert_eq!(result["table"]["verdicts"][0]["verdict"], "broken");
    let checks = result["sheet"]["checks"].as_array().unwrap();
    let contamination = checks.iter().find(|check| check["kind"] == "contamination").unwrap();
    assert_eq!(contamination["status"], "broken");
    assert_eq!(result["exposed"], 1_500);
    let units: u64 = result["sheet"]["arms"].as_array().unwrap().iter().map(|arm| arm["units"].as_u64().unwrap()).sum();
    assert_eq!(units, 1_499, "who saw two arms is left out");
    let query = ResultQuery { phase: Some(7), ..ResultQuery::default() };
    let missing = app.services.results.result(&Actor::System, app.project.id, experiment.key.as_str(), &query).await;
    assert!(missing.is_err());
}

#[tokio::test]
async fn exposures_without_waiting_are_stored_once_and_soon() {
    let app = TestApp::start().await;
    let experiment = running(&app).await;
    let sent = app.services.ingest.tracked(
        &Actor::System,
        app.project.id,
        vec![services::ingest::NewExposure {
            experiment: KEY.parse().unwrap(),
            unit: "ana".to_owned(),
            arm: "b".parse().unwrap(),
            at: None,
        }],
    );
    let exposure = sent.await.unwrap().remove(0);
    let mut stored = app.services.ingest.appended();
    for _ in 0..3 {
        app.services.ingest.expose(app.project.id, exposure.clone());
    }
    stored.changed().await.unwrap();
    let held = app.events.exposures(app.project.id, experiment.id, "ana").await.unwrap();
    assert_eq!(held.iter().map(|record| &record.exposure).collect::<Vec<_>>(), [&exposure]);
}

#[tokio::test]
async fn a_launched_experiment_counts_whom_its_doors_answered() {
    let app = TestApp::start().await;
    let key = experiments::with_prompt(&app).await;
    experiments::launched(&key).await;
    let mut stored = app.services.ingest.appended();
    let mut versions = Vec::new();
    for user in 0..40 {
        let name = format!("user {user}");
        // Again and again, by two doors: one exposure.
        let answer = experiments::resolved(&key, &name).await;
        versions.push(answer["version"].as_u64().unwrap());
        assert_eq!(experiments::ofrep(&key, &name).await["value"], answer["version"].to_string());
    }
    app.clock.advance_s(10);
    let now_ns = app.services.now().to_ns().0;
    let spans = versions.iter().enumerate().map(|(user, version)| {
        otlp::span(&format!("{:016x}", user + 1))
            .trace(&format!("{:032x}", user + 1))
            .prompt("greet", u32::try_from(*version).unwrap())
            .text("user.id", &format!("user {user}"))
            .field("startTimeUnixNano", (now_ns - 2_000_000_000).to_string().into())
            .field("endTimeUnixNano", (now_ns - 1_000_000_000).to_string().into())
    });
    key.post("/v1/traces", &otlp::request(spans)).await.expect(200);
    let experiment = app.control.experiment(app.project.id, &"tone".parse().unwrap()).await.unwrap().unwrap();
    while app.events.units_version(app.project.id, experiment.id, 0).await.unwrap().units < 40 {
        stored.changed().await.unwrap();
    }
    app.fold().await;
    let result = key.get("/api/v1/experiments/tone/results").await.expect(200).json();
    assert_eq!((&result["exposed"], &result["partial"]), (&json!(40), &Value::Null));
    for arm in result["sheet"]["arms"].as_array().unwrap() {
        let design = &experiment.design.arms.iter().find(|own| arm["key"] == own.key.as_str()).unwrap();
        let got = versions.iter().filter(|version| **version == u64::from(design.version)).count();
        assert_eq!(arm["units"], got);
    }
    let contamination = result["sheet"]["checks"].as_array().unwrap().iter().find(|one| one["kind"] == "contamination");
    assert_eq!(contamination.unwrap()["number"], 0.0);
    let one = key.get("/api/v1/experiments/tone/explain?unit=user%207").await.expect(200).json();
    assert_eq!(one["exposures"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn health_says_what_shuffling_the_own_traffic_said() {
    let app = TestApp::start().await;
    running(&app).await;
    let path = format!("/api/v1/experiments/{KEY}/health");
    assert_eq!(app.key().get(&path).await.expect(200).json()["checks"], json!([]), "nobody has looked yet");
    assert_eq!(app.services.results.check_own_data().await.unwrap(), 1);
    let health = app.key().get(&path).await.expect(200).json();
    let check = &health["checks"][0];
    assert_eq!((&check["kind"], &check["status"]), (&json!("self_check"), &json!("not_applicable")));
    assert!(check["sentence"].as_str().unwrap().contains("there are 0"), "{check}");
}
