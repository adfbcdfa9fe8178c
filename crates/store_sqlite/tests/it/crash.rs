//! Killed at random moments under load, everything acknowledged is there, once, and totals are what a rebuild makes of it.
//!
//! The test runs itself again as a child, which appends and folds and says on its standard output which events were
//! acknowledged; the parent kills it with SIGKILL.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{BufRead as _, BufReader, Write as _},
    path::Path,
    process::{Command, Stdio},
    sync::{Arc, Mutex},
    time::Duration,
};

use domain::{
    money::NanoUsd,
    price::CostOrigin,
    score::{ScoreTarget, ScoreValue},
    time::{TimeNs, TimeRange, TimeUs},
    trace::SpanKind,
};
use store::{
    conformance::event::{Build, Random, charges, fold_all},
    event::{ChargeStore as _, EventBatch, EventStore as _, RechargeBatch},
};
use store_sqlite::SqliteEvents;

const FOLDER: &str = "ASSAY_CRASH_FOLDER";
const SEED: &str = "ASSAY_CRASH_SEED";

/// A batch of the load, the same for the same number: new traces, changed resends of earlier spans, children whose parent
/// comes in a later batch, scores before and after their target.
fn batch(number: u64) -> EventBatch {
    let mut random = Random(number);
    let mut spans = Vec::new();
    let mut scores = Vec::new();
    for part in 0..6 {
        let trace = number * 10 + part;
        let mut child = Build::generation(trace, 1);
        child.parent_id = Some(Build::span_id(2));
        if random.one_in(3) {
            child.prompt = Some(Build::link("own", 1 + random.below(3) as u32));
        }
        child.start_ns = TimeNs(child.start_ns.0 + random.below(7_200_000_000_000) as i64);
        child.end_ns = TimeNs(child.start_ns.0 + random.below(9_000_000_000) as i64);
        child.trace.session_id = Some(format!("session {}", trace % 17));
        spans.push(child);
        // The parent of a trace of an earlier batch.
        let earlier = trace.saturating_sub(10 * (1 + random.below(4)));
        let mut parent = Build::span(earlier, 2);
        parent.kind = SpanKind::Agent;
        parent.prompt = Some(Build::link("inherited", 1 + random.below(2) as u32));
        parent.end_ns = TimeNs(parent.end_ns.0 + random.below(50) as i64);
        spans.push(parent);
        // A changed resend of what an earlier batch may have sent.
        let mut again = Build::generation(earlier, 1);
        again.parent_id = Some(Build::span_id(2));
        again.end_ns = TimeNs(again.end_ns.0 + 10_000_000_000_000 + random.below(1000) as i64);
        if random.one_in(2) {
            spans.push(again);
        }
        let ahead = Build::trace(trace + random.below(20));
        let value = ScoreValue::Numeric(random.below(100) as f64 / 10.0);
        scores.push(Build::score(&format!("t{trace}"), ScoreTarget::Trace { trace: ahead }, "tone", value));
        let target = ScoreTarget::Session { session: format!("session {}", random.below(17)) };
        scores.push(Build::score(&format!("s{}", trace % 23), target, "mood", ScoreValue::Boolean(random.one_in(2))));
    }
    Build::batch(Build::project(1), spans, scores)
}

/// The child: never returns by itself. Does nothing in a usual run of the tests.
#[test]
fn child() {
    let Ok(folder) = std::env::var(FOLDER) else { return };
    let first: u64 = std::env::var(SEED).unwrap().parse().unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let store = SqliteEvents::open(Path::new(&folder)).await.unwrap();
        let next = Arc::new(Mutex::new(first));
        let recharging = store.clone();
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..4 {
            let (store, next) = (store.clone(), Arc::clone(&next));
            tasks.spawn(async move {
                loop {
                    let number = {
                        let mut next = next.lock().unwrap();
                        *next += 1;
                        *next
                    };
                    println!("sent {number}");
                    store.append(batch(number)).await.unwrap();
                    // One write, so that a killed process leaves no half line that reads as a number.
                    std::io::stdout().write_all(format!("\nstored {number} .\n").as_bytes()).unwrap();
                }
            });
        }
        tasks.spawn(async move {
            loop {
                store.fold().await.unwrap();
                tokio::time::sleep(Duration::from_millis(3)).await;
            }
        });
        // And what spans cost is worked out again all the while.
        tasks.spawn(async move {
            let mut random = Random(first);
            for number in 0.. {
                let batch = charges::some(&recharging, &mut random, Build::project(1), first + number).await;
                recharging
                    .recharge(RechargeBatch { changes: batch.changes.into_iter().take(50).collect(), ..batch })
                    .await
                    .unwrap();
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        });
        tasks.join_next().await;
    });
}

