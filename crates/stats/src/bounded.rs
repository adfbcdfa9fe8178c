//! Finite-sample sequences for bounded scores.
