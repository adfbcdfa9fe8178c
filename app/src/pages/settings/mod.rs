//! Settings: API keys and members.

mod keys;
mod members;
pub mod model;
pub mod server;

pub use keys::Keys;
pub use members::Members;
