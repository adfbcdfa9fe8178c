//! Hours at half of full speed with people looking at pages: whether memory grows, the log beside the file stays bounded, and
//! answers get slower. Each span is sent twice, unfinished and some seconds later finished, as SDKs do.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use anyhow::{Context as _, bail};
use serde_json::{Value, json};

use crate::{
    http::Request,
    ingest, open,
    pages::Visitor,
    scrape::Counters,
    server::{KEY, Server},
    times::Times,
    traffic::{BATCH, Coding, Traffic},
};

/// Spans that tell what full speed is; nobody looks at them.
const TRIAL_SPANS: u64 = 100_000;
/// The run is told apart in as many parts.
const QUARTERS: u32 = 4;
/// Between looks at memory and files.
const LOOK: Duration = Duration::from_secs(5);
/// Between pages.
const PAGE: Duration = Duration::from_secs(1);
const TEN_MINUTES: f64 = 600.0;
/// Requests between a span's first sending and its second: some seconds, as a long answer takes.
const UNFINISHED: u64 = 200;

/// How long, and on what.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// The `assay` binary, built in release
    #[arg(long)]
    server: PathBuf,
    /// Folder for the data; emptied first
    #[arg(long)]
    folder: PathBuf,
    /// Minutes of it
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=600))]
    minutes: u64,
    /// What the traffic is made from
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// What is seen of the server while it works.
#[derive(Debug, Default)]
struct Seen {
    /// Seconds since the beginning, and bytes of memory.
    memory: Vec<(f64, f64)>,
    /// The same of what the program itself uses of it.
    allocated: Vec<(f64, f64)>,
    /// The most bytes of the logs beside the files.
    log_bytes: u64,
}

/// Sends, looks and reports.
pub(crate) fn run(options: &Options) -> anyhow::Result<Value> {
    let folder = &options.folder;
    if folder.exists() {
        fs::remove_dir_all(folder).with_context(|| format!("cannot empty `{}`", folder.display()))?;
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH).context("the clock is before 1970")?;
    let end_ns = u64::try_from(now.as_nanos()).context("the clock is after 2554")?;
    let server = Server::start(&options.server, &folder.join("trial"))?;
    let full = ingest::fill(&server, &Traffic::new(options.seed, TRIAL_SPANS, end_ns), Coding::Plain)?;
    server.stop()?;
    let full = full.get("per_s").and_then(Value::as_f64).context("the trial has no speed")?;
    let requests_per_s = ((full / 2.0 / BATCH as f64).round() as u32).max(1);

    let data = folder.join("soak");
    let server = Server::start(&options.server, &data)?;
    let lasts = Duration::from_secs(options.minutes * 60);
    let sent = u64::from(requests_per_s) * BATCH * lasts.as_secs();
    let begun = Traffic::new(options.seed, sent / 2, end_ns);
    let finished = Traffic::new(options.seed, sent / 2, end_ns).changed();
    // Prompts, and enough to show on pages.
    ingest::fill(&server, &Traffic::new(options.seed ^ 1, TRIAL_SPANS, end_ns), Coding::Plain)?;
    let over = AtomicBool::new(false);
    let (quarters, seen, pages) = thread::scope(|scope| {
        let seen = scope.spawn(|| look(&server, &data, &over));
        let pages = scope.spawn(|| visit(&server.address, &over));
        let quarters = send(requests_per_s, lasts, &server.address, |request| {
            let number = request / 2;
            if request % 2 == 0 {
                begun.plain(number, &server.address, KEY)
            } else {
                finished.plain(number.saturating_sub(UNFINISHED / 2), &server.address, KEY)
            }
        });
        over.store(true, Ordering::Relaxed);
        (quarters, seen.join(), pages.join())
    });
    let (Ok(seen), Ok(pages)) = (seen, pages) else { bail!("a watcher panicked") };
    let (quarters, seen, pages) = (quarters?, seen?, pages?);
    let stop = server.stop()?;
    let p99 = |quarter: usize| quarters.get(quarter).map_or(0.0, |times: &Times| times.quantile_ms(0.99));
    Ok(json!({
        "minutes": options.minutes,
        "full_speed_per_s": full,
        "spans_per_s": u64::from(requests_per_s) * BATCH,
        "spans_sent": sent,
        "spans_stored": begun.spans(),
        "requests": quarters.iter().map(Times::to_json).collect::<Vec<_>>(),
        "p99_last_to_second": p99(3) / p99(1).max(f64::MIN_POSITIVE),
        "pages": pages.to_json(),
        "memory_bytes_each_ten_minutes": growth(&seen.memory) * TEN_MINUTES,
        "memory_in_use_bytes_each_ten_minutes": growth(&seen.allocated) * TEN_MINUTES,
        "memory_each_minute": by_minute(&seen.memory),
        "memory_in_use_each_minute": by_minute(&seen.allocated),
        "memory_peak_bytes": seen.memory.iter().map(|(_, bytes)| *bytes).fold(0.0, f64::max),
        "log_peak_bytes": seen.log_bytes,
        "stop_s": stop.as_secs_f64(),
    }))
}

