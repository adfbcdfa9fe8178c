//! Log records: messages of spans, evaluations, and what is of no use here.

use domain::{
    score::{ScoreTarget, ScoreValue},
    trace::{Extent, Side},
};
use opentelemetry_proto::tonic::{
    collector::logs::v1::ExportLogsServiceRequest,
    logs::v1::{LogRecord, ResourceLogs, ScopeLogs},
    trace::v1::span::Event,
};
use otlp::{DecodedLogs, Encoding, Sender, decode_logs};
use prost::Message as _;
use serde_json::{Value, json};

use crate::build::{
    SPAN, START, TRACE, any, attributes, decode, decode_json, json_request, json_span, request, span, value,
};

fn record(event: &str, body: &Value, map: &Value) -> LogRecord {
    LogRecord {
        time_unix_nano: u64::try_from(START).unwrap() + 5,
        observed_time_unix_nano: 9,
        event_name: event.to_owned(),
        body: (!body.is_null()).then(|| any(value(body))),
        attributes: attributes(map),
        trace_id: span(&json!({})).trace_id,
        span_id: span(&json!({})).span_id,
        ..LogRecord::default()
    }
}

/// Decodes the records in both encodings, which must agree.
fn logs(records: Vec<LogRecord>) -> DecodedLogs {
    let scope_logs = vec![ScopeLogs { log_records: records, ..ScopeLogs::default() }];
    let resource_logs = vec![ResourceLogs { scope_logs, ..ResourceLogs::default() }];
    let request = ExportLogsServiceRequest { resource_logs };
    let protobuf = decode_logs(&request.encode_to_vec(), Encoding::Protobuf).unwrap();
    let json = decode_logs(&serde_json::to_vec(&request).unwrap(), Encoding::Json).unwrap();
    assert_eq!((&protobuf.messages, &protobuf.scores), (&json.messages, &json.scores));
    protobuf
}

fn said(event: &str, body: &Value, map: &Value) -> Vec<(Side, Extent, Value)> {
    let decoded = logs(vec![record(event, body, map)]);
    assert_eq!(decoded.error_message(), None);
    decoded.messages.into_iter().map(|message| (message.side, message.extent, message.content)).collect()
}

