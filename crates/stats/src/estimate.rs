//! Estimates per arm.
