//! The suites every backend passes. Each takes a fresh, empty store and panics with what differed.

pub mod control;
pub mod event;
