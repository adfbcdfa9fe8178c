//! Totals of one cell, and what one generation or score adds to them. Integers only, so that taking out is exact.

use domain::{metric::Quantity, trace::Level};
use store::{
    StoreError,
    event::{Bins, QuantityTotals, ScoreBins, ScoreTotals, SpanTotals},
};

use super::{
    codec::{Packer, Unpacker},
    record::Narrow,
    summary::LinkKey,
};

const FORMAT: u8 = 1;
const QUANTITIES: usize = Quantity::ALL.len();
/// Which quantities have bins, in the order the bins are written.
const BINNED: [usize; 5] = [0, 1, 2, 5, 6];

/// What separates one cell from another within a project.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(super) struct CellKey {
    pub(super) project: i64,
    pub(super) prompt: i64,
    pub(super) hour: i64,
    pub(super) version: i64,
    pub(super) model: i64,
    pub(super) environment: i64,
}

/// What one generation adds.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Contribution {
    pub(super) key: CellKey,
    pub(super) start_ns: i64,
    error: bool,
    null_response: bool,
    values: [Option<i64>; QUANTITIES],
    keys: [Option<i16>; BINNED.len()],
}

impl Contribution {
    /// Of a generation that counts for `link`.
    pub(super) fn of(span: &Narrow<'_>, project: i64, link: LinkKey, model: i64, environment: i64) -> Self {
        let whole = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        let since_start = |end: i64| end.saturating_sub(span.start_ns).max(0);
        Self {
            key: CellKey {
                project,
                prompt: link.0,
                hour: domain::time::TimeNs(span.start_ns).hour(),
                version: i64::from(link.1),
                model,
                environment,
            },
            start_ns: span.start_ns,
            error: span.level == Level::Error,
            null_response: span.null_response,
            // In the order of `Quantity::ALL`.
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
                span.keys.input_tokens,
                span.keys.output_tokens,
            ],
        }
    }

    pub(super) fn pack(&self) -> Vec<u8> {
        let mut packer = Packer::new(FORMAT);
        pack_key(&mut packer, &self.key);
        packer.integer(self.start_ns);
        packer.byte(u8::from(self.error) | (u8::from(self.null_response) << 1));
        self.values.iter().for_each(|value| packer.optional_integer(*value));
        self.keys.iter().for_each(|key| packer.optional_integer(key.map(i64::from)));
        packer.finish()
    }

    pub(super) fn unpack(bytes: &[u8]) -> Result<Self, StoreError> {
        let mut reader = Unpacker::new(bytes, FORMAT, "a journal entry")?;
        let key = unpack_key(&mut reader)?;
        let start_ns = reader.integer()?;
        let flags = reader.byte()?;
        let mut values = [None; QUANTITIES];
        for value in &mut values {
            *value = reader.optional_integer()?;
        }
        let mut keys = [None; BINNED.len()];
        for key in &mut keys {
            *key = reader.optional_integer()?.map(i16::try_from).transpose().map_err(|_| reader.damaged())?;
        }
        Ok(Self { key, start_ns, error: flags & 1 != 0, null_response: flags & 2 != 0, values, keys })
    }
}

fn pack_key(packer: &mut Packer, key: &CellKey) {
    for part in [key.project, key.prompt, key.hour, key.version, key.model, key.environment] {
        packer.integer(part);
    }
}

fn unpack_key(reader: &mut Unpacker<'_>) -> Result<CellKey, StoreError> {
    Ok(CellKey {
        project: reader.integer()?,
        prompt: reader.integer()?,
        hour: reader.integer()?,
        version: reader.integer()?,
        model: reader.integer()?,
        environment: reader.integer()?,
    })
}

impl CellKey {
    pub(super) fn pack(&self) -> Vec<u8> {
        let mut packer = Packer::new(FORMAT);
        pack_key(&mut packer, self);
        packer.finish()
    }

    pub(super) fn unpack(bytes: &[u8]) -> Result<Self, StoreError> {
        unpack_key(&mut Unpacker::new(bytes, FORMAT, "a cell's key")?)
    }
}

