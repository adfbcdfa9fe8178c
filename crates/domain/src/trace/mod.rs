//! Traces and spans, in one canonical form whichever dialect they came in.

mod blank;
mod kind;
mod message;
mod span;
mod usage;

pub(crate) use kind::words;

pub use kind::{Level, SpanKind};
pub use message::{Extent, Side, SpanMessage};
pub use span::{PromptLink, Span, SpanVersion, TraceFields};
pub use usage::{Cost, TokenBuckets, Usage};
