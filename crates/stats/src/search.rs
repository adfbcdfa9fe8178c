//! One-dimensional minimisation.

/// The minimiser and minimum of a unimodal function on an interval, by 80 golden sections (Kiefer 1953): to the last digits
/// that a flat minimum has.
pub(crate) fn golden_minimum(mut low: f64, mut high: f64, function: impl Fn(f64) -> f64) -> (f64, f64) {
    const SECTION: f64 = 0.618_033_988_749_894_9;
    let mut left = high - SECTION * (high - low);
    let mut right = low + SECTION * (high - low);
    let (mut at_left, mut at_right) = (function(left), function(right));
    for _ in 0..80 {
        if at_left <= at_right {
            (high, right, at_right) = (right, left, at_left);
            left = high - SECTION * (high - low);
            at_left = function(left);
        } else {
            (low, left, at_left) = (left, right, at_right);
            right = low + SECTION * (high - low);
            at_right = function(right);
        }
    }
    if at_left <= at_right { (left, at_left) } else { (right, at_right) }
}
