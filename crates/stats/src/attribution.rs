//! Attribution of a change between two periods to its causes.
