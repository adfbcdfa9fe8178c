use async_trait::async_trait;
use domain::{
    ids::{ProjectId, SpanId, TraceId},
    time::TimeNs,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::SpanPayload;
use crate::StoreError;

/// Which side of a call a message is on.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// What went in.
    Input,
    /// What came out.
    Output,
}

/// How much of its side a message is.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Extent {
    /// One message among others.
    Piece,
    /// All of it.
    Whole,
}

/// Something a log record says went into or came out of a span. It may come before the span, after it, or without one ever
/// coming; the same again changes nothing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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

impl SpanMessage {
    /// What makes it the same message when it is sent again: everything but its place.
    ///
    /// # Errors
    /// When the content cannot be written as JSON, which no decoded message causes.
    pub fn digest(&self) -> Result<u64, serde_json::Error> {
        let said = serde_json::to_vec(&(self.at_ns.0, self.side, self.extent, &self.content))?;
        let digest = Sha256::digest(said);
        Ok(digest.iter().take(8).fold(0_u64, |all, byte| (all << 8) | u64::from(*byte)))
    }
}

impl SpanPayload {
    /// Fills in what went in and what came out from messages, where the span itself does not say. What is said whole is more
    /// than its pieces, and the last of several wholes stands.
    #[must_use]
    pub fn with_messages(mut self, mut messages: Vec<SpanMessage>) -> Self {
        messages.sort_by_key(|message| (message.at_ns, message.place));
        for (side, slot) in [(Side::Input, &mut self.input), (Side::Output, &mut self.output)] {
            if slot.is_none() {
                *slot = said(&messages, side);
            }
        }
        self
    }
}

fn said(messages: &[SpanMessage], side: Side) -> Option<Value> {
    let of = |extent: Extent| messages.iter().filter(move |said| said.side == side && said.extent == extent);
    if let Some(whole) = of(Extent::Whole).next_back() {
        return Some(whole.content.clone());
    }
    let mut pieces: Vec<Value> = of(Extent::Piece).map(|message| message.content.clone()).collect();
    match pieces.as_slice() {
        [] => None,
        // One text stands alone; messages are a list.
        [Value::String(_)] => pieces.pop(),
        _ => Some(Value::Array(pieces)),
    }
}

/// Storage of messages beside spans. [`super::EventStore::payload`] and [`super::EventStore::payloads`] show a span's messages
/// in its payload; whatever came first.
#[async_trait]
pub trait MessageStore: Send + Sync {
    /// Stores messages durably, all of them or none.
    ///
    /// # Errors
    /// [`StoreError::Busy`] or [`StoreError::Full`] when nothing was stored and the same may be sent again.
    async fn add_messages(&self, project: ProjectId, messages: Vec<SpanMessage>) -> Result<(), StoreError>;
}
