//! Results of an experiment with many units: how long the server works on an answer, and what reading the units would take.
//!
//! `cargo bench -p services --bench results`; `ASSAY_BENCH_UNITS` (default 1,000,000) says how many units, each with an exposure,
//! two generations and now and then a purchase, over two weeks. Prints a table.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a program for a terminal: it stops at the first failure"
)]

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, Instant},
};

use domain::{
    auth::Actor,
    experiment::{Eligibility, Experiment, Exposure, ExposureDoor, UnitKind},
    ids::ProjectId,
    outcome::{EventUnit, OutcomeEvent},
    prompt::PromptBody,
    time::{TimeNs, TimeUs},
};
use serde_json::{Map, json};
use services::{
    Context, Services,
    context::{Clock, SystemClock, SystemRandom},
    experiments::{Act, NewExperiment},
    prompts::SaveVersion,
    results::ResultQuery,
};
use store::{
    conformance::event::{Build, Random},
    event::{EventBatch, EventStore as _, UnitStore as _},
};
use store_sqlite::{SqliteControl, SqliteEvents};

const BATCH: u64 = 2_000;
const DAYS: i64 = 14;
const DAY_US: i64 = 86_400_000_000;

#[tokio::main]
async fn main() {
    let units: u64 = std::env::var("ASSAY_BENCH_UNITS").map_or(1_000_000, |given| given.parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let now = SystemClock.now().0;
    // Launched before its first units came.
    let clock = BenchClock(Arc::new(AtomicI64::new(now - (DAYS + 1) * DAY_US)));
    let (services, events) = open(folder.path(), clock.clone()).await;
    let (project, experiment) = launched(&services).await;
    clock.0.store(now, Ordering::Relaxed);

    let begun = Instant::now();
    let mut folding = Duration::ZERO;
    for first in (0..units).step_by(BATCH as usize) {
        events.append(batch(project, &experiment, first..units.min(first + BATCH), now)).await.unwrap();
        let folded = Instant::now();
        while events.fold().await.unwrap() {}
        folding += folded.elapsed();
    }
    println!("{units} units stored and folded in {:.0?}, of which folding {folding:.0?}", begun.elapsed());

    let query = ResultQuery::default();
    let mut times = Vec::new();
    for _ in 0..10 {
        let begun = Instant::now();
        let result = services.results.result(&Actor::System, project, "many", &query).await.unwrap();
        times.push(begun.elapsed());
        assert_eq!((result.exposed, result.partial), (units, None));
        assert_eq!(result.table.rows.len(), 10);
    }
    times.sort();
    println!("results, 10 metrics       median {:>9.1?}  slowest {:>9.1?}", times[5], times[9]);
    let begun = Instant::now();
    let looks = services.results.looks(&Actor::System, project, "many", None).await.unwrap();
    println!("course, {:>2} looks          once   {:>9.1?}", looks.len(), begun.elapsed());
    let begun = Instant::now();
    let (mut after, mut read) = (None, 0);
    loop {
        let page = events.units(project, experiment.id, 0, after.as_deref(), 5_000).await.unwrap();
        read += page.len() as u64;
        let Some(last) = page.last() else { break };
        after = Some(last.exposed.exposure.unit.clone());
    }
    assert_eq!(read, units);
    println!("reading the units alone   once   {:>9.1?}", begun.elapsed());
}

/// A clock that is set.
#[derive(Clone)]
struct BenchClock(Arc<AtomicI64>);

impl Clock for BenchClock {
    fn now(&self) -> TimeUs {
        TimeUs(self.0.load(Ordering::Relaxed))
    }
}

async fn open(folder: &Path, clock: BenchClock) -> (Services, SqliteEvents) {
    let events = SqliteEvents::open(folder).await.unwrap();
    let services = Services::new(Context {
        control: Arc::new(SqliteControl::open(folder).await.unwrap()),
        events: Arc::new(events.clone()),
        clock: Box::new(clock),
        random: Box::new(SystemRandom),
        spool: folder.join("spool"),
    });
    (services, events)
}

/// An experiment with ten metrics of every form, two of them quantiles and three with caps.
async fn launched(services: &Services) -> (ProjectId, Experiment) {
    let link = services.access.first_owner_link().await.unwrap().unwrap();
    services.access.set_up(link.reveal(), "owner@example.com", "a long enough password", "Bench").await.unwrap();
    let project = services.access.projects(&Actor::System).await.unwrap().remove(0).id;
    for labels in [vec!["production".to_owned()], Vec::new()] {
        let body = PromptBody::Text(format!("Hello {}", labels.len()));
        services
            .prompts
            .save(&Actor::System, project, SaveVersion { labels, ..SaveVersion::new("greet", body) })
            .await
            .unwrap();
    }
    let metric = |key: &str, source: &str, how: &str, role: &str| json!({"metric": {"key": key, "source": source, "aggregation": how, "direction": "lower"}, "role": role});
    let mut metrics = vec![
        metric("bought", "event:buy", "rate", "goal"),
        metric("latency-p50", "latency", "p50", "secondary"),
        metric("latency-p95", "latency", "p95", "secondary"),
        metric("cost", "cost", "mean", "secondary"),
        metric("cost-each", "cost", "ratio", "secondary"),
        metric("tokens", "total_tokens", "mean", "secondary"),
        metric("errors", "errors", "rate", "secondary"),
        metric("generations", "generations", "count", "secondary"),
        metric("spent", "event:buy", "mean", "secondary"),
        metric("empty", "null_responses", "ratio", "secondary"),
    ];
    for capped in [3, 5, 8] {
        metrics[capped]["metric"]["cap"] = json!({"percentile": 0.999});
    }
    let design = json!({
        "arms": [{"key": "a", "version": 1, "weight": 5000}, {"key": "b", "version": 2, "weight": 5000}],
        "metrics": metrics,
    });
    let design = serde_json::from_value(design).unwrap();
    let new = NewExperiment { key: "many".to_owned(), prompt: "greet".to_owned(), label: None, design };
    services.experiments.create(&Actor::System, project, new).await.unwrap();
    (project, services.experiments.launch(&Actor::System, project, "many", &Act::default()).await.unwrap())
}

/// What some units did on the days before now.
fn batch(project: ProjectId, experiment: &Experiment, units: std::ops::Range<u64>, now: i64) -> EventBatch {
    let mut random = Random(units.start);
    let mut batch = EventBatch::empty(project, TimeUs(now));
    let mut spans = Vec::new();
    for number in units {
        let unit = format!("user-{number}");
        let treated = random.one_in(2);
        let met = now - (1 + random.below(DAYS as u64) as i64) * DAY_US;
        batch.exposures.push(Exposure {
            experiment: experiment.id,
            phase: 0,
            epoch: 0,
            unit: unit.clone(),
            arm: if treated { "b" } else { "a" }.parse().unwrap(),
            propensity: 0.5,
            bucket: 0,
            eligibility: Eligibility::Untargeted,
            door: ExposureDoor::Resolve,
            first_us: TimeUs(met),
        });
        for call in 0..2 {
            let mut span = Build::generation(number * 2 + call, number * 2 + call);
            let begin = (met + 1_000_000 + call as i64 * 3_600_000_000) * 1_000;
            // Skewed, as times and costs are.
            let slow = 1 + random.below(40) * random.below(40) * random.below(8);
            (span.start_ns, span.end_ns) = (TimeNs(begin), TimeNs(begin + 200_000_000 + 1_000_000 * slow as i64));
            span.trace.user_id = Some(unit.clone());
            span.prompt = Some(Build::link("greet", if treated { 2 } else { 1 }));
            spans.push(span);
        }
        if random.one_in(4) {
            batch.outcomes.push(OutcomeEvent {
                id: format!("buy-{number}").parse().unwrap(),
                name: "buy".parse().unwrap(),
                unit: EventUnit::new(UnitKind::User, &unit).unwrap(),
                value: Some(1.0 + random.below(5_000) as f64 / 100.0),
                properties: Map::new(),
                at_us: TimeUs(met + 60_000_000),
            });
        }
    }
    batch.spans = Build::batch(project, spans, Vec::new()).spans;
    batch
}
