//! The Langfuse and ABV dialects, row by row (`SDK-PROTOCOL.md` 4.2 to 4.4).

use domain::{
    money::NanoUsd,
    trace::{Level, Span, SpanKind},
};
use opentelemetry_proto::tonic::trace::v1::{Status, span::Event};
use otlp::Sender;
use serde_json::{Value, json};

use crate::build::{START, attributes, decode, request, span};

/// The span that these attributes become in both dialects; `P.` stands for the prefix.
fn both(map: &Value, check: impl Fn(&Span, &str)) {
    for (prefix, scope) in [("langfuse", ("langfuse-sdk", "3.15.0")), ("abv", ("abv-sdk", "0.0.1-beta.7"))] {
        let text = map.to_string().replace("\"P.", &format!("\"{prefix}."));
        let sent = span(&serde_json::from_str(&text).unwrap());
        let decoded = decode(&request(&json!({}), scope, vec![sent]), &python());
        check(&decoded.spans[0], prefix);
    }
}

fn python() -> Sender {
    Sender { sdk_name: Some("python".to_owned()), sdk_version: None }
}

fn warned(map: &Value) -> (Span, Vec<String>) {
    let decoded = decode(&request(&json!({}), ("langfuse-sdk", "5.0.4"), vec![span(map)]), &python());
    let warnings = decoded.warnings.iter().map(|warning| warning.reason.clone()).collect();
    (decoded.spans.into_iter().next().unwrap(), warnings)
}

#[test]
fn every_observation_type() {
    for (word, kind) in [
        ("span", SpanKind::Span),
        ("generation", SpanKind::Generation),
        ("event", SpanKind::Event),
        ("agent", SpanKind::Agent),
        ("tool", SpanKind::Tool),
        ("chain", SpanKind::Chain),
        ("retriever", SpanKind::Retriever),
        ("evaluator", SpanKind::Evaluator),
        ("embedding", SpanKind::Embedding),
        ("guardrail", SpanKind::Guardrail),
        ("GENERATION", SpanKind::Generation),
    ] {
        both(&json!({"P.observation.type": word}), |span, at| assert_eq!(span.kind, kind, "{at} {word}"));
    }
    // Absent: a model makes it a generation.
    both(&json!({"P.observation.model.name": "m"}), |span, at| assert_eq!(span.kind, SpanKind::Generation, "{at}"));
    both(&json!({}), |span, at| assert_eq!(span.kind, SpanKind::Span, "{at}"));
    let (span, warnings) = warned(&json!({"langfuse.observation.type": "telepathy"}));
    assert_eq!(span.metadata["langfuse.observation.type"], "telepathy");
    assert_eq!(warnings, ["`telepathy` is not an observation type; kept in the metadata"]);
}

#[test]
fn model_parameters_and_content() {
    both(
        &json!({"P.observation.model.name": "gpt-4o-mini",
            "P.observation.model.parameters": "{\"temperature\":0.5,\"stop\":[\"a\"],\"max\":\"Infinity\"}",
            "P.observation.input": "[{\"role\":\"user\",\"content\":\"hi\"}]", "P.observation.output": "hi",
            "P.trace.input": "{\"ti\": 1}", "P.trace.output": "to", "P.version": "v9"}),
        |span, at| {
            assert_eq!(span.model.as_deref(), Some("gpt-4o-mini"), "{at}");
            assert_eq!(
                Value::Object(span.model_parameters.clone()),
                json!({"temperature": 0.5, "stop": ["a"], "max": "Infinity"})
            );
            assert_eq!(span.input, Some(json!([{"role": "user", "content": "hi"}])));
            assert_eq!(span.output, Some(json!("hi")));
            assert_eq!((&span.trace.input, &span.trace.output), (&Some(json!({"ti": 1})), &Some(json!("to"))));
            assert_eq!(span.version.as_deref(), Some("v9"));
            assert!(span.metadata.is_empty());
        },
    );
}

