use serde_json::{Map, Value};

use super::{BodyError, InvalidScore, ScoreDraft, check_count, kind_of, parse};
use crate::raw::shown;

/// A batch of events, each to be answered by its id.
#[derive(Clone, Debug, PartialEq)]
pub struct Ingestion {
    /// The events in the order sent.
    pub events: Vec<IngestionEvent>,
}

/// One event of a batch.
#[derive(Clone, Debug, PartialEq)]
pub struct IngestionEvent {
    /// The sender's id of the event; empty when it gave none.
    pub id: String,
    /// What it is.
    pub outcome: Outcome,
}

/// What an event turned out to be.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// A score.
    Score(Box<ScoreDraft>),
    /// Something old SDKs send and nothing here needs, such as `trace-create`; to be acknowledged.
    Ignored {
        /// Its type.
        kind: String,
    },
    /// Nothing that could be read; to be answered with status 400.
    Invalid(InvalidScore),
}

/// Types of events old SDKs send beside scores.
const IGNORED: &[&str] = &[
    "trace-create",
    "span-create",
    "span-update",
    "generation-create",
    "generation-update",
    "event-create",
    "observation-create",
    "observation-update",
    "sdk-log",
];

/// Reads the body of `POST /api/public/ingestion`. Its `metadata`, where ABV puts the secret key, is not read.
///
/// # Errors
/// When the body is not an object with an array `batch`, or that has more than [`crate::limits::SCORES`] events.
pub fn parse_ingestion(body: &[u8]) -> Result<Ingestion, BodyError> {
    const WANTED: &str = "an object with `batch`, an array of events";
    let batch = match parse(body)? {
        Value::Object(mut envelope) => match envelope.remove("batch") {
            Some(Value::Array(batch)) => batch,
            Some(_) => {
                return Err(BodyError::Shape { found: "an object whose `batch` is not an array", wanted: WANTED });
            }
            None => return Err(BodyError::Shape { found: "an object without `batch`", wanted: WANTED }),
        },
        other => return Err(BodyError::Shape { found: kind_of(&other), wanted: WANTED }),
    };
    check_count(batch.len())?;
    Ok(Ingestion { events: batch.into_iter().map(read_event).collect() })
}

fn read_event(event: Value) -> IngestionEvent {
    let mut event = match event {
        Value::Object(event) => event,
        other => {
            let outcome =
                Outcome::Invalid(InvalidScore::new("event", format!("it is {}, not an object", kind_of(&other))));
            return IngestionEvent { id: String::new(), outcome };
        }
    };
    let id = match event.remove("id") {
        Some(Value::String(id)) => id,
        _ => String::new(),
    };
    let outcome = read_outcome(event, &id).unwrap_or_else(Outcome::Invalid);
    IngestionEvent { id, outcome }
}

fn read_outcome(mut event: Map<String, Value>, event_id: &str) -> Result<Outcome, InvalidScore> {
    if event_id.is_empty() {
        return Err(InvalidScore::new("id", "an event needs an `id`, a text"));
    }
    let Some(Value::String(kind)) = event.remove("type") else {
        return Err(InvalidScore::new("type", "an event needs a `type`, such as `score-create`"));
    };
    if kind != "score-create" {
        if IGNORED.contains(&kind.as_str()) {
            return Ok(Outcome::Ignored { kind });
        }
        let reason = format!("unknown event type `{}`; scores are `score-create`, spans go to OTLP", shown(&kind));
        return Err(InvalidScore::new("type", reason));
    }
    let Some(Value::Object(mut body)) = event.remove("body") else {
        return Err(InvalidScore::new("body", "a `score-create` event needs a `body`, an object"));
    };
    // The event says when; and as a resent event keeps its id, a score without one takes that and stays one score.
    for (field, value) in [("timestamp", event.remove("timestamp")), ("id", Some(Value::from(event_id)))] {
        if let Some(value) = value.filter(|_| body.get(field).is_none_or(Value::is_null)) {
            body.insert(field.to_owned(), value);
        }
    }
    ScoreDraft::read(body).map(|draft| Outcome::Score(Box::new(draft)))
}
