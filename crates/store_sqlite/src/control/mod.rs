//! The control plane in SQLite.
