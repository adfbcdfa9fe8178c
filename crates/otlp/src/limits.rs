//! What one request may hold. Beyond a limit the attribute or span is left out and named, never the batch; only a request
//! with more spans than [`SPANS`] is refused whole, before any of them is read.

/// Spans in one request. SDKs send 512, collectors 8,192.
pub const SPANS: usize = 65_536;
/// Attributes of one span, event, resource or scope.
pub const ATTRIBUTES: usize = 1_024;
/// Events of one span.
pub const EVENTS: usize = 128;
/// Arrays and maps inside one another in one attribute.
pub const DEPTH: usize = 64;
/// Bytes of an attribute's key.
pub const KEY_BYTES: usize = 512;
/// Characters of a span's name; the rest is cut off.
pub const NAME_CHARS: usize = 1_000;
/// Characters of a user, session, model, release and the like.
pub const SHORT_CHARS: usize = 1_000;
/// Attributes without a meaning here that are kept in the metadata of one span.
pub const KEPT_ATTRIBUTES: usize = 256;
/// Bytes of one such attribute.
pub const KEPT_BYTES: usize = 64 * 1024;
/// Tags of one span.
pub const TAGS: usize = 100;
/// The largest token count believed.
pub const TOKENS: u64 = 1_000_000_000_000;
/// Warnings listed; further ones are only counted.
pub const WARNINGS: usize = 1_000;
/// Log records in one request. Collectors send 8,192.
pub const LOGS: usize = 65_536;
/// Scores in one request.
pub const SCORES: usize = 10_000;

/// JSON values one request of `bytes` bytes may unfold into: a value costs ten times the two bytes it can be written in,
/// so without this a small body could fill the memory.
pub(crate) fn values(bytes: usize) -> usize {
    65_536 + bytes / 8
}
