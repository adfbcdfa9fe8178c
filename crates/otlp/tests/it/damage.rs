//! Damaged requests: what is lost, what is kept, and what the sender is told.

use otlp::{Encoding, Sender, decode_traces};
use prost::Message as _;
use serde_json::{Value, json};

use crate::build::{
    START, decode, decode_json, decode_proto, field, json_request, json_span, proto_request, request, span,
};

fn messages(decoded: &otlp::Decoded) -> Vec<String> {
    decoded.warnings.iter().map(ToString::to_string).collect()
}

fn error(body: &[u8], encoding: Encoding) -> String {
    decode_traces(body, encoding, &Sender::default()).unwrap_err().to_string()
}

#[test]
fn invalid_utf8_costs_the_bytes_and_is_named() {
    let sent = span(&json!({"langfuse.observation.output": "caf# bar", "user.id": "u"}));
    let bytes: Vec<u8> = sent.encode_to_vec().iter().map(|byte| if *byte == b'#' { 0xff } else { *byte }).collect();
    let decoded = decode_proto(&proto_request(&[sent.encode_to_vec(), bytes.clone()]));
    assert_eq!(decoded.spans.len(), 2);
    assert_eq!(decoded.spans[1].output, Some(json!("caf\u{fffd} bar")));
    assert_eq!(decoded.spans[1].trace.user_id.as_deref(), Some("u"));
    assert_eq!(messages(&decoded), ["span 1, `langfuse.observation.output`: invalid UTF-8 was replaced"]);
    assert!(opentelemetry_proto::tonic::trace::v1::Span::decode(bytes.as_slice()).is_err(), "the whole batch, there");

    let mut body = json_request(&json_span(r#","attributes":[{"key":"user.id","value":{"stringValue":"a#b"}}]"#));
    let at = body.iter().position(|byte| *byte == b'#').unwrap();
    body[at] = 0xff;
    let decoded = decode_json(&body);
    assert_eq!(decoded.spans[0].trace.user_id.as_deref(), Some("a\u{fffd}b"));
    let expected = format!("request: the body is not UTF-8 from byte {at} on; what is invalid was replaced");
    assert_eq!(messages(&decoded), [expected]);
}

#[test]
fn json_is_read_as_senders_write_it() {
    let decoded = decode_json(&json_request(
        r#"{"traceId":"6B8273ADBA6591691EC7419E3F623137","spanId":"955E0369C9A82EC7","parentSpanId":null,
          "name":null,"kind":"SPAN_KIND_CLIENT","startTimeUnixNano":1795229399049000000,"endTimeUnixNano":null,
          "droppedAttributesCount":"x","brandNew":{"a":[1,{"b":2}]},"events":null,"links":null,
          "status":{"code":"STATUS_CODE_ERROR","message":"boom"},
          "attributes":[
            {"key":"nan","value":{"doubleValue":"NaN"}},
            {"key":"inf","value":{"doubleValue":"-Infinity"}},
            {"key":"whole double","value":{"doubleValue":3}},
            {"key":"int as text","value":{"intValue":"-42"}},
            {"key":"int","value":{"intValue":9007199254740993}},
            {"key":"bool as text","value":{"boolValue":"true"}},
            {"key":"bytes","value":{"bytesValue":"aGk="}},
            {"key":"nothing","value":null},
            {"key":"no value"},
            {"key":"unset","value":{}},
            {"key":"future","value":{"futureValue":1}},
            {"key":"several","value":{"intValue":null,"stringValue":"s"}},
            {"key":"map","value":{"kvlistValue":{"values":[{"key":"k","value":{"arrayValue":{"values":
              [{"intValue":"1"},{"stringValue":"two"},null,{"arrayValue":{}}]}}}]}}}
          ]}"#,
    ));
    assert_eq!(decoded.error_message(), None);
    let span = &decoded.spans[0];
    assert_eq!(span.trace_id.to_string(), "6b8273adba6591691ec7419e3f623137");
    assert_eq!((span.parent_id, span.name.as_str(), span.latency_ns()), (None, "", 0));
    assert_eq!(span.status_message.as_deref(), Some("boom"));
    assert!(span.is_error());
    assert_eq!(
        Value::Object(span.metadata.clone()),
        json!({"nan": "NaN", "inf": "-Infinity", "whole double": 3.0, "int as text": -42, "int": 9_007_199_254_740_993_i64,
            "bool as text": true, "bytes": "aGk=", "several": "s", "map": {"k": [1, "two", null, []]}})
    );
}

#[test]
fn nulls_where_lists_belong_are_empty_lists() {
    for body in [
        "{}",
        r#"{"resourceSpans":null}"#,
        r#"{"resourceSpans":[null]}"#,
        r#"{"resourceSpans":[{"scopeSpans":null}]}"#,
        r#"{"resourceSpans":[{"resource":null,"scopeSpans":[{"scope":null,"spans":null}]}]}"#,
        r#"{"resourceSpans":[{"resource":{"attributes":null},"scopeSpans":[{"scope":{"name":null},"spans":[]}]}]}"#,
    ] {
        let decoded = decode_json(body.as_bytes());
        assert!(decoded.spans.is_empty() && decoded.error_message().is_none(), "{body}");
    }
    let decoded = decode_json(&json_request(&json_span(r#","attributes":null"#)));
    assert_eq!((decoded.spans.len(), decoded.error_message()), (1, None));
    assert!(decode_proto(b"").spans.is_empty());
}

#[test]
fn a_damaged_attribute_costs_that_attribute() {
    let decoded = decode_json(&json_request(&json_span(
        r#","parentSpanId":"xyz","status":7,"events":[{"name":"a"},3],"attributes":[
            {"key":"user.id","value":{"stringValue":5}},
            {"key":"a","value":{"intValue":"many"}},
            {"key":"b","value":{"arrayValue":{"values":[{"intValue":{}}]}}},
            {"key":"c","value":{"kvlistValue":[]}},
            {"value":{"intValue":1}},
            17,
            {"key":"session.id","value":{"stringValue":"s"}}]"#,
    )));
    assert_eq!(decoded.spans[0].trace.session_id.as_deref(), Some("s"));
    insta::assert_debug_snapshot!(messages(&decoded));

    let key_only = [field(1, b"broken"), vec![0x12, 0x05, 0x0a]].concat();
    let mut sent = span(&json!({"user.id": "u"})).encode_to_vec();
    sent.extend(field(9, &key_only));
    sent.extend(field(9, &field(2, &field(1, b"no key"))));
    let decoded = decode_proto(&proto_request(&[sent]));
    assert_eq!(decoded.spans[0].trace.user_id.as_deref(), Some("u"));
    insta::assert_debug_snapshot!(messages(&decoded));
}

#[test]
fn a_damaged_span_costs_that_span() {
    let good = span(&json!({})).encode_to_vec();
    // A name that claims more bytes than the span has.
    let overlong = [good.as_slice(), &[0x2a, 0x7f, b'x']].concat();
    // A start time of another wire type.
    let wrong_type = field(7, b"12345678");
    // A tag that is no field, a number that never ends, a wire type nobody uses.
    let damaged = [
        overlong,
        wrong_type,
        vec![0x00],
        vec![0x30, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f],
        vec![0x33],
    ];
    let mut spans = vec![good.clone()];
    spans.extend(damaged);
    spans.push(good);
    let decoded = decode_proto(&proto_request(&spans));
    assert_eq!(decoded.spans.len(), 2);
    let lines: Vec<String> = decoded.rejected.iter().map(ToString::to_string).collect();
    insta::assert_debug_snapshot!(lines);

    let decoded = decode_json(&json_request(&format!(
        r#"{},7,{{"traceId":"{}","spanId":"abc","startTimeUnixNano":"x"}},{}"#,
        json_span(""),
        crate::build::TRACE,
        json_span("")
    )));
    assert_eq!(decoded.spans.len(), 2);
    let lines: Vec<String> = decoded.rejected.iter().map(ToString::to_string).collect();
    insta::assert_debug_snapshot!(lines);
}

#[test]
fn a_span_needs_ids_and_a_start_that_fits() {
    let change = |change: &dyn Fn(&mut opentelemetry_proto::tonic::trace::v1::Span)| {
        let mut sent = span(&json!({}));
        change(&mut sent);
        let decoded = decode(&request(&json!({}), ("x", ""), vec![span(&json!({})), sent]), &Sender::default());
        assert_eq!((decoded.spans.len(), decoded.rejected.len()), (1, 1));
        assert_eq!(decoded.rejected[0].index, 1);
        decoded.rejected[0].reason.clone()
    };
    let late = u64::try_from(i64::MAX).unwrap() + 1;
    let start = u64::try_from(START).unwrap();
    assert_eq!(change(&|span| span.trace_id = vec![0; 16]), "a trace id must not be all zero");
    assert_eq!(change(&|span| span.span_id = vec![0; 8]), "a span id must not be all zero");
    assert_eq!(change(&|span| span.start_time_unix_nano = 0), "it has no start time; `startTimeUnixNano` is needed");
    assert_eq!(
        change(&|span| span.start_time_unix_nano = late),
        "its start `9223372036854775808` lies beyond the year 2262; times are nanoseconds since 1970"
    );
    assert_eq!(
        change(&|span| span.end_time_unix_nano = u64::MAX),
        "its end `18446744073709551615` lies beyond the year 2262; times are nanoseconds since 1970"
    );
    // Ids of a wrong length read differently in the two encodings.
    let mut sent = span(&json!({}));
    sent.trace_id.pop();
    let body = proto_request(&[sent.encode_to_vec()]);
    assert_eq!(decode_proto(&body).rejected[0].reason, "a trace id has 16 bytes, got 15");
    let body = json_request(r#"{"traceId":"abc","spanId":"955e0369c9a82ec7","startTimeUnixNano":1}"#);
    assert_eq!(
        decode_json(&body).rejected[0].reason,
        "`abc` is not a trace id; it is written as 32 hexadecimal digits"
    );
    let body = json_request(r#"{"spanId":"955e0369c9a82ec7","startTimeUnixNano":1}"#);
    assert_eq!(decode_json(&body).rejected[0].reason, "it has no trace id");

    // A start merely in the future is the caller's to judge; an end before the start is the start.
    let mut odd = span(&json!({}));
    odd.start_time_unix_nano = start * 2;
    odd.end_time_unix_nano = start;
    let decoded = decode(&request(&json!({}), ("x", ""), vec![odd]), &Sender::default());
    assert_eq!(decoded.spans[0].latency_ns(), 0);
    assert_eq!(decoded.spans[0].end_ns, decoded.spans[0].start_ns);
}

#[test]
fn a_root_may_be_written_in_several_ways() {
    for parent in [vec![], vec![0; 8]] {
        let mut sent = span(&json!({}));
        sent.parent_span_id = parent;
        assert_eq!(decode(&request(&json!({}), ("x", ""), vec![sent]), &Sender::default()).spans[0].parent_id, None);
    }
    let mut own = span(&json!({}));
    own.parent_span_id = own.span_id.clone();
    let decoded = decode(&request(&json!({}), ("x", ""), vec![own]), &Sender::default());
    assert_eq!(decoded.spans[0].parent_id, None, "no span is its own parent");
}

#[test]
fn a_broken_frame_fails_the_request_with_the_exact_place() {
    use Encoding::{Json, Protobuf};
    let whole = proto_request(&[span(&json!({"user.id": "u"})).encode_to_vec()]);
    for end in 1..whole.len() {
        assert!(decode_traces(&whole[..end], Protobuf, &Sender::default()).is_err(), "cut at {end}");
    }
    let errors = [
        error(&whole[..40], Protobuf),
        // A length far beyond the body: nothing is allocated for it.
        error(&[0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f], Protobuf),
        error(b"hello, world", Protobuf),
        error(&field(1, &field(2, &[0x12, 0x09, 0x00])), Protobuf),
        error(b"", Json),
        error(b"[]", Json),
        error(b"{\"resourceSpans\":[", Json),
        error(b"{\"resourceSpans\":{}}", Json),
        error(b"{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":7}]}]}", Json),
        error(b"{\"resourceSpans\":[]} trailing", Json),
        error(&whole, Json),
    ];
    insta::assert_debug_snapshot!(errors);
}

#[test]
fn the_answer_names_what_was_lost() {
    assert_eq!(decode_json(&json_request(&json_span(""))).error_message(), None);

    let spans = [r#"{"traceId":"00"}"#; 12].join(",");
    let bad = decode_json(&json_request(&spans));
    assert_eq!(bad.rejected.len(), 12);
    let message = bad.error_message().unwrap();
    assert!(message.starts_with("span 0: `00` is not a trace id; it is written as 32 hexadecimal digits; span 1: "));
    assert!(message.ends_with("; and 2 more"), "{message}");

    // Warnings alone are told too, with no span rejected.
    let warned = decode_json(&json_request(&json_span(r#","attributes":[{"key":"a","value":{"intValue":"x"}}]"#)));
    assert!(warned.rejected.is_empty());
    assert_eq!(warned.error_message().unwrap(), "span 0, `a`: left out: `x` is not a valid `intValue`");
}
