//! Totals by day and unit group: what tells how numbers spread over units.
//!
//! Sums of all groups of a day lie in one row, because most questions read all of them and a row costs more to find than to
//! read. Bins are rows of their own: they are most of the bytes, few questions read them, and a generation changes one group's.

use std::collections::BTreeMap;

use store::{StoreError, event::UnitGroups};

use super::{
    bins::{pack_bins, unpack_bins},
    cell::{QUANTITIES, Wanted},
    codec::{Packer, Unpacker},
    ledger::Totals,
};

const FORMAT: u8 = 1;

/// The group a unit of one of 256 groups counts in.
pub(super) fn spread_group(group: u8) -> u8 {
    group % UnitGroups::SPREAD
}

/// The groups of one row.
#[derive(Default)]
pub(super) struct Grouped<T>(BTreeMap<u8, Part<T>>);

/// One group's totals: as they lie in the row until somebody changes them.
enum Part<T> {
    Packed(Vec<u8>),
    Open(T),
}

impl<T: Totals> Grouped<T> {
    /// One group's totals, to be changed.
    pub(super) fn get_mut(&mut self, group: u8) -> Result<&mut T, StoreError> {
        let part = self.0.entry(group).or_insert_with(|| Part::Open(T::default()));
        if let Part::Packed(bytes) = part {
            *part = Part::Open(T::unpack(bytes)?);
        }
        match part {
            Part::Open(totals) => Ok(totals),
            Part::Packed(_) => Err(StoreError::Corrupt("totals of a group stay packed".to_owned())),
        }
    }
}

impl<T: Totals> Totals for Grouped<T> {
    fn is_empty(&self) -> bool {
        self.0.values().all(|part| matches!(part, Part::Open(totals) if totals.is_empty()))
    }

    fn pack(&self) -> Vec<u8> {
        let mut packer = Packer::new(FORMAT);
        for (group, part) in &self.0 {
            match part {
                Part::Open(totals) if totals.is_empty() => {}
                Part::Open(totals) => {
                    packer.byte(*group);
                    packer.raw(&totals.pack());
                }
                Part::Packed(bytes) => {
                    packer.byte(*group);
                    packer.raw(bytes);
                }
            }
        }
        packer.finish()
    }

    fn unpack(bytes: &[u8]) -> Result<Self, StoreError> {
        let mut held = BTreeMap::new();
        each_group(bytes, |group, part| {
            held.insert(group, Part::Packed(part.to_vec()));
            Ok(())
        })?;
        Ok(Self(held))
    }
}

/// Reads the groups of a row.
pub(super) fn each_group(
    row: &[u8],
    mut each: impl FnMut(u8, &[u8]) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let mut reader = Unpacker::new(row, FORMAT, "the groups of a day")?;
    while !reader.is_empty() {
        let group = reader.byte()?;
        each(group, reader.bytes()?)?;
    }
    Ok(())
}

/// What one group's generations add up to, without bins.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct GroupSums {
    pub(super) count: u64,
    pub(super) errors: u64,
    pub(super) null_responses: u64,
    /// In the order of `Quantity::ALL`: how many, their sum, the sum of their squares.
    pub(super) quantities: [(u64, i128, i128); QUANTITIES],
}

impl GroupSums {
    /// Reads it with the quantities wanted; the others stay 0, and nothing is read behind the last one wanted.
    pub(super) fn unpack_wanted(bytes: &[u8], wanted: Wanted) -> Result<Self, StoreError> {
        let mut reader = Unpacker::of_part(bytes, "the sums of a group");
        let mut sums = Self {
            count: reader.natural()?,
            errors: reader.natural()?,
            null_responses: reader.natural()?,
            ..Self::default()
        };
        for (place, quantity) in sums.quantities.iter_mut().enumerate().take(wanted.reach()) {
            let read = (reader.natural()?, reader.wide()?, reader.wide()?);
            if wanted.has(place) {
                *quantity = read;
            }
        }
        Ok(sums)
    }
}

impl Totals for GroupSums {
    fn is_empty(&self) -> bool {
        self.count == 0
    }

    fn pack(&self) -> Vec<u8> {
        let mut packer = Packer::part();
        packer.natural(self.count);
        packer.natural(self.errors);
        packer.natural(self.null_responses);
        for (n, sum, squares) in &self.quantities {
            packer.natural(*n);
            packer.wide(*sum);
            packer.wide(*squares);
        }
        packer.finish()
    }

