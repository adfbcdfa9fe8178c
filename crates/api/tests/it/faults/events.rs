//! Where spans, log records and scores come in.

use axum::http::Method;
use serde_json::{Value, json};
use testkit::otlp;

use super::{FRESH, PROTOBUF, deep, door::Door};
use crate::spans::protobuf;

pub(super) fn doors() -> Vec<Door> {
    let mut binary = spans("/api/public/otel/v1/traces", "POST /api/public/otel/v1/traces (protobuf)");
    binary.kind = PROTOBUF;
    // What protobuf can say at all; the rest is JSON's own.
    let as_protobuf = |body: &[u8]| serde_json::from_slice::<Value>(body).ok().map(|request| protobuf(&request));
    binary.good = as_protobuf(&binary.good).unwrap();
    let expressible = [
        "zero trace id",
        "zero span id",
        "ids of the wrong length",
        "far future",
        "year 2500",
        "huge attributes",
        "same id twice, other content",
        "prompt version nobody knows",
        "one bad span of two",
    ];
    binary.bodies.retain(|(fault, _)| expressible.contains(fault));
    for (_, body) in &mut binary.bodies {
        // Ids are bytes there: hexadecimal text of an odd length cannot be written, a short id can.
        let text = String::from_utf8(body.clone()).unwrap().replace("\"abc\"", "\"abcd\"");
        *body = as_protobuf(text.as_bytes()).unwrap();
    }
    let of_log = |field: &str, value: Value| {
        let mut record = json!({"traceId": otlp::TRACE, "spanId": FRESH, "eventName": "gen_ai.user.message",
            "timeUnixNano": "1795262400000000000", "body": {"stringValue": "hi"}});
        record[field] = value;
        json!({"resourceLogs": [{"scopeLogs": [{"logRecords": [record]}]}]})
    };
    vec![
        binary,
        spans("/api/public/otel/v1/traces", "POST /api/public/otel/v1/traces (JSON)"),
        spans("/v1/traces", "POST /v1/traces"),
        Door::json(
            "POST /api/public/otel/v1/logs",
            Method::POST,
            "/api/public/otel/v1/logs",
            &of_log("spanId", json!(FRESH)),
        ),
        Door::json("POST /v1/logs", Method::POST, "/v1/logs", &of_log("spanId", json!(FRESH)))
            .replace("invalid UTF-8 in a text", "\"hi\"", b"\"h\xffi\"")
            .replace("NaN, bare", "{\"stringValue\":\"hi\"}", b"{\"doubleValue\":NaN}")
            .body("wrong types", &of_log("attributes", json!(5)))
            .body("zero trace id", &of_log("traceId", json!("00000000000000000000000000000000")))
            .body("no span", &of_log("spanId", json!("")))
            .body("time that is none", &of_log("timeUnixNano", json!("soon")))
            .body("an event of no use here", &of_log("eventName", json!("app.started")))
            .body("evaluation without a name", &of_log("eventName", json!("gen_ai.evaluation.result")))
            .body("not a request", &json!([1])),
        scores(
            "POST /api/public/ingestion",
            "/api/public/ingestion",
            |score| json!({"batch": [{"id": FRESH, "type": "score-create", "body": score}]}),
        )
        .body("unknown event type", &json!({"batch": [{"id": FRESH, "type": "weather-create", "body": {}}]}))
        .body("batch missing", &json!({}))
        .body("same id twice, other content", &json!({"batch": twice().map(in_event)})),
        scores("POST /api/public/scores (array)", "/api/public/scores", |score| json!([score]))
            .body("same id twice, other content", &json!(twice())),
        scores("POST /api/public/scores (object)", "/api/public/scores", |score| score),
        own_scores(),
        feedback(),
        outcomes(),
        exposures(),
    ]
}

/// A score, and another one of its id.
fn twice() -> [Value; 2] {
    [0.5, 0.75].map(|value| json!({"id": FRESH, "traceId": otlp::TRACE, "name": "stars", "value": value}))
}

fn in_event(score: Value) -> Value {
    json!({"id": FRESH, "type": "score-create", "body": score})
}

/// In nanoseconds it is beyond what signed 64 bits can say.
const YEAR_2500: &str = "16725225600000000000";

/// A key over its limit, and more attributes than are kept of a span.
fn huge(span: otlp::SpanBuilder) -> otlp::SpanBuilder {
    let span = span.text(&"k".repeat(600), "v");
    (0..260).fold(span, |span, number| span.text(&format!("a{number}"), "v"))
}

