//! Requests made by hand.

use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest,
    common::v1::{AnyValue, ArrayValue, InstrumentationScope, KeyValue, KeyValueList, any_value::Value},
    resource::v1::Resource,
    trace::v1::{ResourceSpans, ScopeSpans, Span},
};
use otlp::{Decoded, Encoding, Sender, decode_traces};
use prost::Message as _;
use serde_json::{Value as Json, json};

pub(crate) const TRACE: &str = "6b8273adba6591691ec7419e3f623137";
pub(crate) const SPAN: &str = "955e0369c9a82ec7";
pub(crate) const START: i64 = 1_795_229_399_049_000_000;

pub(crate) fn any(value: Value) -> AnyValue {
    AnyValue { value: Some(value) }
}

pub(crate) fn pair(key: &str, value: Value) -> KeyValue {
    KeyValue { key: key.to_owned(), value: Some(any(value)), ..KeyValue::default() }
}

/// Plain JSON as an attribute's value.
pub(crate) fn value(plain: &Json) -> Value {
    match plain {
        Json::Null => Value::StringValue(String::new()),
        Json::Bool(value) => Value::BoolValue(*value),
        Json::Number(number) => {
            number.as_i64().map_or_else(|| Value::DoubleValue(number.as_f64().unwrap()), Value::IntValue)
        }
        Json::String(text) => Value::StringValue(text.clone()),
        Json::Array(items) => {
            Value::ArrayValue(ArrayValue { values: items.iter().map(|item| any(value(item))).collect() })
        }
        Json::Object(map) => Value::KvlistValue(KeyValueList {
            values: map.iter().map(|(key, inner)| pair(key, value(inner))).collect(),
        }),
    }
}

/// Attributes from a JSON object.
pub(crate) fn attributes(map: &Json) -> Vec<KeyValue> {
    map.as_object().unwrap().iter().map(|(key, plain)| pair(key, value(plain))).collect()
}

pub(crate) fn span(map: &Json) -> Span {
    Span {
        trace_id: (0..16).map(|at| u8::from_str_radix(&TRACE[at * 2..at * 2 + 2], 16).unwrap()).collect(),
        span_id: (0..8).map(|at| u8::from_str_radix(&SPAN[at * 2..at * 2 + 2], 16).unwrap()).collect(),
        name: "s".to_owned(),
        kind: 1,
        start_time_unix_nano: u64::try_from(START).unwrap(),
        end_time_unix_nano: u64::try_from(START).unwrap() + 1_000_000,
        attributes: attributes(map),
        ..Span::default()
    }
}

pub(crate) fn request(resource: &Json, scope: (&str, &str), spans: Vec<Span>) -> ExportTraceServiceRequest {
    let scope = InstrumentationScope { name: scope.0.into(), version: scope.1.into(), ..Default::default() };
    ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans {
            resource: Some(Resource { attributes: attributes(resource), ..Default::default() }),
            scope_spans: vec![ScopeSpans { scope: Some(scope), spans, ..Default::default() }],
            ..Default::default()
        }],
    }
}

/// Decodes the request in both encodings, which must agree.
pub(crate) fn decode(request: &ExportTraceServiceRequest, sender: &Sender) -> Decoded {
    let protobuf = decode_traces(&request.encode_to_vec(), Encoding::Protobuf, sender).unwrap();
    let json = decode_traces(&serde_json::to_vec(request).unwrap(), Encoding::Json, sender).unwrap();
    assert_eq!(protobuf.spans, json.spans);
    protobuf
}

/// The span that one span with these attributes becomes, from an instrumentation nobody knows.
pub(crate) fn foreign(map: &Json) -> domain::trace::Span {
    let decoded = decode(&request(&json!({}), ("some.library", "1.0"), vec![span(map)]), &Sender::default());
    assert_eq!(decoded.error_message(), None);
    decoded.spans.into_iter().next().unwrap()
}

/// A request in JSON around the text of some spans.
pub(crate) fn json_request(spans: &str) -> Vec<u8> {
    format!(r#"{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{spans}]}}]}}]}}"#).into_bytes()
}

/// The text of a span in JSON with `more` fields after the needed ones.
pub(crate) fn json_span(more: &str) -> String {
    format!(r#"{{"traceId":"{TRACE}","spanId":"{SPAN}","name":"s","startTimeUnixNano":"{START}"{more}}}"#)
}

pub(crate) fn decode_json(body: &[u8]) -> Decoded {
    decode_traces(body, Encoding::Json, &Sender::default()).unwrap()
}

/// A length-delimited protobuf field, written by hand.
pub(crate) fn field(number: u8, content: &[u8]) -> Vec<u8> {
    let mut out = vec![number << 3 | 2];
    let mut length = content.len();
    while length >= 0x80 {
        out.push(length as u8 | 0x80);
        length >>= 7;
    }
    out.push(length as u8);
    out.extend_from_slice(content);
    out
}

/// A request in protobuf around the bytes of some spans.
pub(crate) fn proto_request(spans: &[Vec<u8>]) -> Vec<u8> {
    let spans: Vec<u8> = spans.iter().flat_map(|span| field(2, span)).collect();
    field(1, &field(2, &spans))
}

pub(crate) fn decode_proto(body: &[u8]) -> Decoded {
    decode_traces(body, Encoding::Protobuf, &Sender::default()).unwrap()
}
