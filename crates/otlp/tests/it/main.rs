//! Decoding as a caller sees it.

mod fixtures;