#[test]
fn usage_and_cost() {
    both(
        &json!({"P.observation.usage_details":
            "{\"completion_tokens\":3,\"prompt_tokens\":9,\"total_tokens\":12,\"prompt_tokens_details\":{\"cached_tokens\":4,\"audio_tokens\":null}}",
            "P.observation.cost_details": "{\"input\": 0.0001, \"total\": 0.0003}"}),
        |span, at| {
            let buckets = span.usage.buckets.unwrap();
            assert_eq!((buckets.input, buckets.cache_read, buckets.output, buckets.total()), (5, 4, 3, 12), "{at}");
            assert_eq!(span.usage.reported["prompt_tokens_details_cached_tokens"], 4);
            assert_eq!((span.cost.total, span.cost.input), (Some(NanoUsd(300_000)), Some(NanoUsd(100_000))));
            assert_eq!(span.cost.output, None);
        },
    );
    both(&json!({"P.observation.cost_details": "{\"input\": 0.1, \"output\": 0.2}"}), |span, _| {
        assert_eq!(span.cost.total, Some(NanoUsd(300_000_000)));
    });
    let (span, warnings) = warned(&json!({"langfuse.observation.usage_details": "12 tokens",
        "langfuse.observation.cost_details": "{\"total\": -3}", "langfuse.observation.model.parameters": "[1]"}));
    assert_eq!((span.usage.buckets, span.cost.total), (None, None));
    insta::assert_debug_snapshot!(warnings);
}

#[test]
fn first_token() {
    let at = |text: &str| {
        let (span, warnings) = warned(&json!({"langfuse.observation.completion_start_time": text}));
        (span.completion_start_ns.map(|time| time.to_string()), warnings)
    };
    let expected = Some("2026-11-21T02:45:22.700658000Z".to_owned());
    // JSON-quoted, as sent; bare; with an offset; without one.
    for text in [
        "\"2026-11-21T02:45:22.700658Z\"",
        "2026-11-21T02:45:22.700658Z",
        "\"2026-11-21T03:45:22.700658+01:00\"",
        "2026-11-21T02:45:22.700658",
    ] {
        assert_eq!(at(text), (expected.clone(), vec![]), "{text}");
    }
    assert_eq!(at("soon"), (None, vec!["left out: `soon` is not a time in RFC 3339".to_owned()]));
}

#[test]
fn prompt_link() {
    for version in [json!(2), json!("2"), json!("v2"), json!("V2")] {
        both(
            &json!({"P.observation.prompt.name": "folder/sub prompt", "P.observation.prompt.version": version}),
            |span, at| {
                let link = span.prompt.clone().unwrap();
                assert_eq!((link.name.as_str(), link.version), ("folder/sub prompt", 2), "{at} {version}");
                assert!(span.metadata.is_empty());
            },
        );
    }
    for version in
        [json!("latest"), json!(0), json!(-1), json!("v"), json!(1.5), json!("2.1"), json!(5_000_000_000_i64)]
    {
        let (span, warnings) =
            warned(&json!({"langfuse.observation.prompt.name": "p", "langfuse.observation.prompt.version": version}));
        assert_eq!(span.prompt, None, "{version}");
        assert_eq!(span.metadata.len(), 2, "kept in the metadata");
        let shown = version.as_str().map_or_else(|| version.to_string(), str::to_owned);
        assert_eq!(
            warnings,
            [format!("the prompt is not linked: `{shown}` is not a version; it is written as `2` or `v2`")]
        );
    }
    let (span, warnings) = warned(&json!({"langfuse.observation.prompt.name": "p"}));
    assert_eq!(
        (span.prompt, warnings.len(), &span.metadata["langfuse.observation.prompt.name"]),
        (None, 0, &json!("p"))
    );
}

