//! What is known about a unit when it is assigned.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// One attribute's value, borrowed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Attribute<'a> {
    /// A string.
    Text(&'a str),
    /// A number.
    Number(f64),
    /// True or false.
    Bool(bool),
    /// A list or an object: it exists, and no comparison matches it.
    Compound,
}

/// Where a condition looks attributes up.
///
/// A name may be a path with dots, which descends into objects as GrowthBook's clients do: `user.plan` is the value
/// `plan` of the object `user`. A missing attribute and a null one are the same: `None`.
pub trait Attributes {
    /// The value of an attribute, or `None` when it is missing or null.
    fn get(&self, path: &str) -> Option<Attribute<'_>>;
}

/// A value written in a condition or kept in a table of attributes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Scalar {
    /// True or false.
    Bool(bool),
    /// A number.
    Number(f64),
    /// A string.
    Text(String),
}

impl Scalar {
    /// The value, borrowed.
    #[must_use]
    pub fn as_attribute(&self) -> Attribute<'_> {
        match self {
            Self::Bool(flag) => Attribute::Bool(*flag),
            Self::Number(number) => Attribute::Number(*number),
            Self::Text(text) => Attribute::Text(text),
        }
    }
}

/// No attributes at all.
impl Attributes for () {
    fn get(&self, _path: &str) -> Option<Attribute<'_>> {
        None
    }
}

/// Names with their values, for literals; a path is looked up whole.
impl<const N: usize> Attributes for [(&str, Attribute<'_>); N] {
    fn get(&self, path: &str) -> Option<Attribute<'_>> {
        self.iter().find(|&&(name, _)| name == path).map(|&(_, attribute)| attribute)
    }
}

/// A flat table, such as a span's attributes; a path is looked up whole.
impl Attributes for BTreeMap<String, Scalar> {
    fn get(&self, path: &str) -> Option<Attribute<'_>> {
        Self::get(self, path).map(Scalar::as_attribute)
    }
}

/// A JSON object, such as an evaluation context; paths descend.
impl Attributes for Map<String, Value> {
    fn get(&self, path: &str) -> Option<Attribute<'_>> {
        let mut segments = path.split('.');
        let mut current = Self::get(self, segments.next()?)?;
        for segment in segments {
            current = current.as_object()?.get(segment)?;
        }
        match current {
            Value::Null => None,
            Value::Bool(flag) => Some(Attribute::Bool(*flag)),
            Value::Number(number) => number.as_f64().map(Attribute::Number),
            Value::String(text) => Some(Attribute::Text(text)),
            Value::Array(_) | Value::Object(_) => Some(Attribute::Compound),
        }
    }
}
