//! Outcome events: what came of it, in the application's own terms, such as a conversion, a click, revenue. They may come
//! late, before what they are about, and again.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{
    experiment::{EventName, UnitKind},
    ids::{EventId, TraceId},
    problem::FieldProblem,
    score::ScoreValue,
    time::TimeUs,
};

/// Whom or what an event is about.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EventUnit {
    /// The sort of thing.
    pub kind: UnitKind,
    /// Its id as the application names it; a trace's in lower-case hexadecimal digits.
    pub id: String,
}

impl EventUnit {
    /// Most characters of an id.
    pub const MOST_ID: usize = 200;

    /// A unit with a valid id.
    ///
    /// # Errors
    /// With the field `unit.id` when the id is not 1 to 200 printable characters, or no trace's id where it has to be one.
    pub fn new(kind: UnitKind, id: &str) -> Result<Self, FieldProblem> {
        let wrong = |message: String| Err(FieldProblem::new("unit.id", message));
        if kind == UnitKind::Trace {
            return match id.parse::<TraceId>() {
                Ok(trace) => Ok(Self::trace(trace)),
                Err(invalid) => wrong(invalid.to_string()),
            };
        }
        let length = id.chars().count();
        if length == 0 || length > Self::MOST_ID {
            return wrong(format!("`{length}` characters; a unit's id has 1 to {}", Self::MOST_ID));
        }
        if id.chars().any(char::is_control) {
            return wrong("a unit's id has no control characters".to_owned());
        }
        Ok(Self { kind, id: id.to_owned() })
    }

    /// A trace.
    pub fn trace(trace: TraceId) -> Self {
        Self { kind: UnitKind::Trace, id: trace.to_string() }
    }
}

/// An event as it is kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OutcomeEvent {
    /// The sender's id; the same id again is an update.
    pub id: EventId,
    /// What happened.
    pub name: EventName,
    /// To whom.
    pub unit: EventUnit,
    /// How much, within ±9e9; counts as 1 where there is none.
    pub value: Option<f64>,
    /// Free JSON, without secrets; kept for reading back.
    pub properties: Map<String, Value>,
    /// When it happened, by the sender's clock if it said so.
    pub at_us: TimeUs,
}

impl OutcomeEvent {
    /// Most properties.
    pub const MOST_PROPERTIES: usize = 50;
    /// Most bytes of all properties, as JSON.
    pub const MOST_PROPERTY_BYTES: usize = 8 * 1024;

    /// Checks what types alone do not: the value, and the bounds of the properties.
    ///
    /// # Errors
    /// With the field that is wrong, and what would be right.
    pub fn check(&self) -> Result<(), FieldProblem> {
        if let Some(value) = self.value
            && !(value.is_finite() && value.abs() <= ScoreValue::LIMIT)
        {
            return Err(FieldProblem::new(
                "value",
                format!("`{value}` is no value; a number lies between -9e9 and 9e9"),
            ));
        }
        let count = self.properties.len();
        if count > Self::MOST_PROPERTIES {
            return Err(FieldProblem::new(
                "properties",
                format!("`{count}` properties; an event has at most {}", Self::MOST_PROPERTIES),
            ));
        }
        let bytes = serde_json::to_vec(&self.properties).map_or(usize::MAX, |json| json.len());
        if bytes > Self::MOST_PROPERTY_BYTES {
            return Err(FieldProblem::new(
                "properties",
                format!("`{bytes}` bytes of JSON; an event has at most {}", Self::MOST_PROPERTY_BYTES),
            ));
        }
        Ok(())
    }

    /// What it counts for in sums.
    pub fn number(&self) -> f64 {
        self.value.unwrap_or(1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event() -> OutcomeEvent {
        OutcomeEvent {
            id: "e".parse().unwrap(),
            name: "checkout.completed".parse().unwrap(),
            unit: EventUnit::new(UnitKind::User, "ana").unwrap(),
            value: Some(9.5),
            properties: Map::new(),
            at_us: TimeUs(0),
        }
    }

    #[test]
    fn everything_out_of_bounds_is_named() {
        assert_eq!(event().check(), Ok(()));
        for value in [f64::NAN, f64::INFINITY, 1e10] {
            assert_eq!(OutcomeEvent { value: Some(value), ..event() }.check().unwrap_err().field, "value");
        }
        let many = (0..51).map(|at| (at.to_string(), Value::Null)).collect();
        let large = Map::from_iter([("text".to_owned(), Value::String("x".repeat(9_000)))]);
        for properties in [many, large] {
            assert_eq!(OutcomeEvent { properties, ..event() }.check().unwrap_err().field, "properties");
        }
    }

    #[test]
    fn a_trace_is_named_by_its_id_in_one_way_only() {
        let upper = EventUnit::new(UnitKind::Trace, "0AF7651916CD43DD8448EB211C80319C").unwrap();
        assert_eq!(upper.id, "0af7651916cd43dd8448eb211c80319c");
        for (kind, id) in [(UnitKind::Trace, "ana"), (UnitKind::User, ""), (UnitKind::Session, "a\u{7}")] {
            assert!(EventUnit::new(kind, id).is_err(), "{id:?}");
        }
    }
}
