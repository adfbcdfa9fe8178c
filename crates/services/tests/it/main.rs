//! Tests of the use cases against SQLite in a temporary folder, with a clock and randomness of their own.
#![expect(clippy::panic, clippy::unwrap_used, reason = "helpers of tests fail the test")]

mod access;
mod adaptive;
mod annotations;
mod assignment;
mod conventions;
mod demo;
mod erasure;
mod experiments;
mod generations;
mod harm;
mod import;
mod keys;
mod members;
mod pipeline;
mod prices;
mod prompts;
mod proof;
mod self_check;
mod sticky;
mod traces;
mod world;
