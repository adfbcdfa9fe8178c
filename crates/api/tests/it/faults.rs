//! Every door with every fault: the answer, and what is stored after it. Read the table in
//! `snapshots/it__faults__faults.snap`.

mod prices;

use std::fmt::Write as _;

use api::ApiConfig;
use axum::http::{
    HeaderName, Method,
    header::{CONTENT_ENCODING, CONTENT_TYPE},
};
use domain::auth::Scope;
use serde_json::{Value, json};
use testkit::{Client, TestApp, otlp};

use crate::spans::{gzip, protobuf};

/// Stands for an id that is new in every cell: a span's, a score's, an event's.
const FRESH: &str = "eeeeeeeeeeeeeeee";
/// A trace that only our own project has.
const OURS: &str = "0af7651916cd43dd8448eb211c80aaaa";
/// The largest body here; the real limit takes too long to fill in every cell.
const MAX_BODY: usize = 64 * 1024;

const JSON: &str = "application/json";
const PROTOBUF: &str = "application/x-protobuf";

/// A place where requests come in, with a good request and the ways to spoil it that only make sense there.
struct Door {
    name: &'static str,
    method: Method,
    path: String,
    kind: &'static str,
    good: Vec<u8>,
    bodies: Vec<(&'static str, Vec<u8>)>,
    /// Requests under an `Idempotency-Key`, one after another.
    keyed: Vec<(&'static str, String, Option<Vec<u8>>)>,
    paths: Vec<(&'static str, String)>,
}

/// A request as one cell sends it.
struct Attempt {
    fault: &'static str,
    client: Client,
    path: String,
    kind: &'static str,
    coding: Option<&'static str>,
    key: Option<String>,
    body: Vec<u8>,
}

struct Clients {
    good: Client,
    wrong: Client,
    revoked: Client,
    neighbour: Client,
}

impl Door {
    fn json(name: &'static str, method: Method, path: &str, good: &Value) -> Self {
        Self { method, kind: JSON, good: good.to_string().into_bytes(), ..Self::reading(name, path) }
    }

    fn reading(name: &'static str, path: &str) -> Self {
        Self {
            name,
            method: Method::GET,
            path: path.to_owned(),
            kind: "",
            good: Vec::new(),
            bodies: Vec::new(),
            keyed: Vec::new(),
            paths: Vec::new(),
        }
    }

    fn with_method(self, method: Method) -> Self {
        Self { method, ..self }
    }

    /// The good request, or another one, under an `Idempotency-Key`.
    fn keyed(mut self, fault: &'static str, key: &str, body: Option<&Value>) -> Self {
        self.keyed.push((fault, key.to_owned(), body.map(|body| body.to_string().into_bytes())));
        self
    }

    /// A fault of the body, as JSON.
    fn body(mut self, fault: &'static str, body: &Value) -> Self {
        self.bodies.push((fault, body.to_string().into_bytes()));
        self
    }

    /// A fault of the body made by replacing text, for what JSON cannot say.
    fn replace(mut self, fault: &'static str, from: &str, to: &[u8]) -> Self {
        let text = String::from_utf8(self.good.clone()).unwrap();
        let (before, after) = text.split_once(from).unwrap();
        self.bodies.push((fault, [before.as_bytes(), to, after.as_bytes()].concat()));
        self
    }

    fn path(mut self, fault: &'static str, path: &str) -> Self {
        self.paths.push((fault, path.to_owned()));
        self
    }

    fn attempts(&self, clients: &Clients) -> Vec<Attempt> {
        let attempt = |fault, client: &Client| Attempt {
            fault,
            client: client.clone(),
            path: self.path.clone(),
            kind: self.kind,
            coding: None,
            key: None,
            body: self.good.clone(),
        };
        let good = |fault| attempt(fault, &clients.good);
        let mut all = vec![
            good("none: as it should be"),
            attempt("wrong key", &clients.wrong),
            attempt("revoked key", &clients.revoked),
            attempt("key of another project, its ids ours", &clients.neighbour),
        ];
        if !self.good.is_empty() {
            let half = self.good.len() / 2;
            all.push(Attempt { body: Vec::new(), ..good("empty body") });
            all.push(Attempt { body: self.good[..half].to_vec(), ..good("truncated body") });
            all.push(Attempt { body: b"\xff\x00{[not this".to_vec(), ..good("malformed body") });
            all.push(Attempt { kind: "text/plain", ..good("wrong content type") });
            all.push(Attempt { kind: "", ..good("no content type") });
            all.push(Attempt { coding: Some("br"), ..good("unknown encoding") });
            all.push(Attempt { coding: Some("gzip"), ..good("not gzip though it says so") });
            let packed = gzip(&self.good);
            all.push(Attempt {
                coding: Some("gzip"),
                body: packed[..packed.len() - 5].to_vec(),
                ..good("gzip cut short")
            });
            all.push(Attempt { body: vec![b' '; MAX_BODY + 1], ..good("oversize") });
            all.push(Attempt {
                coding: Some("gzip"),
                body: gzip(&vec![b' '; 40 * MAX_BODY]),
                ..good("decompression bomb")
            });
        }
        for (fault, body) in &self.bodies {
            all.push(Attempt { body: body.clone(), ..good(fault) });
        }
        for (fault, key, body) in &self.keyed {
            let body = body.clone().unwrap_or_else(|| self.good.clone());
            all.push(Attempt { key: Some(key.clone()), body, ..good(fault) });
        }
        for (fault, path) in &self.paths {
            all.push(Attempt { path: path.clone(), ..good(fault) });
        }
        all
    }
}

fn deep(levels: usize) -> Value {
    (0..levels).fold(json!(1), |inner, _| json!([inner]))
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
        .body("one bad score of two", &json!([good(), with("at", json!("2999-01-01T00:00:00Z"))]))
        .body("deep nesting", &with("metadata", deep(120)))
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

fn doors(price: &str) -> Vec<Door> {
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
        "prompt version nobody knows",
        "one bad span of two",
    ];
    binary.bodies.retain(|(fault, _)| expressible.contains(fault));
    for (_, body) in &mut binary.bodies {
        // Ids are bytes there: hexadecimal text of an odd length cannot be written, a short id can.
        let text = String::from_utf8(body.clone()).unwrap().replace("\"abc\"", "\"abcd\"");
        *body = as_protobuf(text.as_bytes()).unwrap();
    }
    let prompt = json!({"name": "made", "prompt": "Hi {{name}}", "labels": ["staging"]});
    let with = |field: &str, value: Value| {
        let mut changed = prompt.clone();
        changed[field] = value;
        changed
    };
    let of_log = |field: &str, value: Value| {
        let mut record = json!({"traceId": otlp::TRACE, "spanId": FRESH, "eventName": "gen_ai.user.message",
            "timeUnixNano": "1795262400000000000", "body": {"stringValue": "hi"}});
        record[field] = value;
        json!({"resourceLogs": [{"scopeLogs": [{"logRecords": [record]}]}]})
    };
    let media = json!({"contentType": "image/png", "contentLength": 3, "sha256Hash": format!("{}=", "A".repeat(43))});
    let of_media = |field: &str, value: Value| {
        let mut changed = media.clone();
        changed[field] = value;
        changed
    };
    let query = json!({"measures": ["count"], "range": "24h"});
    let mut doors = vec![
        binary,
        spans("/api/public/otel/v1/traces", "POST /api/public/otel/v1/traces (JSON)"),
        spans("/v1/traces", "POST /v1/traces"),
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
        scores("POST /api/public/ingestion", "/api/public/ingestion", |score| {
            json!({"batch": [{"id": FRESH, "type": "score-create", "body": score}]})
        })
        .body("unknown event type", &json!({"batch": [{"id": FRESH, "type": "weather-create", "body": {}}]}))
        .body("batch missing", &json!({})),
        scores("POST /api/public/scores (array)", "/api/public/scores", |score| json!([score])),
        scores("POST /api/public/scores (object)", "/api/public/scores", |score| score),
        own_scores(),
        feedback(),
        Door::json("POST /api/public/v2/prompts", Method::POST, "/api/public/v2/prompts", &prompt)
            .replace("invalid UTF-8 in a text", "Hi ", b"H\xff ")
            .replace("NaN", "\"Hi {{name}}\"", b"NaN")
            .body("wrong types", &with("labels", json!("staging")))
            .body("name missing", &json!({"prompt": "x"}))
            .body("name that is none", &with("name", json!("a//b")))
            .body("unknown type", &with("type", json!("picture")))
            .body("message without content", &json!({"name": "made", "type": "chat", "prompt": [{"role": "user"}]}))
            .body("label that is none", &with("labels", json!(["Not A Label"])))
            .body("deep nesting", &with("config", json!({"a": deep(120)})))
            .body("of the other type than before", &json!({"name": "greet", "type": "chat", "prompt": [{"role": "user", "content": "x"}]})),
        Door::json("PATCH /api/public/v2/prompts/greet/versions/1", Method::PATCH, "/api/public/v2/prompts/greet/versions/1", &json!({"newLabels": ["staging"]}))
            .replace("invalid UTF-8 in a text", "staging", b"stag\xffing")
            .replace("NaN", "[\"staging\"]", b"NaN")
            .body("wrong types", &json!({"newLabels": [1]}))
            .body("label that is none", &json!({"newLabels": ["Not A Label"]}))
            .body("the derived label", &json!({"newLabels": ["latest"]}))
            .body("deep nesting", &json!({"newLabels": deep(200)}))
            .path("version nobody knows", "/api/public/v2/prompts/greet/versions/99")
            .path("version that is no number", "/api/public/v2/prompts/greet/versions/one")
            .path("prompt nobody knows", "/api/public/v2/prompts/ghost/versions/1")
            .path("invalid UTF-8 in the path", "/api/public/v2/prompts/gr%FFeet/versions/1"),
        Door::json("POST /api/v1/prompts", Method::POST, "/api/v1/prompts", &prompt)
            .replace("invalid UTF-8 in a text", "Hi ", b"H\xff ")
            .body("unknown field", &with("colour", json!(1)))
            .body("wrong types", &with("labels", json!("staging")))
            .body("name that is none", &with("name", json!("a//b")))
            .body("deep nesting", &with("config", json!({"a": deep(120)})))
            .keyed("Idempotency-Key that is none", "", None)
            .keyed("Idempotency-Key too long", &"k".repeat(256), None)
            .keyed("Idempotency-Key, refused", "k", Some(&with("name", json!("a//b"))))
            .keyed("Idempotency-Key, corrected", "k", None)
            .keyed("Idempotency-Key, repeated", "k", None)
            .keyed("Idempotency-Key, other body", "k", Some(&with("prompt", json!("Ho")))),
        Door::reading("GET /api/public/v2/prompts/greet", "/api/public/v2/prompts/greet")
            .path("version nobody knows", "/api/public/v2/prompts/greet?version=99")
            .path("version that is no number", "/api/public/v2/prompts/greet?version=one")
            .path("version zero", "/api/public/v2/prompts/greet?version=0")
            .path("label nobody knows", "/api/public/v2/prompts/greet?label=ghost")
            .path("version and label", "/api/public/v2/prompts/greet?version=1&label=production")
            .path("prompt nobody knows", "/api/public/v2/prompts/ghost")
            .path("invalid UTF-8 in the path", "/api/public/v2/prompts/gr%FFeet"),
        Door::json("POST /api/v1/query", Method::POST, "/api/v1/query", &query)
            .replace("invalid UTF-8 in a text", "24h", b"24\xffh")
            .replace("NaN", "\"24h\"", b"NaN")
            .body("wrong types", &json!({"measures": "count", "range": "24h"}))
            .body("unknown measure", &json!({"measures": ["ctr"], "range": "24h"}))
            .body("unknown field", &json!({"measures": ["count"], "range": "24h", "colour": 1}))
            .body("range that is none", &json!({"measures": ["count"], "range": "soon"}))
            .body("range that ends before it begins", &json!({"measures": ["count"], "range": {"from": "2026-11-22T00:00:00Z", "to": "2026-11-21T00:00:00Z"}}))
            .body("too many steps", &json!({"measures": ["count"], "range": "366d", "granularity": "hour"}))
            .body("nothing asked", &json!({"range": "24h"}))
            .body("unknown dimension", &json!({"measures": ["count"], "range": "24h", "dimensions": ["colour"]}))
            .body("unknown distribution", &json!({"distributions": ["count"], "range": "24h"}))
            .body("zone that is none", &json!({"measures": ["count"], "range": "24h", "granularity": "day", "zone": "Mars/Base"}))
            .body("adoption without versions", &json!({"measures": ["adoption"], "range": "24h"}))
            .body("label without one prompt", &json!({"measures": ["count"], "range": "24h", "dimensions": ["label"]}))
            .body("version that is no number", &json!({"measures": ["count"], "range": "24h", "filters": [{"dimension": "version", "values": ["v2"]}]}))
            .body("two baselines", &json!({"measures": ["count"], "range": "24h", "dimensions": ["version"], "compare": {"range": "previous", "dimension": "version", "value": "1"}}))
            .body("baseline that does not split", &json!({"measures": ["count"], "range": "24h", "compare": {"dimension": "version", "value": "1"}}))
            .body("deep nesting", &json!({"measures": deep(200), "range": "24h"})),
        Door::reading("GET /api/v1/prompts/{name}/metrics", "/api/v1/prompts/greet/metrics")
            .path("unknown measure", "/api/v1/prompts/greet/metrics?measures=ctr")
            .path("zone that is none", "/api/v1/prompts/greet/metrics?granularity=day&zone=Mars")
            .path("baseline that is no number", "/api/v1/prompts/greet/metrics?baseline=one")
            .path("baseline without versions", "/api/v1/prompts/greet/metrics?by=model&baseline=1"),
        Door::json("POST /api/public/media", Method::POST, "/api/public/media", &media)
            .replace("NaN", "\"contentLength\":3", b"\"contentLength\":NaN")
            .body("wrong types", &of_media("contentLength", json!("three")))
            .body("content type that is none", &of_media("contentType", json!("picture")))
            .body("digest that is none", &of_media("sha256Hash", json!("abc")))
            .body("nothing to come", &of_media("contentLength", json!(0)))
            .body("too much to come", &of_media("contentLength", json!(u64::MAX)))
            .body("deep nesting", &of_media("field", deep(200))),
        Door::reading("PUT /api/public/media/{project}/{id}", "/api/public/media/x/y?expires=1&signature=x")
            .with_method(Method::PUT)
            .path("no signature", "/api/public/media/x/y")
            .path("signature that is none", "/api/public/media/x/y?expires=1&signature=%21")
            .path("expiry that is none", "/api/public/media/x/y?expires=soon&signature=x"),
        Door::json("POST /api/public/v2/datasets", Method::POST, "/api/public/v2/datasets", &json!({"name": "set"}))
            .replace("invalid UTF-8 in a text", "set", b"s\xfft")
            .body("wrong types", &json!({"name": 5}))
            .body("name missing", &json!({}))
            .body("name that is none", &json!({"name": "  "}))
            .body("deep nesting", &json!({"name": "set", "metadata": deep(200)})),
        Door::json("POST /api/public/dataset-items", Method::POST, "/api/public/dataset-items", &json!({"datasetName": "set", "input": {"q": 1}}))
            .replace("NaN", "1", b"NaN")
            .body("wrong types", &json!({"datasetName": "set", "id": 5}))
            .body("dataset nobody knows", &json!({"datasetName": "ghost"}))
            .body("status nobody knows", &json!({"datasetName": "set", "status": "GONE"}))
            .body("deep nesting", &json!({"datasetName": "set", "input": deep(200)})),
        Door::json("POST /api/public/dataset-run-items", Method::POST, "/api/public/dataset-run-items", &json!({"runName": "run", "datasetItemId": "item", "traceId": otlp::TRACE}))
            .body("wrong types", &json!({"runName": 5, "datasetItemId": "item", "traceId": otlp::TRACE}))
            .body("item nobody knows", &json!({"runName": "run", "datasetItemId": "ghost", "traceId": otlp::TRACE}))
            .body("neither trace nor observation", &json!({"runName": "run", "datasetItemId": "item"}))
            .body("zero trace id", &json!({"runName": "run", "datasetItemId": "item", "traceId": "00000000000000000000000000000000"}))
            .body("observation nobody knows", &json!({"runName": "run", "datasetItemId": "item", "observationId": "00000000000000ff"})),
        Door::json("POST /api/public/comments", Method::POST, "/api/public/comments", &json!({"objectType": "TRACE", "objectId": otlp::TRACE, "content": "hm"}))
            .replace("invalid UTF-8 in a text", "hm", b"h\xffm")
            .body("wrong types", &json!({"objectType": "TRACE", "objectId": 5, "content": "hm"}))
            .body("kind nobody knows", &json!({"objectType": "PLANET", "objectId": "x", "content": "hm"}))
            .body("nothing said", &json!({"objectType": "TRACE", "objectId": "x", "content": " "}))
            .body("another project", &json!({"projectId": "other", "objectType": "TRACE", "objectId": "x", "content": "hm"})),
        Door::json("POST /api/public/score-configs", Method::POST, "/api/public/score-configs", &json!({"name": "tone", "dataType": "NUMERIC", "minValue": 1}))
            .replace("NaN", ":1", b":NaN")
            .body("wrong types", &json!({"name": "tone", "dataType": "NUMERIC", "minValue": "x"}))
            .body("type nobody knows", &json!({"name": "tone", "dataType": "PICTURE"}))
            .body("least above most", &json!({"name": "tone", "dataType": "NUMERIC", "minValue": 2, "maxValue": 1}))
            .body("categories missing", &json!({"name": "tone", "dataType": "CATEGORICAL"})),
        Door::reading("GET /api/public/traces", "/api/public/traces")
            .path("page zero", "/api/public/traces?page=0")
            .path("page that is no number", "/api/public/traces?page=one")
            .path("page too far down", "/api/public/traces?page=1000000")
            .path("limit zero", "/api/public/traces?limit=0")
            .path("limit that is no number", "/api/public/traces?limit=all")
            .path("time that is none", "/api/public/traces?fromTimestamp=soon")
            .path("range that ends before it begins", "/api/public/traces?fromTimestamp=2026-11-22T00:00:00Z&toTimestamp=2026-11-21T00:00:00Z")
            .path("order nobody keeps", "/api/public/traces?orderBy=name.asc")
            .path("filter nobody understands", "/api/public/traces?filter=%5B%5D")
            .path("invalid UTF-8 in the query", "/api/public/traces?name=%FF"),
        Door::reading("GET /api/public/v2/observations", "/api/public/v2/observations")
            .path("cursor that is none", "/api/public/v2/observations?cursor=xyz")
            .path("type nobody knows", "/api/public/v2/observations?type=PICTURE")
            .path("level nobody knows", "/api/public/v2/observations?level=LOUD")
            .path("trace id that is none", "/api/public/v2/observations?traceId=xyz")
            .path("zero parent id", "/api/public/v2/observations?parentObservationId=0000000000000000")
            .path("flag that is none", "/api/public/v2/observations?isRootObservation=maybe"),
        Door::reading("GET /api/public/observations/{id}", "/api/public/observations/00000000000000ab")
            .path("observation nobody knows", "/api/public/observations/00000000000000ff")
            .path("zero id", "/api/public/observations/0000000000000000")
            .path("id that is none", "/api/public/observations/xyz"),
        Door::reading("GET /api/public/sessions/{id}", "/api/public/sessions/nobody"),
        Door::reading("GET /api/public/v2/scores", "/api/public/v2/scores")
            .path("value that is no number", "/api/public/v2/scores?value=much")
            .path("operator nobody knows", "/api/public/v2/scores?value=1&operator=about")
            .path("source nobody knows", "/api/public/v2/scores?source=EVAL")
            .path("trace id that is none", "/api/public/v2/scores?traceId=xyz"),
        Door::reading("GET /api/public/v3/scores", "/api/public/v3/scores")
            .path("cursor that is none", "/api/public/v3/scores?cursor=xyz")
            .path("value that is no number", "/api/public/v3/scores?valueMin=NaN"),
        Door::reading("DELETE /api/public/scores/{id}", "/api/public/scores/nobody").with_method(Method::DELETE),
        Door::reading("GET /api/public/traces/{id}", &format!("/api/public/traces/{OURS}"))
            .path("trace nobody knows", &format!("/api/public/traces/{}", otlp::ORPHAN))
            .path("zero id", "/api/public/traces/00000000000000000000000000000000")
            .path("id that is none", "/api/public/traces/xyz")
            .path("invalid UTF-8 in the path", "/api/public/traces/%FF"),
    ];
    doors.extend(prices::doors(price));
    doors
}

/// The body with an id of its own, in text and in bytes.
fn freshened(body: &[u8], number: u64) -> Vec<u8> {
    let hex = format!("{number:016x}");
    let mut fresh = replaced(body, FRESH.as_bytes(), hex.as_bytes());
    fresh = replaced(&fresh, &[0xee; 8], &number.to_be_bytes());
    fresh
}

fn replaced(body: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut rest = body;
    let mut out = Vec::with_capacity(body.len());
    while let Some(at) = rest.windows(from.len()).position(|window| window == from) {
        out.extend_from_slice(&rest[..at]);
        out.extend_from_slice(to);
        rest = &rest[at + from.len()..];
    }
    out.extend_from_slice(rest);
    out
}

/// What was answered, short enough for a table. A good answer of a read is its status alone.
fn said(answer: &testkit::Answer) -> String {
    let text = match answer.header("content-type") {
        PROTOBUF if answer.bytes.is_empty() => "(empty)".to_owned(),
        PROTOBUF => format!("(protobuf) {}", answer.text().chars().filter(|c| !c.is_control()).collect::<String>()),
        _ => {
            let body = answer.json();
            let message = ["message", "detail"].into_iter().find_map(|field| body[field].as_str());
            match message {
                Some(message) => {
                    format!("{}: {message}", body["error"].as_str().or(body["code"].as_str()).unwrap_or("ok"))
                }
                None if answer.status.as_u16() == 207 || body.get("partialSuccess").is_some() => body.to_string(),
                None => "ok".to_owned(),
            }
        }
    };
    text.replace('|', "\\|").replace('\n', " ")
}

/// Ids of records change with whatever was made before them; made-up ones begin with zeros and stay.
fn without_ids(words: &str) -> String {
    let is_id = |word: &&str| word.len() == 36 && word.matches('-').count() == 4 && !word.starts_with("00000000");
    let ids: Vec<&str> = words.split('`').filter(is_id).collect();
    ids.into_iter().fold(words.to_owned(), |words, id| words.replace(id, "[id]"))
}

#[tokio::test]
async fn every_fault_at_every_door_is_refused_in_words_and_stores_what_it_should() {
    let app = TestApp::start_with(ApiConfig { max_body_bytes: MAX_BODY, ..ApiConfig::default() }).await;
    let neighbour = app.neighbour().await;
    let theirs = app.make_key(neighbour.id, "theirs", &Scope::ALL).await;
    let clients = Clients {
        good: app.key(),
        wrong: app.pair(TestApp::PUBLIC_KEY, "sk-wrong-0123456789abcdef"),
        revoked: app.revoked_key().await.1,
        neighbour: app.bearer(theirs.secret_key.reveal()),
    };
    let spans = [otlp::span("00000000000000aa"), otlp::span("00000000000000ab").trace(OURS)];
    app.key().post("/v1/traces", &otlp::request(spans)).await.expect(200);
    app.key()
        .post("/api/public/v2/prompts", &json!({"name": "greet", "prompt": "Hi", "labels": ["production"]}))
        .await
        .expect(201);
    app.key().post("/api/public/v2/datasets", &json!({"name": "set"})).await.expect(200);
    app.key().post("/api/public/dataset-items", &json!({"datasetName": "set", "id": "item"})).await.expect(200);
    let set = app.key().post("/api/v1/prices", &json!({"model": "ours", "rates": {"input": 1}})).await.expect(201);
    let price = set.json()["id"].as_str().unwrap().to_owned();
    let mut number = 0x1000_u64;
    let mut table = String::new();
    for door in doors(&price) {
        let _ =
            write!(table, "\n## {}\n\n| fault | status | answer | ours | theirs |\n|---|---|---|---|---|\n", door.name);
        for attempt in door.attempts(&clients) {
            number += 1;
            let before = (app.counts(app.project.id).await, app.counts(neighbour.id).await);
            let mut request = attempt.client.request(door.method.clone(), &attempt.path);
            if !attempt.kind.is_empty() {
                request = request.header(CONTENT_TYPE, attempt.kind);
            }
            if let Some(coding) = attempt.coding {
                request = request.header(CONTENT_ENCODING, coding);
            }
            if let Some(key) = &attempt.key {
                request = request.header(HeaderName::from_static("idempotency-key"), key);
            }
            let answer = request.body(freshened(&attempt.body, number)).send().await;
            let status = answer.status.as_u16();
            assert!(status < 500, "{} with {}: {status}: {}", door.name, attempt.fault, answer.text());
            let after = (app.counts(app.project.id).await, app.counts(neighbour.id).await);
            if status >= 400 {
                assert_eq!(before, after, "{} with {}: refused and yet stored", door.name, attempt.fault);
            }
            let words = without_ids(&said(&answer).replace(&format!("{number:016x}"), "[id]"));
            let _ = writeln!(
                table,
                "| {} | {status} | {words} | {} | {} |",
                attempt.fault,
                difference(&before.0, &after.0),
                difference(&before.1, &after.1),
            );
        }
    }
    insta::assert_snapshot!("faults", table);
}

/// What came in addition: `+1 span`, or `same`.
fn difference(before: &testkit::Counts, after: &testkit::Counts) -> String {
    let parts = [
        ("span", before.spans, after.spans),
        ("score", before.scores, after.scores),
        ("version", before.versions, after.versions),
        ("move", before.moves, after.moves),
        ("price", before.prices, after.prices),
        ("job", before.repricings, after.repricings),
    ];
    let changed: Vec<String> = parts
        .into_iter()
        .filter(|(_, b, a)| a != b)
        .map(|(what, b, a)| format!("{:+} {what}", a as i64 - b as i64))
        .collect();
    if changed.is_empty() { "same".to_owned() } else { changed.join(", ") }
}
