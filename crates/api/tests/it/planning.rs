//! Plans and dry runs over HTTP, against what the raw data and the formulas of `STATS.md` §6 say.

use domain::time::TimeUs;
use serde_json::{Value, json};
use testkit::{Client, TestApp, otlp};

use crate::experiments;

const DAY_US: i64 = 86_400_000_000;
const DAYS: i64 = 10;
const NEW_A_DAY: i64 = 30;

/// What a user does: when they come, one number of stars for each answer, and their plan, which every seventh does not tell.
struct User {
    id: String,
    first_us: i64,
    stars: Vec<f64>,
    plan: Option<&'static str>,
}

/// Thirty new users on each of ten days, up to now.
fn users(now_us: i64) -> Vec<User> {
    let user = |number: i64| {
        let start = now_us - DAYS * DAY_US + number / NEW_A_DAY * DAY_US;
        let stars = (0..=number % 3).map(|row| 1.0 + ((number * 7 + row * 11) % 41) as f64 / 10.0);
        let plan = match number % 7 {
            0 => None,
            1 | 2 => Some("free"),
            _ => Some("pro"),
        };
        User {
            id: format!("user {number}"),
            first_us: start + number % NEW_A_DAY * (DAY_US / NEW_A_DAY),
            stars: stars.collect(),
            plan,
        }
    };
    (0..DAYS * NEW_A_DAY).map(user).collect()
}