/// Sends all the time; latencies by quarter. An answer that is not 200 ends it.
fn send(
    requests_per_s: u32,
    lasts: Duration,
    address: &str,
    request: impl Fn(u64) -> Request + Sync,
) -> anyhow::Result<Vec<Times>> {
    let quarter = lasts / QUARTERS;
    let each = (quarter.as_secs_f64() * f64::from(requests_per_s)) as u64;
    (0..u64::from(QUARTERS))
        .map(|number| open::at_rate(address, requests_per_s, quarter, |within| request(number * each + within)))
        .collect()
}

/// Pages one after another until it is over.
fn visit(address: &str, over: &AtomicBool) -> anyhow::Result<Times> {
    let prompt = Traffic::prompt(3).replace('/', "%2F");
    let paths = [
        "/p/load".to_owned(),
        "/p/load/prompts".to_owned(),
        format!("/p/load/prompts/{prompt}?tab=metrics"),
        "/p/load/traces".to_owned(),
    ];
    let mut visitor = Visitor::sign_in(address)?;
    let mut times = Times::new()?;
    for path in paths.iter().cycle() {
        if over.load(Ordering::Relaxed) {
            break;
        }
        let began = Instant::now();
        visitor.page(path)?;
        times.add(began.elapsed());
        thread::sleep(PAGE);
    }
    Ok(times)
}

/// Looks at memory and files until it is over.
fn look(server: &Server, data: &Path, over: &AtomicBool) -> anyhow::Result<Seen> {
    let began = Instant::now();
    let mut seen = Seen::default();
    while !over.load(Ordering::Relaxed) {
        seen.memory.push((began.elapsed().as_secs_f64(), server.process().resident as f64));
        seen.allocated.push((began.elapsed().as_secs_f64(), Counters::read(&server.address)?.allocated()));
        let logs = ["events.db-wal", "control.db-wal"];
        let bytes = logs.map(|log| fs::metadata(data.join(log)).map_or(0, |file| file.len()));
        seen.log_bytes = seen.log_bytes.max(bytes.into_iter().max().unwrap_or_default());
        thread::sleep(LOOK);
    }
    Ok(seen)
}

/// The first bytes of each minute.
fn by_minute(memory: &[(f64, f64)]) -> Vec<f64> {
    let minute = |one: &(f64, f64)| (one.0 / 60.0) as u64;
    memory.chunk_by(|one, next| minute(one) == minute(next)).filter_map(|same| Some(same.first()?.1)).collect()
}

/// Bytes a second by least squares, the first ten minutes left out, or the first sixth of a shorter run.
fn growth(memory: &[(f64, f64)]) -> f64 {
    let end = memory.last().map_or(0.0, |(at, _)| *at);
    let counted: Vec<(f64, f64)> = memory.iter().copied().filter(|(at, _)| *at >= TEN_MINUTES.min(end / 6.0)).collect();
    let count = counted.len() as f64;
    let mean = |of: fn(&(f64, f64)) -> f64| counted.iter().map(of).sum::<f64>() / count.max(1.0);
    let (at, bytes) = (mean(|one| one.0), mean(|one| one.1));
    let spread: f64 = counted.iter().map(|one| (one.0 - at).powi(2)).sum();
    let together: f64 = counted.iter().map(|one| (one.0 - at) * (one.1 - bytes)).sum();
    if spread > 0.0 { together / spread } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn growth_is_the_slope_after_the_beginning() {
        let filling = (0..60).map(|second| (f64::from(second * 10), f64::from(second) * 1e6));
        let steady = (60..360).map(|second| (f64::from(second * 10), 60e6 + f64::from(second * 10) * 50.0));
        let memory: Vec<(f64, f64)> = filling.chain(steady).collect();
        assert!((growth(&memory) - 50.0).abs() < 1e-6, "{}", growth(&memory));
        assert!(growth(&[]).abs() < 1e-12);
        let minutes = by_minute(&memory);
        assert_eq!(minutes.len(), 60);
        assert!((minutes[1] - 6e6).abs() < 1e-6, "{minutes:?}");
    }
}
