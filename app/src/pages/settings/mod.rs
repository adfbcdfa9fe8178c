//! Settings: the project itself, its environments, API keys, members, and what all settings pages have around them.

pub mod client_key;
pub mod data;
mod environments;
mod general;
mod keys;
mod members;
pub mod model;
pub mod nav;
#[cfg(feature = "ssr")]
mod read;
pub mod server;

pub use environments::Environments;
pub use general::General;
pub use keys::Keys;
pub use members::Members;
