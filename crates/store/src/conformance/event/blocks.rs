//! What units added up must be: [`check`] counts them one by one.

use std::collections::{BTreeMap, BTreeSet};

use domain::ids::ExperimentId;

use super::Build;
use crate::event::{
    Course, EventStore, Part, Slice, SliceKind, Standing, UnitBlock, UnitCap, UnitForm, UnitReading, UnitRecord,
    group_of,
};

/// Every form, with and without a cap.
pub(super) fn readings() -> Vec<UnitReading> {
    let reading = |measure: u16, form: UnitForm, cap: Option<UnitCap>| UnitReading { measure, form, cap };
    vec![
        reading(5, UnitForm::Sum, None),
        reading(4, UnitForm::Sum, Some(UnitCap::At(1_500_000))),
        reading(4, UnitForm::Ratio, Some(UnitCap::Later)),
        reading(1, UnitForm::Any, None),
        reading(0, UnitForm::Rows, None),
        reading(3, UnitForm::Bins, None),
        reading(6, UnitForm::Share { of: 0 }, None),
        reading(6, UnitForm::Bins, None),
        reading(5, UnitForm::Average, Some(UnitCap::Later)),
    ]
}

/// Blocks are the units, counted one by one: as they stood at the end of each day, by epoch and by segment.
pub(super) async fn check(
    store: &dyn EventStore,
    experiment: ExperimentId,
    readings: &[UnitReading],
    units: &[UnitRecord],
) {
    let project = Build::project(1);
    let kinds = [SliceKind::Days, SliceKind::Segments, SliceKind::Epochs];
    let stored = store.unit_blocks(project, experiment, 0, &kinds).await.expect("blocks");
    let count = |blocks: &mut BTreeMap<(Slice, String), UnitBlock>, slice: Slice, unit: &UnitRecord, until: i64| {
        let (standing, state) = (Standing::of(&unit.exposed), unit.state.as_ref().expect("folded"));
        let mut course = Course::new(readings.len() + 1);
        state.days.iter().filter(|day| day.day <= until).for_each(|day| course.pass(day));
        let block = blocks.entry((slice, standing.arm.to_string())).or_insert_with(|| UnitBlock::new(readings.len()));
        block.count(readings, standing.part, state, &course, true);
    };
    let mut expected = BTreeMap::new();
    let days: BTreeSet<i64> = stored
        .iter()
        .filter_map(|block| match block.slice {
            Slice::Day(day) => Some(day),
            Slice::Segment(_) | Slice::Epoch(_) => None,
        })
        .collect();
    for unit in units {
        let standing = Standing::of(&unit.exposed);
        let state = unit.state.as_ref().expect("folded");
        for day in days.iter().filter(|day| **day >= standing.first_day) {
            count(&mut expected, Slice::Day(*day), unit, *day);
        }
        count(&mut expected, Slice::Epoch(standing.epoch), unit, i64::MAX);
        if let (Some(segment), Part::In) = (&state.segment, standing.part) {
            count(&mut expected, Slice::Segment(segment.clone()), unit, i64::MAX);
        }
    }
    let mut found: BTreeMap<(Slice, String), UnitBlock> = BTreeMap::new();
    for block in &stored {
        // What a day changed counts on every later day.
        let slices: Vec<Slice> = match block.slice {
            Slice::Day(from) => days.range(from..).map(|day| Slice::Day(*day)).collect(),
            Slice::Segment(_) | Slice::Epoch(_) => vec![block.slice.clone()],
        };
        for slice in slices {
            found.entry((slice, block.arm.to_string())).or_default().merge(&block.block);
        }
    }
    for blocks in [&mut expected, &mut found] {
        blocks.retain(|_, block| block.tidy());
    }
    assert_eq!(found, expected);
    let mut expected: BTreeMap<(i64, String, u8), Vec<BTreeMap<i32, i64>>> = BTreeMap::new();
    let binned: Vec<u16> =
        readings.iter().filter(|one| one.form == UnitForm::Bins).map(|reading| reading.measure).collect();
    for unit in units {
        let standing = Standing::of(&unit.exposed);
        let state = unit.state.as_ref().filter(|_| standing.part == Part::In);
        for day in state.map(|state| state.days.as_slice()).unwrap_or_default() {
            for (place, measure) in binned.iter().enumerate() {
                for (bin, count) in &day.sums[usize::from(*measure)].bins {
                    let key = (day.day, standing.arm.to_string(), group_of(&unit.exposed.exposure.unit));
                    let bins = expected.entry(key).or_insert_with(|| vec![BTreeMap::new(); binned.len()]);
                    *bins[place].entry(*bin).or_default() += i64::try_from(*count).expect("few");
                }
            }
        }
    }
    let mut found = BTreeMap::new();
    for bins in store.unit_bins(project, experiment, 0, SliceKind::Days).await.expect("bins") {
        // Any other slice is missing below.
        let Slice::Day(day) = bins.slice else { continue };
        let readings: Vec<BTreeMap<i32, i64>> =
            bins.readings.into_iter().map(|bins| bins.into_iter().collect()).collect();
        found.insert((day, bins.arm.to_string(), bins.group), readings);
    }
    assert_eq!(found, expected);
}
