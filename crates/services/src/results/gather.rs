//! What the store added up of a phase's units, as results take it.

use std::collections::BTreeMap;

use domain::{
    experiment::{Aggregation, Cap, Eligibility, Epoch, Experiment, MetricDefinition, MetricSource, Phase},
    ids::ProjectId,
};
use experiment::{Block, Quantiles};
use stats::moments::Parts;
use store::event::{
    AVERAGE_UNIT, Course, Part, Slice, SliceKind, SlicedBins, SlicedBlock, UnitBlock, UnitCap, UnitDay, UnitForm,
    UnitMeasure, UnitReading, UnitState, UnitSums, Watch, group_of, shelf_end,
};

use super::{DAY_US, exact::parts};
use crate::{Context, ServiceError};

/// Units read at once.
const PAGE: u32 = 5_000;
/// Segments told apart.
const SEGMENTS: usize = 21;
/// Units with rows from which a percentile is something to cap by; of fewer it is their largest value.
const LEAST_CAPPED: i64 = 500;
/// Groups of units.
const GROUPS: usize = 256;

/// Rows in bins, by group of units.
type Groups = Vec<Vec<(i32, u64)>>;

/// Units of one arm, added up.
#[derive(Clone, Default)]
pub(crate) struct Summed {
    pub(super) block: UnitBlock,
    /// One entry for each reading that has bins.
    bins: Vec<Groups>,
}

impl Summed {
    fn merge(&mut self, other: &Self) {
        self.block.merge(&other.block);
        if self.bins.len() < other.bins.len() {
            self.bins.resize(other.bins.len(), vec![Vec::new(); GROUPS]);
        }
        for (groups, more) in self.bins.iter_mut().zip(&other.bins) {
            for (bins, more) in groups.iter_mut().zip(more) {
                bins.extend_from_slice(more);
            }
        }
    }

    /// Names each bin once. Days are sorted already, which the sort makes use of.
    fn tidy(&mut self) {
        for bins in self.bins.iter_mut().flatten() {
            bins.sort_by_key(|(bin, _)| *bin);
            bins.dedup_by(|next, held| {
                let same = next.0 == held.0;
                held.1 += if same { next.1 } else { 0 };
                same
            });
        }
    }

    /// Adds what a day changed of a unit.
    pub(super) fn step(&mut self, block: &UnitBlock, group: u8, bins: &[Vec<(i32, i64)>]) {
        self.block.merge(block);
        self.take(group, bins);
    }

    fn take(&mut self, group: u8, readings: &[Vec<(i32, i64)>]) {
        if self.bins.len() < readings.len() {
            self.bins.resize(readings.len(), vec![Vec::new(); GROUPS]);
        }
        for (groups, bins) in self.bins.iter_mut().zip(readings) {
            if let Some(held) = groups.get_mut(usize::from(group)) {
                held.extend(bins.iter().map(|(bin, count)| (*bin, u64::try_from(*count).unwrap_or(0))));
            }
        }
    }
}

/// Units that were in no experiment, as one arm.
pub(crate) struct Past {
    /// How many.
    pub(crate) units: u64,
    /// Rows of each measure.
    rows: Vec<u64>,
    /// As blocks are made of.
    pub(crate) arms: [Summed; 1],
}

impl Past {
    /// Of what would have become of them, by id.
    pub(crate) fn of<'u>(watch: &Watch, units: impl Iterator<Item = (&'u str, UnitState)>) -> Self {
        let mut past = Self { units: 0, rows: vec![0; watch.measures.len()], arms: [Summed::default()] };
        let [arm] = &mut past.arms;
        arm.block = UnitBlock::new(watch.readings.len());
        for (id, state) in units {
            past.units += 1;
            let mut course = Course::new(watch.measures.len());
            for day in &state.days {
                course.pass(day);
                past.rows.iter_mut().zip(&day.sums).for_each(|(rows, sum)| *rows += sum.rows);
                arm.take(group_of(id), &bins_of(watch, day));
            }
            arm.block.count(&watch.readings, Part::In, &state, &course, true);
        }
        past
    }

    /// Rows a metric is worked out from.
    pub(crate) fn rows_of(&self, watch: &Watch, metric: &MetricDefinition) -> u64 {
        measure_of(metric, &watch.measures).and_then(|at| self.rows.get(usize::from(at))).copied().unwrap_or(0)
    }

    /// Generations on the prompt.
    pub(crate) fn generations(&self, watch: &Watch) -> u64 {
        let at = place(&watch.measures, &MetricSource::Generations, None, false);
        at.and_then(|at| self.rows.get(usize::from(at))).copied().unwrap_or(0)
    }
}

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

