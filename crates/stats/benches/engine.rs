//! How long the engine takes: an update of a block, a whole result page, and merges of sketches.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a benchmark that cannot be set up should stop")]

mod page;

use std::hint::black_box;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use page::{Page, Size};
use stats::moments::Moments;
use stats::random::Generator;
use stats::sketch::{DdSketch, key};

fn moments(criterion: &mut Criterion) {
    let mut generator = Generator::new(1);
    let points: Vec<(f64, f64)> = (0..1_000).map(|_| (generator.normal(), 1.0 + generator.uniform())).collect();
    let mut block = Moments::new();
    let mut next = points.iter().cycle();
    criterion.bench_function("moments/insert", |bencher| {
        bencher.iter(|| {
            if let Some(&(value, rows)) = next.next() {
                block.insert(black_box(value), black_box(rows)).unwrap();
            }
        });
    });
    let mut full = Moments::new();
    for &(value, rows) in &points {
        full.insert(value, rows).unwrap();
    }
    criterion.bench_function("moments/replace a unit", |bencher| {
        bencher.iter_batched_ref(
            || full,
            |block| block.replace(black_box(points[0]), black_box(points[1])).unwrap(),
            BatchSize::SmallInput,
        );
    });
}

fn result_page(criterion: &mut Criterion) {
    let size = Size { metrics: 20, arms: 4, days: 90, segments: 10, units_per_block: 5 };
    let page = Page::new(size, 2);
    criterion.bench_function("result page/20 metrics, 4 arms, 90 days, 10 segments", |bencher| {
        bencher.iter(|| page.decide());
    });
}

fn sketches(criterion: &mut Criterion) {
    let mut generator = Generator::new(3);
    let values: Vec<f64> = (0..4_096).map(|_| 800.0 * libm::exp(generator.normal())).collect();
    let daily: Vec<DdSketch> = values
        .chunks(32)
        .map(|rows| {
            let mut sketch = DdSketch::new();
            for &row in rows {
                sketch.add(row).unwrap();
            }
            sketch
        })
        .collect();
    let mut next = values.iter().cycle();
    criterion.bench_function("sketch/key", |bencher| bencher.iter(|| key(black_box(next.next().copied().unwrap()))));
    let mut sketch = DdSketch::merged(&daily).unwrap();
    let mut more = values.iter().cycle();
    criterion.bench_function("sketch/add", |bencher| {
        bencher.iter(|| sketch.add(black_box(more.next().copied().unwrap())).unwrap());
    });
    criterion.bench_function("sketch/merge 128 one by one", |bencher| {
        bencher.iter(|| {
            let mut total = DdSketch::new();
            for day in &daily {
                total.merge(day).unwrap();
            }
            total
        });
    });
    criterion.bench_function("sketch/merge 128 at once", |bencher| bencher.iter(|| DdSketch::merged(&daily).unwrap()));
    // A year of hours would not fit a page; an experiment's 256 groups × 90 days × 4 arms do.
    let groups: Vec<Vec<&DdSketch>> = (0..1_024).map(|_| daily.iter().take(90).collect()).collect();
    criterion.bench_function("sketch/256 groups, 90 days, 4 arms", |bencher| {
        bencher.iter(|| {
            let merged = groups.iter().map(|days| DdSketch::merged(days.iter().copied()).unwrap().count());
            merged.sum::<u64>()
        });
    });
    let bytes = sketch.to_bytes();
    criterion.bench_function("sketch/from bytes", |bencher| bencher.iter(|| DdSketch::from_bytes(black_box(&bytes))));
}

criterion_group!(benches, moments, result_page, sketches);
criterion_main!(benches);
