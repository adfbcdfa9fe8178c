//! Durable ingest against a bare SQLite loop, the fold, and the usual reads. Prints a table, then one line of JSON.
//!
//! `cargo bench -p store_sqlite --bench ingest`; `ASSAY_BENCH_SPANS` (default 200,000) says how many.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a program for a terminal: it stops at the first failure"
)]

use std::{path::Path, time::Instant};

use domain::{
    metric::Dimension,
    time::{TimeNs, TimeRange, TimeUs},
    trace::Span,
};
use serde_json::json;
use sqlx::{
    AssertSqlSafe, ConnectOptions as _, Connection as _, Row as _,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
};
use store::conformance::event::{Build, Random, START_NS};
use store::event::{EventBatch, EventStore as _, SketchKeys, SpanWrite, TotalsQuestion, TraceFilter};
use store_sqlite::SqliteEvents;

/// Spans a batch, as SDKs send them.
const BATCH: u64 = 512;
/// Spans a trace: one root, half of the rest generations.
const TRACE: u64 = 6;
/// Callers at the same time.
const CALLERS: u64 = 8;

fn words(random: &mut Random, bytes: usize) -> String {
    const WORDS: [&str; 16] = [
        "the",
        "customer",
        "asked",
        "about",
        "delivery",
        "of",
        "an",
        "order",
        "placed",
        "yesterday",
        "answer",
        "politely",
        "invoice",
        "and",
        "please",
        "refund",
    ];
    let mut text = String::with_capacity(bytes + 16);
    while text.len() < bytes {
        text.push_str(WORDS[random.below(16) as usize]);
        if random.one_in(5) {
            text.push(' ');
            text.push_str(&(random.bits() & 0xff_ffff).to_string());
        }
        text.push(' ');
    }
    text
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
                time_to_first_token: None,
            };
            SpanWrite::new(span, keys).unwrap()
        })
        .collect();
    EventBatch { project: Build::project(1), received_us: TimeUs(1), spans, scores: Vec::new() }
}

/// The rows our file holds, put into a new file with the same pragmas and indexes by multi-row statements of 100, and nothing
/// else: no decoding, no looking for what is there, no compression.
async fn bare(from: &Path, spans: u64) -> f64 {
    let open = |path: &Path| {
        SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .pragma("cache_size", "-65536")
            .pragma("wal_autocheckpoint", "8192")
            .disable_statement_logging()
    };
    let folder = tempfile::tempdir_in(from).unwrap();
    let mut source = open(&from.join("events.db")).connect().await.unwrap();
    let mut target = open(&folder.path().join("bare.db")).connect().await.unwrap();
    sqlx::raw_sql(include_str!("../migrations/event/0001_first.sql")).execute(&mut target).await.unwrap();
    let mut seconds = 0.0;
    let (mut at, mut last_trace) = (0_i64, 0_i64);
    while at < spans as i64 {
        let to = at + 4096;
        // Read before the clock starts.
        let rows = sqlx::query("SELECT span.*, payload.data AS payload FROM span JOIN payload USING (seq) WHERE seq > ? AND seq <= ? ORDER BY seq")
            .bind(at).bind(to).fetch_all(&mut source).await.unwrap();
        let until: i64 = rows.iter().map(|row| row.get::<i64, _>("trace")).max().unwrap_or(last_trace);
        let traces = sqlx::query("SELECT * FROM trace WHERE id > ? AND id <= ?")
            .bind(last_trace)
            .bind(until)
            .fetch_all(&mut source)
            .await
            .unwrap();
        let links = sqlx::query("SELECT * FROM trace_link WHERE trace > ? AND trace <= ?")
            .bind(last_trace)
            .bind(until)
            .fetch_all(&mut source)
            .await
            .unwrap();
        last_trace = until;
        at = to;
        let copy = |rows: &[sqlx::sqlite::SqliteRow], columns: &[&str]| -> Vec<Vec<Value>> {
            rows.iter().map(|row| columns.iter().map(|column| Value::read(row, column)).collect()).collect()
        };
        let tables = [
            (
                "span",
                vec!["seq", "project", "trace", "span_id", "start_ns", "prompt", "version", "data"],
                copy(&rows, &["seq", "project", "trace", "span_id", "start_ns", "prompt", "version", "data"]),
            ),
            ("payload", vec!["seq", "data"], copy(&rows, &["seq", "payload"])),
            (
                "trace",
                vec!["id", "project", "trace_id", "start_ns", "environment", "failed", "user_id", "session_id", "data"],
                copy(
                    &traces,
                    &[
                        "id",
                        "project",
                        "trace_id",
                        "start_ns",
                        "environment",
                        "failed",
                        "user_id",
                        "session_id",
                        "data",
                    ],
                ),
            ),
            (
                "trace_link",
                vec!["prompt", "version", "start_ns", "trace_id", "trace"],
                copy(&links, &["prompt", "version", "start_ns", "trace_id", "trace"]),
            ),
        ];
        let began = Instant::now();
        let mut transaction = target.begin().await.unwrap();
        for (table, columns, rows) in tables {
            let row = format!("({})", vec!["?"; columns.len()].join(","));
            for piece in rows.chunks(100) {
                let sql = format!(
                    "INSERT INTO {table} ({}) VALUES {}",
                    columns.join(","),
                    vec![row.as_str(); piece.len()].join(",")
                );
                let mut query = sqlx::query(AssertSqlSafe(sql));
                for value in piece.iter().flatten() {
                    query = match value {
                        Value::Nothing => query.bind(None::<i64>),
                        Value::Integer(value) => query.bind(*value),
                        Value::Text(value) => query.bind(value.as_str()),
                        Value::Bytes(value) => query.bind(value.as_slice()),
                    };
                }
                query.execute(&mut *transaction).await.unwrap();
            }
        }
        transaction.commit().await.unwrap();
        seconds += began.elapsed().as_secs_f64();
    }
    spans as f64 / seconds
}

