//! What the store added up of a phase's units, as results take it.

use std::collections::BTreeMap;

use domain::{
    experiment::{Eligibility, Epoch, Experiment, Phase},
    ids::ProjectId,
};
use store::event::{Slice, SliceKind, SlicedBins, SlicedBlock, UnitBlock, UnitForm, Watch, group_of};

use super::{
    DAY_US,
    summed::{Summed, bins_of},
};
use crate::{Context, ServiceError};

/// Units read at once.
const PAGE: u32 = 5_000;
/// Segments told apart.
const SEGMENTS: usize = 21;

/// How much of a phase is read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Wanted {
    /// Everybody, by day and by epoch.
    Whole,
    /// That, and everybody by segment too.
    Segments,
}

impl Wanted {
    fn blocks(self) -> &'static [SliceKind] {
        match self {
            Self::Whole => &[SliceKind::Days, SliceKind::Epochs],
            Self::Segments => &[SliceKind::Days, SliceKind::Epochs, SliceKind::Segments],
        }
    }

    fn bins(self) -> &'static [SliceKind] {
        match self {
            Self::Whole => &[SliceKind::Days],
            Self::Segments => &[SliceKind::Days, SliceKind::Segments],
        }
    }
}

/// Everybody of a phase, one entry for each arm in every list.
#[derive(Default)]
pub(super) struct Gathered {
    arms: usize,
    /// Differences each day made.
    days: BTreeMap<i64, Vec<Summed>>,
    /// All days together.
    pub(super) whole: Vec<Summed>,
    segments: BTreeMap<String, Vec<Summed>>,
    /// By epoch of the first exposure.
    pub(super) epochs: BTreeMap<u32, Vec<UnitBlock>>,
    /// Exposed at all.
    pub(super) exposed: u64,
    /// Of those, added up by now.
    folded: u64,
}

impl Gathered {
    /// Reads what is wanted, as it is at one instant.
    pub(super) async fn read(
        context: &Context,
        project: ProjectId,
        experiment: &Experiment,
        phase: &Phase,
        watch: &Watch,
        wanted: Wanted,
    ) -> Result<Self, ServiceError> {
        let (events, id, number) = (&context.events, experiment.id, phase.number);
        let blocks = events.unit_blocks(project, id, number, wanted.blocks()).await?;
        let mut bins = Vec::new();
        if watch.readings.iter().any(|reading| reading.form == UnitForm::Bins) {
            for kind in wanted.bins() {
                bins.extend(events.unit_bins(project, id, number, *kind).await?);
            }
        }
        let exposed = events.units_version(project, id, number).await?.units;
        Ok(Self::of(phase, blocks, bins, exposed))
    }

    /// Leaves out who came before an epoch. Without days and segments: what is kept by those is of everybody. Rows in bins are not
    /// kept by epoch, so they are read unit by unit where a metric has them.
    pub(super) async fn only_since(
        &mut self,
        context: &Context,
        project: ProjectId,
        experiment: &Experiment,
        phase: &Phase,
        watch: &Watch,
        first: u32,
    ) -> Result<(), ServiceError> {
        self.epochs.retain(|number, _| *number >= first);
        self.days.clear();
        self.segments.clear();
        let mut arms = self.nobody();
        for epoch in self.epochs.values() {
            arms.iter_mut().zip(epoch).for_each(|(arm, block)| arm.block.merge(block));
        }
        let mut after: Option<String> = None;
        let mut is_done = watch.readings.iter().all(|reading| reading.form != UnitForm::Bins);
        while !is_done {
            let page = context.events.units(project, experiment.id, phase.number, after.as_deref(), PAGE).await?;
            is_done = page.len() < PAGE as usize;
            after = page.last().map(|unit| unit.exposed.exposure.unit.clone());
            for record in page {
                let exposure = &record.exposed.exposure;
                let counts =
                    exposure.epoch >= first && !record.exposed.multiple && exposure.eligibility != Eligibility::Unknown;
                let place = phase.definition.arms.iter().position(|arm| arm.key == exposure.arm).filter(|_| counts);
                let Some(held) = place.and_then(|place| arms.get_mut(place)) else { continue };
                for day in record.state.iter().flat_map(|state| &state.days) {
                    held.take(group_of(&exposure.unit), &bins_of(watch, day));
                }
            }
        }
        arms.iter_mut().for_each(Summed::tidy);
        self.whole = arms;
        Ok(())
    }

