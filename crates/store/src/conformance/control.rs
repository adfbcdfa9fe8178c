//! Suite of the control plane.
