//! Durable ingest against a bare SQLite loop, the fold, and the usual reads. Prints a table, then one line of JSON.
//!
//! `cargo bench -p store_sqlite --bench ingest`; `ASSAY_BENCH_SPANS` (default 200,000) says how many. With
//! `ASSAY_BENCH_REPLAY` it only measures the bare loop over the file in that data folder, and what its totals take.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a program for a terminal: it stops at the first failure"
)]

mod ask;
mod bare;

use std::{path::Path, time::Instant};

use domain::{
    money::NanoUsd,
    price::{Charge, CostLine, CostOrigin, PriceItem, PriceRef},
    time::{TimeNs, TimeUs},
    trace::Span,
};
use serde_json::json;
use sqlx::{AssertSqlSafe, ConnectOptions as _, sqlite::SqliteConnectOptions};
use store::conformance::event::{Build, Random, START_NS};
use store::event::{Derived, EventBatch, EventStore as _, SketchKeys, SpanWrite, TraceFilter, UnitGroups};
use store_sqlite::SqliteEvents;

/// Spans a batch, as SDKs send them.
const BATCH: u64 = 512;
/// Spans a trace: one root, half of the rest generations.
const TRACE: u64 = 6;
/// Callers at the same time.
const CALLERS: u64 = 8;

/// Real questions and answers, all ASCII; texts are cut from it.
const CORPUS: &str = include_str!("../../demo/data/gsm8k/example_model_solutions.jsonl");

fn words(random: &mut Random, bytes: usize) -> &'static str {
    let from = random.below((CORPUS.len() - bytes) as u64) as usize;
    &CORPUS[from..from + bytes]
}

/// A cost that was worked out, as most are.
fn charged(span: &Span) -> Charge {
    let line = |item, amount| CostLine { item, amount: NanoUsd(amount) };
    let price = PriceRef::Catalogue { entry: "openai/gpt-4o".to_owned(), edition: TimeUs(0), valid_from: None };
    let total = span.cost.total.unwrap_or_default().0;
    let lines = vec![line(PriceItem::Input, total / 3), line(PriceItem::Output, total - total / 3)];
    Charge { provider: Some("openai".to_owned()), origin: CostOrigin::Computed { price, lines }, ..Charge::default() }
}

/// The spans of one batch: about 2 KB each before compression.
fn batch(number: u64) -> EventBatch {
    let mut random = Random(number);
    let first = number * BATCH;
    let spans = (first..first + BATCH)
        .map(|global| {
            let (trace, within) = (global / TRACE, global % TRACE);
            let mut span: Span = if within % 2 == 1 { Build::generation(trace, global) } else { Build::span(trace, global) };
            span.parent_id = (within > 0).then(|| Build::span_id(trace * TRACE));
            let hour = (global / 20_000) as i64 * 3_600_000_000_000;
            span.start_ns = TimeNs(START_NS + hour + random.below(3_600_000_000_000) as i64);
            span.end_ns = TimeNs(span.start_ns.0 + 200_000_000 + random.below(3_000_000_000) as i64);
            if within % 2 == 1 {
                span.prompt = Some(Build::link(&format!("prompt {}", random.below(10)), 1 + random.below(4) as u32));
            }
            span.trace.user_id = Some(format!("user {}", random.below(100_000)));
            span.trace.session_id = Some(format!("session {}", trace / 3));
            span.app_root = within == 0;
            span.input = Some(json!([{"role": "system", "content": words(&mut random, 600)}, {"role": "user", "content": words(&mut random, 400)}]));
            span.output = Some(json!({"role": "assistant", "content": words(&mut random, 700)}));
            span.metadata.insert("path".to_owned(), json!("/v1/answer"));
            span
        })
        .map(|span| {
            let key = |value: i64| ((value.max(1) as f64).ln() / (1.01_f64 / 0.99).ln()).ceil() as i16;
            let tokens = span.usage.buckets;
            let keys = SketchKeys {
                latency: Some(key(span.latency_ns())),
                cost: span.cost.total.map(|cost| key(cost.0)),
                input_tokens: tokens.map(|tokens| key(tokens.all_input() as i64)),
                output_tokens: tokens.map(|tokens| key(tokens.all_output() as i64)),
                total_tokens: tokens.map(|tokens| key(tokens.total() as i64)),
                ..SketchKeys::default()
            };
            let group = |text: &str| text.bytes().fold(7_u8, |hash, byte| hash.wrapping_mul(31).wrapping_add(byte));
            let groups = UnitGroups {
                user: span.trace.user_id.as_deref().map(group),
                session: span.trace.session_id.as_deref().map(group),
                trace: group(&span.trace_id.to_string()),
            };
            let charge = if span.kind.is_generation() { charged(&span) } else { Charge::default() };
            SpanWrite::new(span, Derived { keys, groups, segment: None, charge }).unwrap()
        })
        .collect();
    EventBatch { spans, ..EventBatch::empty(Build::project(1), TimeUs(1)) }
}

async fn timed<T>(times: u32, mut work: impl AsyncFnMut() -> T) -> f64 {
    let mut all: Vec<f64> = Vec::new();
    for _ in 0..times {
        let began = Instant::now();
        work().await;
        all.push(began.elapsed().as_secs_f64() * 1000.0);
    }
    all.sort_by(f64::total_cmp);
    all[all.len() * 95 / 100]
}

