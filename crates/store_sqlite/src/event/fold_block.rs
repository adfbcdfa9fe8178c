//! Units added up by arm and slice, kept as units change: what a unit came to before is taken out, what it comes to now put in.
//!
//! Sums are whole numbers and exact, and a block that comes to nothing is deleted, so the tables follow from the units' states
//! alone. A block, format 1: units in the analysis, left out twice, early generations, cut units; versions; generations; and for
//! each reading its shelves. Bins, format 1: for each reading with bins, bin and count. Maps are in order, keys as distances.

use std::collections::BTreeMap;

use sqlx::{Row as _, SqliteConnection};
use store::{
    StoreError,
    event::{Course, Part, Shelves, Standing, UnitBlock, UnitForm, UnitReading, UnitState, UnitSums, Wide, group_of},
};

use super::{
    codec::{Packer, Unpacker},
    statement::Statement,
};
use crate::error::from_sqlx;

const FORMAT: u8 = 1;

/// Kinds of slices, as the file has them.
pub(super) const DAY: i64 = 0;
pub(super) const SEGMENT: i64 = 1;
pub(super) const EPOCH: i64 = 2;

static BLOCKS: Statement = Statement::new(
    "WITH wanted (trial, kind, place, arm) AS (VALUES ",
    "(?,?,?,?)",
    ") SELECT unit_block.trial, unit_block.kind, unit_block.place, unit_block.arm, unit_block.data FROM wanted \
     CROSS JOIN unit_block ON unit_block.trial = wanted.trial AND unit_block.kind = wanted.kind \
     AND unit_block.place = wanted.place AND unit_block.arm = wanted.arm",
);
static PUT_BLOCKS: Statement = Statement::new(
    "INSERT INTO unit_block (trial, kind, place, arm, data) VALUES ",
    "(?,?,?,?,?)",
    " ON CONFLICT (trial, kind, place, arm) DO UPDATE SET data = excluded.data",
);
static DROP_BLOCKS: Statement =
    Statement::any_of("DELETE FROM unit_block WHERE ", "(trial, kind, place, arm) = (?,?,?,?)");
static BINS: Statement = Statement::new(
    "WITH wanted (trial, kind, place, arm, unit_group) AS (VALUES ",
    "(?,?,?,?,?)",
    ") SELECT unit_bins.trial, unit_bins.kind, unit_bins.place, unit_bins.arm, unit_bins.unit_group, unit_bins.data \
     FROM wanted CROSS JOIN unit_bins ON unit_bins.trial = wanted.trial AND unit_bins.kind = wanted.kind \
     AND unit_bins.place = wanted.place AND unit_bins.arm = wanted.arm AND unit_bins.unit_group = wanted.unit_group",
);
static PUT_BINS: Statement = Statement::new(
    "INSERT INTO unit_bins (trial, kind, place, arm, unit_group, data) VALUES ",
    "(?,?,?,?,?,?)",
    " ON CONFLICT (trial, kind, place, arm, unit_group) DO UPDATE SET data = excluded.data",
);
static DROP_BINS: Statement =
    Statement::any_of("DELETE FROM unit_bins WHERE ", "(trial, kind, place, arm, unit_group) = (?,?,?,?,?)");

/// Trial, kind, place, arm.
type Key = (i64, i64, i64, String);
type Bins = Vec<BTreeMap<i32, i64>>;

/// A unit as it is counted.
pub(super) struct Counted {
    pub(super) standing: Standing,
    pub(super) state: UnitState,
    /// The segment's word; 0 for none.
    pub(super) segment: i64,
}

/// What changes, until it is written.
#[derive(Default)]
pub(super) struct Changes {
    blocks: BTreeMap<Key, UnitBlock>,
    bins: BTreeMap<(Key, u8), Bins>,
}

impl Changes {
    /// A unit came to something before and comes to something else now.
    pub(super) fn unit(
        &mut self,
        (trial, readings): (i64, &[UnitReading]),
        unit: &str,
        before: Option<&Counted>,
        now: Option<&Counted>,
    ) {
        // Days up to which nothing differs make no difference.
        let same = match (before, now) {
            (Some(before), Some(now))
                if before.standing == now.standing
                    && before.state.early == now.state.early
                    && before.state.cut == now.state.cut =>
            {
                before.state.days.iter().zip(&now.state.days).take_while(|(one, other)| one == other).count()
            }
            _ => 0,
        };
        let mut unit = OfUnit { changes: self, trial, readings, group: group_of(unit) };
        if let Some(before) = before {
            unit.count(before, same, false);
        }
        if let Some(now) = now {
            unit.count(now, same, true);
        }
    }

    fn block(&mut self, key: Key, readings: usize) -> &mut UnitBlock {
        self.blocks.entry(key).or_insert_with(|| UnitBlock::new(readings))
    }

