//! One run from an empty folder to the figures.

use std::{
    fs,
    path::Path,
    thread,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use anyhow::Context as _;
use serde_json::{Value, json};

use crate::{
    Arguments,
    http::Request,
    ingest, open, pages, resolve,
    server::{KEY, Server},
    traffic::{Coding, Traffic},
};

/// Spans of the run with compressed requests: it only says what compression costs.
const GZIP_SPANS: u64 = 200_000;
/// After work, until memory is called idle.
const REST: Duration = Duration::from_secs(10);

/// Measures everything.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<Value> {
    let folder = &arguments.folder;
    if folder.exists() {
        fs::remove_dir_all(folder).with_context(|| format!("cannot empty `{}`", folder.display()))?;
    }
    fs::create_dir_all(folder).with_context(|| format!("cannot make `{}`", folder.display()))?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).context("the clock is before 1970")?;
    let end_ns = u64::try_from(now.as_nanos()).context("the clock is after 2554")?;
    let load_before = load_average();

    let data = folder.join("gzip");
    let traffic = Traffic::new(arguments.seed, arguments.spans.min(GZIP_SPANS), end_ns);
    let server = Server::start(&arguments.server, &data)?;
    let gzip = ingest::fill(&server, &traffic, Coding::Gzip)?;
    server.stop()?;

    let data = folder.join("plain");
    let traffic = Traffic::new(arguments.seed, arguments.spans, end_ns);
    let server = Server::start(&arguments.server, &data)?;
    let fresh = server.process();
    let plain = ingest::fill(&server, &traffic, Coding::Plain)?;
    let filled = server.process();
    let stop = server.stop()?;
    let sizes = sizes(&arguments.server, &data, traffic.spans())?;

    let server = Server::start(&arguments.server, &data)?;
    let start = server.start;
    thread::sleep(REST);
    let started = server.process();
    let pages = pages::measure(&server.address, arguments.page_requests)?;
    let prompts = prompts(&server, arguments)?;
    let resolved = resolve::measure(&server, arguments)?;
    thread::sleep(REST);
    let rested = server.process();
    server.stop()?;

    Ok(json!({
        "spans": traffic.spans(),
        "seed": arguments.seed,
        "load_average": [load_before, load_average()],
        "ingest": {"plain": plain, "gzip": gzip},
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
fn prompts(server: &Server, arguments: &Arguments) -> anyhow::Result<Value> {
    let path = format!("/api/public/v2/prompts/{}", Traffic::prompt(3).replace('/', "%2F"));
    let request = Request::new("GET", &server.address, &path, &[("authorization", KEY)], Vec::new());
    let lasts = Duration::from_secs(arguments.fetch_seconds.into());
    let cpu = server.process().cpu;
    let times = open::at_rate(&server.address, arguments.fetch_rate, lasts, |_| request.clone())?;
    let cpu = server.process().cpu.saturating_sub(cpu);
    Ok(json!({
        "per_s": arguments.fetch_rate,
        "seconds": arguments.fetch_seconds,
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