#[test]
fn trace_fields() {
    both(
        &json!({"P.trace.name": "t", "P.trace.tags": ["a", "b", "a", 3], "P.trace.public": true, "user.id": "u",
            "session.id": "s", "P.trace.metadata.num": 1, "P.trace.metadata.txt": "x", "P.trace.metadata.obj": "{\"k\": [1, 2]}",
            "P.trace.metadata.a.b": "dotted"}),
        |span, at| {
            let trace = &span.trace;
            assert_eq!(trace.name.as_deref(), Some("t"), "{at}");
            assert_eq!(trace.tags, ["a", "b", "3"]);
            assert_eq!(
                (trace.public, trace.user_id.as_deref(), trace.session_id.as_deref()),
                (Some(true), Some("u"), Some("s"))
            );
            assert_eq!(
                Value::Object(trace.metadata.clone()),
                json!({"num": 1, "txt": "x", "obj": {"k": [1, 2]}, "a.b": "dotted"})
            );
        },
    );
    both(&json!({"P.trace.tags": "[\"a\",\"b\"]", "P.user.id": 7, "P.session.id": "s2"}), |span, _| {
        assert_eq!(span.trace.tags, ["a", "b"]);
        assert_eq!((span.trace.user_id.as_deref(), span.trace.session_id.as_deref()), (Some("7"), Some("s2")));
    });
}

#[test]
fn metadata_that_is_not_an_object() {
    both(&json!({"P.observation.metadata": "plain", "P.trace.metadata": "[1]"}), |span, at| {
        assert_eq!(span.metadata["metadata"], "plain", "{at}");
        assert_eq!(span.trace.metadata["metadata"], json!([1]));
    });
    both(&json!({"P.observation.metadata": "{\"a\":1}"}), |span, _| assert_eq!(span.metadata["a"], 1));
}

#[test]
fn metadata_by_sender() {
    let sent = json!({"langfuse.observation.metadata.text": "\"x\"", "langfuse.observation.metadata.number": "2"});
    let languages = |name: &str| json!({"telemetry.sdk.language": name});
    let named = |name: &str| Sender { sdk_name: Some(name.to_owned()), sdk_version: None };
    let json_decoded = json!({"text": "x", "number": 2});
    let script = json!({"text": "\"x\"", "number": 2});
    let raw = json!({"text": "\"x\"", "number": "2"});
    for (resource, scope, sender, expected) in [
        (json!({}), ("langfuse-sdk", "5.0.4"), named("python"), &json_decoded),
        (json!({}), ("langfuse-sdk", "10.0.0"), named("python"), &json_decoded),
        (languages("python"), ("langfuse-sdk", "5.0.4"), Sender::default(), &json_decoded),
        (json!({}), ("langfuse-sdk", "3.15.0"), named("python"), &raw),
        (languages("python"), ("langfuse-sdk", "5.11.1"), named("javascript"), &script),
        (languages("nodejs"), ("langfuse-sdk", "5.11.1"), Sender::default(), &script),
        (languages("nodejs"), ("langfuse-sdk", "4.0.0"), Sender::default(), &script),
        (languages("webjs"), ("abv-sdk", "0.0.1"), Sender::default(), &script),
        (json!({}), ("abv-sdk", "5.0.0"), named("python"), &raw),
        (json!({}), ("langfuse-sdk", "5.0.4"), Sender::default(), &raw),
        (json!({}), ("other.library", "5.0.4"), named("python"), &raw),
    ] {
        let decoded = decode(&request(&resource, scope, vec![span(&sent)]), &sender);
        let mut got = decoded.spans[0].metadata.clone();
        got.shift_remove("telemetry.sdk.language");
        assert_eq!(&Value::Object(got), expected, "{scope:?} {sender:?} {resource}");
    }
}

#[test]
fn environment_and_release_come_from_the_span_then_the_resource() {
    let read = |resource: Value, sent: Value| {
        let decoded = decode(&request(&resource, ("langfuse-sdk", "5.0.4"), vec![span(&sent)]), &python());
        let span = decoded.spans.into_iter().next().unwrap();
        (span.environment, span.release, decoded.warning_count)
    };
    let r = |text: &str| Some(text.to_owned());
    assert_eq!(read(json!({}), json!({})), ("default".into(), None, 0));
    let around = json!({"langfuse.environment": "staging", "langfuse.release": "r1", "deployment.environment": "x"});
    assert_eq!(read(around.clone(), json!({})), ("staging".into(), r("r1"), 0));
    let own = json!({"langfuse.environment": "qa", "langfuse.release": "r2"});
    assert_eq!(read(around, own), ("qa".into(), r("r2"), 0));
    let plain = json!({"deployment.environment": "Production", "service.version": "1.2"});
    assert_eq!(read(plain, json!({})), ("production".into(), r("1.2"), 0));
    let newer = json!({"deployment.environment": "old", "deployment.environment.name": "new"});
    assert_eq!(read(newer, json!({})).0, "new");
    for wrong in ["langfuse-x", "Caps", "with space", "ü", &"x".repeat(41)] {
        assert_eq!(read(json!({}), json!({"langfuse.environment": wrong})), ("default".into(), None, 1), "{wrong}");
    }
}

