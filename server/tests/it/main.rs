//! The real binary, from outside.

mod crash;
mod process;
