//! Scores by both doors (`SDK-PROTOCOL.md` 5).

use domain::{
    ids::ScoreId,
    score::{ScoreSource, ScoreTarget, ScoreValue},
    time::TimeUs,
};
use otlp::langfuse::{Outcome, ScoreDraft, Scores, parse_ingestion, parse_scores};
use serde_json::{Value, json};

use crate::{
    build::{SPAN, TRACE},
    fixtures::recorded,
};

fn one(body: &Value) -> Result<Box<ScoreDraft>, String> {
    match parse_scores(body.to_string().as_bytes()).unwrap() {
        Scores::One(score) => score.map_err(|invalid| invalid.to_string()),
        Scores::Many(_) => panic!("an object is one score"),
    }
}

fn with(more: Value) -> Value {
    let mut body = json!({"traceId": TRACE, "name": "n", "value": 1});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body
}

fn ingestion(batch: &Value) -> Vec<(String, Outcome)> {
    let body = json!({"batch": batch, "metadata": {"api_key": "sk-secret"}}).to_string();
    parse_ingestion(body.as_bytes()).unwrap().events.into_iter().map(|event| (event.id, event.outcome)).collect()
}

#[test]
fn every_recorded_score_is_read() {
    let mut seen = 0;
    let check = |draft: &ScoreDraft, sent: &Value, at: &str| {
        assert_eq!(draft.id.as_ref().unwrap().as_str(), sent["id"].as_str().unwrap(), "{at}");
        assert_eq!(draft.name.as_str(), sent["name"].as_str().unwrap(), "{at}");
        let target = match &draft.target {
            ScoreTarget::Observation { trace, span } => json!([trace, span, null]),
            ScoreTarget::Trace { trace } => json!([trace, null, null]),
            ScoreTarget::Session { session } => json!([null, null, session]),
        };
        assert_eq!(target, json!([sent["traceId"], sent["observationId"], sent["sessionId"]]), "{at}");
        let (kind, value) = match &draft.value {
            ScoreValue::Numeric(number) => ("NUMERIC", json!(number)),
            ScoreValue::Boolean(value) => ("BOOLEAN", json!(f64::from(u8::from(*value)))),
            ScoreValue::Categorical(text) => ("CATEGORICAL", json!(text)),
            ScoreValue::Text(text) => ("TEXT", json!(text)),
        };
        if let Some(sent) = sent["dataType"].as_str() {
            assert_eq!(kind, sent, "{at}");
        }
        let sent_value = sent["value"].as_f64().map_or_else(|| sent["value"].clone(), Value::from);
        assert_eq!(value, sent_value, "{at}");
        assert_eq!(draft.comment.as_deref(), sent["comment"].as_str(), "{at}");
        assert_eq!(draft.metadata, sent["metadata"], "{at}");
        assert_eq!(draft.environment, sent["environment"].as_str().unwrap_or("default"), "{at}");
        assert!(draft.at_us.is_some(), "{at}");
    };
    for request in recorded("/api/public/ingestion") {
        let parsed = parse_ingestion(&request.bytes).unwrap();
        for (event, sent) in parsed.events.iter().zip(request.body["batch"].as_array().unwrap()) {
            assert_eq!(event.id, sent["id"].as_str().unwrap());
            let Outcome::Score(draft) = &event.outcome else { panic!("{:?}", event.outcome) };
            check(draft, &sent["body"], &request.name);
            assert_eq!(draft.at_us, Some(sent["timestamp"].as_str().unwrap().parse().unwrap()));
            seen += 1;
        }
        assert!(!format!("{parsed:?}").contains("sk-"), "no key survives");
    }
    for request in recorded("/api/public/scores") {
        let Scores::Many(scores) = parse_scores(&request.bytes).unwrap() else { panic!("an array is many") };
        for (draft, sent) in scores.iter().zip(request.body.as_array().unwrap()) {
            check(draft.as_ref().unwrap(), sent, &request.name);
            seen += 1;
        }
    }
    assert_eq!(seen, 64);
}

#[test]
fn values_by_type() {
    for (value, data_type, expected) in [
        (json!(0.75), json!("NUMERIC"), ScoreValue::Numeric(0.75)),
        (json!(3), json!(null), ScoreValue::Numeric(3.0)),
        (json!(-1), json!("numeric"), ScoreValue::Numeric(-1.0)),
        (json!(1.0), json!("BOOLEAN"), ScoreValue::Boolean(true)),
        (json!(0), json!("BOOLEAN"), ScoreValue::Boolean(false)),
        (json!(true), json!("BOOLEAN"), ScoreValue::Boolean(true)),
        (json!(false), json!(null), ScoreValue::Boolean(false)),
        (json!("good"), json!(null), ScoreValue::Categorical("good".to_owned())),
        (json!("good"), json!("CATEGORICAL"), ScoreValue::Categorical("good".to_owned())),
        (json!("free text"), json!("TEXT"), ScoreValue::Text("free text".to_owned())),
        (json!("fixed"), json!("CORRECTION"), ScoreValue::Text("fixed".to_owned())),
    ] {
        let draft = one(&with(json!({"value": value, "dataType": data_type}))).unwrap();
        assert_eq!(draft.value, expected, "{value} {data_type}");
    }
    let wrong: Vec<String> = [
        json!({"value": "0.7", "dataType": "NUMERIC"}),
        json!({"value": true, "dataType": "NUMERIC"}),
        json!({"value": 1e10}),
        json!({"value": 0.5, "dataType": "BOOLEAN"}),
        json!({"value": "true", "dataType": "BOOLEAN"}),
        json!({"value": 1, "dataType": "CATEGORICAL"}),
        json!({"value": "", "dataType": "CATEGORICAL"}),
        json!({"value": "x".repeat(501)}),
        json!({"value": 1, "dataType": "TEXT"}),
        json!({"value": {"a": 1}}),
        json!({"value": null}),
        json!({"value": 1, "dataType": "STARS"}),
        json!({"value": 1, "dataType": 1}),
    ]
    .into_iter()
    .map(|more| one(&with(more)).unwrap_err())
    .collect();
    insta::assert_debug_snapshot!(wrong);
}