#[test]
fn app_roots() {
    for word in ["P.internal.is_app_root", "P.internal.as_root"] {
        both(&json!({word: true}), |span, at| assert!(span.app_root, "{at}"));
        both(&json!({word: false}), |span, at| assert!(!span.app_root, "{at}"));
    }
}

#[test]
fn levels_and_failures() {
    let read = |map: Value, code: i32, message: &str, exception: Option<Value>| {
        let mut sent = span(&map);
        sent.status = Some(Status { code, message: message.to_owned() });
        sent.events.extend(exception.map(|map| Event {
            name: "exception".to_owned(),
            attributes: attributes(&map),
            ..Event::default()
        }));
        let decoded = decode(&request(&json!({}), ("langfuse-sdk", "5.0.4"), vec![sent]), &python());
        let span = decoded.spans.into_iter().next().unwrap();
        (span.level, span.status_message, span.metadata.keys().cloned().collect::<Vec<_>>())
    };
    let said = |text: &str| Some(text.to_owned());
    for (word, level) in
        [("DEBUG", Level::Debug), ("DEFAULT", Level::Default), ("WARNING", Level::Warning), ("ERROR", Level::Error)]
    {
        assert_eq!(read(json!({"langfuse.observation.level": word}), 0, "", None).0, level);
    }
    assert_eq!(read(json!({}), 0, "", None), (Level::Default, None, vec![]));
    assert_eq!(read(json!({}), 2, "ValueError: kaput", None), (Level::Error, said("ValueError: kaput"), vec![]));
    let words = json!({"langfuse.observation.level": "WARNING", "langfuse.observation.status_message": "hm"});
    assert_eq!(read(words, 2, "x", None), (Level::Warning, said("hm"), vec![]));
    let exception =
        json!({"exception.type": "ValueError", "exception.message": "kaput", "exception.stacktrace": "at …"});
    let kept = vec!["exception.type".to_owned(), "exception.stacktrace".to_owned()];
    assert_eq!(
        read(json!({}), 2, "", Some(exception.clone())),
        (Level::Error, said("ValueError: kaput"), kept.clone())
    );
    assert_eq!(read(json!({}), 0, "", Some(exception.clone())).0, Level::Error);
    // Caught, and said to be fine.
    assert_eq!(read(json!({}), 1, "", Some(exception)).0, Level::Default);
    let typed = read(json!({"error.type": "timeout"}), 0, "", None);
    assert_eq!(typed, (Level::Error, said("timeout"), vec!["error.type".to_owned()]));
}

#[test]
fn experiment_attributes_are_kept_under_their_own_name() {
    let (span, warnings) =
        warned(&json!({"langfuse.experiment.id": "e", "langfuse.experiment.dataset.id": "d", "empty": ""}));
    assert_eq!(
        Value::Object(span.metadata),
        json!({"langfuse.experiment.id": "e", "langfuse.experiment.dataset.id": "d"})
    );
    assert!(warnings.is_empty());
}

#[test]
fn headers_name_the_sender() {
    for (header, value) in
        [("x-langfuse-sdk-name", "python"), ("x-abv-sdk-name", "python"), ("x_abv_sdk_name", "python")]
    {
        let sender = Sender::from_headers(|name| (name == header).then_some(value));
        assert_eq!(sender, python(), "{header}");
    }
    assert_eq!(Sender::from_headers(|_| None), Sender::default());
}

#[test]
fn times_are_kept_to_the_nanosecond() {
    both(&json!({}), |span, _| {
        assert_eq!((span.start_ns.0, span.end_ns.0, span.latency_ns()), (START, START + 1_000_000, 1_000_000));
    });
}
