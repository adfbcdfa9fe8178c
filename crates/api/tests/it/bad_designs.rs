//! Every way to configure an experiment wrongly: refused at its field, saying what would be right.

use domain::time::TimeUs;
use serde_json::{Value, json};
use testkit::TestApp;

use crate::experiments;

/// A whole design but for some fields, which are replaced by their paths such as `/arms/1/weight`.
fn with(changes: &[(&str, Value)]) -> Value {
    let mut design = experiments::design();
    for (path, value) in changes {
        if let Some(found) = design.pointer_mut(path) {
            *found = value.clone();
        } else {
            let (parent, field) = path.rsplit_once('/').unwrap();
            design.pointer_mut(parent).unwrap()[field] = value.clone();
        }
    }
    design
}

#[tokio::test]
async fn each_is_refused_at_its_field_with_what_would_be_right() {
    let app = TestApp::start().await;
    let key = experiments::with_prompt(&app).await;
    let at = |hours: i64| TimeUs(app.services.now().0 + hours * 3_600_000_000).to_string();
    // A neighbour in an exclusion group that owns half the places.
    let prompt = json!({"name": "other", "prompt": "Hi", "labels": ["production"]});
    key.post("/api/v1/prompts", &prompt).await.expect(201);
    key.post("/api/v1/prompts", &json!({"name": "other", "prompt": "Hello"})).await.expect(201);
    let exclusion = |start: u16, end: u16| json!({"group": "copy", "ranges": [{"start": start, "end": end}]});
    let owner = json!({"key": "owner", "prompt": "other", "design": with(&[("/exclusion", exclusion(0, 5000))])});
    key.post("/api/v1/experiments", &owner).await.expect(201);
    key.post("/api/v1/experiments/owner/launch", &json!({})).await.expect(200);

    let guardrail = |margin: Value| {
        let metric = json!({"key": "cost", "source": "cost", "aggregation": "mean", "direction": "lower"});
        json!({"metric": metric, "role": "guardrail", "margin": margin})
    };
    let goal = experiments::design()["metrics"][0].clone();
    let cases: Vec<(&str, Value, &str, String)> = [
        ("weights", with(&[("/arms/1/weight", json!(4000))]), "arms", "the weights sum to `9000`; they sum to 10000 (100%)"),
        (
            "weight of nothing",
            with(&[("/arms/0/weight", json!(10_000)), ("/arms/1/weight", json!(0))]),
            "arms[1].weight",
            "`0` gives the arm nobody; give a weight or remove the arm",
        ),
        (
            "single arm",
            with(&[("/arms", json!([{"key": "control", "version": 1, "weight": 10_000}]))]),
            "arms",
            "`1` arms; an experiment compares 2 to 10",
        ),
        ("same key", with(&[("/arms/1/key", json!("control"))]), "arms[1].key", "`control` is another arm's key already"),
        (
            "missing version",
            with(&[("/arms/1/version", json!(9))]),
            "arms[1].version",
            "`greet` has no version `9`; the newest is 3",
        ),
        (
            "no version",
            with(&[("/arms/1/version", json!(0))]),
            "arms[1].version",
            "no version; give the number of one of the prompt's",
        ),
        (
            "control elsewhere",
            with(&[("/arms/0/version", json!(3))]),
            "arms[0].version",
            "`production` points at version 1; the first arm is the control, which serves what everybody else gets, so give 1",
        ),
        ("nobody", with(&[("/coverage", json!(0))]), "coverage", "`0` lets nobody take part; give up to 1, such as 0.5"),
        (
            "ranges overlap",
            with(&[("/exclusion", json!({"group": "tone", "ranges": [{"start": 0, "end": 50}, {"start": 40, "end": 90}]}))]),
            "exclusion.ranges[1]",
            "`40..90` shares buckets with `0..50`",
        ),
        (
            "range of another experiment",
            with(&[("/exclusion", exclusion(4000, 9000))]),
            "exclusion.ranges[0]",
            "`4000..9000` shares buckets with `0..5000` of the experiment `owner`, which owns it; take buckets nobody has in `copy`",
        ),
        (
            "margin of the wrong sign",
            with(&[("/metrics", json!([goal, guardrail(json!({"relative": -0.05}))]))]),
            "metrics[1].margin",
            "`-0.05` is no margin; it is above 0 whichever way is better, such as `{\"relative\": 0.05}`",
        ),
        (
            "guardrail without a margin",
            with(&[("/metrics", json!([goal, guardrail(Value::Null)]))]),
            "metrics[1].margin",
            "a guardrail needs a margin: how much worse it may get, such as `{\"relative\": 0.05}`",
        ),
        ("no goal", with(&[("/metrics", json!([guardrail(json!({"relative": 0.05}))]))]), "metrics", "`0` goals; give 1 to 3"),
        (
            "end before start",
            with(&[("/schedule", json!({"start": at(48), "end": at(24)}))]),
            "schedule.end",
            &format!("{} is not after the start {}", at(24), at(48)),
        ),
        (
            "end before the least duration",
            with(&[("/schedule", json!({"start": at(24), "end": at(48)}))]),
            "schedule.end",
            &format!("{} comes before the least duration of 168 hours is over; end later or lower `minimum_hours`", at(48)),
        ),
        (
            "end in the past",
            with(&[("/schedule", json!({"end": at(-1)}))]),
            "schedule.end",
            &format!("{} is past; end later, or leave it out", at(-1)),
        ),
        (
            "error level",
            with(&[("/plan", json!({"alpha": 0.5}))]),
            "plan.alpha",
            "`0.5` is no error level; give 0.001 to 0.2, such as 0.05",
        ),
        ("power", with(&[("/plan", json!({"power": 0.2}))]), "plan.power", "`0.2` is no power; give 0.5 to 0.99, such as 0.8"),
        (
            "unknown arm forced",
            with(&[("/forced", json!({"tester-1": "hot"}))]),
            "forced[tester-1]",
            "no arm `hot`; arms: `control`, `warm`",
        ),
    ]
    .into_iter()
    .map(|(what, design, field, message): (_, _, _, &str)| (what, design, field, message.to_owned()))
    .collect();
    for (number, (what, design, field, message)) in cases.into_iter().enumerate() {
        let name = format!("wrong-{number}");
        let draft = json!({"key": name, "prompt": "greet", "design": design});
        // A draft may be wrong; it says so when asked, and cannot be launched.
        key.post("/api/v1/experiments", &draft).await.expect(201);
        let expected = json!([{"field": format!("design.{field}"), "message": message}]);
        let check = key.get(&format!("/api/v1/experiments/{name}/check")).await.expect(200).json();
        assert_eq!(check["problems"], expected, "{what}");
        let refused = key.post(&format!("/api/v1/experiments/{name}/launch"), &json!({})).await.expect(400).json();
        assert_eq!(refused["fields"], expected, "{what}");
    }

    // Nothing takes a label that is taken.
    key.post("/api/v1/experiments", &json!({"key": "tone", "prompt": "other", "design": experiments::design()}))
        .await
        .expect(201);
    let refused = key.post("/api/v1/experiments/tone/launch", &json!({})).await.expect(400).json();
    let message =
        "`production` of `other` is split by the experiment `owner` already; end that one first, or take another label";
    assert_eq!(refused["fields"], json!([{"field": "label", "message": message}]));
    // Nor a key.
    let again = key.post("/api/v1/experiments", &json!({"key": "tone", "prompt": "other"})).await.expect(409).json();
    assert!(again["detail"].as_str().unwrap().contains("tone"), "{again}");
    // Two who change the same revision: the later is told what the first did, and nothing is lost.
    let change = |name: &str| json!({"revision": 1, "design": {"name": name}});
    key.put("/api/v1/experiments/tone", &change("first")).await.expect(200);
    let stale = key.put("/api/v1/experiments/tone", &change("second")).await.expect(409).json();
    assert!(stale["detail"].as_str().unwrap().contains("Since then: edited by"), "{stale}");
    assert_eq!(key.get("/api/v1/experiments/tone").await.expect(200).json()["design"]["name"], "first");
}
