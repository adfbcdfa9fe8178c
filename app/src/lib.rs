#![doc = include_str!("../README.md")]

#[cfg(feature = "ssr")]
pub mod context;
pub mod error;
pub mod frame;
pub mod layout;
pub mod pages;
pub mod panel;
pub mod range;
pub mod routes;

#[cfg(feature = "ssr")]
pub mod shell;
#[cfg(feature = "ssr")]
pub mod site;

pub use routes::App;
