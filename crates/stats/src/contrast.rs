//! Differences between two arms.