/// Sends them; every answer costs two thousandths of a dollar.
async fn live(app: &TestApp, users: &[User]) {
    for (part, chunk) in users.chunks(100).enumerate() {
        let (mut spans, mut scores) = (Vec::new(), Vec::new());
        for (place, user) in chunk.iter().enumerate() {
            for (row, stars) in user.stars.iter().enumerate() {
                let number = (part * 100 + place) * 10 + row + 1;
                let (trace, span) = (format!("{number:032x}"), format!("{number:016x}"));
                let begin = (user.first_us + row as i64 * 60_000_000) * 1_000;
                let mut sent = otlp::span(&span)
                    .trace(&trace)
                    .prompt("greet", 1)
                    .text("user.id", &user.id)
                    .text("langfuse.observation.cost_details", r#"{"total": 0.002}"#)
                    .field("startTimeUnixNano", begin.to_string().into())
                    .field("endTimeUnixNano", (begin + 1_000_000).to_string().into());
                if let Some(plan) = user.plan {
                    sent = sent.text("langfuse.trace.metadata.plan", plan);
                }
                spans.push(sent);
                scores.push(
                    json!({"id": format!("s{span}"), "trace": trace, "span": span, "name": "stars", "value": stars}),
                );
            }
        }
        app.key().post("/v1/traces", &otlp::request(spans)).await.expect(200);
        app.key().post("/api/v1/scores", &json!(scores)).await.expect(201);
    }
    app.fold().await;
}

fn design(change: Value) -> Value {
    let mut design = json!({
        "arms": [{"key": "control", "version": 1, "weight": 5000}, {"key": "warm", "version": 2, "weight": 5000}],
        "metrics": [
            {"metric": {"key": "stars", "source": "score:stars", "aggregation": "ratio", "direction": "higher"},
             "role": "goal", "margin": {"absolute": 0.2}},
            {"metric": {"key": "cost", "source": "cost", "aggregation": "mean", "direction": "lower"},
             "role": "guardrail", "margin": {"relative": 0.1}},
        ],
    });
    for (field, value) in change.as_object().unwrap() {
        design[field] = value.clone();
    }
    design
}

async fn plan(key: &Client, change: Value) -> Value {
    key.post("/api/v1/plan", &json!({"prompt": "greet", "design": design(change)})).await.expect(200).json()
}

fn number(value: &Value) -> f64 {
    assert!(value.is_number(), "{value} is no number");
    value.as_f64().unwrap()
}

fn close(got: &Value, expected: f64, within: f64) {
    let got = number(got);
    assert!((got - expected).abs() <= within * expected.abs(), "{got} is not {expected}");
}

fn fields(plan: &Value) -> Vec<&str> {
    plan["warnings"].as_array().unwrap().iter().map(|one| one["field"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_plan_follows_from_the_raw_data() {
    let app = TestApp::start().await;
    let key = experiments::with_prompt(&app).await;
    let users = users(app.services.now().0);
    live(&app, &users).await;
    let whole = plan(&key, json!({})).await;

    let traffic = &whole["traffic"];
    let traces: usize = users.iter().map(|user| user.stars.len()).sum();
    assert_eq!(
        (&traffic["units"], &traffic["sampled"], &traffic["traces"]),
        (&json!(300), &json!(300), &json!(traces))
    );
    assert_eq!((&traffic["share"], &traffic["without_unit"], &traffic["cut"]), (&json!(1.0), &json!(0), &json!(false)));
    close(&traffic["days"], 10.0, 1e-12);

    // The ratio and a unit's variance by the delta method.
    let points: Vec<(f64, f64)> = users.iter().map(|user| (user.stars.iter().sum(), user.stars.len() as f64)).collect();
    let n = points.len() as f64;
    let (sum, rows) = points.iter().fold((0.0, 0.0), |(sum, rows), one| (sum + one.0, rows + one.1));
    let ratio = sum / rows;
    let residuals: f64 = points.iter().map(|(sum, rows)| (sum - ratio * rows).powi(2)).sum();
    let variance = residuals / (n - 1.0) / (rows / n).powi(2);
    let goal = &whole["metrics"][0];
    close(&goal["baseline"]["value"], ratio, 1e-9);
    close(&goal["baseline"]["unit_variance"], variance, 1e-9);
    close(&goal["baseline"]["standard_error"], (variance / n).sqrt(), 1e-9);

    // n = 2·(z + z)²·σ²/Δ² an arm; watched all along 1.67 times that, with half of all decided by 0.98 times.
    let z = 1.959_963_984_540_054 + 0.841_621_233_572_914;
    let fixed = 2.0 * (2.0 * z * z * variance / (0.2 * 0.2));
    close(&goal["sample"]["fixed"], fixed, 2.0 / fixed);
    close(&goal["sample"]["planned"], 1.67 * fixed, 0.05);
    close(&goal["sample"]["typical"], 0.98 * fixed, 0.05);
    // Thirty new users a day, so days are units by thirty, rounded up.
    let days = |units: &Value| (number(units) / NEW_A_DAY as f64).ceil();
    assert_eq!(goal["days"]["fixed"], days(&goal["sample"]["fixed"]));
    assert_eq!(goal["days"]["planned"], days(&goal["sample"]["planned"]));
    assert_eq!(whole["days"], goal["days"]);
    assert_eq!(whole["least_days"], 7.0);
    close(&whole["tuning_units"], fixed / 2.0, 2.0 / fixed);

    // After a week 210 users have come: (z + z)·se, and for who watches all along √1.67 times that.
    let week = &goal["detectable"][0];
    assert_eq!((&week["days"], &week["units"]), (&json!(7), &json!(210)));
    let found = z * (4.0 * variance / 210.0).sqrt();
    close(&week["fixed"], found, 1e-5);
    close(&week["sequential"], found * 1.67_f64.sqrt(), 0.03);
    close(&week["relative"], number(&week["sequential"]) / ratio, 1e-9);

    // A guardrail is one-sided at power 1 − β/2.
    let guard = &whole["metrics"][1];
    let costs: Vec<f64> = points.iter().map(|(_, rows)| rows * 2e6).collect();
    let mean = costs.iter().sum::<f64>() / n;
    let spread = costs.iter().map(|cost| (cost - mean).powi(2)).sum::<f64>() / (n - 1.0);
    close(&guard["baseline"]["value"], mean, 1e-9);
    let z = 1.644_853_626_951_472 + 1.281_551_565_544_6;
    close(&guard["sample"]["fixed"], 4.0 * z * z * spread / (0.1 * mean).powi(2), 0.01);
    assert_eq!(guard["detectable"], json!([]));

    // What the second version costs nobody knows yet; its calls are told at the first one's cost.
    let spend = &whole["spend"];
    assert_eq!(spend["days"], whole["days"]["planned"]);
    assert_eq!((&spend["extra"], &spend["arms"][1]["per_generation"]), (&Value::Null, &Value::Null));
    let calls = rows / 10.0 * number(&spend["days"]) / 2.0;
    close(&spend["arms"][1]["generations"], calls, 1.0 / calls);
    close(&spend["arms"][1]["total"], calls * 2e6, 1e-9);
    close(&spend["arms"][0]["per_generation"], 2e6, 1e-12);

    // Once it ran the difference is told.
    let more = otlp::span("00000000000000fe")
        .trace(&format!("{:032x}", 0xfeed))
        .prompt("greet", 2)
        .text("user.id", "user 1")
        .text("langfuse.observation.cost_details", r#"{"total": 0.003}"#);
    key.post("/v1/traces", &otlp::request([more])).await.expect(200);
    app.fold().await;
    let known = plan(&key, json!({})).await;
    let arm = &known["spend"]["arms"][1];
    assert_eq!((&arm["per_generation"], &arm["seen"]), (&json!(3e6), &json!(1)));
    close(&known["spend"]["extra"], calls * 1e6, 0.01);
}

#[tokio::test]
async fn a_plan_follows_the_design() {
    let app = TestApp::start().await;
    let key = experiments::with_prompt(&app).await;
    let users = users(app.services.now().0);
    live(&app, &users).await;
    let whole = plan(&key, json!({})).await;
    let sample = |plan: &Value| number(&plan["metrics"][0]["sample"]["fixed"]);

    // Half the traffic, a tenth held out: as many units, more days.
    let part = plan(&key, json!({"coverage": 0.5, "holdout": {"share": 0.1}})).await;
    close(&part["traffic"]["share"], 0.45, 1e-12);
    close(&json!(sample(&part)), sample(&whole), 0.0);
    close(&part["days"]["fixed"], (sample(&whole) / 13.5).ceil(), 0.0);
    // Uneven arms take 1/(4·0.9·0.1) times as many.
    let uneven =
        json!([{"key": "control", "version": 1, "weight": 9000}, {"key": "warm", "version": 2, "weight": 1000}]);
    let uneven = plan(&key, json!({"arms": uneven})).await;
    close(&json!(sample(&uneven)), sample(&whole) / 0.36, 0.01);
    // A second treatment halves the error level.
    let three = json!([
        {"key": "control", "version": 1, "weight": 3334}, {"key": "warm", "version": 2, "weight": 3333},
        {"key": "short", "version": 3, "weight": 3333},
    ]);
    let three = plan(&key, json!({"arms": three})).await;
    let z: f64 = 2.241_402_727_604_947 + 0.841_621_233_572_914;
    let before: f64 = 1.959_963_984_540_054 + 0.841_621_233_572_914;
    close(&json!(sample(&three)), sample(&whole) * 1.5 * (z / before).powi(2), 0.01);

    // An audience: users of whom their traces tell nothing are not guessed at.
    let aimed = json!({"targeting": {"eq": {"attribute": "plan", "value": "pro"}}});
    let aimed_at = plan(&key, aimed.clone()).await;
    let of = |plan: Option<&str>| users.iter().filter(|user| user.plan == plan).count();
    let (pro, free) = (of(Some("pro")), of(Some("free")));
    assert_eq!((&aimed_at["traffic"]["sampled"], &aimed_at["traffic"]["unknown"]), (&json!(pro), &json!(of(None))));
    close(&aimed_at["traffic"]["eligible"], pro as f64 / (pro + free) as f64, 1e-12);

    // What should be known before.
    assert!(fields(&whole).is_empty(), "{}", whole["warnings"]);
    let odd = json!({
        "schedule": {"minimum_hours": 0, "end": TimeUs(app.services.now().0 + 3_600_000_000).to_string()},
        "plan": {"tuning_units": 100_000},
        "targeting": {"eq": {"attribute": "country", "value": "de"}},
        "ramp": {"steps": [{"coverage": 0.1, "hold_minutes": 60}]},
    });
    let odd = plan(&key, odd).await;
    assert_eq!(
        fields(&odd),
        ["schedule.minimum_hours", "targeting", "schedule.end", "plan.tuning_units", "ramp"],
        "{}",
        odd["warnings"]
    );
    let mut unseen = design(json!({}))["metrics"].clone();
    unseen[0]["metric"]["source"] = json!("score:taste");
    unseen[1]["margin"] = json!({"relative": 0.0001});
    let unseen = plan(&key, json!({"metrics": unseen})).await;
    assert_eq!(fields(&unseen), ["metrics[0].metric"]);
    assert_eq!(
        (&unseen["days"], &unseen["metrics"][0]["why"]),
        (&Value::Null, &json!("no `score:taste` in the traffic of late"),)
    );
    // Nothing at all.
    key.post("/api/v1/prompts", &json!({"name": "new", "prompt": "Hi", "labels": ["production"]})).await.expect(201);
    let empty = json!({"prompt": "new", "design": design(json!({}))});
    let empty = key.post("/api/v1/plan", &empty).await.expect(200).json();
    assert_eq!((fields(&empty), &empty["days"]), (vec!["prompt"], &Value::Null));
}

#[tokio::test]
async fn a_dry_run_says_what_the_doors_will_answer() {
    let app = TestApp::start().await;
    let key = experiments::with_prompt(&app).await;
    let users = users(app.services.now().0);
    live(&app, &users).await;
    let design = design(json!({
        "targeting": {"and": [{"eq": {"attribute": "plan", "value": "pro"}}, {"exists": {"attribute": "id", "exists": true}}]},
        "coverage": 0.8,
        "forced": {"user 298": "warm"},
    }));
    key.post("/api/v1/experiments", &json!({"key": "tone", "prompt": "greet", "design": design})).await.expect(201);
    let run = key.post("/api/v1/dry-run", &json!({"experiment": "tone"})).await.expect(200).json();
    assert_eq!((&run["units"], &run["looked_at"], &run["settled"]), (&json!(30), &json!(30), &json!(true)));
    key.post("/api/v1/experiments/tone/launch", &json!({})).await.expect(200);

    let mut counts = std::collections::BTreeMap::<String, u64>::new();
    for user in &users[270..] {
        let mut question = json!({"prompt": "greet", "unit": user.id});
        if let Some(plan) = user.plan {
            question["attributes"] = json!({"plan": plan});
        }
        let answer = key.post("/api/v1/resolve", &question).await.expect(200).json();
        let reason = answer["reason"].as_str().unwrap();
        // Of whom the trace tells no plan nobody knows what the program would send.
        let known = user.plan.is_some() || reason == "forced";
        let said = match (reason, known) {
            ("assigned", true) => answer["arm"].as_str().unwrap(),
            (_, false) => "unknown",
            (reason, true) => reason,
        };
        *counts.entry(said.to_owned()).or_default() += 1;
        let shown = run["examples"].as_array().unwrap().iter().find(|example| example["unit"] == user.id.as_str());
        if let Some(example) = shown {
            let told = example["arm"].as_str().or(example["left_out"]["reason"].as_str());
            assert_eq!(told, Some(said), "{example}");
            let trace = example["trace"].as_str().unwrap();
            let trace = key.get(&format!("/api/v1/traces/{trace}")).await.expect(200).json();
            assert!(trace.to_string().contains(&format!("\"{}\"", user.id)), "{trace}");
        }
    }
    for arm in run["arms"].as_array().unwrap() {
        let units = counts.remove(arm["key"].as_str().unwrap()).unwrap_or(0);
        assert_eq!((&arm["units"], &arm["share"]), (&json!(units), &json!(0.5)));
    }
    let left_out = run["left_out"].as_array().unwrap();
    for one in left_out {
        assert_eq!(one["units"], json!(counts.remove(one["reason"].as_str().unwrap()).unwrap_or(0)), "{one}");
    }
    assert!(counts.is_empty(), "{counts:?} are in no line of {run}");
    let aimed = left_out.iter().find(|one| one["reason"] == "not_targeted").unwrap();
    assert_eq!((&aimed["condition"], &aimed["rule"]["eq"]["value"]), (&json!("targeting.and[0]"), &json!("pro")));
    let unknown = left_out.iter().find(|one| one["reason"] == "unknown").unwrap();
    assert_eq!(unknown["attribute"], "plan");
    assert_eq!(run["split"]["status"], "ok");

    // Over all ten days, and before there is an experiment: shares, not the arms it will be.
    let all = json!({"prompt": "greet", "design": {"arms": design["arms"], "metrics": design["metrics"]}, "days": 28});
    let all = key.post("/api/v1/dry-run", &all).await.expect(200).json();
    assert_eq!((&all["units"], &all["settled"], &all["left_out"]), (&json!(300), &json!(false), &json!([])));
    assert!(all["arms"].as_array().unwrap().iter().all(|arm| (110..=190).contains(&arm["units"].as_u64().unwrap())));
}
