//! Adaptive allocation between arms.
