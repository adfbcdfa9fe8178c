//! Hashes with a fixed meaning for ever.
