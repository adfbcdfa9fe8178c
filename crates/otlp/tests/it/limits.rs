//! Limits: beyond them the attribute is lost and named, never the batch.

use otlp::{Encoding, Sender, decode_traces, limits};
use prost::Message as _;
use serde_json::{Value, json};

use crate::build::{decode, decode_json, decode_proto, field, json_request, json_span, proto_request, request, span};

/// An attribute `deep` of so many arrays inside one another, in JSON and in protobuf.
fn nested(levels: usize) -> (Vec<u8>, Vec<u8>) {
    let json = format!(
        r#","attributes":[{{"key":"deep","value":{}{{"intValue":1}}{}}},{{"key":"user.id","value":{{"stringValue":"u"}}}}]"#,
        r#"{"arrayValue":{"values":["#.repeat(levels),
        "]}}".repeat(levels)
    );
    let mut content = vec![0x18, 1];
    for _ in 0..levels {
        content = field(5, &field(1, &content));
    }
    let mut bytes = span(&json!({"user.id": "u"})).encode_to_vec();
    bytes.extend(field(9, &[field(1, b"deep"), field(2, &content)].concat()));
    (json_request(&json_span(&json)), proto_request(&[bytes]))
}

#[test]
fn an_attribute_may_nest_64_levels() {
    for (levels, kept) in [(1, true), (64, true), (65, false), (100, false), (5_000, false)] {
        let (json, protobuf) = nested(levels);
        for decoded in [decode_json(&json), decode_proto(&protobuf)] {
            assert_eq!(decoded.spans[0].metadata.contains_key("deep"), kept, "{levels}");
            assert_eq!(decoded.spans[0].trace.user_id.as_deref(), Some("u"));
            let named = decoded.warnings.iter().any(|warning| warning.attribute.as_deref() == Some("deep"));
            assert_eq!(named, !kept, "{levels}: {:?}", decoded.warnings);
        }
    }
}

#[test]
fn json_inside_a_text_that_nests_too_deep_stays_text() {
    for levels in [64, 65, 100_000] {
        let text = format!("{}1{}", "[".repeat(levels), "]".repeat(levels));
        let sent = span(&json!({"langfuse.observation.input": text}));
        let decoded = decode(&request(&json!({}), ("langfuse-sdk", "5.0.4"), vec![sent]), &Sender::default());
        let input = decoded.spans[0].input.as_ref().unwrap();
        assert_eq!(input.is_array(), levels <= 64, "{levels}");
    }
}

#[test]
fn counts_are_limited_and_named() {
    let many: Value = (0..limits::ATTRIBUTES + 6)
        .map(|number| (format!("k{number}"), json!(1)))
        .collect::<serde_json::Map<_, _>>()
        .into();
    let decoded = decode(&request(&json!({}), ("x", ""), vec![span(&many)]), &Sender::default());
    assert_eq!(decoded.spans[0].metadata.len(), limits::KEPT_ATTRIBUTES);
    assert_eq!(decoded.warnings[0].to_string(), "span 0, `attributes`: 6 left out: at most 1024 are read");
    assert_eq!(decoded.warnings.len(), limits::WARNINGS.min(1 + limits::ATTRIBUTES - limits::KEPT_ATTRIBUTES));

    let long_key = "k".repeat(limits::KEY_BYTES + 1);
    let long_text = "x".repeat(limits::KEPT_BYTES + 1);
    let long_user = "u".repeat(limits::SHORT_CHARS + 1);
    let mut sent =
        span(&json!({long_key: 1, "other": long_text, "user.id": long_user, "langfuse.trace.tags": vec!["t"; 101]}));
    sent.name = "é".repeat(limits::NAME_CHARS + 1);
    let decoded = decode(&request(&json!({}), ("x", ""), vec![sent]), &Sender::default());
    let kept = &decoded.spans[0];
    assert_eq!(kept.name.chars().count(), limits::NAME_CHARS);
    assert_eq!((kept.metadata.len(), kept.trace.user_id.as_deref(), kept.trace.tags.len()), (0, None, 1));
    let lines: Vec<String> = decoded.warnings.iter().map(|warning| warning.reason.clone()).collect();
    insta::assert_debug_snapshot!(lines);
}

#[test]
fn more_spans_than_the_limit_are_refused_before_any_is_read() {
    let empty = vec![Vec::new(); limits::SPANS + 1];
    let expected = "the request holds 65537 spans; send at most 65536 at once";
    let protobuf = decode_traces(&proto_request(&empty), Encoding::Protobuf, &Sender::default());
    assert_eq!(protobuf.unwrap_err().to_string(), expected);
    let json =
        decode_traces(&json_request(&vec!["{}"; limits::SPANS + 1].join(",")), Encoding::Json, &Sender::default());
    assert_eq!(json.unwrap_err().to_string(), expected);
    let just = decode_proto(&proto_request(&empty[1..]));
    assert_eq!(just.rejected.len(), limits::SPANS);
}

#[test]
fn a_small_body_cannot_unfold_into_a_large_one() {
    // Two bytes a value in both encodings; each value costs dozens of bytes of memory.
    let values = 400_000;
    let mut bytes = span(&json!({"user.id": "u"})).encode_to_vec();
    let content = field(5, &[0x0a, 0x00].repeat(values));
    bytes.extend(field(9, &[field(1, b"wide"), field(2, &content)].concat()));
    let text = format!("[{}0]", "0,".repeat(values));
    let json = format!(
        r#","attributes":[{{"key":"langfuse.observation.input","value":{{"stringValue":"{text}"}}}},
            {{"key":"user.id","value":{{"stringValue":"u"}}}},
            {{"key":"wide","value":{{"arrayValue":{{"values":{text}}}}}}}]"#
    );
    for decoded in [decode_proto(&proto_request(&[bytes])), decode_json(&json_request(&json_span(&json)))] {
        assert!(!decoded.spans[0].metadata.contains_key("wide"));
        assert!(decoded.error_message().unwrap().contains("`wide`: left out: the request holds too many values"));
    }
    assert_eq!(decode_json(&json_request(&json_span(&json))).spans[0].input, Some(Value::String(text)));
}
