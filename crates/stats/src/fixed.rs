//! Fixed-horizon inference.