fn count_bin<K: Ord + Copy>(bins: &mut Vec<(K, u64)>, key: K, sign: i64) {
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

fn pack_bins<K: Copy + Into<i64>>(packer: &mut Packer, bins: &[(K, u64)]) {
    packer.natural(bins.len() as u64);
    let mut last = 0_i64;
    for (key, count) in bins {
        let key: i64 = (*key).into();
        packer.integer(key - last);
        packer.natural(*count);
        last = key;
    }
}

fn unpack_bins<K: TryFrom<i64>>(reader: &mut Unpacker<'_>) -> Result<Vec<(K, u64)>, StoreError> {
    let mut last = 0_i64;
    let count = reader.count()?;
    let mut bins = Vec::with_capacity(count);
    for _ in 0..count {
        last = last.wrapping_add(reader.integer()?);
        bins.push((K::try_from(last).map_err(|_| reader.damaged())?, reader.natural()?));
    }
    Ok(bins)
}

/// Adds or takes out. Sums wrap in 128 bits: wrapping is a group, so that taking out stays exact even when hostile values
/// have overflowed a sum of squares.
fn count_value(totals: &mut QuantityTotals, value: i64, sign: i64) {
    let (value, sign_wide) = (i128::from(value), i128::from(sign));
    totals.n = totals.n.wrapping_add_signed(sign);
    totals.sum = totals.sum.wrapping_add(sign_wide * value);
    totals.squares = totals.squares.wrapping_add(sign_wide.wrapping_mul(value.wrapping_mul(value)));
}

/// Counts a generation in (`sign` 1) or out (−1). First and last are only widened; a boundary that left is the fold's to
/// find again.
pub(super) fn count_span(totals: &mut SpanTotals, one: &Contribution, sign: i64) {
    let by = |count: &mut u64, on: bool| *count = count.wrapping_add_signed(if on { sign } else { 0 });
    by(&mut totals.count, true);
    by(&mut totals.errors, one.error);
    by(&mut totals.null_responses, one.null_response);
    if sign > 0 {
        totals.first_ns = Some(totals.first_ns.map_or(one.start_ns, |first| first.min(one.start_ns)));
        totals.last_ns = Some(totals.last_ns.map_or(one.start_ns, |last| last.max(one.start_ns)));
    }
    for (quantity, value) in totals.quantities.iter_mut().zip(one.values) {
        if let Some(value) = value {
            count_value(quantity, value, sign);
        }
    }
    for (index, key) in BINNED.into_iter().zip(one.keys) {
        if let (Some(quantity), Some(key)) = (totals.quantities.get_mut(index), key) {
            count_bin(&mut quantity.bins, key, sign);
        }
    }
}

pub(super) fn pack_span_totals(totals: &SpanTotals) -> Vec<u8> {
    let mut packer = Packer::new(FORMAT);
    packer.natural(totals.count);
    packer.natural(totals.errors);
    packer.natural(totals.null_responses);
    packer.optional_integer(totals.first_ns);
    packer.optional_integer(totals.last_ns);
    for quantity in &totals.quantities {
        packer.natural(quantity.n);
        packer.wide(quantity.sum);
        packer.wide(quantity.squares);
    }
    for index in BINNED {
        pack_bins(&mut packer, totals.quantities.get(index).map_or(&[], |quantity| &quantity.bins));
    }
    packer.finish()
}

pub(super) fn unpack_span_totals(bytes: &[u8]) -> Result<SpanTotals, StoreError> {
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
    for index in BINNED {
        let bins: Bins = unpack_bins(&mut reader)?;
        if let Some(quantity) = totals.quantities.get_mut(index) {
            quantity.bins = bins;
        }
    }
    Ok(totals)
}

/// Merges totals of two cells.
pub(super) fn merge_span_totals(into: &mut SpanTotals, from: &SpanTotals) {
    into.count += from.count;
    into.errors += from.errors;
    into.null_responses += from.null_responses;
    into.first_ns = [into.first_ns, from.first_ns].into_iter().flatten().min();
    into.last_ns = [into.last_ns, from.last_ns].into_iter().flatten().max();
    for (into, from) in into.quantities.iter_mut().zip(&from.quantities) {
        into.n += from.n;
        into.sum = into.sum.saturating_add(from.sum);
        into.squares = into.squares.saturating_add(from.squares);
        merge_bins(&mut into.bins, &from.bins);
    }
}

fn merge_bins<K: Ord + Copy>(into: &mut Vec<(K, u64)>, from: &[(K, u64)]) {
    if from.is_empty() {
        return;
    }
    let mut merged = Vec::with_capacity(into.len() + from.len());
    let (mut left, mut right) = (into.iter().copied().peekable(), from.iter().copied().peekable());
    loop {
        let next = match (left.peek(), right.peek()) {
            (Some(a), Some(b)) if a.0 == b.0 => {
                let both = (a.0, a.1 + b.1);
                left.next();
                right.next();
                both
            }
            (Some(a), Some(b)) if b.0 < a.0 => {
                let only = *b;
                right.next();
                only
            }
            (Some(a), _) => {
                let only = *a;
                left.next();
                only
            }
            (None, Some(b)) => {
                let only = *b;
                right.next();
                only
            }
            (None, None) => break,
        };
        merged.push(next);
    }
    *into = merged;
}

/// What separates one score cell from another.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(super) struct ScoreKey {
    pub(super) cell: CellKey,
    pub(super) name: i64,
    pub(super) level: i64,
}

