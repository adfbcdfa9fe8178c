//! Integration tests of the statistics engine.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::float_cmp,
    reason = "helpers of tests fail by panicking, print figures, and check that answers are equal to the last bit"
)]

mod adaptive;
mod answers;
mod compare;
mod decisions;
mod experiments;
mod fuzz;
mod monitoring;
mod monitoring_vectors;
#[path = "../../benches/page/mod.rs"]
mod page;
mod properties;
mod simulations;
mod sketch;
mod special;
mod tour;
mod vectors;
mod wasm;