    fn unpack(bytes: &[u8]) -> Result<Self, StoreError> {
        Self::unpack_wanted(bytes, Wanted::ALL)
    }
}

/// One group's counts by bin, in the order of `Quantity::ALL`.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct GroupBins(pub(super) [Vec<(i16, u64)>; QUANTITIES]);

impl GroupBins {
    /// Reads those of the quantities wanted.
    pub(super) fn unpack_wanted(bytes: &[u8], binned: Wanted) -> Result<Self, StoreError> {
        let mut reader = Unpacker::new(bytes, FORMAT, "the bins of a group")?;
        let mut all = Self::default();
        for (place, bins) in all.0.iter_mut().enumerate() {
            // Behind their length, so that those nobody asks for cost no reading.
            let packed = reader.bytes()?;
            if binned.has(place) {
                *bins = unpack_bins(&mut reader.part(packed))?;
            }
        }
        Ok(all)
    }
}

impl Totals for GroupBins {
    fn is_empty(&self) -> bool {
        self.0.iter().all(Vec::is_empty)
    }

    fn pack(&self) -> Vec<u8> {
        let mut packer = Packer::new(FORMAT);
        for bins in &self.0 {
            let mut part = Packer::part();
            pack_bins(&mut part, bins);
            packer.raw(&part.finish());
        }
        packer.finish()
    }

    fn unpack(bytes: &[u8]) -> Result<Self, StoreError> {
        Self::unpack_wanted(bytes, Wanted::ALL)
    }
}

#[cfg(test)]
mod tests {
    use domain::metric::Quantity;

    use super::*;

    fn sums(count: u64) -> GroupSums {
        GroupSums { count, quantities: [(count, -7, i128::MAX); QUANTITIES], ..GroupSums::default() }
    }

    #[test]
    fn groups_nobody_changes_keep_their_bytes_and_emptied_ones_go() {
        let mut row = Grouped::<GroupSums>::default();
        for group in [9, 3, 63] {
            *row.get_mut(group).unwrap() = sums(u64::from(group));
        }
        let first = row.pack();
        let mut again = Grouped::<GroupSums>::unpack(&first).unwrap();
        assert_eq!(again.pack(), first);
        assert_eq!(*again.get_mut(9).unwrap(), sums(9));
        *again.get_mut(3).unwrap() = GroupSums::default();
        let mut seen = Vec::new();
        each_group(&again.pack(), |group, part| {
            seen.push((group, GroupSums::unpack(part)?.count));
            Ok(())
        })
        .unwrap();
        assert_eq!(seen, [(9, 9), (63, 63)]);
        for group in [9, 63] {
            assert!(!again.is_empty());
            *again.get_mut(group).unwrap() = GroupSums::default();
        }
        assert!(again.is_empty());
    }

    #[test]
    fn only_wanted_sums_are_read() {
        let packed = sums(4).pack();
        let read = GroupSums::unpack_wanted(&packed, Wanted::of(&[Quantity::Cost])).unwrap();
        let cost = Quantity::ALL.iter().position(|quantity| *quantity == Quantity::Cost).unwrap();
        assert_eq!(read.count, 4);
        for (place, quantity) in read.quantities.iter().enumerate() {
            assert_eq!(*quantity, if place == cost { (4, -7, i128::MAX) } else { (0, 0, 0) });
        }
        assert_eq!(GroupSums::unpack(&packed).unwrap(), sums(4));
    }

    #[test]
    fn only_wanted_bins_are_read() {
        let mut bins = GroupBins::default();
        bins.0[0] = vec![(-3, 1), (40, 2)];
        bins.0[2] = vec![(5, 9)];
        let packed = bins.pack();
        assert_eq!(GroupBins::unpack(&packed).unwrap(), bins);
        let latency = GroupBins::unpack_wanted(&packed, Wanted::of(&[Quantity::Latency])).unwrap();
        assert_eq!(latency.0[0], bins.0[0]);
        assert!(latency.0[2].is_empty());
    }

    #[test]
    fn damaged_rows_are_an_error() {
        let mut row = Grouped::<GroupSums>::default();
        *row.get_mut(1).unwrap() = sums(1);
        let packed = row.pack();
        let cut = &packed[..packed.len() - 1];
        assert!(each_group(cut, |_, _| Ok(())).is_err());
        assert!(each_group(&[9], |_, _| Ok(())).is_err());
    }
}
