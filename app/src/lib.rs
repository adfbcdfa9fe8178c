#![doc = include_str!("../README.md")]

pub mod error;
pub mod layout;
pub mod pages;
pub mod routes;

#[cfg(feature = "ssr")]
pub mod shell;
#[cfg(feature = "ssr")]
pub mod site;

pub use routes::App;
