//! Scores: a number, a yes or no, a category or a text, on a trace, an observation or a session. They may come late, before
//! their target, and again.

use serde::{Deserialize, Serialize};

use crate::{
    Invalid,
    ids::{ScoreId, SpanId, TraceId},
    invalid::shown,
    problem::FieldProblem,
    time::TimeUs,
};

/// What a score says. Numbers are finite.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", content = "value", rename_all = "snake_case")]
pub enum ScoreValue {
    /// A finite number within ±9e9.
    Numeric(f64),
    /// Yes or no.
    Boolean(bool),
    /// One of some words.
    Categorical(String),
    /// Free text.
    Text(String),
}

impl ScoreValue {
    /// The largest magnitude a numeric score may have: what fixed point at 1e-9 holds.
    pub const LIMIT: f64 = 9e9;

    /// A number.
    ///
    /// # Errors
    /// When it is not finite or beyond [`Self::LIMIT`].
    pub fn numeric(value: f64) -> Result<Self, Invalid> {
        if value.is_finite() && value.abs() <= Self::LIMIT {
            return Ok(Self::Numeric(value));
        }
        Err(Invalid::new(format!("`{value}` is not a score value; a number lies between -9e9 and 9e9")))
    }

    /// The word for the type.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Numeric(_) => "numeric",
            Self::Boolean(_) => "boolean",
            Self::Categorical(_) => "categorical",
            Self::Text(_) => "text",
        }
    }

    /// The number it counts as in averages: numeric as is, boolean 1 or 0, others none.
    pub fn number(&self) -> Option<f64> {
        match self {
            Self::Numeric(value) => Some(*value),
            Self::Boolean(value) => Some(f64::from(u8::from(*value))),
            Self::Categorical(_) | Self::Text(_) => None,
        }
    }
}

/// What is scored; also the level at which it counts.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScoreTarget {
    /// One span of a trace: counts for its version.
    Observation {
        /// The trace.
        trace: TraceId,
        /// The span.
        span: SpanId,
    },
    /// A trace: counts once for each distinct version linked in it.
    Trace {
        /// The trace.
        trace: TraceId,
    },
    /// A session: counts once for each distinct version linked in it.
    Session {
        /// The session, as the sender names it.
        session: String,
    },
}

impl ScoreTarget {
    /// The target a request names by its parts: a trace, a span of a trace, or a session.
    ///
    /// # Errors
    /// With the field `session` when its name is not 1 to 200 characters long, and `trace` for any other combination.
    pub fn from_parts(
        trace: Option<TraceId>,
        span: Option<SpanId>,
        session: Option<String>,
    ) -> Result<Self, FieldProblem> {
        match (trace, span, session) {
            (Some(trace), Some(span), None) => Ok(Self::Observation { trace, span }),
            (Some(trace), None, None) => Ok(Self::Trace { trace }),
            (None, None, Some(session)) if (1..=200).contains(&session.chars().count()) => {
                Ok(Self::Session { session })
            }
            (None, None, Some(_)) => Err(FieldProblem::new("session", "a session has 1 to 200 characters")),
            _ => Err(FieldProblem::new("trace", "give `trace`, `trace` and `span`, or `session` alone")),
        }
    }

    /// The level as a word: `observation`, `trace` or `session`.
    pub fn level(&self) -> &'static str {
        match self {
            Self::Observation { .. } => "observation",
            Self::Trace { .. } => "trace",
            Self::Session { .. } => "session",
        }
    }
}

/// Where a score came from.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScoreSource {
    /// A program through an API.
    Api,
    /// A person in the browser.
    Human,
    /// Somebody who uses the application, through its web page.
    Feedback,
}

impl ScoreSource {
    /// The word stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::Human => "human",
            Self::Feedback => "feedback",
        }
    }
}

/// The name of a score: 1 to 120 printable characters.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ScoreName(String);

impl ScoreName {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for ScoreName {
    type Error = Invalid;

    fn try_from(text: String) -> Result<Self, Invalid> {
        if text.trim().is_empty() || text.chars().count() > 120 || text.chars().any(char::is_control) {
            return Err(Invalid::new(format!(
                "`{}` is not a score name; it has 1 to 120 printable characters",
                shown(&text)
            )));
        }
        Ok(Self(text))
    }
}

impl From<ScoreName> for String {
    fn from(name: ScoreName) -> Self {
        name.0
    }
}

/// A score as it is kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// The sender's id; the same id again is an update.
    pub id: ScoreId,
    /// What is scored.
    pub target: ScoreTarget,
    /// What it measures.
    pub name: ScoreName,
    /// What it says.
    pub value: ScoreValue,
    /// Why, in the scorer's words.
    pub comment: Option<String>,
    /// Free JSON, without secrets.
    pub metadata: serde_json::Value,
    /// Where it came from.
    pub source: ScoreSource,
    /// The environment the sender named.
    pub environment: String,
    /// The sender's id of a score configuration, kept for reading back.
    pub config_id: Option<String>,
    /// When it was given, by the sender's clock if it said so.
    pub at_us: TimeUs,
}
