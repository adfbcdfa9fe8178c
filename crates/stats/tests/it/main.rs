//! Integration tests of the statistics engine.

mod compare;
mod experiments;
mod fuzz;
mod monitoring_vectors;
#[path = "../../benches/page.rs"]
mod page;
mod properties;
mod sketch;
mod simulations;
mod tour;
mod vectors;
mod wasm;
