//! How a request was served, where instrumentations say so.

use domain::{price::ServiceTier, trace::Span};
use serde_json::{Map, Value};

/// Words that providers put among their counts, with the names the mapping keeps them under in the metadata.
pub(super) const AMONG_COUNTS: [(&str, &str); 2] = [("service_tier", "usage.service_tier"), ("speed", "usage.speed")];

/// What the answer says; it decides over what was asked for, since a provider may serve otherwise.
const ANSWERED: &[&str] = &[
    "usage.service_tier",
    "gen_ai.openai.response.service_tier",
    "openai.response.service_tier",
    "gen_ai.response.service_tier",
    "service_tier",
];
/// What was asked for.
const ASKED: &[&str] = &["gen_ai.openai.request.service_tier", "openai.request.service_tier"];
const PARAMETERS: &[&str] = &["service_tier", "processing"];

/// How the request was served: OpenAI's, Google's and Anthropic's words, from metadata and model parameters; as usual when
/// nothing is said, or nothing known.
pub fn service_tier(span: &Span) -> ServiceTier {
    let said = |map: &Map<String, Value>, keys: &[&str]| keys.iter().find_map(|key| tier(map.get(*key)?.as_str()?));
    // Anthropic's speed is said beside its tier, which is then `standard`.
    let speeds = [span.metadata.get("usage.speed"), span.model_parameters.get("speed")];
    if speeds.into_iter().flatten().next().is_some_and(|speed| speed == "fast") {
        return ServiceTier::Fast;
    }
    said(&span.metadata, ANSWERED)
        .or_else(|| said(&span.metadata, ASKED))
        .or_else(|| said(&span.model_parameters, PARAMETERS))
        .unwrap_or_default()
}

/// A provider's word. `auto` leaves it open, so it says nothing.
fn tier(word: &str) -> Option<ServiceTier> {
    match word.trim().to_lowercase().as_str() {
        "default" | "standard" | "standard_only" | "on_demand" | "on-demand" => Some(ServiceTier::Standard),
        "batch" | "batches" => Some(ServiceTier::Batch),
        "flex" => Some(ServiceTier::Flex),
        "priority" => Some(ServiceTier::Priority),
        "fast" => Some(ServiceTier::Fast),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use domain::{
        ids::{SpanId, TraceId},
        time::TimeNs,
        trace::{Cost, Level, SpanKind, TraceFields, Usage},
    };
    use serde_json::json;

    use super::*;

    fn span(metadata: Value, parameters: Value) -> Span {
        let (Value::Object(metadata), Value::Object(model_parameters)) = (metadata, parameters) else {
            panic!("two objects")
        };
        Span {
            trace_id: TraceId::from_bytes([1; 16]).unwrap(),
            span_id: SpanId::from_bytes([1; 8]).unwrap(),
            parent_id: None,
            name: String::new(),
            kind: SpanKind::Generation,
            start_ns: TimeNs(0),
            end_ns: TimeNs(0),
            level: Level::Default,
            status_message: None,
            model: None,
            provider: None,
            model_parameters,
            usage: Usage::default(),
            cost: Cost::default(),
            completion_start_ns: None,
            prompt: None,
            environment: String::new(),
            release: None,
            version: None,
            input: None,
            output: None,
            metadata,
            trace: TraceFields::default(),
            app_root: false,
            scope: String::new(),
        }
    }

    #[test]
    fn the_answer_decides_over_what_was_asked_for() {
        for (metadata, parameters, tier) in [
            (json!({}), json!({}), ServiceTier::Standard),
            (json!({}), json!({"service_tier": "flex"}), ServiceTier::Flex),
            (json!({}), json!({"service_tier": "auto"}), ServiceTier::Standard),
            (json!({}), json!({"processing": "batch"}), ServiceTier::Batch),
            (json!({"gen_ai.openai.request.service_tier": "priority"}), json!({}), ServiceTier::Priority),
            (
                json!({"gen_ai.openai.response.service_tier": "default"}),
                json!({"service_tier": "priority"}),
                ServiceTier::Standard,
            ),
            (json!({"usage.service_tier": "batch"}), json!({}), ServiceTier::Batch),
            (json!({"usage.service_tier": "standard", "usage.speed": "fast"}), json!({}), ServiceTier::Fast),
            (json!({"usage.speed": "standard"}), json!({"speed": "fast"}), ServiceTier::Standard),
            (
                json!({"service_tier": 3, "speed": "fast", "processing": "batch"}),
                json!({"service_tier": []}),
                ServiceTier::Standard,
            ),
        ] {
            assert_eq!(service_tier(&span(metadata.clone(), parameters.clone())), tier, "{metadata} {parameters}");
        }
    }
}
