//! One run from an empty folder to the figures.

use std::{
    fs,
    path::{Path, PathBuf},
    thread,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use anyhow::Context as _;
use serde_json::{Value, json};

use crate::{
    http::Request,
    ingest, open, pages, resolve,
    server::{KEY, Server},
    traffic::{Coding, Traffic},
};

/// Spans of the runs that only say what another way of sending costs.
const OTHER_SPANS: u64 = 200_000;
/// Spans of the one long trace.
const LONG_TRACE: u64 = 100_000;
/// After work, until memory is called idle.
const REST: Duration = Duration::from_secs(10);

/// What is measured.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// The `assay` binary, built in release
    #[arg(long)]
    server: PathBuf,
    /// Folder for the data; emptied first, left for whoever looks at the files afterwards
    #[arg(long)]
    folder: PathBuf,
    /// Spans the file holds when pages are measured
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u64).range(1_000..=10_000_000))]
    spans: u64,
    /// What the traffic is made from
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Requests for each page
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    page_requests: u32,
    /// Prompt fetches a second
    #[arg(long, default_value_t = 2_000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) fetch_rate: u32,
    /// For how many seconds
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=600))]
    pub(crate) fetch_seconds: u32,
}

/// Measures everything.
pub(crate) fn run(options: &Options) -> anyhow::Result<Value> {
    let folder = &options.folder;
    if folder.exists() {
        fs::remove_dir_all(folder).with_context(|| format!("cannot empty `{}`", folder.display()))?;
    }
    fs::create_dir_all(folder).with_context(|| format!("cannot make `{}`", folder.display()))?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).context("the clock is before 1970")?;
    let end_ns = u64::try_from(now.as_nanos()).context("the clock is after 2554")?;
    let load_before = load_average();

    let others = || Traffic::new(options.seed, options.spans.min(OTHER_SPANS), end_ns);
    let server = Server::start(&options.server, &folder.join("gzip"))?;
    let gzip = ingest::fill(&server, &others(), Coding::Gzip)?;
    server.stop()?;

    let server = Server::start(&options.server, &folder.join("json"))?;
    let json = ingest::fill(&server, &others(), Coding::Json)?;
    let again = ingest::send(&server, &others(), Coding::Plain)?;
    let changed = ingest::send(&server, &others().changed(), Coding::Plain)?;
    server.stop()?;

    let data = folder.join("plain");
    let traffic = Traffic::new(options.seed, options.spans, end_ns);
    let server = Server::start(&options.server, &data)?;
    let fresh = server.process();
    let plain = ingest::fill(&server, &traffic, Coding::Plain)?;
    let filled = server.process();
    let long = Traffic::new(options.seed ^ LONG_TRACE, LONG_TRACE.min(options.spans), end_ns);
    let all = traffic.spans() + long.spans();
    let long = long.with_traces_of(LONG_TRACE);
    let sent_long = ingest::send(&server, &long, Coding::Plain)?;
    let stop = server.stop()?;
    let sizes = sizes(&options.server, &data, all)?;

    let server = Server::start(&options.server, &data)?;
    let start = server.start;
    thread::sleep(REST);
    let started = server.process();
    let pages = pages::measure(&server.address, &long.trace_name(0), options.page_requests)?;
    let prompts = prompts(&server, options)?;
    let resolved = resolve::measure(&server, options)?;
    thread::sleep(REST);
    let rested = server.process();
    server.stop()?;

    Ok(json!({
        "spans": traffic.spans(),
        "seed": options.seed,
        "load_average": [load_before, load_average()],
        "ingest": {
            "plain": plain, "gzip": gzip, "json": json, "again": again, "changed": changed, "long": sent_long,
        },
        "start_s": start.as_secs_f64(),
        "stop_s": stop.as_secs_f64(),
        "memory": {
            "empty_bytes": fresh.resident,
            "peak_of_ingest_bytes": filled.peak,
            "after_start_bytes": started.resident,
            "idle_bytes": rested.resident,
            "peak_of_pages_bytes": rested.peak,
        },
        "pages": pages,
        "prompt_fetch": prompts,
        "resolve": resolved,
        "sizes": sizes,
    }))
}

/// Prompt fetches as applications make them, at a fixed rate.
fn prompts(server: &Server, options: &Options) -> anyhow::Result<Value> {
    let path = format!("/api/public/v2/prompts/{}", Traffic::prompt(3).replace('/', "%2F"));
    let request = Request::new("GET", &server.address, &path, &[("authorization", KEY)], Vec::new());
    let lasts = Duration::from_secs(options.fetch_seconds.into());
    let cpu = server.process().cpu;
    let times = open::at_rate(&server.address, options.fetch_rate, lasts, |_| request.clone())?;
    let cpu = server.process().cpu.saturating_sub(cpu);
    Ok(json!({
        "per_s": options.fetch_rate,
        "seconds": options.fetch_seconds,
        "server_cpu_micros_each": cpu.as_secs_f64() * 1e6 / times.count().max(1) as f64,
        "times": times.to_json(),
    }))
}

fn sizes(binary: &Path, data: &Path, spans: u64) -> anyhow::Result<Value> {
    let size = |path: &Path| fs::metadata(path).map(|file| file.len()).with_context(|| path.display().to_string());
    let events = size(&data.join("events.db"))?;
    Ok(json!({
        "binary_bytes": size(binary)?,
        "events_bytes": events,
        "control_bytes": size(&data.join("control.db"))?,
        "bytes_per_span": events as f64 / spans as f64,
    }))
}

/// Tasks that wanted to run in the last minute, ours included; none where the system does not say.
fn load_average() -> Option<f64> {
    fs::read_to_string("/proc/loadavg").ok()?.split(' ').next()?.parse().ok()
}
