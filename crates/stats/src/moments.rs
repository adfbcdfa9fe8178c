//! Mergeable moments.
