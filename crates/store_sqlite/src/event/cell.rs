//! Totals of one cell, and what one generation adds to them. Integers only, so that taking out is exact.

use domain::{
    metric::Quantity,
    time::{DAY_NS, TimeNs},
    trace::Level,
};
use store::{StoreError, event::SpanTotals};

use super::{
    bins::{count_bin, merge_bins, pack_bins, unpack_bins},
    codec::{Packer, Unpacker},
    group::{GroupBins, GroupSums, spread_group},
    ledger::Totals,
    record::Narrow,
    summary::LinkKey,
};

const FORMAT: u8 = 2;
pub(super) const QUANTITIES: usize = Quantity::ALL.len();
/// Arms are kept apart once there are experiments; until then all is in this one.
const NO_ARM: i64 = 0;
pub(super) const HOURS_A_DAY: i64 = DAY_NS / domain::time::HOUR_NS;

/// Columns of a row of totals by the hour, or by the day.
pub(super) type HourKey = [i64; 8];
/// Columns of a row of totals by the day that holds all unit groups.
pub(super) type GroupKey = [i64; 6];
/// Columns of a row of one unit group of a day.
pub(super) type BinsKey = [i64; 7];

/// What separates one cell from another within a project.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(super) struct CellKey {
    pub(super) project: i64,
    pub(super) prompt: i64,
    pub(super) hour: i64,
    pub(super) version: i64,
    pub(super) model: i64,
    pub(super) environment: i64,
    pub(super) segment: i64,
}

impl CellKey {
    /// `project, prompt, hour, version, model, environment, segment, arm`.
    pub(super) fn of_hour(&self) -> HourKey {
        let Self { project, prompt, hour, version, model, environment, segment } = *self;
        [project, prompt, hour, version, model, environment, segment, NO_ARM]
    }

    /// `project, prompt, day, version, model, environment, segment, arm`.
    pub(super) fn of_day(&self) -> HourKey {
        Self { hour: self.hour.div_euclid(HOURS_A_DAY), ..*self }.of_hour()
    }

    /// `project, prompt, day, version, environment, arm`.
    pub(super) fn of_groups(&self) -> GroupKey {
        let Self { project, prompt, hour, version, environment, .. } = *self;
        [project, prompt, hour.div_euclid(HOURS_A_DAY), version, environment, NO_ARM]
    }

    /// `project, prompt, day, version, environment, arm, unit_group`.
    pub(super) fn of_group(&self, group: u8) -> BinsKey {
        let [project, prompt, day, version, environment, arm] = self.of_groups();
        [project, prompt, day, version, environment, arm, i64::from(spread_group(group))]
    }

    pub(super) fn pack_into(&self, packer: &mut Packer) {
        let Self { project, prompt, hour, version, model, environment, segment } = *self;
        for part in [project, prompt, hour, version, model, environment, segment] {
            packer.integer(part);
        }
    }

    pub(super) fn unpack_from(reader: &mut Unpacker<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            project: reader.integer()?,
            prompt: reader.integer()?,
            hour: reader.integer()?,
            version: reader.integer()?,
            model: reader.integer()?,
            environment: reader.integer()?,
            segment: reader.integer()?,
        })
    }

    pub(super) fn pack(&self) -> Vec<u8> {
        let mut packer = Packer::new(FORMAT);
        self.pack_into(&mut packer);
        packer.finish()
    }

    pub(super) fn unpack(bytes: &[u8]) -> Result<Self, StoreError> {
        Self::unpack_from(&mut Unpacker::new(bytes, FORMAT, "a cell's key")?)
    }
}

/// A generation's words as numbers, and where they place it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Placed {
    pub(super) link: LinkKey,
    pub(super) model: i64,
    pub(super) environment: i64,
    pub(super) segment: i64,
    /// Hashed group of its unit, 0 to 255.
    pub(super) group: u8,
}

/// What one generation adds.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Contribution {
    pub(super) key: CellKey,
    pub(super) group: u8,
    pub(super) start_ns: i64,
    error: bool,
    null_response: bool,
    /// In the order of `Quantity::ALL`.
    values: [Option<i64>; QUANTITIES],
    keys: [Option<i16>; QUANTITIES],
}

