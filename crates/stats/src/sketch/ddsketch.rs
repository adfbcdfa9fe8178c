//! The sketch itself: sorted bins with counts.

use core::cmp::Ordering;

use super::{SketchError, fraction_at_or_below, key, value};
use crate::error::{Result, Undefined, finite};
use crate::order;

/// Counts of values in logarithmic bins; answers any quantile within 1%.
///
/// Bins are kept sorted and sparse. Two sketches of the same multiset of values are equal, whatever the order and
/// grouping in which they were built.
///
/// Assumptions: none about the distribution. A sketch knows nothing of clustering; for an interval see
/// [`quantile`](crate::quantile).
///
/// # Examples
///
/// ```
/// use stats::sketch::DdSketch;
///
/// let mut latency_ms = DdSketch::new();
/// for ms in 1..=1000 {
///     latency_ms.add(f64::from(ms))?;
/// }
/// let p95 = latency_ms.quantile(0.95)?;
/// assert!((p95 / 950.0 - 1.0).abs() <= 0.01);
///
/// let day = latency_ms.clone();
/// latency_ms.merge(&day)?;
/// latency_ms.subtract(&day)?;
/// assert_eq!(latency_ms, day);
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DdSketch {
    /// Sorted by key, keys unique, counts above zero.
    bins: Vec<(i16, u64)>,
    /// The sum of all counts.
    total: u64,
}