#[test]
fn message_events_in_every_form_they_come_in() {
    use {Extent::Piece, Side::Input, Side::Output};
    for (event, role) in [
        ("gen_ai.system.message", "system"),
        ("gen_ai.user.message", "user"),
        ("gen_ai.assistant.message", "assistant"),
        ("gen_ai.tool.message", "tool"),
    ] {
        let expected = vec![(Input, Piece, json!({"role": role, "content": "hi"}))];
        assert_eq!(said(event, &json!({"content": "hi"}), &json!({"gen_ai.system": "openai"})), expected, "{event}");
        // A body that is JSON as text, or only the text; the name as an attribute.
        assert_eq!(said(event, &json!("{\"content\":\"hi\"}"), &json!({})), expected);
        assert_eq!(said(event, &json!("hi"), &json!({})), expected);
        assert_eq!(said("", &json!({"content": "hi"}), &json!({"event.name": event})), expected);
        assert_eq!(said(event, &Value::Null, &json!({"gen_ai.event.content": "{\"content\":\"hi\"}"})), expected);
    }
    let choice = json!({"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "ho"}});
    let expected = json!({"role": "assistant", "content": "ho", "index": 0, "finish_reason": "stop"});
    assert_eq!(said("gen_ai.choice", &choice, &json!({})), [(Output, Piece, expected)]);
    let own_role = said("gen_ai.user.message", &json!({"role": "customer", "content": "hi"}), &json!({}));
    assert_eq!(own_role, [(Input, Piece, json!({"role": "customer", "content": "hi"}))]);
    assert_eq!(
        said("gen_ai.content.prompt", &Value::Null, &json!({"gen_ai.prompt": "hi"})),
        [(Input, Piece, json!("hi"))]
    );
    let completion = said("gen_ai.content.completion", &Value::Null, &json!({"gen_ai.completion": "ho"}));
    assert_eq!(completion, [(Output, Piece, json!("ho"))]);
}

#[test]
fn details_of_an_operation_are_the_whole_of_both_sides() {
    let input = json!([{"role": "user", "parts": [{"type": "text", "content": "hi"}]}]);
    let output = json!([{"role": "assistant", "parts": [], "finish_reason": "stop"}]);
    let instructions = json!([{"type": "text", "content": "be kind"}]);
    let whole = json!([{"role": "system", "parts": instructions}, input[0]]);
    let event = "gen_ai.client.inference.operation.details";
    // Structured, as texts, and in the body.
    let structured = json!({"gen_ai.input.messages": input, "gen_ai.output.messages": output,
        "gen_ai.system_instructions": instructions, "gen_ai.request.model": "m"});
    let texts = json!({"gen_ai.input.messages": input.to_string(), "gen_ai.output.messages": output.to_string(),
        "gen_ai.system_instructions": instructions.to_string()});
    let expected = [(Side::Input, Extent::Whole, whole), (Side::Output, Extent::Whole, output)];
    assert_eq!(said(event, &Value::Null, &structured), expected);
    assert_eq!(said(event, &Value::Null, &texts), expected);
    assert_eq!(said(event, &structured, &json!({})), expected);
    // The same as an event of the span.
    let mut sent = span(&json!({"gen_ai.request.model": "m"}));
    sent.events = vec![Event { name: event.to_owned(), attributes: attributes(&structured), ..Event::default() }];
    let decoded = decode(&request(&json!({}), ("x", "1"), vec![sent]), &Sender::default());
    assert_eq!(
        (decoded.spans[0].input.as_ref(), decoded.spans[0].output.as_ref()),
        (Some(&expected[0].2), Some(&expected[1].2))
    );
}

#[test]
fn records_keep_their_span_their_time_and_their_order() {
    let first = record("gen_ai.user.message", &json!({"content": "a"}), &json!({}));
    let mut second = record("gen_ai.choice", &json!({"content": "b"}), &json!({}));
    second.time_unix_nano = 0;
    let unrelated = record("app.started", &json!("hello"), &json!({}));
    let decoded = logs(vec![first, unrelated, second]);
    let keys: Vec<_> = decoded.messages.iter().map(|message| (message.at_ns.0, message.place)).collect();
    assert_eq!(keys, [(START + 5, 0), (9, 2)], "the time it was seen stands in");
    assert_eq!(decoded.messages[0].trace_id.to_string(), TRACE);
    assert_eq!(decoded.messages[0].span_id.to_string(), SPAN);
    assert_eq!((decoded.left_aside, decoded.error_message()), (1, None));
}

#[test]
fn an_evaluation_is_a_score_also_as_an_event_of_a_span() {
    let map = json!({"gen_ai.evaluation.name": "Relevance", "gen_ai.evaluation.score.value": 0.75,
        "gen_ai.evaluation.score.label": "relevant", "gen_ai.evaluation.explanation": "on topic",
        "gen_ai.response.id": "r-1"});
    let decoded = logs(vec![record("gen_ai.evaluation.result", &Value::Null, &map)]);
    let score = &decoded.scores[0];
    assert_eq!((score.name.as_str(), &score.value), ("Relevance", &ScoreValue::Numeric(0.75)));
    assert_eq!(score.comment.as_deref(), Some("on topic"));
    assert_eq!(score.metadata, json!({"label": "relevant", "gen_ai.response.id": "r-1"}));
    assert_eq!(score.at_us.map(|at| at.0), Some((START + 5) / 1000));
    assert!(matches!(&score.target, ScoreTarget::Observation { trace, span }
        if trace.to_string() == TRACE && span.to_string() == SPAN));
    let again = logs(vec![record("gen_ai.evaluation.result", &Value::Null, &map)]);
    assert_eq!(again.scores[0].id, score.id, "the same event is the same score");

    let mut sent = span(&json!({}));
    let event = |map: &Value| Event {
        name: "gen_ai.evaluation.result".to_owned(),
        time_unix_nano: u64::try_from(START).unwrap() + 5,
        attributes: attributes(map),
        ..Event::default()
    };
    let label = json!({"gen_ai.evaluation.name": "Tone", "gen_ai.evaluation.score.label": "kind"});
    sent.events = vec![event(&map), event(&label), event(&json!({"gen_ai.evaluation.name": "x"}))];
    let decoded = decode(&request(&json!({}), ("x", "1"), vec![sent]), &Sender::default());
    assert_eq!(decoded.scores[0], *score);
    assert_eq!(decoded.scores[1].value, ScoreValue::Categorical("kind".to_owned()));
    assert_eq!(
        decoded.error_message().unwrap(),
        "span 0, `gen_ai.evaluation.result`: left out: an evaluation needs `gen_ai.evaluation.score.value`, a number, or a \
         short `.score.label`"
    );
}

#[test]
fn a_damaged_record_costs_that_record() {
    let good = record("gen_ai.user.message", &json!({"content": "hi"}), &json!({}));
    let nowhere = LogRecord { trace_id: Vec::new(), ..good.clone() };
    let zero = LogRecord { span_id: vec![0; 8], ..good.clone() };
    let late = LogRecord { time_unix_nano: u64::MAX, ..good.clone() };
    let decoded = logs(vec![nowhere, good, zero, late]);
    assert_eq!((decoded.messages.len(), decoded.rejected.len()), (1, 3));
    insta::assert_snapshot!(decoded.error_message().unwrap().replace("; ", "\n"));
}

#[test]
fn a_body_that_is_no_request_says_what_would_be_right() {
    let refused = |body: &[u8], encoding| decode_logs(body, encoding).unwrap_err().to_string();
    let said = [
        refused(b"[1]", Encoding::Json),
        refused(b"{\"resourceLogs\":5}", Encoding::Json),
        refused(b"{", Encoding::Json),
        refused(b"\xff", Encoding::Protobuf),
    ];
    insta::assert_snapshot!(said.join("\n"));
    assert_eq!(decode_logs(b"{}", Encoding::Json).unwrap(), DecodedLogs::default());
    assert_eq!(decode_logs(b"", Encoding::Protobuf).unwrap(), DecodedLogs::default());
}

#[test]
fn bare_numbers_that_json_lacks_cost_nothing() {
    let attributes = r#","attributes":[{"key":"ratio","value":{"doubleValue":NaN}},{"key":"far","value":{"doubleValue":-Infinity}},
      {"key":"many","value":{"arrayValue":{"values":[{"doubleValue":Infinity}]}}},{"key":"word","value":{"stringValue":"NaN \" NaN"}}]"#;
    let decoded = decode_json(&json_request(&json_span(attributes)));
    assert_eq!(
        Value::Object(decoded.spans[0].metadata.clone()),
        json!({"ratio": "NaN", "far": "-Infinity", "many": ["Infinity"], "word": "NaN \" NaN"})
    );
    let told = "request: `NaN` and `Infinity` are not JSON; they were read as the texts OTLP writes them as";
    assert_eq!(decoded.error_message().as_deref(), Some(told));
    // What else is wrong is told as it was sent.
    let refused = otlp::decode_traces(b"{\"resourceSpans\":[NaN", Encoding::Json, &Sender::default()).unwrap_err();
    assert!(refused.to_string().contains("line 1 column 19"), "{refused}");
}
