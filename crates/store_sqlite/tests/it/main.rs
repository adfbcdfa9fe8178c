//! Tests of the two planes against real files.

mod control;
mod crash;
mod event;
