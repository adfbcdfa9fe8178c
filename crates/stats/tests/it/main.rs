//! Integration tests of the statistics engine.

mod compare;
mod monitoring_vectors;
mod sketch;
mod vectors;