impl Contribution {
    pub(super) fn of(span: &Narrow<'_>, project: i64, placed: Placed) -> Self {
        let whole = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        let since_start = |end: i64| end.saturating_sub(span.start_ns).max(0);
        Self {
            key: CellKey {
                project,
                prompt: placed.link.0,
                hour: TimeNs(span.start_ns).hour(),
                version: i64::from(placed.link.1),
                model: placed.model,
                environment: placed.environment,
                segment: placed.segment,
            },
            group: placed.group,
            start_ns: span.start_ns,
            error: span.level == Level::Error,
            null_response: span.null_response,
            values: [
                Some(since_start(span.end_ns)),
                span.completion_start_ns.map(since_start),
                span.cost,
                span.input_cost,
                span.output_cost,
                span.tokens.map(|tokens| whole(tokens.all_input())),
                span.tokens.map(|tokens| whole(tokens.all_output())),
                span.tokens.map(|tokens| whole(tokens.total())),
            ],
            keys: [
                span.keys.latency,
                span.keys.time_to_first_token,
                span.keys.cost,
                span.keys.input_cost,
                span.keys.output_cost,
                span.keys.input_tokens,
                span.keys.output_tokens,
                span.keys.total_tokens,
            ],
        }
    }

    /// Whether it counts in the same cells of hours with the same numbers as another, and differs by its unit group at most.
    pub(super) fn same_but_group(&self, other: &Self) -> bool {
        Self { group: other.group, ..self.clone() } == *other
    }

    pub(super) fn pack(&self) -> Vec<u8> {
        let mut packer = Packer::new(FORMAT);
        self.key.pack_into(&mut packer);
        packer.byte(self.group);
        packer.integer(self.start_ns);
        packer.byte(u8::from(self.error) | (u8::from(self.null_response) << 1));
        self.values.iter().for_each(|value| packer.optional_integer(*value));
        self.keys.iter().for_each(|key| packer.optional_integer(key.map(i64::from)));
        packer.finish()
    }

    pub(super) fn unpack(bytes: &[u8]) -> Result<Self, StoreError> {
        let mut reader = Unpacker::new(bytes, FORMAT, "a journal entry")?;
        let key = CellKey::unpack_from(&mut reader)?;
        let group = reader.byte()?;
        let start_ns = reader.integer()?;
        let flags = reader.byte()?;
        let mut values = [None; QUANTITIES];
        for value in &mut values {
            *value = reader.optional_integer()?;
        }
        let mut keys = [None; QUANTITIES];
        for key in &mut keys {
            *key = reader.optional_integer()?.map(i16::try_from).transpose().map_err(|_| reader.damaged())?;
        }
        Ok(Self { key, group, start_ns, error: flags & 1 != 0, null_response: flags & 2 != 0, values, keys })
    }

    /// Counts it in (`sign` 1) or out (−1). First and last are only widened; a boundary that left is the fold's to find again.
    pub(super) fn count(&self, totals: &mut SpanTotals, sign: i64) {
        count_on(&mut totals.count, true, sign);
        count_on(&mut totals.errors, self.error, sign);
        count_on(&mut totals.null_responses, self.null_response, sign);
        for ((quantity, value), key) in totals.quantities.iter_mut().zip(self.values).zip(self.keys) {
            if let Some(value) = value {
                count_value((&mut quantity.n, &mut quantity.sum, &mut quantity.squares), value, sign);
            }
            if let Some(key) = key {
                count_bin(&mut quantity.bins, key, sign);
            }
        }
        if sign > 0 {
            totals.first_ns = Some(totals.first_ns.map_or(self.start_ns, |first| first.min(self.start_ns)));
            totals.last_ns = Some(totals.last_ns.map_or(self.start_ns, |last| last.max(self.start_ns)));
        }
    }

    /// Counts it in, with the bins wanted only.
    pub(super) fn count_binned(&self, totals: &mut SpanTotals, binned: Wanted) {
        let mut one = self.clone();
        for (place, key) in one.keys.iter_mut().enumerate() {
            *key = key.filter(|_| binned.has(place));
        }
        one.count(totals, 1);
    }

    /// The same in its unit group of the day.
    pub(super) fn count_in_group(&self, sums: &mut GroupSums, sign: i64) {
        count_on(&mut sums.count, true, sign);
        count_on(&mut sums.errors, self.error, sign);
        count_on(&mut sums.null_responses, self.null_response, sign);
        for ((n, sum, squares), value) in sums.quantities.iter_mut().zip(self.values) {
            if let Some(value) = value {
                count_value((n, sum, squares), value, sign);
            }
        }
    }

    /// The same in the bins of its unit group.
    pub(super) fn count_in_bins(&self, bins: &mut GroupBins, sign: i64) {
        for (bins, key) in bins.0.iter_mut().zip(self.keys) {
            if let Some(key) = key {
                count_bin(bins, key, sign);
            }
        }
    }
}