    /// Adds what changed to what is stored.
    pub(super) async fn write(mut self, connection: &mut SqliteConnection) -> Result<(), StoreError> {
        let keys: Vec<Key> = self.blocks.keys().cloned().collect();
        let bind = |binds: &mut super::statement::Binds, (trial, kind, place, arm): Key| {
            binds.add(trial).add(kind).add(place).add(arm);
        };
        for row in BLOCKS.fetch(connection, keys, |_| {}, bind).await? {
            if let Some(block) = self.blocks.get_mut(&key(&row)?) {
                block.merge(&unpack(row.try_get(4).map_err(from_sqlx)?)?);
            }
        }
        let (mut put, mut gone) = (Vec::new(), Vec::new());
        for (key, mut block) in self.blocks {
            if block.tidy() {
                put.push((key, pack(&block)));
            } else {
                gone.push(key);
            }
        }
        PUT_BLOCKS
            .run(connection, put, |binds, (key, data)| {
                bind(binds, key);
                binds.add(data);
            })
            .await?;
        DROP_BLOCKS.run(connection, gone, bind).await?;
        write_bins(connection, self.bins).await
    }
}

fn key(row: &sqlx::sqlite::SqliteRow) -> Result<Key, StoreError> {
    let number = |column: usize| row.try_get::<i64, _>(column).map_err(from_sqlx);
    Ok((number(0)?, number(1)?, number(2)?, row.try_get(3).map_err(from_sqlx)?))
}

async fn write_bins(
    connection: &mut SqliteConnection,
    mut changes: BTreeMap<(Key, u8), Bins>,
) -> Result<(), StoreError> {
    let keys: Vec<(Key, u8)> = changes.keys().cloned().collect();
    let bind = |binds: &mut super::statement::Binds, ((trial, kind, place, arm), group): (Key, u8)| {
        binds.add(trial).add(kind).add(place).add(arm).add(i64::from(group));
    };
    for row in BINS.fetch(connection, keys, |_| {}, bind).await? {
        let group: i64 = row.try_get(4).map_err(from_sqlx)?;
        let group = u8::try_from(group).map_err(StoreError::backend)?;
        if let Some(bins) = changes.get_mut(&(key(&row)?, group)) {
            for (held, more) in bins.iter_mut().zip(unpack_bins(row.try_get(5).map_err(from_sqlx)?)?) {
                for (bin, count) in more {
                    *held.entry(bin).or_default() += count;
                }
            }
        }
    }
    let (mut put, mut gone) = (Vec::new(), Vec::new());
    for (key, mut bins) in changes {
        for bins in &mut bins {
            bins.retain(|_, count| *count != 0);
        }
        if bins.iter().all(BTreeMap::is_empty) {
            gone.push(key);
        } else {
            put.push((key, pack_bins(&bins)));
        }
    }
    PUT_BINS
        .run(connection, put, |binds, (key, data)| {
            bind(binds, key);
            binds.add(data);
        })
        .await?;
    DROP_BINS.run(connection, gone, bind).await
}

/// Counts one unit.
struct OfUnit<'c> {
    changes: &'c mut Changes,
    trial: i64,
    readings: &'c [UnitReading],
    group: u8,
}

impl OfUnit<'_> {
    /// Adds a unit to every slice it is in, or takes it out; the first days make no difference.
    fn count(&mut self, unit: &Counted, same: usize, add: bool) {
        let standing = &unit.standing;
        let mut course = Course::new(unit.state.days.first().map_or(0, |day| day.sums.len()));
        let mut passed = None;
        // On the day of its exposure it comes in, also if nothing happened to it on that day.
        if unit.state.days.first().is_none_or(|day| day.day > standing.first_day) {
            if same == 0 {
                self.put(DAY, standing.first_day, unit, &course, add);
            }
            passed = Some(standing.first_day);
        }
        for (number, day) in unit.state.days.iter().enumerate() {
            let differs = number >= same;
            if differs && passed.is_some() {
                self.put(DAY, day.day, unit, &course, !add);
            }
            course.pass(day);
            passed = Some(day.day);
            if differs {
                self.put(DAY, day.day, unit, &course, add);
            }
        }
        self.put(EPOCH, i64::from(standing.epoch), unit, &course, add);
        if unit.segment != 0 && standing.part == Part::In {
            self.put(SEGMENT, unit.segment, unit, &course, add);
        }
        if standing.part == Part::In {
            self.bins(unit, same, add);
        }
    }

    fn put(&mut self, kind: i64, place: i64, unit: &Counted, course: &Course, add: bool) {
        let key = (self.trial, kind, place, unit.standing.arm.as_str().to_owned());
        let block = self.changes.block(key, self.readings.len());
        block.count(self.readings, unit.standing.part, &unit.state, course, add);
    }

    fn bins(&mut self, unit: &Counted, same: usize, add: bool) {
        let sign = if add { 1 } else { -1 };
        let binned: Vec<usize> = self
            .readings
            .iter()
            .filter(|reading| reading.form == UnitForm::Bins)
            .map(|reading| usize::from(reading.measure))
            .collect();
        for (number, day) in unit.state.days.iter().enumerate() {
            for (place, measure) in binned.iter().enumerate() {
                let Some(sum) = day.sums.get(*measure).filter(|sum| !sum.bins.is_empty()) else { continue };
                // A segment's bins are of all days: where its unit stayed in it, days that are the same cancel out.
                let mut slices = vec![(DAY, day.day)];
                if unit.segment != 0 {
                    slices.push((SEGMENT, unit.segment));
                }
                for (kind, at) in slices {
                    if kind == DAY && number < same {
                        continue;
                    }
                    let key = (self.trial, kind, at, unit.standing.arm.as_str().to_owned());
                    let bins = self
                        .changes
                        .bins
                        .entry((key, self.group))
                        .or_insert_with(|| vec![BTreeMap::new(); binned.len()]);
                    let Some(bins) = bins.get_mut(place) else { continue };
                    for (bin, count) in &sum.bins {
                        *bins.entry(*bin).or_default() += sign * i64::try_from(*count).unwrap_or(i64::MAX);
                    }
                }
            }
        }
    }
}

