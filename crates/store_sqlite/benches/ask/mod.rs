//! How long the usual questions about numbers take.

use std::time::Instant;

use domain::{
    ids::ProjectId,
    metric::{Dimension, Filter, Quantity},
    time::{TimeRange, TimeUs},
};
use store::{
    conformance::event::START_NS,
    event::{EventStore as _, SpreadQuestion, TotalsQuestion},
};
use store_sqlite::SqliteEvents;

const HOUR_US: i64 = 3_600_000_000;

/// The 95th percentile of each question in milliseconds, by its name.
pub(crate) async fn milliseconds(store: &SqliteEvents, project: ProjectId, hours: i64) -> Vec<(&'static str, f64)> {
    let first = START_NS / 1000;
    let newest = first + hours * HOUR_US;
    let by_version = TotalsQuestion {
        range: TimeRange { from: TimeUs(first), to: TimeUs(newest) },
        steps: Vec::new(),
        dimensions: vec![Dimension::Prompt, Dimension::Version],
        filters: vec![],
        spans: true,
        bins: Quantity::ALL.to_vec(),
        scores: true,
        score_bins: true,
    };
    let of_prompt = TotalsQuestion { filters: vec![Filter::one(Dimension::Prompt, "prompt 3")], ..by_version.clone() };
    // Both ends inside an hour, as "the last 24 hours" has them.
    let day =
        TimeRange { from: TimeUs(newest - 25 * HOUR_US + 2_345_000_000), to: TimeUs(newest - HOUR_US + 1_234_000_000) };
    let hour = TimeRange { from: TimeUs(newest - 2 * HOUR_US), to: TimeUs(newest - HOUR_US) };
    let minutes = (0..60).map(|minute| TimeUs(hour.from.0 + minute * 60_000_000)).collect();
    let totals = [
        ("totals_by_version", by_version.clone()),
        ("totals_of_a_prompt", of_prompt.clone()),
        ("a_day_with_parts_of_hours", TotalsQuestion { range: day, ..by_version.clone() }),
        ("an_hour_by_the_minute", TotalsQuestion { range: hour, steps: minutes, ..of_prompt.clone() }),
        ("a_day_by_user", TotalsQuestion { range: day, dimensions: vec![Dimension::User], ..of_prompt.clone() }),
        ("one_user", TotalsQuestion { filters: vec![Filter::one(Dimension::User, "user 77")], ..by_version.clone() }),
    ];
    let mut times = Vec::new();
    for (name, question) in totals {
        times.push((name, timed(async || store.totals(project, std::slice::from_ref(&question)).await.unwrap()).await));
    }
    let spread = SpreadQuestion {
        range: by_version.range,
        dimensions: by_version.dimensions.clone(),
        filters: vec![],
        spans: true,
        sums: vec![Quantity::Latency, Quantity::Cost],
        bins: vec![Quantity::Latency, Quantity::Cost],
        scores: true,
        score_bins: true,
    };
    let of_prompt = SpreadQuestion { filters: of_prompt.filters, ..spread.clone() };
    for (name, question) in [("spread_by_version", spread), ("spread_of_a_prompt", of_prompt)] {
        times.push((name, timed(async || store.spread(project, std::slice::from_ref(&question)).await.unwrap()).await));
    }
    times
}

async fn timed<T>(mut work: impl AsyncFnMut() -> T) -> f64 {
    let mut all: Vec<f64> = Vec::new();
    for _ in 0..20 {
        let began = Instant::now();
        work().await;
        all.push(began.elapsed().as_secs_f64() * 1000.0);
    }
    all.sort_by(f64::total_cmp);
    all[all.len() * 95 / 100]
}
