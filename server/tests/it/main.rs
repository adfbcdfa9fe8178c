//! The real binary, from outside.
#![expect(clippy::expect_used, reason = "helpers of tests fail the test")]

mod crash;
mod fill;
mod process;
mod reprice;
mod serve;
