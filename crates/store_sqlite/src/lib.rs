#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod control;
mod error;
mod event;
mod pool;

pub use event::{EventOptions, SqliteEvents};
