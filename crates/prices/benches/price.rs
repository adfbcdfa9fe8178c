//! Prices a second: a model seen before, one not seen before, and reading the catalogue.
#![expect(clippy::unwrap_used, reason = "a program for a terminal: it stops at the first failure")]

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use domain::{price::ServiceTier, time::TimeUs, trace::TokenBuckets};
use prices::{Catalogue, PriceList, Request};

fn price(criterion: &mut Criterion) {
    let catalogue = Catalogue::embedded().unwrap();
    let list = PriceList::new(catalogue, Vec::new());
    let tokens = TokenBuckets { input: 1200, cache_read: 800, output: 300, ..TokenBuckets::default() };
    let request = |model| Request {
        provider: Some("openai"),
        model: Some(model),
        at: TimeUs(1_795_176_000_000_000),
        tier: ServiceTier::Standard,
        tokens: &tokens,
    };
    criterion.bench_function("price, known model", |bencher| {
        bencher.iter(|| list.price(black_box(&request("gpt-4o-2024-08-06"))).unwrap());
    });
    criterion.bench_function("find, first time", |bencher| {
        bencher.iter(|| catalogue.find(black_box(Some("openai")), black_box("gpt-4o-2024-08-06")).unwrap().key());
    });
    criterion.bench_function("find, nobody's", |bencher| {
        bencher.iter(|| catalogue.find(black_box(None), black_box("my-finetune-7b")).is_none());
    });
    criterion.bench_function("read the catalogue", |bencher| {
        bencher.iter(|| Catalogue::read(black_box(include_str!("../data/model-prices.json"))).unwrap());
    });
}

criterion_group!(benches, price);
criterion_main!(benches);
