#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod blobs;
mod control;
mod error;
mod event;
mod maintenance;
mod pool;
mod space;
mod statement;

pub use control::SqliteControl;
pub use event::{EventOptions, SqliteEvents};
pub use maintenance::{DataFile, Examined, copy_media};