enum Value {
    Nothing,
    Integer(i64),
    Text(String),
    Bytes(Vec<u8>),
}

impl Value {
    fn read(row: &sqlx::sqlite::SqliteRow, column: &str) -> Self {
        if let Ok(None) = row.try_get::<Option<i64>, _>(column) {
            return Self::Nothing;
        }
        if let Ok(value) = row.try_get::<i64, _>(column) {
            Self::Integer(value)
        } else if let Ok(value) = row.try_get::<String, _>(column) {
            Self::Text(value)
        } else {
            Self::Bytes(row.get(column))
        }
    }
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

#[tokio::main(worker_threads = 4)]
async fn main() {
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
    let question = TotalsQuestion {
        range: TimeRange { from: TimeUs(START_NS / 1000), to: TimeUs(START_NS / 1000 + 90 * 86_400_000_000) },
        granularity: None,
        dimensions: vec![Dimension::Prompt, Dimension::Version],
        filters: vec![],
        spans: true,
        scores: true,
    };
    let totals_ms = timed(20, async || store.totals(project, &question).await.unwrap()).await;
    store.close().await.unwrap();

    let bytes = std::fs::metadata(folder.path().join("events.db")).unwrap().len();
    let mut connection = SqliteConnectOptions::new().filename(folder.path().join("events.db")).connect().await.unwrap();
    let (cells, cell_bytes): (i64, i64) =
        sqlx::query_as("SELECT count(*), coalesce(sum(length(data)), 0) FROM cell_span")
            .fetch_one(&mut connection)
            .await
            .unwrap();
    drop(connection);
    let bare = bare(folder.path(), spans).await;

    let per_million = 1e6 / spans as f64;
    println!("spans                         {spans}  ({} bytes of payload each)", raw_bytes as u64 / spans);
    println!("durable ingest                {ingest:.0} spans/s");
    println!("bare loop, same rows          {bare:.0} spans/s   ratio {:.2}", ingest / bare);
    println!("fold                          {fold:.0} spans/s");
    println!("file                          {:.0} bytes a span", bytes as f64 / spans as f64);
    println!(
        "cells per million spans       {:.0}, {:.0} bytes",
        cells as f64 * per_million,
        cell_bytes as f64 * per_million
    );
    println!("traces p95                    {traces_ms:.2} ms, of a prompt version {linked_ms:.2} ms");
    println!("trace and its spans p95       {trace_ms:.2} ms");
    println!("totals by version p95         {totals_ms:.2} ms");
    println!(
        "{}",
        json!({
            "spans": spans, "ingest_per_s": ingest, "bare_per_s": bare, "ratio": ingest / bare, "fold_per_s": fold,
            "bytes_per_span": bytes as f64 / spans as f64, "cells_per_million": cells as f64 * per_million,
            "cell_bytes_per_million": cell_bytes as f64 * per_million, "traces_ms": traces_ms, "linked_traces_ms": linked_ms,
            "trace_ms": trace_ms, "totals_ms": totals_ms,
        })
    );
}
