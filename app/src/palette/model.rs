//! What the server finds.

use serde::{Deserialize, Serialize};

/// What a find is.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub enum HitKind {
    /// A prompt.
    Prompt,
    /// One version of a prompt.
    Version,
    /// A trace.
    Trace,
    /// A session.
    Session,
    /// A user.
    User,
    /// Another project of the visitor.
    Project,
}

/// One find.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Hit {
    /// What it is.
    pub kind: HitKind,
    /// Its name or id.
    pub text: String,
    /// What tells it from others of the same name.
    pub note: Option<String>,
    /// Its page.
    pub href: String,
}

/// A text that asks for a version: `support/answer v3`, `answer@3`, `answer 3`. Its name and number.
pub fn version_asked(text: &str) -> Option<(&str, u32)> {
    let (name, number) = text.trim().rsplit_once([' ', '@'])?;
    let number = number.strip_prefix(['v', 'V']).unwrap_or(number);
    Some((name.trim(), number.parse().ok().filter(|number| *number > 0)?))
}

/// A text that may be the id of a trace: 32 hexadecimal digits, also as a UUID writes them.
pub fn trace_asked(text: &str) -> Option<String> {
    let plain = text.trim().replace('-', "").to_ascii_lowercase();
    (plain.len() == 32 && plain.bytes().all(|byte| byte.is_ascii_hexdigit())).then_some(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_asked_for_in_several_ways() {
        for text in ["support/answer v3", "support/answer@3", " support/answer V3 ", "support/answer 3"] {
            assert_eq!(version_asked(text), Some(("support/answer", 3)), "{text}");
        }
        for text in ["support/answer", "answer v0", "answer v", "v3"] {
            assert_eq!(version_asked(text), None, "{text}");
        }
    }

    #[test]
    fn an_id_of_a_trace_may_be_written_as_a_uuid() {
        let plain = "0af7651916cd43dd8448eb211c80319c";
        assert_eq!(trace_asked(" 0AF76519-16cd-43dd-8448-eb211c80319c").as_deref(), Some(plain));
        assert_eq!(trace_asked(plain).as_deref(), Some(plain));
        assert_eq!(trace_asked("0af7"), None);
        assert_eq!(trace_asked(&"x".repeat(32)), None);
    }
}