impl DdSketch {
    /// A sketch of nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self { bins: Vec::new(), total: 0 }
    }

    /// A sketch from raw bins, as a store keeps them: in any order, equal keys added up, zero counts dropped.
    ///
    /// # Errors
    ///
    /// [`SketchError::KeyOutOfRange`] or [`SketchError::CountOverflow`].
    pub fn from_bins(bins: impl IntoIterator<Item = (i16, u64)>) -> core::result::Result<Self, SketchError> {
        let mut sorted: Vec<(i16, u64)> = bins.into_iter().filter(|&(_, count)| count > 0).collect();
        // What a store keeps is sorted already.
        if !sorted.is_sorted_by_key(|&(bin, _)| bin) {
            order::sort(&mut sorted, |left, right| left.0.cmp(&right.0));
        }
        let mut total = 0_u64;
        let mut merged: Vec<(i16, u64)> = Vec::with_capacity(sorted.len());
        for (bin, count) in sorted {
            if bin.unsigned_abs() > super::MAX_KEY.unsigned_abs() {
                return Err(SketchError::KeyOutOfRange { key: i64::from(bin) });
            }
            total = total.checked_add(count).ok_or(SketchError::CountOverflow)?;
            match merged.last_mut() {
                Some(last) if last.0 == bin => last.1 += count,
                _ => merged.push((bin, count)),
            }
        }
        Ok(Self { bins: merged, total })
    }

    /// The sum of many sketches, in one pass over a dense window of bins: the fast way to merge hundreds.
    ///
    /// # Errors
    ///
    /// [`SketchError::CountOverflow`].
    pub fn merged<'a>(
        sketches: impl IntoIterator<Item = &'a Self, IntoIter: Clone>,
    ) -> core::result::Result<Self, SketchError> {
        let sketches = sketches.into_iter();
        let mut total = 0_u64;
        let mut window: Option<(i16, i16)> = None;
        for sketch in sketches.clone() {
            total = total.checked_add(sketch.total).ok_or(SketchError::CountOverflow)?;
            if let (Some(&(low, _)), Some(&(high, _))) = (sketch.bins.first(), sketch.bins.last()) {
                window = Some(window.map_or((low, high), |(least, most)| (least.min(low), most.max(high))));
            }
        }
        let Some((least, most)) = window else {
            return Ok(Self::new());
        };
        let mut counts = vec![0_u64; usize::from(most.abs_diff(least)) + 1];
        for sketch in sketches {
            for &(bin, count) in &sketch.bins {
                if let Some(slot) = counts.get_mut(usize::from(bin.abs_diff(least))) {
                    *slot += count;
                }
            }
        }
        let bins = (least..=most).zip(counts).filter(|&(_, count)| count > 0).collect();
        Ok(Self { bins, total })
    }

    /// Adds one value.
    ///
    /// # Errors
    ///
    /// [`SketchError::NotFinite`] or [`SketchError::CountOverflow`].
    pub fn add(&mut self, value: f64) -> core::result::Result<(), SketchError> {
        self.add_n(value, 1)
    }

    /// Adds a value `count` times.
    ///
    /// # Errors
    ///
    /// As [`add`](Self::add).
    pub fn add_n(&mut self, value: f64, count: u64) -> core::result::Result<(), SketchError> {
        let bin = key(value).ok_or(SketchError::NotFinite)?;
        if count == 0 {
            return Ok(());
        }
        self.total = self.total.checked_add(count).ok_or(SketchError::CountOverflow)?;
        match self.bins.binary_search_by_key(&bin, |&(own, _)| own) {
            Ok(at) => {
                if let Some(entry) = self.bins.get_mut(at) {
                    entry.1 += count;
                }
            }
            Err(at) => self.bins.insert(at, (bin, count)),
        }
        Ok(())
    }

    /// Takes a value out `count` times; the exact inverse of [`add_n`](Self::add_n).
    ///
    /// # Errors
    ///
    /// [`SketchError::NotFinite`], or [`SketchError::NotPresent`] when its bin holds fewer.
    pub fn remove_n(&mut self, value: f64, count: u64) -> core::result::Result<(), SketchError> {
        let bin = key(value).ok_or(SketchError::NotFinite)?;
        if count == 0 {
            return Ok(());
        }
        let absent = SketchError::NotPresent { key: bin };
        let at = self.bins.binary_search_by_key(&bin, |&(own, _)| own).map_err(|_| absent)?;
        let entry = self.bins.get_mut(at).ok_or(absent)?;
        entry.1 = entry.1.checked_sub(count).ok_or(absent)?;
        if entry.1 == 0 {
            self.bins.remove(at);
        }
        self.total -= count;
        Ok(())
    }

    /// Adds another sketch's counts.
    ///
    /// # Errors
    ///
    /// [`SketchError::CountOverflow`].
    pub fn merge(&mut self, other: &Self) -> core::result::Result<(), SketchError> {
        self.total = self.total.checked_add(other.total).ok_or(SketchError::CountOverflow)?;
        let mut merged = Vec::with_capacity(self.bins.len().max(other.bins.len()));
        let mut theirs = other.bins.iter().copied().peekable();
        for &(bin, count) in &self.bins {
            while let Some(lower) = theirs.next_if(|&(next, _)| next < bin) {
                merged.push(lower);
            }
            let same = theirs.next_if(|&(next, _)| next == bin).map_or(0, |(_, count)| count);
            merged.push((bin, count + same));
        }
        merged.extend(theirs);
        self.bins = merged;
        Ok(())
    }

    /// Takes another sketch's counts out; the exact inverse of [`merge`](Self::merge).
    ///
    /// # Errors
    ///
    /// [`SketchError::NotPresent`] naming the first bin that holds too little.
    pub fn subtract(&mut self, other: &Self) -> core::result::Result<(), SketchError> {
        let mut rest = Vec::with_capacity(self.bins.len());
        let mut theirs = other.bins.iter().copied().peekable();
        for &(bin, count) in &self.bins {
            let gone = match theirs.peek().map(|&(next, _)| next.cmp(&bin)) {
                Some(Ordering::Less) => break,
                Some(Ordering::Equal) => theirs.next().map_or(0, |(_, count)| count),
                Some(Ordering::Greater) | None => 0,
            };
            let left = count.checked_sub(gone).ok_or(SketchError::NotPresent { key: bin })?;
            if left > 0 {
                rest.push((bin, left));
            }
        }
        if let Some(&(missing, _)) = theirs.peek() {
            return Err(SketchError::NotPresent { key: missing });
        }
        self.total -= other.total;
        self.bins = rest;
        Ok(())
    }

    /// How many values it counts.
    #[must_use]
    pub const fn count(&self) -> u64 {
        self.total
    }

    /// Whether it counts nothing.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.total == 0
    }

    /// The bins, sorted by key, without empty ones.
    #[must_use]
    pub fn bins(&self) -> &[(i16, u64)] {
        &self.bins
    }

    /// The q-quantile: the representative of the bin that holds the value of rank ⌈qN⌉ (1-based, at least 1).
    ///
    /// Within 1% of that order statistic. *In plain words: a share q of all rows lie at or below this value.*
    ///
    /// # Errors
    ///
    /// [`Undefined::TooFewUnits`] when empty, [`Undefined::InvalidInput`] unless 0 ≤ q ≤ 1.
    pub fn quantile(&self, q: f64) -> Result<f64> {
        if !(0.0..=1.0).contains(&finite("q", q)?) {
            return Err(Undefined::invalid("q", "between 0 and 1"));
        }
        self.at_rank((q * self.total as f64).ceil() as u64)
    }

    /// The representative of the value of this rank: 1 for the smallest, the count for the largest; ranks beyond are
    /// read as the nearest of these.
    ///
    /// # Errors
    ///
    /// [`Undefined::TooFewUnits`] when empty.
    pub fn at_rank(&self, rank: u64) -> Result<f64> {
        let rank = rank.clamp(1, self.total.max(1));
        let mut below = 0_u64;
        for &(bin, count) in &self.bins {
            below += count;
            if below >= rank {
                return Ok(value(bin));
            }
        }
        Err(Undefined::TooFewUnits { have: 0, need: 1 })
    }

    /// How many values are ≤ `x`, interpolated inside the bin of `x` linearly on a log scale.
    ///
    /// Off by at most the count of that one bin; non-decreasing in `x`.
    ///
    /// # Errors
    ///
    /// [`Undefined::NonFinite`].
    pub fn rank(&self, x: f64) -> Result<f64> {
        let own = key(x).ok_or(Undefined::NonFinite { name: "x" })?;
        let mut below = 0_u64;
        for &(bin, count) in &self.bins {
            if bin >= own {
                return Ok(count as f64 * fraction_at_or_below(bin, x) + below as f64);
            }
            below += count;
        }
        Ok(below as f64)
    }

    /// Bins already sorted, unique and non-zero, with their sum.
    pub(super) const fn from_sorted(bins: Vec<(i16, u64)>, total: u64) -> Self {
        Self { bins, total }
    }
}