/// Rows of a unit's day in bins, one list for each reading that has them.
pub(super) fn bins_of(watch: &Watch, day: &UnitDay) -> Vec<Vec<(i32, i64)>> {
    let binned = watch.readings.iter().filter(|reading| reading.form == UnitForm::Bins);
    let sum = |reading: &UnitReading| day.sums.get(usize::from(reading.measure));
    let count = |(bin, count): &(i32, u64)| (*bin, i64::try_from(*count).unwrap_or(i64::MAX));
    binned.map(|reading| sum(reading).map(|sum| sum.bins.iter().map(count).collect()).unwrap_or_default()).collect()
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

/// How a metric's rows are added up over units.
fn form(metric: &MetricDefinition) -> UnitForm {
    // Failures count as rows that are one, so counting them is adding them up.
    let sums = matches!(metric.source, MetricSource::Errors | MetricSource::NullResponses);
    match metric.aggregation {
        Aggregation::Mean => UnitForm::Sum,
        Aggregation::Rate => UnitForm::Any,
        Aggregation::Count if sums => UnitForm::Sum,
        Aggregation::Count => UnitForm::Rows,
        Aggregation::Ratio => UnitForm::Ratio,
        Aggregation::UnitMean => UnitForm::Average,
        Aggregation::Quantile(_) => UnitForm::Bins,
    }
}

/// Where a measure stands in the sums of a watch.
fn place(measures: &[UnitMeasure], source: &MetricSource, window_hours: Option<u32>, bins: bool) -> Option<u16> {
    let wanted = UnitMeasure { source: source.clone(), window_hours, bins };
    let place = measures.iter().position(|measure| *measure == wanted)?;
    u16::try_from(place).ok()
}

fn measure_of(metric: &MetricDefinition, measures: &[UnitMeasure]) -> Option<u16> {
    let bins = matches!(metric.aggregation, Aggregation::Quantile(_));
    place(measures, &metric.source, metric.window_hours, bins)
}

/// A cap in the unit the store counts in.
fn cap(metric: &MetricDefinition) -> Option<UnitCap> {
    Some(match metric.cap? {
        Cap::Percentile(_) => UnitCap::Later,
        Cap::Value(value) => UnitCap::At((value / experiment::scale(&metric.source)).round() as i128),
    })
}

/// What shows whether a score is missing in one arm more than in another.
fn share(metric: &MetricDefinition, measures: &[UnitMeasure]) -> Option<UnitReading> {
    if !matches!(metric.source, MetricSource::Score(_)) {
        return None;
    }
    let of = place(measures, &MetricSource::Generations, metric.window_hours, false)?;
    Some(UnitReading { measure: measure_of(metric, measures)?, form: UnitForm::Share { of }, cap: None })
}

/// How units are added up for metrics: with their caps, without where somebody may want to look at it so, and what the checks
/// need.
pub(super) fn readings<'m>(
    metrics: impl Iterator<Item = &'m MetricDefinition>,
    measures: &[UnitMeasure],
) -> Vec<UnitReading> {
    let mut readings: Vec<UnitReading> = Vec::new();
    for metric in metrics {
        let Some(measure) = measure_of(metric, measures) else { continue };
        let (form, cap) = (form(metric), cap(metric));
        let mut wanted = vec![UnitReading { measure, form, cap }];
        if matches!(cap, Some(UnitCap::At(_))) {
            wanted.push(UnitReading { measure, form, cap: None });
        }
        wanted.extend(share(metric, measures));
        for reading in wanted {
            if !readings.contains(&reading) {
                readings.push(reading);
            }
        }
    }
    readings
}

