//! Tests of the two planes against real files.

mod event;
