//! Anytime-valid inference.