/// What one score adds to one cell.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct ScoreValueAt {
    /// In units of 1e-9.
    pub(super) value: i64,
    pub(super) bin: Option<i32>,
}

pub(super) fn count_score(totals: &mut ScoreTotals, one: ScoreValueAt, sign: i64) {
    let (value, sign_wide) = (i128::from(one.value), i128::from(sign));
    totals.n = totals.n.wrapping_add_signed(sign);
    totals.sum = totals.sum.wrapping_add(sign_wide * value);
    totals.squares = totals.squares.wrapping_add(sign_wide.wrapping_mul(value.wrapping_mul(value)));
    if let Some(bin) = one.bin {
        count_bin(&mut totals.bins, bin, sign);
    }
}

pub(super) fn pack_score_totals(totals: &ScoreTotals) -> Vec<u8> {
    let mut packer = Packer::new(FORMAT);
    packer.natural(totals.n);
    packer.wide(totals.sum);
    packer.wide(totals.squares);
    pack_bins(&mut packer, &totals.bins);
    packer.finish()
}

pub(super) fn unpack_score_totals(bytes: &[u8]) -> Result<ScoreTotals, StoreError> {
    let mut reader = Unpacker::new(bytes, FORMAT, "a score cell")?;
    let (n, sum, squares) = (reader.natural()?, reader.wide()?, reader.wide()?);
    let bins: ScoreBins = unpack_bins(&mut reader)?;
    Ok(ScoreTotals { n, sum, squares, bins })
}

pub(super) fn merge_score_totals(into: &mut ScoreTotals, from: &ScoreTotals) {
    into.n += from.n;
    into.sum = into.sum.saturating_add(from.sum);
    into.squares = into.squares.saturating_add(from.squares);
    merge_bins(&mut into.bins, &from.bins);
}

/// What a folded score contributed, so that it can be taken out again.
pub(super) fn pack_folded(value: ScoreValueAt, keys: &[ScoreKey]) -> Vec<u8> {
    let mut packer = Packer::new(FORMAT);
    packer.integer(value.value);
    packer.optional_integer(value.bin.map(i64::from));
    packer.natural(keys.len() as u64);
    for key in keys {
        pack_key(&mut packer, &key.cell);
        packer.integer(key.name);
        packer.integer(key.level);
    }
    packer.finish()
}

pub(super) fn unpack_folded(bytes: &[u8]) -> Result<(ScoreValueAt, Vec<ScoreKey>), StoreError> {
    let mut reader = Unpacker::new(bytes, FORMAT, "a folded score")?;
    let value = reader.integer()?;
    let bin = reader.optional_integer()?.map(i32::try_from).transpose().map_err(|_| reader.damaged())?;
    let mut keys = Vec::new();
    for _ in 0..reader.count()? {
        keys.push(ScoreKey { cell: unpack_key(&mut reader)?, name: reader.integer()?, level: reader.integer()? });
    }
    Ok((ScoreValueAt { value, bin }, keys))
}
