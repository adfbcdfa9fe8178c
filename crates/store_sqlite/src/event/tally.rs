//! Adding up many cells. Sums are added as they are; bins in blocks of neighbours, so that a count is added in place: rewriting
//! a growing list for every cell was most of the time an answer took.

use store::event::{QuantityTotals, SpanTotals};

use super::{
    bins::merge_bins,
    cell::{QUANTITIES, Wanted, merge_sums},
    cell_score::ScoreCell,
    group::{GroupBins, GroupSums},
};

/// Bins in a block: 2 to the power of this.
const BITS: u32 = 6;
const WIDTH: usize = 1 << BITS;

/// Counts by bin while they grow.
#[derive(Clone, Debug, Default)]
struct Bins {
    /// By number of the block, ascending.
    blocks: Vec<(i32, Box<[u64; WIDTH]>)>,
    /// The block last counted in: bins come in order, so the next is mostly there too.
    last: usize,
}

impl Bins {
    fn add(&mut self, bin: i32, count: u64) {
        let number = bin >> BITS;
        if self.blocks.get(self.last).is_none_or(|(held, _)| *held != number) {
            self.last = self.find(number);
        }
        let place = bin.rem_euclid(WIDTH as i32) as usize;
        if let Some(slot) = self.blocks.get_mut(self.last).and_then(|(_, counts)| counts.get_mut(place)) {
            *slot = slot.wrapping_add(count);
        }
    }

    /// Where a block is, made when it is not there.
    fn find(&mut self, number: i32) -> usize {
        match self.blocks.binary_search_by_key(&number, |(held, _)| *held) {
            Ok(at) => at,
            Err(at) => {
                self.blocks.insert(at, (number, Box::new([0; WIDTH])));
                at
            }
        }
    }

    /// Sorted by bin, no zero counts.
    fn finish<K: TryFrom<i32>>(self) -> Vec<(K, u64)> {
        let mut bins = Vec::new();
        for (number, counts) in self.blocks {
            for (bin, count) in ((number << BITS)..).zip(*counts) {
                if count > 0
                    && let Ok(bin) = K::try_from(bin)
                {
                    bins.push((bin, count));
                }
            }
        }
        bins
    }
}

/// Totals of generations while they grow.
#[derive(Clone, Debug, Default)]
pub(super) struct SpanTally {
    /// Everything but bins.
    sums: SpanTotals,
    bins: [Bins; QUANTITIES],
}

impl SpanTally {
    /// Adds a cell, with the bins wanted only.
    pub(super) fn add(&mut self, cell: &SpanTotals, binned: Wanted) {
        merge_sums(&mut self.sums, cell);
        for (place, (bins, quantity)) in self.bins.iter_mut().zip(&cell.quantities).enumerate() {
            if binned.has(place) {
                quantity.bins.iter().for_each(|(bin, count)| bins.add(i32::from(*bin), *count));
            }
        }
    }

    /// Adds the sums of a unit group, of the quantities wanted only.
    pub(super) fn add_sums(&mut self, group: &GroupSums, wanted: Wanted) {
        self.sums.count += group.count;
        self.sums.errors += group.errors;
        self.sums.null_responses += group.null_responses;
        for (place, (held, (n, sum, squares))) in self.sums.quantities.iter_mut().zip(group.quantities).enumerate() {
            if wanted.has(place) {
                held.n += n;
                held.sum = held.sum.saturating_add(sum);
                held.squares = held.squares.saturating_add(squares);
            }
        }
    }

    /// Adds the bins of a unit group, those wanted only.
    pub(super) fn add_bins(&mut self, group: &GroupBins, binned: Wanted) {
        for (place, (bins, counts)) in self.bins.iter_mut().zip(&group.0).enumerate() {
            if binned.has(place) {
                for (bin, count) in counts {
                    bins.add(i32::from(*bin), *count);
                }
            }
        }
    }

    pub(super) fn finish(self) -> SpanTotals {
        let mut totals = self.sums;
        for (quantity, bins) in totals.quantities.iter_mut().zip(self.bins) {
            *quantity = QuantityTotals { bins: bins.finish(), ..std::mem::take(quantity) };
        }
        totals
    }
}

/// Totals of scores while they grow.
#[derive(Clone, Debug, Default)]
pub(super) struct ScoreTally {
    n: u64,
    sum: i128,
    squares: i128,
    bins: Bins,
    categories: Vec<(i64, u64)>,
}

impl ScoreTally {
    /// Adds a cell, with its bins when they are wanted.
    pub(super) fn add(&mut self, cell: &ScoreCell, with_bins: bool) {
        self.n += cell.n;
        self.sum = self.sum.saturating_add(cell.sum);
        self.squares = self.squares.saturating_add(cell.squares);
        if with_bins {
            cell.bins.iter().for_each(|(bin, count)| self.bins.add(*bin, *count));
        }
        merge_bins(&mut self.categories, &cell.categories);
    }

    pub(super) fn finish(self) -> ScoreCell {
        let Self { n, sum, squares, bins, categories } = self;
        ScoreCell { n, sum, squares, bins: bins.finish(), categories }
    }
}

#[cfg(test)]
mod tests {
    use domain::metric::Quantity;
    use proptest::prelude::*;

    use super::*;
    use crate::event::cell::merge_totals;

    fn cell(bins: Vec<(i16, u64)>) -> SpanTotals {
        let mut totals = SpanTotals { count: 3, first_ns: Some(5), last_ns: Some(9), ..SpanTotals::default() };
        totals.quantities[0] = QuantityTotals { n: 3, sum: -7, squares: 49, bins: bins.clone() };
        totals.quantities[2].bins = bins;
        totals
    }

    proptest! {
        #[test]
        fn adding_in_place_gives_what_merging_lists_gives(
            cells in prop::collection::vec(prop::collection::btree_map(-16_383_i16..=16_383, 1_u64..9, 0..20), 0..8),
        ) {
            let cells: Vec<SpanTotals> = cells.into_iter().map(|bins| cell(bins.into_iter().collect())).collect();
            let mut merged = SpanTotals::default();
            let mut tally = SpanTally::default();
            for one in &cells {
                merge_totals(&mut merged, one);
                tally.add(one, Wanted::ALL);
            }
            prop_assert_eq!(tally.finish(), merged);
        }
    }

    #[test]
    fn bins_nobody_wants_are_left_out() {
        let mut tally = SpanTally::default();
        tally.add(&cell(vec![(1, 2)]), Wanted::of(&[Quantity::Latency]));
        let totals = tally.finish();
        assert_eq!(totals.quantities[0].bins, [(1, 2)]);
        assert!(totals.quantities[2].bins.is_empty());
        assert_eq!(totals.quantities[0].sum, -7);
    }

    #[test]
    fn scores_keep_single_values_and_categories() {
        let one = ScoreCell { n: 2, sum: 3, squares: 5, bins: vec![(-4, 1), (1_000_450, 1)], categories: vec![(7, 1)] };
        let mut tally = ScoreTally::default();
        tally.add(&one, true);
        tally.add(&one, true);
        let mut merged = one.clone();
        merged.merge(&one);
        assert_eq!(tally.finish(), merged);
    }
}
