//! From units to a result: numbers as `stats` has them, verdicts by their conditions, and nothing that is no number.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

mod adaptive;
mod numbers;
mod properties;
mod segments;
mod sheets;
mod verdicts;
