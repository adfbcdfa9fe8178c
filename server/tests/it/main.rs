//! The real binary, from outside.
#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "helpers of tests fail the test and say how it went"
)]

mod crash;
mod fill;
mod full;
mod load;
mod process;
mod reprice;
mod serve;
mod start;
mod stress;
