//! Detectors of a change of level.
