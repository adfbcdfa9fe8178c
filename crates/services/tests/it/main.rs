//! Tests of the use cases against SQLite in a temporary folder, with a clock and randomness of their own.

mod access;
mod keys;
mod members;
mod prompts;
mod world;
