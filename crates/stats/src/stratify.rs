//! Post-stratification.
