//! Inference after adaptive allocation.
