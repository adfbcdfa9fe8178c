use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{Invalid, invalid::shown};

/// An enum of words that are sent as text and stored as numbers. Users need `serde`'s derives, `FromStr`, [`Invalid`] and
/// [`shown`] in scope.
macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($(#[$case_doc:meta])* $case:ident = $code:literal, $word:literal);+ $(;)? } $what:literal) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $($(#[$case_doc])* $case),+ }

        impl $name {
            /// Every case.
            pub const ALL: &'static [Self] = &[$(Self::$case),+];

            /// The word of the protocols, lower case.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$case => $word),+ }
            }

            /// The number stored. Never reused for something else.
            pub fn code(self) -> u8 {
                match self { $(Self::$case => $code),+ }
            }

            /// Back from [`Self::code`].
            pub fn from_code(code: u8) -> Option<Self> {
                match code { $($code => Some(Self::$case),)+ _ => None }
            }
        }

        /// Reads the word in any case.
        impl FromStr for $name {
            type Err = Invalid;

            fn from_str(text: &str) -> Result<Self, Invalid> {
                Self::ALL.iter().copied().find(|case| case.as_str().eq_ignore_ascii_case(text)).ok_or_else(|| {
                    let known: Vec<&str> = Self::ALL.iter().map(|case| case.as_str()).collect();
                    let known = known.join("`, `");
                    Invalid::new(format!(concat!("unknown ", $what, " `{}`; known: `{}`"), shown(text), known))
                })
            }
        }
    };
}

pub(crate) use words;

words!(
    /// What a span is (Langfuse and ABV call it the observation type).
    SpanKind {
        /// Anything else: a function, a database call.
        Span = 0, "span";
        /// A call of a language model.
        Generation = 1, "generation";
        /// A moment without duration.
        Event = 2, "event";
        /// An agent deciding.
        Agent = 3, "agent";
        /// A tool call.
        Tool = 4, "tool";
        /// A chain of steps.
        Chain = 5, "chain";
        /// A search for context.
        Retriever = 6, "retriever";
        /// A judgement of an output.
        Evaluator = 7, "evaluator";
        /// An embedding call.
        Embedding = 8, "embedding";
        /// A check that may block.
        Guardrail = 9, "guardrail";
    } "span kind"
);

impl SpanKind {
    /// Whether a prompt link on it counts: only a call of a model is a use of a prompt version. `propagate_attributes`
    /// puts the link on every span of a trace; counting it elsewhere would double the usage.
    pub fn is_generation(self) -> bool {
        matches!(self, Self::Generation)
    }
}

words!(
    /// How bad it is.
    Level {
        /// Detail.
        Debug = 0, "debug";
        /// Normal.
        Default = 1, "default";
        /// Worth a look.
        Warning = 2, "warning";
        /// Failed.
        Error = 3, "error";
    } "level"
);
