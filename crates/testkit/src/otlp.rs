//! Requests with spans, as OTLP JSON.

use serde_json::{Value, json};

/// Noon on 2026-11-21 in nanoseconds: where the test clock begins.
pub const NOON_NS: u64 = 1_795_262_400_000_000_000;

/// The trace every span belongs to unless it says otherwise.
pub const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";

/// A trace no test sends a span of: scores on it wait for it.
pub const ORPHAN: &str = "0af7651916cd43dd8448eb211c80ffff";

/// A span: a generation by `gpt-4o-mini` that took 250 ms.
#[derive(Clone, Debug)]
pub struct SpanBuilder {
    json: Value,
}

/// A span with this id (16 hexadecimal digits) in [`TRACE`].
pub fn span(id: &str) -> SpanBuilder {
    SpanBuilder {
        json: json!({
            "traceId": TRACE,
            "spanId": id,
            "name": "answer",
            "kind": 1,
            "startTimeUnixNano": (NOON_NS - 1_000_000_000).to_string(),
            "endTimeUnixNano": (NOON_NS - 750_000_000).to_string(),
            "attributes": [],
        }),
    }
    .text("langfuse.observation.type", "generation")
    .text("langfuse.observation.model.name", "gpt-4o-mini")
    .text("langfuse.observation.input", "hi")
    .text("langfuse.observation.output", "hello")
}

impl SpanBuilder {
    /// In another trace.
    #[must_use]
    pub fn trace(self, id: &str) -> Self {
        self.field("traceId", id.into())
    }

    /// Below another span.
    #[must_use]
    pub fn parent(self, id: &str) -> Self {
        self.field("parentSpanId", id.into())
    }

    /// With another name.
    #[must_use]
    pub fn name(self, name: &str) -> Self {
        self.field("name", name.into())
    }

    /// Linked to a prompt version.
    #[must_use]
    pub fn prompt(self, name: &str, version: u32) -> Self {
        self.text("langfuse.observation.prompt.name", name)
            .attribute("langfuse.observation.prompt.version", json!({ "intValue": version }))
    }

    /// With a text attribute.
    #[must_use]
    pub fn text(self, key: &str, value: &str) -> Self {
        self.attribute(key, json!({ "stringValue": value }))
    }

    /// With any attribute, as OTLP writes its value. An earlier one of that name is replaced.
    #[must_use]
    pub fn attribute(mut self, key: &str, value: Value) -> Self {
        if let Some(attributes) = self.json["attributes"].as_array_mut() {
            attributes.retain(|attribute| attribute["key"] != key);
            attributes.push(json!({ "key": key, "value": value }));
        }
        self
    }

    /// With any field of the span itself.
    #[must_use]
    pub fn field(mut self, name: &str, value: Value) -> Self {
        self.json[name] = value;
        self
    }

    /// The span.
    pub fn build(self) -> Value {
        self.json
    }
}

/// A whole `ExportTraceServiceRequest` of these spans, from Langfuse's JavaScript SDK.
pub fn request(spans: impl IntoIterator<Item = SpanBuilder>) -> Value {
    let spans: Vec<Value> = spans.into_iter().map(SpanBuilder::build).collect();
    json!({ "resourceSpans": [{
        "resource": { "attributes": [] },
        "scopeSpans": [{ "scope": { "name": "langfuse-sdk", "version": "5.11.1" }, "spans": spans }],
    }] })
}
