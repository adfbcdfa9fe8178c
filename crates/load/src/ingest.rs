//! Filling a server with spans as fast as it takes them.

use std::{
    thread,
    time::{Duration, Instant},
};

use anyhow::{bail, ensure};
use serde_json::{Value, json};

use crate::{
    closed,
    http::{Connection, Request},
    scrape::Counters,
    server::{KEY, Server},
    times::Times,
    traffic::{Coding, Traffic},
};

/// Connections that send spans at the same time.
const CALLERS: usize = 8;
/// Requests made before the clock runs, so that making them is not measured and memory stays small.
const STRETCH: u64 = 64;
/// Folding may lag behind this long.
const FOLD_LIMIT: Duration = Duration::from_mins(10);

const JSON: [(&str, &str); 2] = [("authorization", KEY), ("content-type", "application/json")];

/// Makes the prompts, and sends the traffic as [`send`] does.
pub(crate) fn fill(server: &Server, traffic: &Traffic, coding: Coding) -> anyhow::Result<Value> {
    let address = server.address.as_str();
    let mut prompts = Connection::new(address);
    for prompt in traffic.prompts() {
        let request = Request::new("POST", address, "/api/public/v2/prompts", &JSON, prompt.to_string().into_bytes());
        let answer = prompts.send(&request)?;
        ensure!(answer.status == 201, "a prompt is answered with {}: {}", answer.status, answer.words());
    }
    send(server, traffic, coding)
}

/// Sends all spans and some scores, and waits until the totals have them.
pub(crate) fn send(server: &Server, traffic: &Traffic, coding: Coding) -> anyhow::Result<Value> {
    let address = server.address.as_str();
    let before = Counters::read(address)?;
    let mut sending = Duration::ZERO;
    let mut serving = Duration::ZERO;
    let (mut times, mut put_off, mut scores) = (Times::new()?, 0, 0);
    let mut next = 0;
    while next < traffic.batches() {
        let batches = next..(next + STRETCH).min(traffic.batches());
        next = batches.end;
        let requests: Vec<Request> =
            batches.clone().map(|number| traffic.batch(number, address, KEY, coding)).collect::<anyhow::Result<_>>()?;
        let cpu = server.process().cpu;
        let sent = closed::send_all(address, CALLERS, &requests)?;
        serving += server.process().cpu.saturating_sub(cpu);
        sending += sent.took;
        times.merge(&sent.times)?;
        put_off += sent.put_off;
        let given: Vec<Request> = traffic
            .scores(batches)
            .iter()
            .map(|body| Request::new("POST", address, "/api/public/ingestion", &JSON, body.to_string().into_bytes()))
            .collect();
        scores += given.len();
        closed::send_all(address, 2, &given)?;
    }
    let folded = wait_until_folded(address)?;
    let after = Counters::read(address)?;
    let spans = traffic.spans();
    Ok(json!({
        "spans": spans,
        "seconds": sending.as_secs_f64(),
        "per_s": spans as f64 / sending.as_secs_f64(),
        "server_cpu_micros_per_span": serving.as_secs_f64() * 1e6 / spans as f64,
        "request": times.to_json(),
        "put_off": put_off,
        "requests_of_scores": scores,
        "totals_behind_s": folded.as_secs_f64(),
        "phases": after.phases_since(&before, spans),
    }))
}

/// How long it took until every number counts every span.
fn wait_until_folded(address: &str) -> anyhow::Result<Duration> {
    let question = json!({"measures": ["count"], "range": "24h"}).to_string().into_bytes();
    let request = Request::new("POST", address, "/api/v1/query", &JSON, question);
    let mut connection = Connection::new(address);
    let began = Instant::now();
    while began.elapsed() < FOLD_LIMIT {
        let answer = connection.send(&request)?;
        ensure!(answer.status == 200, "a query is answered with {}: {}", answer.status, answer.words());
        let body: Value = serde_json::from_slice(&answer.body)?;
        if body.get("lag_ms").and_then(Value::as_u64) == Some(0) {
            return Ok(began.elapsed());
        }
        thread::sleep(Duration::from_millis(10));
    }
    bail!("the totals are not complete after {FOLD_LIMIT:?}")
}