/// Every cost is the one that came with the span, or has that among the past ones; traces cost what their spans do; and the
/// models without a price are those of the spans.
async fn costs_hold_together(store: &SqliteEvents) {
    let project = Build::project(1);
    let ever = TimeRange { from: TimeUs(i64::MIN), to: TimeUs(i64::MAX) };
    let (mut of_traces, mut unpriced) = (BTreeMap::new(), BTreeMap::new());
    for span in charges::charged(store, project, ever).await {
        let sum = of_traces.entry(span.trace_id).or_insert((0, 0));
        *sum = (sum.0 + span.amounts.total.map_or(0, |total| total.0), sum.1 + u64::from(span.amounts.total.is_some()));
        if let CostOrigin::Unpriced(reason) = span.charge.origin {
            *unpriced.entry((span.model.clone(), span.charge.provider.clone(), format!("{reason:?}"))).or_insert(0) +=
                1;
        }
        if span.amounts.total != Some(NanoUsd(1_500_000)) {
            let past = store.past_costs(project, span.trace_id, span.span_id).await.unwrap();
            assert_eq!(past.first().unwrap().amounts.total, Some(NanoUsd(1_500_000)), "the old amount stays");
        }
    }
    for (trace, (sum, costed)) in of_traces {
        let record = store.trace(project, trace).await.unwrap().unwrap();
        assert_eq!(record.cost, (costed > 0).then_some(NanoUsd(sum)), "{trace}");
    }
    let listed = store.unpriced(project, 1000).await.unwrap();
    let listed: BTreeMap<_, u64> = listed
        .into_iter()
        .map(|model| ((model.model, model.provider, format!("{:?}", model.reason)), model.spans))
        .collect();
    assert_eq!(listed, unpriced);
}

/// Runs the child for a while and kills it. Returns the numbers sent and the numbers acknowledged.
fn run_and_kill(folder: &Path, first: u64, after: Duration) -> (BTreeSet<u64>, BTreeSet<u64>) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["crash::child", "--exact", "--nocapture", "--test-threads=1"])
        .env(FOLDER, folder)
        .env(SEED, first.to_string())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let output = child.stdout.take().unwrap();
    let reader = std::thread::spawn(move || {
        let (mut sent, mut stored) = (BTreeSet::new(), BTreeSet::new());
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            let words: Vec<&str> = line.split(' ').collect();
            // A "sent" line may follow the name of the test on its line.
            if let [.., "sent", number] = words.as_slice() {
                sent.extend(number.parse::<u64>());
            } else if let ["stored", number, "."] = words.as_slice() {
                stored.extend(number.parse::<u64>());
            }
        }
        (sent, stored)
    });
    std::thread::sleep(after);
    // SIGKILL: no handler, no flush, no destructor.
    child.kill().unwrap();
    child.wait().unwrap();
    reader.join().unwrap()
}

#[test]
fn killed_at_random_moments_nothing_acknowledged_is_lost_or_doubled() {
    let kills = if std::env::var_os("ASSAY_SLOW").is_some() { 20 } else { 3 };
    let folder = tempfile::tempdir().unwrap();
    let seed = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().subsec_nanos();
    let mut random = Random(u64::from(seed));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    // Ids of everything that must be there.
    let (mut spans, mut scores) = (BTreeSet::new(), BTreeSet::new());
    let mut acknowledged = 0;
    let mut next = 0;
    for kill in 0..kills {
        let (sent, stored) = run_and_kill(folder.path(), next, Duration::from_millis(300 + random.below(900)));
        next = sent.last().copied().unwrap_or(next);
        acknowledged += stored.len();
        for number in &sent {
            let batch = batch(*number);
            spans.extend(batch.spans.iter().map(|span| (span.row.trace_id, span.row.span_id)));
            scores.extend(batch.scores.iter().map(|score| score.score.id.as_str().to_owned()));
        }
        // What was sent but not acknowledged may be stored or not, but only whole: sending it again settles which.
        runtime.block_on(async {
            let store = SqliteEvents::open(folder.path()).await.unwrap();
            for number in &stored {
                let outcome = store.append(batch(*number)).await.unwrap();
                assert_eq!((outcome.new, outcome.replaced), (0, 0), "batch {number} was acknowledged, kill {kill}");
            }
            for number in sent.difference(&stored) {
                store.append(batch(*number)).await.unwrap();
            }
            let expected = (spans.len() as i64, spans.len() as i64, scores.len() as i64);
            assert_eq!(super::event::counts(folder.path()).await, expected, "kill {kill}, seed {seed}");
            costs_hold_together(&store).await;
            fold_all(&store).await;
            let folded = super::event::dump(folder.path()).await;
            store.rebuild_totals().await.unwrap();
            let rebuilt = super::event::dump(folder.path()).await;
            assert!(folded == rebuilt, "totals differ from a rebuild after kill {kill}, seed {seed}");
            store.close().await.unwrap();
        });
    }
    println!("{kills} kills, {acknowledged} acknowledged batches, seed {seed}");
    assert!(acknowledged > 10, "the child got nothing done");
}