/// Rows of totals in a file, and bytes in them.
async fn totals(folder: &Path) -> (i64, i64) {
    let mut connection = SqliteConnectOptions::new().filename(folder.join("events.db")).connect().await.unwrap();
    let tables = "SELECT name FROM sqlite_schema WHERE type = 'table' AND (name GLOB 'cell_*' OR name GLOB 'group_*')";
    let (mut rows, mut bytes) = (0, 0);
    for table in sqlx::query_scalar::<_, String>(tables).fetch_all(&mut connection).await.unwrap() {
        let count = format!("SELECT count(*), coalesce(sum(length(data)), 0) FROM {table}");
        let (more_rows, more_bytes): (i64, i64) =
            sqlx::query_as(AssertSqlSafe(count)).fetch_one(&mut connection).await.unwrap();
        rows += more_rows;
        bytes += more_bytes;
    }
    (rows, bytes)
}

#[tokio::main(worker_threads = 4)]
async fn main() {
    if let Some(folder) = std::env::var_os("ASSAY_BENCH_REPLAY") {
        let folder = Path::new(&folder);
        let (rows, bytes) = totals(folder).await;
        let bare = bare::spans_per_second(folder).await;
        println!("{}", json!({"bare_per_s": bare, "total_rows": rows, "total_bytes": bytes}));
        return;
    }
    // `cargo test --benches` runs this too; then a little is enough.
    let testing = std::env::args().any(|argument| argument == "--test");
    let wanted = std::env::var("ASSAY_BENCH_SPANS").ok().and_then(|count| count.parse().ok());
    let spans: u64 = wanted.unwrap_or(if testing { 5_000 } else { 200_000 });
    let batches = spans.div_ceil(BATCH);
    let spans = batches * BATCH;
    let folder = tempfile::tempdir_in(std::env::var("ASSAY_BENCH_DIR").unwrap_or_else(|_| ".".to_owned())).unwrap();
    let store = SqliteEvents::open(folder.path()).await.unwrap();
    let project = Build::project(1);

    // Made in stretches before the clock runs, so that making them is not measured and memory stays small.
    let mut seconds = 0.0;
    let mut raw_bytes = 0;
    let mut next = 0;
    while next < batches {
        let to = (next + 64).min(batches);
        let mut queues: Vec<Vec<EventBatch>> = (0..CALLERS).map(|_| Vec::new()).collect();
        for number in next..to {
            let made = batch(number);
            raw_bytes += made.spans.iter().map(|span| span.payload.len()).sum::<usize>();
            queues[(number % CALLERS) as usize].push(made);
        }
        next = to;
        let began = Instant::now();
        let mut tasks = tokio::task::JoinSet::new();
        for queue in queues {
            let store = store.clone();
            tasks.spawn(async move {
                for batch in queue {
                    store.append(batch).await.unwrap();
                }
            });
        }
        tasks.join_all().await;
        seconds += began.elapsed().as_secs_f64();
    }
    let ingest = spans as f64 / seconds;

    let began = Instant::now();
    while store.fold().await.unwrap() {}
    let fold = spans as f64 / began.elapsed().as_secs_f64();

    let traces_ms = timed(40, async || store.traces(project, &TraceFilter::default(), None, 50).await.unwrap()).await;
    let filter = TraceFilter { prompt: Some("prompt 3".to_owned()), version: Some(2), ..TraceFilter::default() };
    let linked_ms = timed(40, async || store.traces(project, &filter, None, 50).await.unwrap()).await;
    let mut at = 0;
    let trace_ms = timed(40, async || {
        at += 7919;
        let trace = Build::trace(at % (spans / TRACE));
        store.trace(project, trace).await.unwrap();
        assert!(!store.spans(project, trace, None, 1000).await.unwrap().is_empty());
    })
    .await;
    let asked = ask::milliseconds(&store, project, (spans / 20_000) as i64 + 1).await;
    store.close().await.unwrap();

    let bytes = std::fs::metadata(folder.path().join("events.db")).unwrap().len();
    let (cells, cell_bytes) = totals(folder.path()).await;
    let bare = bare::spans_per_second(folder.path()).await;

    let per_million = 1e6 / spans as f64;
    println!("spans                         {spans}  ({} bytes of payload each)", raw_bytes as u64 / spans);
    println!("durable ingest                {ingest:.0} spans/s");
    println!("bare loop, same rows          {bare:.0} spans/s   ratio {:.2}", ingest / bare);
    println!("fold                          {fold:.0} spans/s");
    println!("file                          {:.0} bytes a span", bytes as f64 / spans as f64);
    println!(
        "totals per million spans      {:.0} rows, {:.0} bytes",
        cells as f64 * per_million,
        cell_bytes as f64 * per_million
    );
    println!("traces p95                    {traces_ms:.2} ms, of a prompt version {linked_ms:.2} ms");
    println!("trace and its spans p95       {trace_ms:.2} ms");
    for (question, ms) in &asked {
        println!("{:<29} {ms:.2} ms p95", question.replace('_', " "));
    }
    println!(
        "{}",
        json!({
            "spans": spans, "ingest_per_s": ingest, "bare_per_s": bare, "ratio": ingest / bare, "fold_per_s": fold,
            "bytes_per_span": bytes as f64 / spans as f64, "total_rows_per_million": cells as f64 * per_million,
            "total_bytes_per_million": cell_bytes as f64 * per_million, "traces_ms": traces_ms, "linked_traces_ms": linked_ms,
            "trace_ms": trace_ms, "asked_ms": asked.iter().copied().collect::<std::collections::BTreeMap<_, _>>(),
        })
    );
}
