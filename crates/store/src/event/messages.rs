use async_trait::async_trait;
use domain::{
    ids::ProjectId,
    trace::{Extent, Side, SpanMessage},
};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::SpanPayload;
use crate::StoreError;

/// What makes a message the same when it is sent again: everything but its place.
///
/// # Errors
/// When the content cannot be written as JSON, which no decoded message causes.
pub fn message_digest(message: &SpanMessage) -> Result<u64, serde_json::Error> {
    let output = message.side == Side::Output;
    let whole = message.extent == Extent::Whole;
    let said = serde_json::to_vec(&(message.at_ns.0, output, whole, &message.content))?;
    let digest = Sha256::digest(said);
    Ok(digest.iter().take(8).fold(0_u64, |all, byte| (all << 8) | u64::from(*byte)))
}

impl SpanPayload {
    /// Fills in what went in and what came out from messages, where the span itself does not say, or sends an empty text. What
    /// is said whole is more than its pieces, and the last of several wholes stands.
    #[must_use]
    pub fn with_messages(mut self, mut messages: Vec<SpanMessage>) -> Self {
        messages.sort_by_key(|message| (message.at_ns, message.place));
        for (side, slot) in [(Side::Input, &mut self.input), (Side::Output, &mut self.output)] {
            if slot.as_ref().is_none_or(|content| content.as_str() == Some("")) {
                *slot = said(&messages, side).or(slot.take());
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
