//! Rules that say which names a price is for.

use regex_lite::Regex;
use serde_json::Value;

/// A rule, compiled. Names come in lower case.
#[derive(Clone, Debug)]
pub(crate) enum Rule {
    Equals(Box<str>),
    Starts(Box<str>),
    Ends(Box<str>),
    Contains(Box<str>),
    Like(Box<Regex>),
    Any(Vec<Self>),
    All(Vec<Self>),
    Not(Box<Self>),
}

impl Rule {
    /// Reads `["=", text]`, `["or", rule, …]` and so on.
    pub(crate) fn read(value: &Value) -> Result<Self, String> {
        let parts = value.as_array().map(Vec::as_slice).unwrap_or_default();
        let Some((Value::String(operator), rest)) = parts.split_first() else {
            return Err(format!("`{value}` is not a rule"));
        };
        if let "or" | "and" = operator.as_str() {
            let rules = rest.iter().map(Self::read).collect::<Result<Vec<_>, _>>()?;
            return Ok(if operator == "or" { Self::Any(rules) } else { Self::All(rules) });
        }
        let [one] = rest else { return Err(format!("`{value}`: `{operator}` has one part")) };
        if operator == "not" {
            return Self::read(one).map(|rule| Self::Not(Box::new(rule)));
        }
        let text = one.as_str().ok_or_else(|| format!("`{value}`: `{operator}` has a text"))?;
        if operator == "~" {
            // Lower-casing would change classes such as `\D`.
            let regex = Regex::new(&format!("(?i){text}")).map_err(|error| format!("`{text}`: {error}"))?;
            return Ok(Self::Like(Box::new(regex)));
        }
        let text = text.to_lowercase().into_boxed_str();
        match operator.as_str() {
            "=" => Ok(Self::Equals(text)),
            "^" => Ok(Self::Starts(text)),
            "$" => Ok(Self::Ends(text)),
            "*" => Ok(Self::Contains(text)),
            _ => Err(format!("`{operator}` is not an operator; known: `=`, `^`, `$`, `*`, `~`, `or`, `and`, `not`")),
        }
    }

    /// Whether a name, in lower case, is one of those.
    pub(crate) fn matches(&self, name: &str) -> bool {
        match self {
            Self::Equals(text) => name == &**text,
            Self::Starts(text) => name.starts_with(&**text),
            Self::Ends(text) => name.ends_with(&**text),
            Self::Contains(text) => name.contains(&**text),
            Self::Like(regex) => regex.is_match(name),
            Self::Any(rules) => rules.iter().any(|rule| rule.matches(name)),
            Self::All(rules) => rules.iter().all(|rule| rule.matches(name)),
            Self::Not(rule) => !rule.matches(name),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_operator_does_what_it_says() {
        let matches = |rule: Value, name: &str| Rule::read(&rule).unwrap().matches(name);
        for (rule, yes, no) in [
            (json!(["=", "GPT-4"]), "gpt-4", "gpt-4o"),
            (json!(["^", "gpt-"]), "gpt-4", "a-gpt-4"),
            (json!(["$", "-mini"]), "x-mini", "x-mini-1"),
            (json!(["*", "claude"]), "a.claude-3", "gpt"),
            (json!(["~", "^o[134]"]), "o3-mini", "o2"),
            (json!(["~", "^a-\\d{2}$"]), "a-12", "a-1x"),
            (json!(["or", ["=", "a"], ["=", "b"]]), "b", "c"),
            (json!(["and", ["^", "a"], ["not", ["*", "b"]]]), "ac", "abc"),
        ] {
            assert!(matches(rule.clone(), yes), "{rule} {yes}");
            assert!(!matches(rule.clone(), no), "{rule} {no}");
        }
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for wrong in [
            json!(null),
            json!([]),
            json!(["="]),
            json!(["=", 1]),
            json!(["?", "a"]),
            json!(["~", "("]),
            json!(["or", "a"]),
        ] {
            assert!(Rule::read(&wrong).is_err(), "{wrong}");
        }
    }
}
