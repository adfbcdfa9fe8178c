//! Corrections for many tests.
