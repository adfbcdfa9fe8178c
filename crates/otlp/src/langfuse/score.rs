use std::str::FromStr;

use domain::{
    Invalid,
    ids::{ScoreId, SpanId, TraceId},
    score::{Score, ScoreName, ScoreSource, ScoreTarget, ScoreValue},
    time::TimeUs,
};
use serde_json::{Map, Value};

use super::{BodyError, check_count, kind_of, parse};
use crate::{mapping::environment, raw::shown};

/// Characters of a category.
const CATEGORY_CHARS: usize = 500;
/// Characters of a text or a comment.
const TEXT_CHARS: usize = 65_536;
/// Bytes of the metadata as JSON.
const METADATA_BYTES: usize = 65_536;

/// Why a score is refused.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("`{field}`: {reason}")]
pub struct InvalidScore {
    /// The field at fault, as the sender spells it.
    pub field: &'static str,
    /// What is wrong and what would be right.
    pub reason: String,
}

impl InvalidScore {
    pub(super) fn new(field: &'static str, reason: impl Into<String>) -> Self {
        Self { field, reason: reason.into() }
    }
}

/// A score as sent: valid, but perhaps without an id and a time.
#[derive(Clone, Debug, PartialEq)]
pub struct ScoreDraft {
    /// The sender's id.
    pub id: Option<ScoreId>,
    /// What is scored.
    pub target: ScoreTarget,
    /// What it measures.
    pub name: ScoreName,
    /// What it says.
    pub value: ScoreValue,
    /// Why.
    pub comment: Option<String>,
    /// Free JSON; `null` when not sent.
    pub metadata: Value,
    /// Its environment, `default` when not sent or not valid.
    pub environment: String,
    /// The sender's id of a score configuration.
    pub config_id: Option<String>,
    /// When it was given.
    pub at_us: Option<TimeUs>,
}

/// The body of `POST /api/public/scores`: its two shapes want different answers.
#[derive(Clone, Debug, PartialEq)]
pub enum Scores {
    /// A single object, as REST clients send it.
    One(Result<Box<ScoreDraft>, InvalidScore>),
    /// An array, as Langfuse Python 5 sends it.
    Many(Vec<Result<ScoreDraft, InvalidScore>>),
}

/// Reads the body of `POST /api/public/scores`.
///
/// # Errors
/// When the body is neither an object nor an array, or has more than [`crate::limits::SCORES`] scores.
pub fn parse_scores(body: &[u8]) -> Result<Scores, BodyError> {
    match parse(body)? {
        Value::Object(score) => Ok(Scores::One(ScoreDraft::read(score).map(Box::new))),
        Value::Array(scores) => {
            check_count(scores.len())?;
            let read = |score| match score {
                Value::Object(score) => ScoreDraft::read(score),
                other => Err(InvalidScore::new("score", format!("it is {}, not an object", kind_of(&other)))),
            };
            Ok(Scores::Many(scores.into_iter().map(read).collect()))
        }
        other => Err(BodyError::Shape { found: kind_of(&other), wanted: "a score or an array of scores" }),
    }
}

impl ScoreDraft {
    /// Fills in what the sender left out.
    pub fn into_score(self, id: impl FnOnce() -> ScoreId, now: TimeUs, source: ScoreSource) -> Score {
        Score {
            id: self.id.unwrap_or_else(id),
            target: self.target,
            name: self.name,
            value: self.value,
            comment: self.comment,
            metadata: self.metadata,
            source,
            environment: self.environment,
            config_id: self.config_id,
            at_us: self.at_us.unwrap_or(now),
        }
    }

    /// Reads one score. Unknown fields are ignored, as SDKs of other versions may send more.
    pub(super) fn read(score: Map<String, Value>) -> Result<Self, InvalidScore> {
        let mut fields = Fields(score);
        let name = fields.text("name")?.ok_or_else(|| InvalidScore::new("name", "a score needs a name"))?;
        let name = ScoreName::try_from(name).map_err(|invalid| InvalidScore::new("name", invalid.to_string()))?;
        let data_type = fields.text("dataType")?;
        let environment = fields.text("environment")?.and_then(|text| environment(&text).ok());
        Ok(Self {
            id: fields.parsed::<ScoreId>("id")?,
            target: fields.target()?,
            name,
            value: value(fields.take("value"), data_type.as_deref())?,
            comment: fields.limited("comment")?,
            metadata: fields.metadata()?,
            environment: environment.unwrap_or_else(|| "default".to_owned()),
            config_id: fields.limited("configId")?,
            at_us: fields.parsed::<TimeUs>("timestamp")?,
        })
    }
}

/// A score's fields; `null` is as good as absent.
struct Fields(Map<String, Value>);

impl Fields {
    fn take(&mut self, field: &str) -> Option<Value> {
        self.0.remove(field).filter(|value| !value.is_null())
    }

