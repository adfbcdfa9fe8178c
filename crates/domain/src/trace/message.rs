use serde_json::Value;

use crate::{
    ids::{SpanId, TraceId},
    time::TimeNs,
};

/// Which side of a call a message is on.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Side {
    /// What went in.
    Input,
    /// What came out.
    Output,
}

/// How much of its side a message is.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Extent {
    /// One message among others.
    Piece,
    /// All of it.
    Whole,
}

/// Something a log record says went into or came out of a span. It may come before the span, after it, or without one ever
/// coming; the same again changes nothing.
#[derive(Clone, Debug, PartialEq)]
pub struct SpanMessage {
    /// The span's trace.
    pub trace_id: TraceId,
    /// The span.
    pub span_id: SpanId,
    /// When it was said.
    pub at_ns: TimeNs,
    /// Its place among others said at the same time; of two copies the smaller stands.
    pub place: u32,
    /// Which side it is on.
    pub side: Side,
    /// How much of that side it is.
    pub extent: Extent,
    /// What was said.
    pub content: Value,
}