/// One block for each arm.
pub(crate) fn blocks(metric: &MetricDefinition, watch: &Watch, arms: &[Summed]) -> Vec<Block> {
    blocks_among(metric, watch, arms, arms)
}

/// The same for a part of the units; a cap by a percentile is that of everybody.
pub(super) fn blocks_among(
    metric: &MetricDefinition,
    watch: &Watch,
    arms: &[Summed],
    everybody: &[Summed],
) -> Vec<Block> {
    let empty = || vec![Block::default(); arms.len()];
    let Some(measure) = measure_of(metric, &watch.measures) else { return empty() };
    let (form, cap) = (form(metric), cap(metric));
    let find = |cap| watch.readings.iter().position(|reading| *reading == UnitReading { measure, form, cap });
    // What is kept on shelves for a percentile is also everything without a cap.
    let Some(at) = find(cap).or_else(|| find(Some(UnitCap::Later)).filter(|_| cap.is_none())) else { return empty() };
    let last_shelf = match metric.cap {
        Some(Cap::Percentile(share)) => last_shelf(at, everybody, share),
        Some(Cap::Value(_)) | None => None,
    };
    let scale = match form {
        UnitForm::Any | UnitForm::Rows | UnitForm::Bins | UnitForm::Share { .. } => 1.0,
        UnitForm::Sum | UnitForm::Ratio => experiment::scale(&metric.source),
        UnitForm::Average => experiment::scale(&metric.source) * AVERAGE_UNIT,
    };
    let binned = watch.readings.iter().take(at).filter(|reading| reading.form == UnitForm::Bins).count();
    let scores = matches!(metric.source, MetricSource::Score(_));
    let block = |arm: &Summed| {
        let quantiles = match metric.aggregation {
            Aggregation::Quantile(level) => {
                Some(Quantiles::of(arm.bins.get(binned).map(Vec::as_slice).unwrap_or_default(), level, scores))
            }
            _ => None,
        };
        Block::new(&parts(&sums(arm, at, last_shelf), is_paired(form), scale), quantiles)
    };
    arms.iter().map(block).collect()
}

/// The shelf the percentile of all units with rows is on, whatever their arm; nothing while they are few.
fn last_shelf(at: usize, arms: &[Summed], share: f64) -> Option<u16> {
    let mut shelves: BTreeMap<u16, i64> = BTreeMap::new();
    for (shelf, sums) in arms.iter().filter_map(|arm| arm.block.readings.get(at)).flatten() {
        *shelves.entry(*shelf).or_default() += sums.with_rows;
    }
    let units: i64 = shelves.values().sum();
    if units < LEAST_CAPPED {
        return None;
    }
    let rank = ((units - 1) as f64 * share).ceil() as i64;
    let mut seen = 0;
    shelves.into_iter().find_map(|(shelf, units)| {
        seen += units;
        (seen > rank).then_some(shelf)
    })
}

/// All units of a reading; those above the shelf count as much as its end.
fn sums(arm: &Summed, at: usize, last_shelf: Option<u16>) -> UnitSums {
    let mut sums = UnitSums::default();
    for (shelf, own) in arm.block.readings.get(at).into_iter().flatten() {
        match last_shelf.filter(|last| shelf > last) {
            Some(last) => sums.merge(&own.capped(shelf_end(last))),
            None => sums.merge(own),
        }
    }
    sums
}

/// Units of an arm whose scores could be missing, and how many are there; nothing for metrics that are no scores.
pub(super) fn scored(metric: &MetricDefinition, watch: &Watch, arm: &Summed) -> Option<Parts> {
    let reading = share(metric, &watch.measures)?;
    let at = watch.readings.iter().position(|known| *known == reading)?;
    Some(parts(&sums(arm, at, None), true, 1.0))
}

/// Whether units have rows beside their value.
fn is_paired(form: UnitForm) -> bool {
    matches!(form, UnitForm::Ratio | UnitForm::Share { .. })
}
