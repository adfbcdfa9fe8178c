//! Whatever comes in: no panic, and the two encodings agree.

use opentelemetry_proto::tonic::{
    common::v1::any_value::Value as Any,
    trace::v1::{Span, Status, span::Event},
};
use otlp::{
    Encoding, Sender, decode_traces,
    langfuse::{parse_ingestion, parse_scores},
};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::{
    build::{attributes, decode, pair, request},
    fixtures::recorded,
};

fn swallow(bytes: &[u8]) {
    for encoding in [Encoding::Protobuf, Encoding::Json] {
        if let Ok(decoded) = decode_traces(bytes, encoding, &Sender::default()) {
            decoded.error_message();
        }
    }
    let _ = (parse_ingestion(bytes), parse_scores(bytes));
}

/// Any JSON an attribute can carry, not too deep.
fn plain() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_filter_map("finite", |number| number.is_finite().then(|| Value::from(number))),
        "\\PC{0,12}".prop_map(Value::from),
        "[\\[{\"0-9tfn}\\]:,. -]{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-z]{1,6}", inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

const KEYS: &[&str] = &[
    "langfuse.observation.type",
    "langfuse.observation.input",
    "langfuse.observation.metadata",
    "langfuse.observation.metadata.k",
    "langfuse.observation.usage_details",
    "langfuse.observation.cost_details",
    "langfuse.observation.completion_start_time",
    "langfuse.observation.prompt.name",
    "langfuse.observation.prompt.version",
    "langfuse.observation.level",
    "langfuse.trace.tags",
    "langfuse.trace.public",
    "langfuse.environment",
    "langfuse.internal.is_app_root",
    "gen_ai.request.model",
    "gen_ai.usage.input_tokens",
    "gen_ai.prompt.0.content",
    "gen_ai.system_instructions",
    "gen_ai.response.time_to_first_chunk",
    "llm.cost.total",
    "user.id",
    "metadata",
    "other",
];

fn spans() -> impl Strategy<Value = Vec<Span>> {
    let span = (
        prop::array::uniform16(any::<u8>()),
        prop::array::uniform8(any::<u8>()),
        "\\PC{0,20}",
        any::<(u64, u64)>(),
        prop::collection::vec((prop::sample::select(KEYS), plain()), 0..8),
        0..4_i32,
        "\\PC{0,8}",
        any::<bool>(),
    );
    let span = span.prop_map(|(trace, id, name, (start, end), pairs, code, message, exception)| Span {
        trace_id: trace.to_vec(),
        span_id: id.to_vec(),
        name,
        start_time_unix_nano: start,
        end_time_unix_nano: end,
        attributes: pairs.iter().map(|(key, value)| pair(key, crate::build::value(value))).collect(),
        status: Some(Status { code: code % 3, message }),
        events: exception
            .then(|| Event {
                name: "exception".to_owned(),
                attributes: attributes(&json!({"exception.message": "m"})),
                ..Event::default()
            })
            .into_iter()
            .collect(),
        ..Span::default()
    });
    prop::collection::vec(span, 0..6)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn random_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        swallow(&bytes);
    }

    #[test]
    fn random_json_never_panics(value in plain()) {
        for text in [
            value.to_string(),
            format!(r#"{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{value}]}}]}}]}}"#),
            format!(r#"{{"resourceSpans":[{{"resource":{value},"scopeSpans":[{{"scope":{value},"spans":[{{"attributes":{value}}}]}}]}}]}}"#),
            format!(r#"{{"batch":[{value},{{"id":"a","type":"score-create","body":{value}}}]}}"#),
            format!("[{value}]"),
        ] {
            swallow(text.as_bytes());
        }
    }

    /// `decode` asserts that protobuf and JSON give the same spans; the counts are checked here.
    #[test]
    fn both_encodings_decode_equal(spans in spans()) {
        let sent = spans.len();
        let request = request(&json!({"telemetry.sdk.language": "python"}), ("langfuse-sdk", "5.0.4"), spans);
        let decoded = decode(&request, &Sender::default());
        prop_assert_eq!(decoded.spans.len() + decoded.rejected.len(), sent);
        for span in &decoded.spans {
            prop_assert!(span.end_ns >= span.start_ns);
            let stored = serde_json::to_string(span).unwrap();
            prop_assert_eq!(&serde_json::from_str::<domain::trace::Span>(&stored).unwrap(), span);
        }
    }
}

/// Every recorded request with bytes changed, left out, doubled or cut off at places that depend on the seed only.
#[test]
fn mutated_recordings_never_panic() {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = move |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % below as u64) as usize
    };
    let bodies: Vec<Vec<u8>> = ["/v1/traces", "/ingestion", "/scores"]
        .iter()
        .flat_map(|path| recorded(path))
        .map(|request| request.bytes)
        .collect();
    for body in bodies {
        for _ in 0..60 {
            let mut bytes = body.clone();
            for _ in 0..=random(4) {
                let at = random(bytes.len());
                match random(5) {
                    0 => bytes[at] = random(256) as u8,
                    1 => bytes[at] ^= 1 << random(8),
                    2 => bytes.truncate(at.max(1)),
                    3 => {
                        bytes.remove(at);
                        bytes.push(0);
                    }
                    _ => {
                        let piece = bytes[at..(at + 1 + random(40)).min(bytes.len())].to_vec();
                        let to = random(bytes.len());
                        bytes.splice(to..to, piece);
                    }
                }
            }
            swallow(&bytes);
        }
    }
}

/// What `opentelemetry-proto` reads, this reader reads: same spans, same ids, same attributes seen.
#[test]
fn recordings_hold_against_opentelemetry_proto() {
    use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
    use prost::Message as _;
    for recording in recorded("/v1/traces") {
        let theirs = match recording.encoding {
            Encoding::Protobuf => ExportTraceServiceRequest::decode(recording.bytes.as_slice()).unwrap(),
            Encoding::Json => serde_json::from_slice(&recording.bytes).unwrap(),
        };
        // Through their types into both encodings and back through ours.
        let ours = decode(&theirs, &recording.sender);
        assert_eq!(ours.spans, recording.decode().spans, "{}", recording.name);
        let texts =
            theirs.resource_spans.iter().flat_map(|resource| &resource.scope_spans).flat_map(|scope| &scope.spans);
        for (their, our) in texts.zip(&ours.spans) {
            assert_eq!(their.trace_id, our.trace_id.as_bytes());
            let model = their.attributes.iter().find(|attribute| attribute.key.ends_with(".model.name"));
            let model = model.and_then(|attribute| attribute.value.as_ref()?.value.as_ref());
            assert_eq!(model, our.model.clone().map(Any::StringValue).as_ref());
        }
    }
}
