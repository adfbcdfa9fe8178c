use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize, de};

use crate::{Invalid, invalid::shown};

/// A prompt's name: 1 to 200 characters in folders divided by `/`; no empty folder, no control character, no blank at
/// either end of a part. Spaces and any script are fine: `support/Antwort für Kunden`.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(transparent)]
pub struct PromptName(String);

impl PromptName {
    /// The whole name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The folder it stands in, without the last part.
    pub fn folder(&self) -> Option<&str> {
        self.0.rsplit_once('/').map(|(folder, _)| folder)
    }

    /// The last part.
    pub fn leaf(&self) -> &str {
        self.0.rsplit_once('/').map_or(&self.0, |(_, leaf)| leaf)
    }
}

impl fmt::Display for PromptName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for PromptName {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let length = text.chars().count();
        if length == 0 || length > 200 {
            return Err(Invalid::new(format!("a prompt name has 1 to 200 characters, this one has {length}")));
        }
        if text.chars().any(char::is_control) {
            return Err(Invalid::new("a prompt name has no line breaks or other control characters"));
        }
        if text.split('/').any(|part| part.is_empty() || part.trim() != part) {
            return Err(Invalid::new(format!(
                "`{}` has an empty or blank-edged part; write folders as `support/answer`",
                shown(text)
            )));
        }
        Ok(Self(text.to_owned()))
    }
}

impl<'de> Deserialize<'de> for PromptName {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

/// A tag of a prompt: 1 to 60 printable characters, no blank at either end.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(transparent)]
pub struct Tag(String);

impl Tag {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Tag {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let length = text.chars().count();
        if length == 0 || length > 60 || text.trim() != text || text.chars().any(char::is_control) {
            return Err(Invalid::new(format!(
                "`{}` is not a tag; a tag has 1 to 60 printable characters",
                shown(text)
            )));
        }
        Ok(Self(text.to_owned()))
    }
}

impl<'de> Deserialize<'de> for Tag {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}
