//! The JSON that Langfuse's and ABV's SDKs speak beside OTLP: scores, by `POST /api/public/ingestion` and by
//! `POST /api/public/scores`.

mod ingestion;
mod score;

pub use ingestion::{Ingestion, IngestionEvent, Outcome, parse_ingestion};
pub use score::{InvalidScore, ScoreDraft, Scores, parse_scores};

use serde_json::Value;

use crate::{
    limits,
    raw::{bare_numbers, value::Budget},
};

/// Why a body could not be read at all.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BodyError {
    /// Not JSON.
    #[error("the body is not JSON: {source}")]
    Json {
        /// What is wrong, with line and column.
        #[from]
        source: serde_json::Error,
    },
    /// JSON of another shape.
    #[error("the body is {found}; send {wanted}")]
    Shape {
        /// What came.
        found: &'static str,
        /// What would be right.
        wanted: &'static str,
    },
    /// More events or scores than one request may hold.
    #[error("the request holds {found} entries; send at most {limit} at once")]
    TooMany {
        /// How many.
        found: usize,
        /// How many are allowed.
        limit: usize,
    },
}

/// Levels of JSON in a request: the envelope, and metadata inside.
const DEPTH: usize = limits::DEPTH + 8;

/// Reads a body. Python writes `NaN` and `Infinity`, which JSON lacks: they are read as `null`, so that one such score
/// is refused alone and not the batch with it.
fn parse(body: &[u8]) -> Result<Value, BodyError> {
    let text = String::from_utf8_lossy(body);
    let budget = Budget::new(limits::values(body.len()));
    let error = match budget.parse(&text, DEPTH) {
        Ok(value) => return Ok(value),
        Err(error) => error,
    };
    let Some(without) = bare_numbers(&text, |_| "null") else { return Err(error.into()) };
    Budget::new(limits::values(body.len())).parse(&without, DEPTH).map_err(|_| error.into())
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

fn check_count(found: usize) -> Result<(), BodyError> {
    if found > limits::SCORES {
        return Err(BodyError::TooMany { found, limit: limits::SCORES });
    }
    Ok(())
}