fn count_on(count: &mut u64, on: bool, sign: i64) {
    *count = count.wrapping_add_signed(if on { sign } else { 0 });
}

/// Adds or takes out of how many, their sum and the sum of their squares. Sums wrap in 128 bits: wrapping is a group, so that
/// taking out stays exact even when hostile values have overflowed a sum of squares.
fn count_value((n, sum, squares): (&mut u64, &mut i128, &mut i128), value: i64, sign: i64) {
    let (value, sign_wide) = (i128::from(value), i128::from(sign));
    *n = n.wrapping_add_signed(sign);
    *sum = sum.wrapping_add(sign_wide * value);
    *squares = squares.wrapping_add(sign_wide.wrapping_mul(value.wrapping_mul(value)));
}

/// Which quantities are read: one bit each, in the order of `Quantity::ALL`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Wanted(u8);

impl Wanted {
    pub(super) const ALL: Self = Self(u8::MAX);
    pub(super) const NONE: Self = Self(0);

    pub(super) fn of(quantities: &[Quantity]) -> Self {
        let places = (0..).zip(Quantity::ALL).filter(|(_, quantity)| quantities.contains(quantity));
        Self(places.fold(0, |bits, (place, _): (u32, Quantity)| bits | (1 << place)))
    }

    /// What either reads.
    pub(super) fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(super) fn has(self, place: usize) -> bool {
        self.0 & (1 << place) != 0
    }

    /// How many places there are up to the last one wanted.
    pub(super) fn reach(self) -> usize {
        (u8::BITS - self.0.leading_zeros()) as usize
    }
}

impl Totals for SpanTotals {
    fn is_empty(&self) -> bool {
        self.count == 0
    }

    fn pack(&self) -> Vec<u8> {
        let mut packer = Packer::new(FORMAT);
        packer.natural(self.count);
        packer.natural(self.errors);
        packer.natural(self.null_responses);
        packer.optional_integer(self.first_ns);
        packer.optional_integer(self.last_ns);
        for quantity in &self.quantities {
            packer.natural(quantity.n);
            packer.wide(quantity.sum);
            packer.wide(quantity.squares);
        }
        // Behind their length, so that those nobody asks for cost no reading.
        for quantity in &self.quantities {
            let mut bins = Packer::part();
            pack_bins(&mut bins, &quantity.bins);
            packer.raw(&bins.finish());
        }
        packer.finish()
    }

    fn unpack(bytes: &[u8]) -> Result<Self, StoreError> {
        unpack_totals(bytes, Wanted::ALL)
    }
}

/// Reads totals, but only the bins wanted.
pub(super) fn unpack_totals(bytes: &[u8], binned: Wanted) -> Result<SpanTotals, StoreError> {
    let mut reader = Unpacker::new(bytes, FORMAT, "a cell")?;
    let mut totals = SpanTotals {
        count: reader.natural()?,
        errors: reader.natural()?,
        null_responses: reader.natural()?,
        first_ns: reader.optional_integer()?,
        last_ns: reader.optional_integer()?,
        ..SpanTotals::default()
    };
    for quantity in &mut totals.quantities {
        quantity.n = reader.natural()?;
        quantity.sum = reader.wide()?;
        quantity.squares = reader.wide()?;
    }
    for (place, quantity) in totals.quantities.iter_mut().enumerate() {
        let bins = reader.bytes()?;
        if binned.has(place) {
            quantity.bins = unpack_bins(&mut reader.part(bins))?;
        }
    }
    Ok(totals)
}

/// Reads how many generations totals count.
pub(super) fn count_of(bytes: &[u8]) -> Result<u64, StoreError> {
    Unpacker::new(bytes, FORMAT, "a cell")?.natural()
}

/// Merges totals of two cells.
pub(super) fn merge_totals(into: &mut SpanTotals, from: &SpanTotals) {
    merge_sums(into, from);
    for (into, from) in into.quantities.iter_mut().zip(&from.quantities) {
        merge_bins(&mut into.bins, &from.bins);
    }
}

/// The same without bins.
pub(super) fn merge_sums(into: &mut SpanTotals, from: &SpanTotals) {
    into.count += from.count;
    into.errors += from.errors;
    into.null_responses += from.null_responses;
    into.first_ns = [into.first_ns, from.first_ns].into_iter().flatten().min();
    into.last_ns = [into.last_ns, from.last_ns].into_iter().flatten().max();
    for (into, from) in into.quantities.iter_mut().zip(&from.quantities) {
        into.n += from.n;
        into.sum = into.sum.saturating_add(from.sum);
        into.squares = into.squares.saturating_add(from.squares);
    }
}
