//! The Bayesian view.
