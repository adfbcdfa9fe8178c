//! Decoding of a full batch (512 generations of about 1.3 KB), beside what `opentelemetry-proto` alone takes to read the
//! same bytes into its own types, without any meaning.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest,
    common::v1::{AnyValue, InstrumentationScope, KeyValue, any_value},
    resource::v1::Resource,
    trace::v1::{ResourceSpans, ScopeSpans, Span},
};
use otlp::{Encoding, Sender, decode_traces};
use prost::Message as _;

const SPANS: u64 = 512;

fn attribute(key: &str, value: any_value::Value) -> KeyValue {
    KeyValue { key: key.to_owned(), value: Some(AnyValue { value: Some(value) }), ..KeyValue::default() }
}

fn text(key: &str, value: &str) -> KeyValue {
    attribute(key, any_value::Value::StringValue(value.to_owned()))
}

fn span(number: u64) -> Span {
    let question = "Natalia sold clips to 48 of her friends in April, and half as many in May. ".repeat(4);
    let input =
        format!("[{{\"role\":\"system\",\"content\":\"Solve it.\"}},{{\"role\":\"user\",\"content\":\"{question}\"}}]");
    let start = 1_795_229_399_049_000_000 + number * 1_000_000;
    Span {
        trace_id: (u128::from(number / 4) + 1).to_be_bytes().to_vec(),
        span_id: (number + 1).to_be_bytes().to_vec(),
        parent_span_id: (number + 7).to_be_bytes().to_vec(),
        name: "answer".to_owned(),
        kind: 1,
        start_time_unix_nano: start,
        end_time_unix_nano: start + 850_000_000,
        attributes: vec![
            text("langfuse.environment", "production"),
            text("langfuse.release", "rel-1.2.3"),
            text("user.id", "user-42"),
            text("session.id", "session-7"),
            text("langfuse.observation.type", "generation"),
            text("langfuse.observation.model.name", "gpt-4o-mini"),
            text("langfuse.observation.model.parameters", "{\"temperature\":0.5}"),
            text("langfuse.observation.input", &input),
            text("langfuse.observation.output", &"She sold 48/2 = 24 clips in May. ".repeat(12)),
            text("langfuse.observation.usage_details", "{\"input\":110,\"output\":70,\"total\":180}"),
            text("langfuse.observation.completion_start_time", "\"2026-11-21T02:45:22.700658Z\""),
            text("langfuse.observation.prompt.name", "math/gsm8k"),
            attribute("langfuse.observation.prompt.version", any_value::Value::IntValue(4)),
            text("langfuse.observation.metadata.row", "17"),
        ],
        ..Span::default()
    }
}

fn batch() -> ExportTraceServiceRequest {
    let scope =
        InstrumentationScope { name: "langfuse-sdk".to_owned(), version: "5.0.4".to_owned(), ..Default::default() };
    let resource = Resource { attributes: vec![text("telemetry.sdk.language", "python")], ..Default::default() };
    let spans = (0..SPANS).map(span).collect();
    ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans {
            resource: Some(resource),
            scope_spans: vec![ScopeSpans { scope: Some(scope), spans, ..Default::default() }],
            ..Default::default()
        }],
    }
}

fn decoding(criterion: &mut Criterion) {
    let batch = batch();
    let protobuf = batch.encode_to_vec();
    let json = serde_json::to_vec(&batch).unwrap_or_default();
    let sender = Sender { sdk_name: Some("python".to_owned()), sdk_version: Some("5.0.4".to_owned()) };
    for (name, encoding, body) in [("protobuf", Encoding::Protobuf, protobuf), ("json", Encoding::Json, json)] {
        let mut group = criterion.benchmark_group(format!("512 spans, {name}, {} bytes", body.len()));
        group.throughput(Throughput::Elements(SPANS));
        group.bench_function("to canonical spans", |bencher| {
            bencher.iter(|| decode_traces(black_box(&body), encoding, &sender).map(|decoded| decoded.spans.len()));
        });
        group.bench_function("opentelemetry-proto, reading only", |bencher| {
            bencher.iter(|| match encoding {
                Encoding::Protobuf => ExportTraceServiceRequest::decode(black_box(body.as_slice())).is_ok(),
                Encoding::Json => serde_json::from_slice::<ExportTraceServiceRequest>(black_box(&body)).is_ok(),
            });
        });
        group.finish();
    }
}

criterion_group!(benches, decoding);
criterion_main!(benches);