fn pack(block: &UnitBlock) -> Vec<u8> {
    let mut packer = Packer::new(FORMAT);
    for number in [block.units, block.multiple, block.unknown, block.early, block.cut] {
        packer.integer(number);
    }
    packer.natural(block.versions.len() as u64);
    for (version, count) in &block.versions {
        packer.natural(u64::from(*version));
        packer.integer(*count);
    }
    packer.natural(block.generations.len() as u64);
    for (generations, units) in &block.generations {
        packer.natural(*generations);
        packer.integer(*units);
    }
    packer.natural(block.readings.len() as u64);
    for shelves in &block.readings {
        packer.natural(shelves.len() as u64);
        let mut last = 0;
        for (shelf, sums) in shelves {
            packer.natural(u64::from(shelf - last));
            last = *shelf;
            for number in [sums.units, sums.nonzero, sums.with_rows] {
                packer.integer(number);
            }
            for product in sums.products {
                packer.raw(&product.to_bytes());
            }
        }
    }
    packer.finish()
}

/// Reads a packed block.
pub(super) fn unpack(record: &[u8]) -> Result<UnitBlock, StoreError> {
    let mut reader = Unpacker::new(record, FORMAT, "a block of units")?;
    let mut block = UnitBlock {
        units: reader.integer()?,
        multiple: reader.integer()?,
        unknown: reader.integer()?,
        early: reader.integer()?,
        cut: reader.integer()?,
        ..UnitBlock::default()
    };
    for _ in 0..reader.count()? {
        let version = u32::try_from(reader.natural()?).map_err(|_| reader.damaged())?;
        block.versions.insert(version, reader.integer()?);
    }
    for _ in 0..reader.count()? {
        block.generations.insert(reader.natural()?, reader.integer()?);
    }
    for _ in 0..reader.count()? {
        let mut shelves = Shelves::new();
        let mut last = 0_u16;
        for _ in 0..reader.count()? {
            let step = u16::try_from(reader.natural()?).map_err(|_| reader.damaged())?;
            last = last.checked_add(step).ok_or_else(|| reader.damaged())?;
            let mut sums = UnitSums {
                units: reader.integer()?,
                nonzero: reader.integer()?,
                with_rows: reader.integer()?,
                ..UnitSums::default()
            };
            for product in &mut sums.products {
                *product = Wide::from_bytes(reader.bytes()?).ok_or_else(|| reader.damaged())?;
            }
            shelves.insert(last, sums);
        }
        block.readings.push(shelves);
    }
    Ok(block)
}

fn pack_bins(readings: &[BTreeMap<i32, i64>]) -> Vec<u8> {
    let mut packer = Packer::new(FORMAT);
    packer.natural(readings.len() as u64);
    for bins in readings {
        packer.natural(bins.len() as u64);
        let mut last = 0;
        for (bin, count) in bins {
            packer.integer(i64::from(*bin) - last);
            last = i64::from(*bin);
            packer.integer(*count);
        }
    }
    packer.finish()
}

/// Reads packed bins.
pub(super) fn unpack_bins(record: &[u8]) -> Result<Vec<Vec<(i32, i64)>>, StoreError> {
    let mut reader = Unpacker::new(record, FORMAT, "bins of units")?;
    let mut readings = Vec::new();
    for _ in 0..reader.count()? {
        let count = reader.count()?;
        let mut bins = Vec::with_capacity(count);
        let mut last = 0_i64;
        for _ in 0..count {
            last = last.wrapping_add(reader.integer()?);
            bins.push((i32::try_from(last).map_err(|_| reader.damaged())?, reader.integer()?));
        }
        readings.push(bins);
    }
    Ok(readings)
}

/// Takes everything away that is known of a phase, because it is worked out otherwise from now on.
pub(super) async fn forget(connection: &mut SqliteConnection, trial: i64) -> Result<(), StoreError> {
    for statement in ["DELETE FROM unit_block WHERE trial = ?", "DELETE FROM unit_bins WHERE trial = ?"] {
        sqlx::query(statement).bind(trial).execute(&mut *connection).await.map_err(from_sqlx)?;
    }
    Ok(())
}
