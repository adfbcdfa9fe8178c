//! Every recorded request, replayed: against snapshots, and independently against what the recorder decoded.

use std::{fs, io::Read as _, path::PathBuf};

use otlp::{Decoded, Encoding, Sender, decode_traces};
use serde_json::Value;

const FOLDERS: [&str; 3] = ["python-langfuse-5.0.4", "python-abvdev-0.0.1b7", "js-langfuse-5.11.1"];

/// One recorded request.
pub(crate) struct Recorded {
    pub(crate) name: String,
    pub(crate) sender: Sender,
    pub(crate) encoding: Encoding,
    /// The bytes sent, decompressed; for anything but spans the body as JSON.
    pub(crate) bytes: Vec<u8>,
    /// The recorder's own reading.
    pub(crate) body: Value,
}

impl Recorded {
    pub(crate) fn decode(&self) -> Decoded {
        decode_traces(&self.bytes, self.encoding, &self.sender).unwrap()
    }
}

/// Every recorded request whose path ends with `path`.
pub(crate) fn recorded(path: &str) -> Vec<Recorded> {
    FOLDERS.iter().flat_map(|folder| read(folder, path)).collect()
}

fn read(folder: &str, path: &str) -> Vec<Recorded> {
    let base = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(folder);
    let lines = fs::read_to_string(base.join("requests.jsonl")).unwrap();
    lines
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .filter(|request| request["path"].as_str().unwrap().ends_with(path))
        .map(|request| {
            let headers = request["headers"].clone();
            let bytes = match request["body_file"].as_str() {
                None => request["body"].to_string().into_bytes(),
                Some(file) => {
                    let sent = fs::read(base.join(file)).unwrap();
                    if headers["content-encoding"] == "gzip" {
                        let mut plain = Vec::new();
                        flate2::read::GzDecoder::new(sent.as_slice()).read_to_end(&mut plain).unwrap();
                        plain
                    } else {
                        sent
                    }
                }
            };
            let content_type = headers["content-type"].as_str().unwrap_or("application/json");
            Recorded {
                name: format!("{folder}-{:03}", request["n"].as_u64().unwrap()),
                sender: Sender::from_headers(|name| headers[name].as_str()),
                encoding: Encoding::from_content_type(content_type).unwrap(),
                bytes,
                body: request["body"].clone(),
            }
        })
        .collect()
}

#[test]
fn every_recorded_span_request_becomes_the_canonical_spans() {
    let requests = recorded("/v1/traces");
    assert_eq!(requests.len(), 17);
    for request in requests {
        let decoded = request.decode();
        assert_eq!(decoded.error_message(), None, "{}", request.name);
        insta::assert_json_snapshot!(request.name.clone(), decoded.spans);
    }
}

/// The attributes of a recorded span or resource by key, values as plain JSON.
fn attributes(holder: &Value) -> Vec<(&str, Value)> {
    let list = holder["attributes"].as_array().map(Vec::as_slice).unwrap_or_default();
    list.iter().map(|pair| (pair["key"].as_str().unwrap(), plain(&pair["value"]))).collect()
}

fn plain(value: &Value) -> Value {
    let (kind, content) = value.as_object().unwrap().iter().next().unwrap();
    match kind.as_str() {
        "stringValue" | "boolValue" | "doubleValue" => content.clone(),
        "intValue" => content.as_str().map_or_else(|| content.clone(), |text| text.parse::<i64>().unwrap().into()),
        "arrayValue" => content["values"].as_array().unwrap().iter().map(plain).collect(),
        other => panic!("{other} was not recorded"),
    }
}

/// What a recorded text is as JSON, read the simple way.
fn read_json(value: &Value) -> Value {
    let text = value.as_str().unwrap();
    serde_json::from_str(text).unwrap_or_else(|_| value.clone())
}

#[test]
fn every_recorded_attribute_arrives_where_it_belongs() {
    let mut seen = 0;
    let mut keys = std::collections::BTreeSet::new();
    for request in recorded("/v1/traces") {
        let mut spans = request.decode().spans.into_iter();
        for resource in request.body["resourceSpans"].as_array().unwrap() {
            let around = attributes(&resource["resource"]);
            for scope in resource["scopeSpans"].as_array().unwrap() {
                for sent in scope["spans"].as_array().unwrap() {
                    let got = serde_json::to_value(spans.next().unwrap()).unwrap();
                    let at = format!("{} {}", request.name, sent["name"]);
                    assert_eq!(got["trace_id"], sent["traceId"], "{at}");
                    assert_eq!(got["span_id"], sent["spanId"], "{at}");
                    assert_eq!(got["parent_id"], sent["parentSpanId"], "{at}");
                    assert_eq!(got["name"], sent["name"], "{at}");
                    let scope = &scope["scope"];
                    let scope = format!("{} {}", scope["name"].as_str().unwrap(), scope["version"].as_str().unwrap());
                    assert_eq!(got["scope"], scope, "{at}");
                    check_times(&got, sent, &at);
                    check_attributes(&got, &around, sent, &request.name, &mut keys);
                    seen += 1;
                }
            }
        }
        assert!(spans.next().is_none(), "{}", request.name);
    }
    assert_eq!(seen, 54, "recorded spans");
    // The fixtures exercise this much of the dialect; a key that goes missing here was silently ignored above.
    insta::assert_debug_snapshot!("attributes-seen", keys);
}

