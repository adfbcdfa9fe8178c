//! A project: one product's prompts, traces and people.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize, de};

use crate::{Invalid, ids::ProjectId, invalid::shown, segment::SegmentAttribute, time::TimeUs};

/// The project's name in addresses: lower-case letters, digits and single hyphens, 1 to 40.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(transparent)]
pub struct ProjectSlug(String);

impl ProjectSlug {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The nearest slug to a name people typed; `None` when nothing usable is in it.
    pub fn from_name(name: &str) -> Option<Self> {
        let words: Vec<String> = name
            .split(|c: char| !c.is_ascii_alphanumeric())
            .filter(|word| !word.is_empty())
            .map(str::to_ascii_lowercase)
            .collect();
        let joined = words.join("-");
        let cut = joined.get(..joined.len().min(40))?.trim_end_matches('-');
        cut.parse().ok()
    }
}

impl fmt::Display for ProjectSlug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for ProjectSlug {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let allowed = text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if text.is_empty()
            || text.len() > 40
            || !allowed
            || text.starts_with('-')
            || text.ends_with('-')
            || text.contains("--")
        {
            return Err(Invalid::new(format!(
                "`{}` is not a project address; use 1 to 40 lower-case letters, digits and single hyphens",
                shown(text)
            )));
        }
        Ok(Self(text.to_owned()))
    }
}

impl<'de> Deserialize<'de> for ProjectSlug {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

/// What the owners of a project have chosen. Stored as JSON; what it does not say is as at first.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ProjectSettings {
    /// The attribute whose values are the project's segments; none at first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub segment: Option<SegmentAttribute>,
    /// For how many days events are kept; for ever at first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retention_days: Option<u32>,
    /// Whether this is the demo: made up in parts, and removed without being asked twice.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub demo: bool,
}

impl ProjectSettings {
    /// The longest time after which events are taken away, in days: ten years.
    pub const MOST_DAYS: u32 = 3_650;
}

/// Settings and how often they were changed.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct SettingsAt {
    /// The settings.
    pub settings: ProjectSettings,
    /// 0 at first, raised by each change.
    pub revision: u64,
}

/// What to do with one setting. In JSON a field that is left out keeps it; anything else, null too, is what it becomes.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Change<T> {
    /// It stays as it is.
    #[default]
    Keep,
    /// It becomes this.
    To(T),
}

/// Reads the value; fields of this type are marked `#[serde(default)]`, so that a missing one keeps.
impl<'de, T: Deserialize<'de>> Deserialize<'de> for Change<T> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::deserialize(deserializer).map(Self::To)
    }
}

/// A project as the control plane keeps it.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Project {
    /// Its id.
    pub id: ProjectId,
    /// Its name in addresses.
    pub slug: ProjectSlug,
    /// Its name for people, 1 to 80 characters.
    pub name: String,
    /// When it was made.
    pub created_us: TimeUs,
}
