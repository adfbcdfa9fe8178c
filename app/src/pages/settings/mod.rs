//! Settings: API keys and members.

pub mod client_key;
mod keys;
mod members;
pub mod model;
pub mod server;

pub use keys::Keys;
pub use members::Members;
