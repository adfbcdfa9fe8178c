//! Quantiles of rows clustered in units.