fn spans(path: &str, name: &'static str) -> Door {
    let one = |span| otlp::request([span]);
    let good = || otlp::span(FRESH);
    let far = "4102444800000000000";
    let deep = (0..200).fold(json!({"stringValue": "x"}), |inner, _| json!({"arrayValue": {"values": [inner]}}));
    let deep = format!("\"attributes\":[{{\"key\":\"deep\",\"value\":{deep}}},{{");
    Door::json(name, Method::POST, path, &one(good()))
        .replace("invalid UTF-8 in a text", "\"answer\"", b"\"ans\xffwer\"")
        .replace(
            "NaN, bare",
            "\"attributes\":[{",
            b"\"attributes\":[{\"key\":\"ratio\",\"value\":{\"doubleValue\":NaN}},{",
        )
        .body("NaN, as a text", &one(good().attribute("ratio", json!({"doubleValue": "NaN"}))))
        .body("wrong types", &one(good().field("name", json!(5)).field("attributes", json!("x"))))
        .body("zero trace id", &one(good().trace("00000000000000000000000000000000")))
        .body("zero span id", &one(otlp::span("0000000000000000")))
        .body("ids of the wrong length", &one(good().trace("abc")))
        .body("far future", &one(good().field("startTimeUnixNano", far.into()).field("endTimeUnixNano", far.into())))
        .body(
            "year 2500",
            &one(good().field("startTimeUnixNano", YEAR_2500.into()).field("endTimeUnixNano", far.into())),
        )
        .body("huge attributes", &one(huge(good())))
        .body("same id twice, other content", &otlp::request([good(), good().name("answered otherwise")]))
        .body("prompt version nobody knows", &one(good().prompt("ghost", 999)))
        .body("one bad span of two", &otlp::request([good(), otlp::span("0000000000000000")]))
        .replace("deep nesting", "\"attributes\":[{", deep.as_bytes())
        .body("not a request", &json!([1]))
}

fn scores(name: &'static str, path: &str, wrap: fn(Value) -> Value) -> Door {
    let good = || json!({"id": FRESH, "traceId": otlp::TRACE, "name": "stars", "value": 0.5});
    let with = |field: &str, value: Value| {
        let mut score = good();
        score[field] = value;
        wrap(score)
    };
    Door::json(name, Method::POST, path, &wrap(good()))
        .replace("invalid UTF-8 in a text", "\"stars\"", b"\"st\xffars\"")
        .replace("NaN", "0.5", b"NaN")
        .body("wrong types", &with("name", json!(5)))
        .body("value missing", &with("value", Value::Null))
        .body(
            "value does not fit its type",
            &wrap(json!({"id": FRESH, "traceId": otlp::TRACE, "name": "stars", "value": "x", "dataType": "NUMERIC"})),
        )
        .body("zero trace id", &with("traceId", json!("00000000000000000000000000000000")))
        .body("no target", &wrap(json!({"id": FRESH, "name": "stars", "value": 1})))
        .body("trace nobody knows", &with("traceId", json!(otlp::ORPHAN)))
        .body("far future", &with("timestamp", json!("2999-01-01T00:00:00Z")))
        .body("year 2500", &with("timestamp", json!("2500-01-01T00:00:00Z")))
        .body("huge text", &with("comment", json!("x".repeat(50_000))))
        .body("deep nesting", &with("metadata", deep(120)))
}

fn own_scores() -> Door {
    let good = || json!({"id": FRESH, "trace": otlp::TRACE, "name": "stars", "value": 0.5});
    let with = |field: &str, value: Value| {
        let mut score = good();
        score[field] = value;
        score
    };
    Door::json("POST /api/v1/scores", Method::POST, "/api/v1/scores", &json!([good()]))
        .replace("invalid UTF-8 in a text", "\"stars\"", b"\"st\xffars\"")
        .replace("NaN", "0.5", b"NaN")
        .body("wrong types", &with("name", json!(5)))
        .body("unknown field", &with("colour", json!("red")))
        .body("value missing", &with("value", Value::Null))
        .body(
            "value does not fit its type",
            &json!({"trace": otlp::TRACE, "name": "stars", "value": "x", "type": "numeric"}),
        )
        .body("zero trace id", &with("trace", json!("00000000000000000000000000000000")))
        .body("no target", &json!({"name": "stars", "value": 1}))
        .body("two targets", &with("session", json!("s")))
        .body("trace nobody knows", &with("trace", json!(otlp::ORPHAN)))
        .body("far future", &with("at", json!("2999-01-01T00:00:00Z")))
        .body("year 2500", &with("at", json!("2500-01-01T00:00:00Z")))
        .body("huge text", &with("comment", json!("x".repeat(50_000))))
        .body("same id twice, other content", &json!([good(), with("value", json!(0.75))]))
        .body("one bad score of two", &json!([good(), with("at", json!("2999-01-01T00:00:00Z"))]))
        .body("deep nesting", &with("metadata", deep(120)))
}