#[test]
fn targets_and_fields() {
    let target = |more: Value| one(&with(more)).map(|draft| draft.target);
    let trace = TRACE.parse().unwrap();
    assert_eq!(target(json!({})), Ok(ScoreTarget::Trace { trace }));
    assert_eq!(target(json!({"sessionId": "s"})), Ok(ScoreTarget::Trace { trace }));
    let observation = ScoreTarget::Observation { trace, span: SPAN.parse().unwrap() };
    assert_eq!(target(json!({"observationId": SPAN})), Ok(observation));
    assert_eq!(
        target(json!({"traceId": null, "sessionId": "s"})),
        Ok(ScoreTarget::Session { session: "s".to_owned() })
    );
    let wrong: Vec<String> = [
        json!({"traceId": null}),
        json!({"traceId": "", "observationId": SPAN}),
        json!({"traceId": "trace-1"}),
        json!({"traceId": "0".repeat(32)}),
        json!({"observationId": 7}),
        json!({"traceId": null, "datasetRunId": "r"}),
        json!({"name": null}),
        json!({"name": "x".repeat(121)}),
        json!({"id": "x".repeat(129)}),
        json!({"timestamp": "yesterday"}),
        json!({"comment": 3}),
        json!({"metadata": "x".repeat(70_000)}),
    ]
    .into_iter()
    .map(|more| one(&with(more)).unwrap_err())
    .collect();
    insta::assert_debug_snapshot!(wrong);

    let draft = one(&with(json!({"comment": "c", "configId": "cfg", "environment": "Not Valid", "unknown": 1,
        "metadata": {"api_key": "sk-1", "k": "v"}, "timestamp": "2026-11-21T02:45:23Z"})))
    .unwrap();
    assert_eq!((draft.comment.as_deref(), draft.config_id.as_deref()), (Some("c"), Some("cfg")));
    assert_eq!((draft.environment.as_str(), &draft.metadata), ("default", &json!({"k": "v"})));
    assert!(draft.id.is_none());
    let made: ScoreId = "made".parse().unwrap();
    let score = draft.into_score(|| made.clone(), TimeUs(0), ScoreSource::Api);
    assert_eq!((score.id, score.at_us.to_string()), (made, "2026-11-21T02:45:23.000000Z".to_owned()));
}

#[test]
fn a_batch_is_answered_event_by_event() {
    let events = ingestion(&json!([
        {"id": "e1", "type": "score-create", "timestamp": "2026-11-21T02:48:01.420840Z",
            "body": {"traceId": TRACE, "name": "n", "value": 1}},
        {"id": "e2", "type": "trace-create", "body": {}},
        {"id": "e3", "type": "score-create", "body": {"name": "n", "value": 1}},
        {"id": "e4", "type": "dance"},
        {"id": "e5", "type": "score-create", "body": []},
        {"id": "e6"},
        {"type": "score-create"},
        7
    ]));
    let Outcome::Score(draft) = &events[0].1 else { panic!("{:?}", events[0]) };
    assert_eq!(draft.id.as_ref().map(ScoreId::as_str), Some("e1"), "a resent event stays one score");
    assert_eq!(draft.at_us.unwrap().to_string(), "2026-11-21T02:48:01.420840Z");
    assert_eq!(events[1].1, Outcome::Ignored { kind: "trace-create".to_owned() });
    let wrong: Vec<String> = events[2..]
        .iter()
        .map(|(id, outcome)| match outcome {
            Outcome::Invalid(invalid) => format!("{id}: {invalid}"),
            other => panic!("{other:?}"),
        })
        .collect();
    insta::assert_debug_snapshot!(wrong);
}

#[test]
fn python_writes_nan_and_only_that_score_is_refused() {
    let body = format!(
        r#"[{{"traceId":"{TRACE}","name":"NaN \"Infinity","value":NaN}},
            {{"traceId":"{TRACE}","name":"b","value":-Infinity}},
            {{"traceId":"{TRACE}","name":"NaN","value":2,"metadata":{{"x":Infinity}}}}]"#
    );
    let Scores::Many(scores) = parse_scores(body.as_bytes()).unwrap() else { panic!("an array is many") };
    let expected =
        "`value`: it is missing, or `NaN` or infinite, which is no score; send a finite number, a boolean or a text";
    assert_eq!(scores[0].as_ref().unwrap_err().to_string(), expected);
    assert_eq!(scores[1].as_ref().unwrap_err().to_string(), expected);
    assert_eq!(
        (scores[2].as_ref().unwrap().name.as_str(), &scores[2].as_ref().unwrap().metadata),
        ("NaN", &json!({"x": null}))
    );
}

#[test]
fn bodies_that_cannot_be_read_say_what_would_be_right() {
    let many = format!("[{}]", vec!["{}"; otlp::limits::SCORES + 1].join(","));
    let errors: Vec<String> = [b"".as_slice(), b"[1,", b"7", b"NaN,", many.as_bytes()]
        .iter()
        .map(|body| parse_scores(body).unwrap_err().to_string())
        .chain(
            [b"{".as_slice(), b"[]", b"{}", b"{\"batch\":{}}"]
                .iter()
                .map(|body| parse_ingestion(body).unwrap_err().to_string()),
        )
        .collect();
    insta::assert_debug_snapshot!(errors);
}
