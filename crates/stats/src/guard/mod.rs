//! Data-quality guards.
