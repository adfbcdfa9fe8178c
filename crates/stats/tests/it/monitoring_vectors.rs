//! Reference vectors of quantiles, sketches, power, allocation, drift and hashing.

use crate::compare::Input;
use serde_json::Value;

/// `None` for a method that nobody maps.
pub(crate) fn run(method: &str, _input: &Input) -> Option<Value> {
    match method {
        _ => None,
    }
}
