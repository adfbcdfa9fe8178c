//! Sorting small lists of anything with little code.
//!
//! The standard sorts are several kilobytes of WASM for each type they sort; a dozen types would take a tenth of the
//! browser budget. Lists of `f64` share one instance of `sort_unstable_by(f64::total_cmp)`; everything else, none of it
//! hot, comes here.

use core::cmp::Ordering;

use crate::error::{Result, Undefined, finite};

/// Finite values, ascending.
///
/// # Errors
/// No values, or one that is not finite.
pub(crate) fn sorted(values: &[f64]) -> Result<Vec<f64>> {
    if values.is_empty() {
        return Err(Undefined::TooFewUnits { have: 0, need: 1 });
    }
    let mut sorted = Vec::with_capacity(values.len());
    for &value in values {
        sorted.push(finite("values", value)?);
    }
    sorted.sort_unstable_by(f64::total_cmp);
    Ok(sorted)
}

/// The value of rank ⌈share·n⌉ in an ascending list, at least the first and at most the last; `None` in an empty one.
pub(crate) fn at_share(sorted: &[f64], share: f64) -> Option<f64> {
    let rank = ((share * sorted.len() as f64).ceil() as usize).clamp(1, sorted.len().max(1));
    sorted.get(rank - 1).copied()
}

/// Heap sort (Williams 1964): in place, n log n in the worst case, not stable, so `compare` should order completely.
pub(crate) fn sort<T>(list: &mut [T], compare: impl Fn(&T, &T) -> Ordering) {
    for start in (0..list.len() / 2).rev() {
        sift_down(list, start, &compare);
    }
    for end in (1..list.len()).rev() {
        list.swap(0, end);
        if let Some(heap) = list.get_mut(..end) {
            sift_down(heap, 0, &compare);
        }
    }
}

/// Lets the entry at `start` sink until no child is larger.
fn sift_down<T>(heap: &mut [T], start: usize, compare: &impl Fn(&T, &T) -> Ordering) {
    let mut parent = start;
    loop {
        let mut largest = parent;
        for child in [2 * parent + 1, 2 * parent + 2] {
            if let (Some(one), Some(other)) = (heap.get(child), heap.get(largest))
                && compare(one, other) == Ordering::Greater
            {
                largest = child;
            }
        }
        if largest == parent {
            return;
        }
        heap.swap(parent, largest);
        parent = largest;
    }
}

#[cfg(test)]
mod tests {
    use super::sort;
    use crate::random::Generator;

    #[test]
    fn sorts_like_the_standard_library() {
        let mut generator = Generator::new(1);
        for length in 0..200 {
            let list: Vec<u64> = (0..length).map(|_| generator.below(50)).collect();
            let (mut own, mut standard) = (list.clone(), list);
            sort(&mut own, u64::cmp);
            standard.sort_unstable();
            assert_eq!(own, standard);
        }
    }
}
