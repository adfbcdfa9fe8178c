//! Tests of assignment, a file per topic.

#![expect(clippy::unwrap_used, reason = "the helpers of tests may stop a test")]

mod allocation_free;
mod change;
mod clients;
mod condition;
mod experiment;
mod hash;
mod independence;
mod validation;
