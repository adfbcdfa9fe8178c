//! Identifiers. Records of ours carry time-ordered UUIDs (made in `services`); spans and traces keep the ids OpenTelemetry
//! gave them; scores keep the sender's id, which may be any short text.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize, de};
use uuid::Uuid;

use crate::{Invalid, invalid::shown};

macro_rules! uuid_ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = Invalid;

            fn from_str(text: &str) -> Result<Self, Invalid> {
                Uuid::try_parse(text)
                    .map(Self)
                    .map_err(|_| Invalid::new(format!("`{}` is not an id; an id is a UUID", shown(text))))
            }
        }
    )+};
}

uuid_ids!(
    /// A project: the border of isolation; every event and prompt belongs to exactly one.
    ProjectId,
    /// A person.
    UserId,
    /// An API key.
    KeyId,
    /// A prompt, with all its versions.
    PromptId,
    /// One move of a label.
    LabelMoveId,
    /// A browser session of a person.
    SessionId,
    /// A set-up or password link that works once.
    LinkId,
    /// A price a project set.
    PriceId,
    /// A piece of work done in the background.
    JobId,
    /// A dataset, with all its items.
    DatasetId,
    /// A comment.
    CommentId,
    /// A score configuration.
    ScoreConfigId,
    /// An experiment. Its text also seeds the assignment hash, so that arms of two experiments are independent.
    ExperimentId,
    /// An entry in an experiment's log.
    ActivityId,
);

macro_rules! hex_ids {
    ($($(#[$doc:meta])* $name:ident, $bytes:literal, $what:literal);+ $(;)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
        pub struct $name([u8; $bytes]);

        impl $name {
            /// From raw bytes; all zero is no id (W3C Trace Context, section 3.2.2).
            ///
            /// # Errors
            /// When every byte is zero.
            pub fn from_bytes(bytes: [u8; $bytes]) -> Result<Self, Invalid> {
                if bytes.iter().all(|byte| *byte == 0) {
                    return Err(Invalid::new(concat!("a ", $what, " id must not be all zero")));
                }
                Ok(Self(bytes))
            }

            /// From a slice of any length, as protobuf carries it.
            ///
            /// # Errors
            /// When the length is wrong or every byte is zero.
            pub fn from_slice(bytes: &[u8]) -> Result<Self, Invalid> {
                let exact = <[u8; $bytes]>::try_from(bytes).map_err(|_| {
                    Invalid::new(format!(concat!("a ", $what, " id has ", $bytes, " bytes, got {}"), bytes.len()))
                })?;
                Self::from_bytes(exact)
            }

            /// The raw bytes.
            pub fn as_bytes(&self) -> &[u8; $bytes] {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }

        impl FromStr for $name {
            type Err = Invalid;

            fn from_str(text: &str) -> Result<Self, Invalid> {
                let mut bytes = [0_u8; $bytes];
                let wrong = || {
                    Invalid::new(format!(
                        concat!("`{}` is not a ", $what, " id; it is written as {} hexadecimal digits"),
                        shown(text),
                        $bytes * 2,
                    ))
                };
                if text.len() != $bytes * 2 || !text.is_ascii() {
                    return Err(wrong());
                }
                for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
                    let pair = std::str::from_utf8(pair).map_err(|_| wrong())?;
                    *byte = u8::from_str_radix(pair, 16).map_err(|_| wrong())?;
                }
                Self::from_bytes(bytes)
            }
        }

        crate::as_text::as_text!($name);
    )+};
}

hex_ids!(
    /// A trace: 16 bytes, never zero, written as 32 hexadecimal digits.
    TraceId, 16, "trace";
    /// A span within its trace: 8 bytes, never zero, written as 16 hexadecimal digits.
    SpanId, 8, "span";
);

macro_rules! text_ids {
    ($($(#[$doc:meta])* $name:ident, $what:literal);+ $(;)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = Invalid;

            fn from_str(text: &str) -> Result<Self, Invalid> {
                if text.is_empty() || text.chars().count() > 128 || text.chars().any(char::is_control) {
                    return Err(Invalid::new(format!(
                        concat!("`{}` is not ", $what, " id; it has 1 to 128 printable characters"),
                        shown(text)
                    )));
                }
                Ok(Self(text.to_owned()))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
            }
        }
    )+};
}

text_ids!(
    /// The id a sender gave a score: 1 to 128 characters, no control characters. The same id again is an update.
    ScoreId, "a score";
    /// The id a sender gave an outcome event, likewise.
    EventId, "an event";
);
