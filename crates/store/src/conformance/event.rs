//! Suite of the event plane.
