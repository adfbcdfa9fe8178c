//! Tests of the two planes against real files.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

mod control;
mod crash;
mod event;
mod older;
