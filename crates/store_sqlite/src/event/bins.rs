//! Counts by bin: sorted by bin, no zero counts.

use store::StoreError;

use super::codec::{Packer, Unpacker};

/// Counts one in (`sign` 1) or out (−1).
pub(super) fn count_bin<K: Ord + Copy>(bins: &mut Vec<(K, u64)>, key: K, sign: i64) {
    match bins.binary_search_by_key(&key, |(key, _)| *key) {
        Ok(at) => {
            if let Some((_, count)) = bins.get_mut(at) {
                *count = count.wrapping_add_signed(sign);
                if *count == 0 {
                    bins.remove(at);
                }
            }
        }
        Err(at) => bins.insert(at, (key, 1_u64.wrapping_mul(sign as u64))),
    }
}

pub(super) fn pack_bins<K: Copy + Into<i64>>(packer: &mut Packer, bins: &[(K, u64)]) {
    packer.natural(bins.len() as u64);
    let mut last = 0_i64;
    for (key, count) in bins {
        let key: i64 = (*key).into();
        packer.integer(key - last);
        packer.natural(*count);
        last = key;
    }
}

pub(super) fn unpack_bins<K: TryFrom<i64>>(reader: &mut Unpacker<'_>) -> Result<Vec<(K, u64)>, StoreError> {
    let mut last = 0_i64;
    let count = reader.count()?;
    let mut bins = Vec::with_capacity(count);
    for _ in 0..count {
        last = last.wrapping_add(reader.integer()?);
        bins.push((K::try_from(last).map_err(|_| reader.damaged())?, reader.natural()?));
    }
    Ok(bins)
}

/// Reads over bins; gives none.
pub(super) fn skip_bins<K>(reader: &mut Unpacker<'_>) -> Result<Vec<(K, u64)>, StoreError> {
    for _ in 0..reader.count()? {
        reader.integer()?;
        reader.natural()?;
    }
    Ok(Vec::new())
}

/// Adds the counts of other bins.
pub(super) fn merge_bins<K: Ord + Clone>(into: &mut Vec<(K, u64)>, from: &[(K, u64)]) {
    if from.is_empty() {
        return;
    }
    if into.is_empty() {
        into.extend_from_slice(from);
        return;
    }
    let mut merged = Vec::with_capacity(into.len() + from.len());
    let mut right = from.iter().cloned().peekable();
    for (key, count) in into.drain(..) {
        while let Some(lower) = right.next_if(|(next, _)| *next < key) {
            merged.push(lower);
        }
        let same = right.next_if(|(next, _)| *next == key).map_or(0, |(_, count)| count);
        merged.push((key, count + same));
    }
    merged.extend(right);
    *into = merged;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn merging_adds_and_keeps_the_order() {
        let mut bins = vec![(1_i16, 1), (4, 2), (9, 1)];
        merge_bins(&mut bins, &[(0, 5), (4, 1), (5, 1), (10, 3)]);
        assert_eq!(bins, [(0, 5), (1, 1), (4, 3), (5, 1), (9, 1), (10, 3)]);
    }
}
