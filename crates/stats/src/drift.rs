//! Distances between distributions.