    fn of(phase: &Phase, blocks: Vec<SlicedBlock>, bins: Vec<SlicedBins>, exposed: u64) -> Self {
        let arms = &phase.definition.arms;
        let mut gathered = Self { arms: arms.len(), exposed, ..Self::default() };
        // An arm the phase does not have cannot have been served by it.
        let place = |key: &domain::experiment::ArmKey| arms.iter().position(|arm| arm.key == *key);
        for SlicedBlock { slice, arm, block } in blocks {
            if let Slice::Epoch(epoch) = slice {
                let folded = block.units + block.multiple + block.unknown;
                gathered.folded += u64::try_from(folded).unwrap_or(0);
                let Some(place) = place(&arm) else { continue };
                let held = gathered.epochs.entry(epoch).or_insert_with(|| vec![UnitBlock::default(); arms.len()]);
                if let Some(held) = held.get_mut(place) {
                    held.merge(&block);
                }
            } else if let Some(held) = place(&arm).and_then(|place| gathered.slice(slice)?.get_mut(place)) {
                held.block.merge(&block);
            }
        }
        for SlicedBins { slice, arm, group, readings } in bins {
            if let Some(held) = place(&arm).and_then(|place| gathered.slice(slice)?.get_mut(place)) {
                held.take(group, &readings);
            }
        }
        gathered.whole = gathered.until(i64::MAX);
        gathered.whole.iter_mut().chain(gathered.segments.values_mut().flatten()).for_each(Summed::tidy);
        gathered
    }

    fn slice(&mut self, slice: Slice) -> Option<&mut Vec<Summed>> {
        let nobody = || vec![Summed::default(); self.arms];
        match slice {
            Slice::Day(day) => Some(self.days.entry(day).or_insert_with(nobody)),
            Slice::Segment(segment) => Some(self.segments.entry(segment).or_insert_with(nobody)),
            Slice::Epoch(_) => None,
        }
    }

    /// Nobody yet.
    pub(super) fn nobody(&self) -> Vec<Summed> {
        vec![Summed::default(); self.arms]
    }

    /// As it was seen at the end of a day. Which units saw two arms is known only as of now.
    pub(super) fn until(&self, day: i64) -> Vec<Summed> {
        let mut arms = self.nobody();
        for (_, day) in self.days.range(..=day) {
            merge(&mut arms, day);
        }
        arms
    }

    /// A day further.
    pub(super) fn pass(&self, arms: &mut [Summed], day: i64) {
        if let Some(day) = self.days.get(&day) {
            merge(arms, day);
        }
    }

    /// Units that came on each day to control and first treatment, from a day on.
    pub(super) fn arrivals(&self, from_us: i64) -> impl Iterator<Item = (usize, u64)> {
        let first = from_us.div_euclid(DAY_US);
        self.days.iter().map(move |(day, arms)| {
            let units: i64 = arms.iter().take(2).map(|arm| arm.block.units).sum();
            (usize::try_from(day - first).unwrap_or(0), u64::try_from(units).unwrap_or(0))
        })
    }

    /// Units by the epoch of their first exposure, with its weights, of epochs that were over by an instant; of all epochs
    /// where that is `i64::MAX`.
    pub(super) fn stretches<'p>(
        &self,
        phase: &'p Phase,
        before_us: i64,
    ) -> impl Iterator<Item = (&'p Epoch, Vec<Summed>)> + use<'_, 'p> {
        self.epochs.iter().filter_map(move |(number, arms)| {
            let epoch = phase.epochs.iter().find(|epoch| epoch.number == *number)?;
            let summed = |block: &UnitBlock| Summed { block: block.clone(), bins: Vec::new() };
            let over = before_us == i64::MAX || epoch.to_us.is_some_and(|to| to.0 <= before_us);
            over.then(|| (epoch, arms.iter().map(summed).collect()))
        })
    }

    /// Units in the analysis that were exposed in an epoch.
    pub(super) fn units_of_epoch(&self, number: u32) -> u64 {
        let units = |arms: &Vec<UnitBlock>| arms.iter().map(|arm| arm.units).sum::<i64>();
        self.epochs.get(&number).map_or(0, |arms| u64::try_from(units(arms)).unwrap_or(0))
    }

    /// Everybody, or those of a segment.
    pub(super) fn chosen(&self, segment: Option<&str>) -> Vec<Summed> {
        match segment {
            None => self.whole.clone(),
            Some(segment) => self.segments.get(segment).cloned().unwrap_or_else(|| self.nobody()),
        }
    }

    /// The largest segments and how many units each has.
    pub(super) fn segments(&self) -> Vec<(String, u64)> {
        let units = |arms: &Vec<Summed>| arms.iter().map(|arm| arm.block.units).sum::<i64>().unsigned_abs();
        let mut segments: Vec<(String, u64)> =
            self.segments.iter().map(|(name, arms)| (name.clone(), units(arms))).collect();
        segments.sort_by(|(one, units), (other, others)| others.cmp(units).then_with(|| one.cmp(other)));
        segments.truncate(SEGMENTS);
        segments
    }

    /// Why the numbers are not the whole truth yet.
    pub(super) fn partial(&self) -> Option<String> {
        let cut: i64 = self.whole.iter().map(|arm| arm.block.cut).sum();
        let mut why = Vec::new();
        let waiting = self.exposed.saturating_sub(self.folded);
        if waiting > 0 {
            why.push(format!("{waiting} units are still being added up"));
        }
        if cut > 0 {
            why.push(format!("of {cut} units only the first {} generations count", store::event::MOST_ROWS));
        }
        (!why.is_empty()).then(|| why.join("; "))
    }
}

fn merge(arms: &mut [Summed], more: &[Summed]) {
    arms.iter_mut().zip(more).for_each(|(arm, more)| arm.merge(more));
}
