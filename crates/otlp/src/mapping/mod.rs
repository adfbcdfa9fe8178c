//! From attributes to meaning: [`table`] says which attribute says what; the rest of this module says how it is read.

mod context;
mod cost;
pub(crate) mod evaluation;
pub(crate) mod messages;
mod slots;
mod span;
mod table;
mod text;
mod tier;
mod unlinked;
mod usage;
mod words;

pub(crate) use context::{Context, Resource, environment};
pub(crate) use span::Mapped;
pub use tier::service_tier;
pub use unlinked::{NoLink, why_unlinked};
