//! The exact anytime-valid test of binary outcomes.
