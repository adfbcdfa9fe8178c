//! Targeting rules, and what is told of a unit: flags are answered with a version there is, or refused.

use assign::{Attribute, Attributes, Condition};
use serde_json::{Value, json};
use testkit::TestApp;

use super::{Rounds, in_words};

#[test]
fn targeting_rules() {
    let seeds: Vec<Vec<u8>> = [
        json!({"and": [{"in": {"attribute": "plan", "values": ["pro", "team"]}}, {"ge": {"attribute": "age", "value": 7}}]}),
        json!({"or": [{"not": {"eq": {"attribute": "plan", "value": "pro"}}}, {"ne": {"attribute": "age", "value": 7.5}}]}),
        json!({"and": [{"not_in": {"attribute": "age", "values": [1, 2]}}, {"gt": {"attribute": "age", "value": -1}},
            {"lt": {"attribute": "age", "value": 1e9}}, {"le": {"attribute": "age", "value": 0}}]}),
        json!({"or": [{"exists": {"attribute": "plan", "exists": true}}, {"contains": {"attribute": "plan", "text": "r"}},
            {"prefix": {"attribute": "plan", "text": "p"}}, {"suffix": {"attribute": "a.b", "text": "o"}}]}),
        json!({"eq": {"attribute": "beta", "value": true}}),
    ]
    .iter()
    .map(|rule| rule.to_string().into_bytes())
    .collect();
    let units: [&dyn Attributes; 3] = [
        &(),
        &[("plan", Attribute::Text("pro")), ("age", Attribute::Number(7.0))],
        &[("plan", Attribute::Number(f64::MAX)), ("age", Attribute::Text("seven"))],
    ];
    for (seed, mut mutator) in Rounds::new("targeting_rules", 5_000) {
        let Ok(rule) = serde_json::from_slice::<Condition>(&mutator.json_bytes(&seeds)) else { continue };
        let written = serde_json::to_string(&rule).unwrap();
        let again: Condition = serde_json::from_str(&written).unwrap();
        assert_eq!(again, rule, "seed {seed}: written {written}");
        let mut named = 0;
        rule.visit_attributes(&mut |_| named += 1);
        for unit in units {
            let met = rule.matches(unit);
            assert_eq!(again.matches(unit), met, "seed {seed}");
            assert_ne!(Condition::Not(Box::new(rule.clone())).matches(unit), met, "seed {seed}");
        }
    }
}

#[tokio::test]
async fn flag_contexts() {
    let app = TestApp::start().await;
    let client = app.key();
    crate::faults::furnish(&app).await;
    let seeds: Vec<Vec<u8>> = [
        json!({"context": {"targetingKey": "user-1", "plan": "pro", "age": 7, "nested": {"a": [1, "b"]}, "beta": true}}),
        json!({"context": {"targetingKey": "üser", "id": "x", "session_id": "s", "trace_id": "t", "when": null}}),
        json!({"context": {"id": 12345}}),
        json!({}),
    ]
    .iter()
    .map(|context| context.to_string().into_bytes())
    .collect();
    let known = [json!("1"), json!("2")];
    let mut judged = 0;
    for (seed, mut mutator) in Rounds::new("flag_contexts", 500) {
        let body = mutator.json_bytes(&seeds);
        let (mut answers, mut limited) = (Vec::new(), false);
        for path in ["/ofrep/v1/evaluate/flags/greet.production", "/ofrep/v1/evaluate/flags"] {
            for _ in 0..2 {
                let request = client.request(axum::http::Method::POST, path);
                let request = request.header(axum::http::header::CONTENT_TYPE, crate::faults::JSON).body(body.clone());
                let answer = request.send().await;
                let status = in_words(&answer, &format!("seed {seed}: {path}"));
                limited |= status == 429;
                let said = answer.json();
                assert!(status == 200 || said["errorCode"].is_string(), "seed {seed}: {status} {said}");
                answers.push(said);
            }
        }
        // A long run may ask more than one key is allowed; then nothing is said of the unit.
        if limited {
            continue;
        }
        judged += 1;
        let [single, again, all, all_again] = &answers[..] else { panic!("four were asked") };
        assert_eq!((single, all), (again, all_again), "seed {seed}: the same unit gets the same");
        if let Some(value) = single.get("value") {
            assert!(known.contains(value), "seed {seed}: {single}");
            let flags = all["flags"].as_array().cloned().unwrap_or_default();
            let of_all = flags.iter().find(|flag| flag["key"] == "greet.production").map(|flag| &flag["value"]);
            assert_eq!(of_all, Some(value), "seed {seed}: both ways to ask say the same");
        } else {
            assert_ne!(single["errorCode"], Value::Null, "seed {seed}");
        }
    }
    assert!(judged >= 100, "{judged} units were told a version or why not");
}