    fn text(&mut self, field: &'static str) -> Result<Option<String>, InvalidScore> {
        match self.take(field) {
            None => Ok(None),
            Some(Value::String(text)) if text.is_empty() => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(other) => Err(InvalidScore::new(field, format!("it is {}, not a text", kind_of(&other)))),
        }
    }

    fn limited(&mut self, field: &'static str) -> Result<Option<String>, InvalidScore> {
        self.text(field)?.map(|text| limited(field, text, TEXT_CHARS)).transpose()
    }

    fn parsed<T: FromStr<Err = Invalid>>(&mut self, field: &'static str) -> Result<Option<T>, InvalidScore> {
        let text = self.text(field)?;
        text.map(|text| text.parse())
            .transpose()
            .map_err(|invalid: Invalid| InvalidScore::new(field, invalid.to_string()))
    }

    fn target(&mut self) -> Result<ScoreTarget, InvalidScore> {
        let trace = self.parsed::<TraceId>("traceId")?;
        let span = self.parsed::<SpanId>("observationId")?;
        let session = self.limited("sessionId")?;
        match (trace, span, session) {
            (Some(trace), Some(span), _) => Ok(ScoreTarget::Observation { trace, span }),
            (Some(trace), None, _) => Ok(ScoreTarget::Trace { trace }),
            (None, Some(_), _) => {
                Err(InvalidScore::new("traceId", "an observation is scored by `traceId` and `observationId`"))
            }
            (None, None, Some(session)) => Ok(ScoreTarget::Session { session }),
            (None, None, None) => Err(InvalidScore::new(
                "traceId",
                "a score needs a target: `traceId`, with `observationId` or without, or `sessionId`",
            )),
        }
    }

    fn metadata(&mut self) -> Result<Value, InvalidScore> {
        let mut metadata = self.take("metadata").unwrap_or_default();
        if let Value::Object(map) = &mut metadata {
            map.shift_remove("api_key");
        }
        if metadata.to_string().len() > METADATA_BYTES {
            return Err(InvalidScore::new("metadata", format!("it has more than {METADATA_BYTES} bytes")));
        }
        Ok(metadata)
    }
}

fn limited(field: &'static str, text: String, limit: usize) -> Result<String, InvalidScore> {
    if text.chars().nth(limit).is_some() {
        return Err(InvalidScore::new(field, format!("it has more than {limit} characters")));
    }
    Ok(text)
}

/// What the value says: by its type, or by itself when no type is named.
fn value(value: Option<Value>, data_type: Option<&str>) -> Result<ScoreValue, InvalidScore> {
    let Some(value) = value else {
        let reason =
            "it is missing, or `NaN` or infinite, which is no score; send a finite number, a boolean or a text";
        return Err(InvalidScore::new("value", reason));
    };
    let wrong = |wanted: &str| {
        let shown = match &value {
            Value::String(text) => format!("the text `{}`", shown(text)),
            Value::Number(_) | Value::Bool(_) => format!("`{value}`"),
            other => kind_of(other).to_owned(),
        };
        Err(InvalidScore::new("value", format!("it is {shown}; {wanted}")))
    };
    match (data_type.map(str::to_ascii_uppercase).as_deref(), &value) {
        (None | Some("NUMERIC"), Value::Number(number)) => number
            .as_f64()
            .map_or_else(|| Err(Invalid::new("not a number")), ScoreValue::numeric)
            .map_err(|invalid| InvalidScore::new("value", invalid.to_string())),
        (None | Some("BOOLEAN"), Value::Bool(value)) => Ok(ScoreValue::Boolean(*value)),
        (Some("BOOLEAN"), Value::Number(number)) => match number.as_f64() {
            Some(1.0) => Ok(ScoreValue::Boolean(true)),
            Some(0.0) => Ok(ScoreValue::Boolean(false)),
            _ => wrong("a BOOLEAN score is `1`, `0`, `true` or `false`"),
        },
        (None | Some("CATEGORICAL"), Value::String(text)) if !text.is_empty() => {
            limited("value", text.clone(), CATEGORY_CHARS).map(ScoreValue::Categorical)
        }
        (Some("TEXT" | "CORRECTION"), Value::String(text)) => {
            limited("value", text.clone(), TEXT_CHARS).map(ScoreValue::Text)
        }
        (None, _) => wrong("a score is a finite number, a boolean or a text"),
        (Some("NUMERIC"), _) => wrong("a NUMERIC score is a finite number"),
        (Some("BOOLEAN"), _) => wrong("a BOOLEAN score is `1`, `0`, `true` or `false`"),
        (Some("CATEGORICAL"), _) => wrong("a CATEGORICAL score is a text of 1 to 500 characters"),
        (Some("TEXT" | "CORRECTION"), _) => wrong("a TEXT score is a text"),
        (Some(other), _) => Err(InvalidScore::new(
            "dataType",
            format!("unknown type `{}`; known types: `NUMERIC`, `BOOLEAN`, `CATEGORICAL`, `TEXT`", shown(other)),
        )),
    }
}