fn outcomes() -> Door {
    let good = || json!({"id": FRESH, "name": "buy", "unit": {"kind": "user", "id": "ana"}, "value": 9.5});
    let with = |field: &str, value: Value| {
        let mut event = good();
        event[field] = value;
        event
    };
    let many: serde_json::Map<String, Value> = (0..51).map(|at| (at.to_string(), json!(at))).collect();
    Door::json("POST /api/v1/events", Method::POST, "/api/v1/events", &json!([good()]))
        .replace("invalid UTF-8 in a text", "\"ana\"", b"\"an\xffa\"")
        .replace("NaN", "9.5", b"NaN")
        .body("wrong types", &with("name", json!(5)))
        .body("name with blanks", &with("name", json!("two words")))
        .body("unknown field", &with("colour", json!("red")))
        .body("value out of range", &with("value", json!(1e12)))
        .body("no unit", &json!({"name": "buy"}))
        .body("two units", &with("session", json!("s")))
        .body("unknown kind of unit", &with("unit", json!({"kind": "person", "id": "ana"})))
        .body("unit without an id", &with("unit", json!({"kind": "user", "id": ""})))
        .body("unit of too long an id", &with("unit", json!({"kind": "user", "id": "x".repeat(201)})))
        .body("trace that is none", &with("unit", json!({"kind": "trace", "id": "ana"})))
        .body("too many properties", &with("properties", json!(many)))
        .body("too large properties", &with("properties", json!({"text": "x".repeat(9_000)})))
        .body("far future", &with("at", json!("2999-01-01T00:00:00Z")))
        .body("year 2500", &with("at", json!("2500-01-01T00:00:00Z")))
        .body("same id twice, other content", &json!([good(), with("value", json!(7.5))]))
        .body("one bad event of two", &json!([good(), with("value", json!(1e12))]))
        .body("deep nesting", &with("properties", json!({"deep": deep(120)})))
}

fn exposures() -> Door {
    let good = || json!({"experiment": crate::results::KEY, "unit": FRESH, "arm": "b"});
    let with = |field: &str, value: Value| {
        let mut exposure = good();
        exposure[field] = value;
        exposure
    };
    Door::json("POST /api/v1/exposures", Method::POST, "/api/v1/exposures", &json!([good()]))
        .replace("invalid UTF-8 in a text", "\"b\"", b"\"\xffb\"")
        .body("wrong types", &with("unit", json!(5)))
        .body("unknown field", &with("colour", json!("red")))
        .body("experiment nobody knows", &with("experiment", json!("ghost")))
        .body("arm nobody knows", &with("arm", json!("c")))
        .body("unit without an id", &with("unit", json!("")))
        .body("before the experiment", &with("at", json!("2001-01-01T00:00:00Z")))
        .body("far future", &with("at", json!("2999-01-01T00:00:00Z")))
        .body("year 2500", &with("at", json!("2500-01-01T00:00:00Z")))
        .body("same unit twice, other arm", &json!([good(), with("arm", json!("a"))]))
        .body("one bad exposure of two", &json!([good(), with("arm", json!("c"))]))
}

fn feedback() -> Door {
    let good = || json!({"trace": otlp::TRACE, "thumbs": "up", "comment": "fine", "user": FRESH});
    let with = |field: &str, value: Value| {
        let mut feedback = good();
        feedback[field] = value;
        feedback
    };
    Door::json("POST /api/v1/feedback", Method::POST, "/api/v1/feedback", &good())
        .replace("invalid UTF-8 in a text", "\"fine\"", b"\"fi\xffne\"")
        .body("wrong types", &with("rating", json!("4")))
        .body("unknown field", &with("colour", json!("red")))
        .body("thumb that is neither", &with("thumbs", json!("sideways")))
        .body("rating out of range", &with("rating", json!(6)))
        .body("nothing said", &json!({"trace": otlp::TRACE}))
        .body("comment too long", &with("comment", json!("x".repeat(5_001))))
        .body("zero trace id", &with("trace", json!("00000000000000000000000000000000")))
        .body("no target", &json!({"thumbs": "up"}))
        .body("two targets", &with("session", json!("s")))
        .body("trace nobody knows", &with("trace", json!(otlp::ORPHAN)))
}
