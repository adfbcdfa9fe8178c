use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use super::{ArmKey, AttributeName, Share};
use crate::{Invalid, invalid::shown};

/// One of the versions compared. The first arm of an experiment is its control.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Arm {
    /// Its key, the same for ever.
    pub key: ArmKey,
    /// What people call it.
    #[serde(default)]
    pub name: String,
    /// The number of the prompt's version it serves; 0 while none is chosen, which cannot be launched.
    pub version: u32,
    /// Its share of the units that take part, in 1/10,000; all arms' weights sum to 10,000.
    pub weight: u16,
}

impl Arm {
    /// The name shown: the key while it has none.
    pub fn title(&self) -> &str {
        if self.name.is_empty() { self.key.as_str() } else { &self.name }
    }
}

/// What is split: whoever this names keeps one arm. In JSON a text: `user`, `session`, `trace` or `attribute:NAME`.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub enum UnitKind {
    /// The person who uses the application.
    User,
    /// A conversation.
    Session,
    /// Each request by itself.
    Trace,
    /// Whatever this attribute names, such as a team.
    Attribute(AttributeName),
}

impl UnitKind {
    /// The attribute that carries the unit's id in an evaluation context; clients hash on its value. Flag clients call the
    /// user's id the targeting key, which is `id` here.
    pub fn attribute(&self) -> &str {
        match self {
            Self::User => "id",
            Self::Session => "session_id",
            Self::Trace => "trace_id",
            Self::Attribute(name) => name.as_str(),
        }
    }
}

impl fmt::Display for UnitKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User => f.write_str("user"),
            Self::Session => f.write_str("session"),
            Self::Trace => f.write_str("trace"),
            Self::Attribute(name) => write!(f, "attribute:{name}"),
        }
    }
}

impl FromStr for UnitKind {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        match (text, text.strip_prefix("attribute:")) {
            (_, Some(name)) => name.parse().map(Self::Attribute),
            ("user", _) => Ok(Self::User),
            ("session", _) => Ok(Self::Session),
            ("trace", _) => Ok(Self::Trace),
            _ => Err(Invalid::new(format!(
                "unknown unit `{}`; known: `user`, `session`, `trace`, `attribute:NAME`",
                shown(text)
            ))),
        }
    }
}

crate::as_text::as_text!(UnitKind);

/// Who sets the weights.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Allocation {
    /// A person; changing them opens a phase.
    #[default]
    Fixed,
    /// The allocator, batch by batch, towards the better arms; each batch is an epoch.
    Adaptive,
}

/// A part of the units that takes part in no experiment, so that the sum of all changes can be measured. The hash is the
/// project's, so every experiment with a holdout leaves out the same units.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Holdout {
    /// How many.
    pub share: Share,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_read_back_what_they_write() {
        for text in ["user", "session", "trace", "attribute:team_id"] {
            assert_eq!(text.parse::<UnitKind>().unwrap().to_string(), text);
        }
        for wrong in ["", "person", "attribute:", "attribute:user.plan"] {
            assert!(wrong.parse::<UnitKind>().is_err(), "{wrong}");
        }
    }
}