fn check_times(got: &Value, sent: &Value, at: &str) {
    let nanos = |value: &Value| value.as_str().unwrap().parse::<i64>().unwrap();
    let stored = |value: &Value| value.as_str().unwrap().parse::<domain::time::TimeNs>().unwrap().0;
    let start = nanos(&sent["startTimeUnixNano"]);
    assert_eq!(stored(&got["start_ns"]), start, "{at}");
    assert_eq!(stored(&got["end_ns"]), nanos(&sent["endTimeUnixNano"]).max(start), "{at}");
}

fn check_attributes(
    got: &Value,
    around: &[(&str, Value)],
    sent: &Value,
    request: &str,
    keys: &mut std::collections::BTreeSet<String>,
) {
    let attributes = attributes(sent);
    let find = |wanted: &str, list: &[(&str, Value)]| {
        list.iter().find(|(key, _)| *key == wanted).map(|(_, value)| value.clone())
    };
    for (key, value) in &attributes {
        let at = format!("{request} {} {key}", sent["name"]);
        let word = key.strip_prefix("langfuse.").or_else(|| key.strip_prefix("abv.")).unwrap_or(key);
        keys.insert(word.to_owned());
        let (place, expected) = match word {
            "observation.type" => ("/kind", value.clone()),
            "observation.input" => ("/input", read_json(value)),
            "observation.output" => ("/output", read_json(value)),
            "observation.level" => ("/level", value.as_str().unwrap().to_lowercase().into()),
            "observation.status_message" => ("/status_message", value.clone()),
            "observation.model.name" => ("/model", value.clone()),
            "observation.model.parameters" => ("/model_parameters", read_json(value)),
            "observation.usage_details" => ("/usage/reported", read_json(value)),
            "observation.prompt.name" => ("/prompt/name", value.clone()),
            "observation.prompt.version" => ("/prompt/version", value.clone()),
            "trace.name" => ("/trace/name", value.clone()),
            "trace.tags" => ("/trace/tags", value.clone()),
            "trace.public" => ("/trace/public", value.clone()),
            "trace.input" => ("/trace/input", read_json(value)),
            "trace.output" => ("/trace/output", read_json(value)),
            "user.id" => ("/trace/user_id", value.clone()),
            "session.id" => ("/trace/session_id", value.clone()),
            "environment" => ("/environment", value.clone()),
            "release" => ("/release", value.clone()),
            "version" => ("/version", value.clone()),
            "internal.is_app_root" | "internal.as_root" => ("/app_root", true.into()),
            "observation.completion_start_time" => {
                let time: String = serde_json::from_str(value.as_str().unwrap()).unwrap();
                let time: domain::time::TimeNs = time.parse().unwrap();
                ("/completion_start_ns", time.to_string().into())
            }
            "observation.cost_details" => {
                let sent: serde_json::Map<String, Value> = serde_json::from_str(value.as_str().unwrap()).unwrap();
                for (name, dollars) in sent {
                    let got = got["cost"]["reported"][&name].as_str().unwrap().parse::<f64>().unwrap();
                    assert!((got - dollars.as_f64().unwrap()).abs() < 1e-9, "{at}");
                }
                continue;
            }
            _ => {
                let (base, name) = if let Some(name) = word.strip_prefix("observation.metadata.") {
                    (&got["metadata"], name)
                } else if let Some(name) = word.strip_prefix("trace.metadata.") {
                    (&got["trace"]["metadata"], name)
                } else {
                    (&got["metadata"], *key)
                };
                let same = base[name] == *value
                    || value.as_str().is_some_and(|text| {
                        serde_json::from_str::<Value>(text).is_ok_and(|decoded| decoded == base[name])
                    });
                assert!(same, "{at}: {value} became {}", base[name]);
                continue;
            }
        };
        assert_eq!(got.pointer(place), Some(&expected), "{at}");
    }
    let at = format!("{request} {}", sent["name"]);
    let prefix = if request.contains("abv") { "abv" } else { "langfuse" };
    for (word, place, otherwise) in
        [("environment", "environment", "default".into()), ("release", "release", Value::Null)]
    {
        let key = format!("{prefix}.{word}");
        let expected = find(&key, &attributes).or_else(|| find(&key, around)).unwrap_or(otherwise);
        assert_eq!(got[place], expected, "{at} {word}");
    }
    if sent["status"]["code"] == "STATUS_CODE_ERROR" || sent["status"]["code"] == 2 {
        assert_eq!(got["level"], "error", "{at}");
        assert!(!got["status_message"].is_null(), "{at}");
    }
}

#[test]
fn no_key_and_no_host_survives() {
    for request in recorded("/v1/traces") {
        let stored = serde_json::to_string(&request.decode().spans).unwrap();
        for secret in ["sk-", "pk-", "api_key", "public_key", "process.", "host.", "service.instance"] {
            assert!(!stored.contains(secret), "{}: {secret}", request.name);
        }
    }
}
