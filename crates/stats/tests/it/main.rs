//! Integration tests of the statistics engine.

mod compare;
mod fuzz;
mod monitoring_vectors;
mod properties;
mod sketch;
mod simulations;
mod vectors;
