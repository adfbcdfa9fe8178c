use domain::trace::PromptLink;
use serde_json::{Map, Value};

use super::table::{Field, keys_of};
use crate::raw::shown;

/// What keeps a stored generation from counting for a prompt version of its own words.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum NoLink {
    /// It names no prompt at all.
    NoAttributes,
    /// It names a prompt and no version of it.
    NoVersion {
        /// The attribute that names it.
        attribute: String,
        /// The name.
        name: String,
    },
    /// It gives a version and names no prompt.
    NoName {
        /// The attribute that gives it.
        attribute: String,
        /// The version as it was sent.
        version: String,
    },
    /// It says both, and they cannot be used.
    Unusable {
        /// The attribute at fault.
        attribute: String,
        /// Its value as it was sent.
        value: String,
        /// What is wrong with it, and what would be right.
        problem: String,
    },
}

/// Why a stored generation has no link: both halves that were not used are in its metadata, under the sender's own keys.
pub fn why_unlinked(metadata: &Map<String, Value>) -> NoLink {
    match (said(metadata, Field::PromptName), said(metadata, Field::PromptVersion)) {
        (None, None) => NoLink::NoAttributes,
        (Some((attribute, name)), None) => NoLink::NoVersion { attribute, name },
        (None, Some((attribute, version))) => NoLink::NoName { attribute, version },
        (Some((of_name, name)), Some((of_version, version))) => match link(&name, &version) {
            Err(BadLink::Name(problem)) => NoLink::Unusable { attribute: of_name, value: name, problem },
            Err(BadLink::Version(problem)) => NoLink::Unusable { attribute: of_version, value: version, problem },
            // Both are fine as text, so what was sent was not text.
            Ok(_) => NoLink::Unusable {
                attribute: of_version,
                value: version,
                problem: "it was sent in a form that is not read; send a text or a whole number".to_owned(),
            },
        },
    }
}

fn said(metadata: &Map<String, Value>, field: Field) -> Option<(String, String)> {
    keys_of(field).find_map(|key| {
        let text = match metadata.get(&key)? {
            Value::Null => return None,
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        Some((key, text))
    })
}

/// Which half of a link cannot be used, and why.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum BadLink {
    Name(String),
    Version(String),
}

/// A prompt's name and version: a number, also as text, also as `v2`.
pub(super) fn link(name: &str, version: &str) -> Result<PromptLink, BadLink> {
    if name.is_empty() || name.chars().nth(200).is_some() {
        return Err(BadLink::Name("a prompt name has 1 to 200 characters".to_owned()));
    }
    let digits = version.strip_prefix(['v', 'V']).unwrap_or(version);
    match digits.parse::<u32>() {
        Ok(version @ 1..) => Ok(PromptLink { name: name.to_owned(), version }),
        _ => Err(BadLink::Version(format!("`{}` is not a version; it is written as `2` or `v2`", shown(version)))),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn why(metadata: Value) -> NoLink {
        let Value::Object(metadata) = metadata else { panic!("an object") };
        why_unlinked(&metadata)
    }

    #[test]
    fn every_way_to_miss_a_link_is_told_apart() {
        assert_eq!(why(json!({"other": 1})), NoLink::NoAttributes);
        assert_eq!(
            why(json!({"gen_ai.prompt.name": "greet"})),
            NoLink::NoVersion { attribute: "gen_ai.prompt.name".to_owned(), name: "greet".to_owned() }
        );
        assert_eq!(
            why(json!({"abv.observation.prompt.version": 3})),
            NoLink::NoName { attribute: "abv.observation.prompt.version".to_owned(), version: "3".to_owned() }
        );
        assert_eq!(
            why(json!({"langfuse.observation.prompt.name": "greet", "langfuse.observation.prompt.version": "newest"})),
            NoLink::Unusable {
                attribute: "langfuse.observation.prompt.version".to_owned(),
                value: "newest".to_owned(),
                problem: "`newest` is not a version; it is written as `2` or `v2`".to_owned(),
            }
        );
        assert_eq!(
            why(json!({"prompt.id": "", "gen_ai.prompt.version": 1})),
            NoLink::Unusable {
                attribute: "prompt.id".to_owned(),
                value: String::new(),
                problem: "a prompt name has 1 to 200 characters".to_owned(),
            }
        );
    }
}
