//! Open loop: requests are due at fixed moments, and a latency counts from when its request was due.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};

use crate::{
    http::{Connection, Request},
    times::Times,
};

/// Connections, and so requests under way at once. When all are busy the next is late, which its latency shows.
const CONNECTIONS: usize = 16;

/// Sends requests at a fixed rate for some time, each made from its number; gives the latencies.
///
/// # Errors
/// When an answer is not 200.
pub(crate) fn at_rate(
    address: &str,
    per_second: u32,
    lasts: Duration,
    request: impl Fn(u64) -> Request + Sync,
) -> anyhow::Result<Times> {
    let ticket = AtomicU64::new(0);
    let all = (lasts.as_secs_f64() * f64::from(per_second)) as u64;
    // Everybody is connected before the first request is due.
    let start = Instant::now() + Duration::from_millis(200);
    let worker = || -> anyhow::Result<Times> {
        let mut connection = Connection::new(address);
        connection.send(&request(0)).context("the server does not answer")?;
        let mut times = Times::new()?;
        loop {
            let number = ticket.fetch_add(1, Ordering::Relaxed);
            if number >= all {
                return Ok(times);
            }
            let due = start + Duration::from_secs_f64(number as f64 / f64::from(per_second));
            let request = request(number);
            thread::sleep(due.saturating_duration_since(Instant::now()));
            let answer = connection.send(&request).context("the server does not answer")?;
            times.add(due.elapsed());
            if answer.status != 200 {
                bail!("answered with {}: {}", answer.status, answer.words());
            }
        }
    };
    let parts = thread::scope(|scope| {
        let workers: Vec<_> = (0..CONNECTIONS).map(|_| scope.spawn(worker)).collect();
        workers.into_iter().map(thread::ScopedJoinHandle::join).collect::<Vec<_>>()
    });
    let mut times = Times::new()?;
    for part in parts {
        let Ok(part) = part else { bail!("a sender panicked") };
        times.merge(&part?)?;
    }
    Ok(times)
}
