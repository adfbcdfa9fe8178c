//! How long one assignment takes: the hash alone, a plain experiment, and one with everything switched on.

#![expect(clippy::unwrap_used, reason = "a benchmark that cannot be set up should stop")]

use std::hint::black_box;

use assign::{Attribute, Definition, Experiment};
use criterion::{Criterion, criterion_group, criterion_main};

const PLAIN: &str = r#"{
    "key": "tone", "seed": "01JD0000000000000000000001", "unit": "id", "coverage": 1,
    "arms": [{"key": "a", "value": "7", "weight": 5000}, {"key": "b", "value": "8", "weight": 5000}]
}"#;

const FULL: &str = r#"{
    "key": "tone", "seed": "01JD0000000000000000000001", "unit": "id", "coverage": 0.8,
    "arms": [
        {"key": "a", "value": "7", "weight": 4000}, {"key": "b", "value": "8", "weight": 2000},
        {"key": "c", "value": "9", "weight": 2000}, {"key": "d", "value": "10", "weight": 2000}
    ],
    "condition": {"and": [
        {"in": {"attribute": "plan", "values": ["pro", "team"]}}, {"ge": {"attribute": "age_days", "value": 7}}
    ]},
    "holdout": {"seed": "holdout", "share": 0.05},
    "exclusion": {"seed": "group", "ranges": [{"start": 0, "end": 9000}]}
}"#;

fn experiment(json: &str) -> Experiment {
    let definition: Definition = serde_json::from_str(json).unwrap();
    Experiment::new(definition).unwrap()
}

fn assignment(criterion: &mut Criterion) {
    let attributes = [("plan", Attribute::Text("pro")), ("age_days", Attribute::Number(30.0))];
    let short = "user-184467";
    let uuid = "0193f0a2-7c1e-7b54-9d31-8a5d9c1f2e47";
    let plain = experiment(PLAIN);
    let full = experiment(FULL);
    criterion.bench_function("assign/plain/11-byte id", |bencher| {
        bencher.iter(|| plain.assign(black_box(Some(short)), &attributes));
    });
    criterion.bench_function("assign/plain/uuid", |bencher| {
        bencher.iter(|| plain.assign(black_box(Some(uuid)), &attributes));
    });
    criterion.bench_function("assign/holdout, group, condition, 4 arms/11-byte id", |bencher| {
        bencher.iter(|| full.assign(black_box(Some(short)), &attributes));
    });
    criterion.bench_function("assign/holdout, group, condition, 4 arms/uuid", |bencher| {
        bencher.iter(|| full.assign(black_box(Some(uuid)), &attributes));
    });
}

criterion_group!(benches, assignment);
criterion_main!(benches);
