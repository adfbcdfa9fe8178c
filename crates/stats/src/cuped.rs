//! Variance reduction with pre-exposure covariates.
