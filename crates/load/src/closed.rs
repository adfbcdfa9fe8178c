//! Closed loop: each connection sends its next request when the last is answered.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};

use crate::{
    http::{Connection, Request},
    times::Times,
};

/// Sent again after a request to come back later, until this many times.
const TRIES: u32 = 200;
/// How long to wait before, whatever the server says: it says whole seconds.
const LATER: Duration = Duration::from_millis(50);

/// What a stretch of requests came to.
#[derive(Debug)]
pub(crate) struct Closed {
    /// From the first request to the last answer.
    pub(crate) took: Duration,
    /// Of answers that were good.
    pub(crate) times: Times,
    /// Answers that asked to come back later (429, 503).
    pub(crate) put_off: u64,
}

/// Sends all requests over this many connections, each request once and again as long as it is put off.
///
/// # Errors
/// When a request is answered with anything but 200, 207 or a request to come back.
pub(crate) fn send_all(address: &str, connections: usize, requests: &[Request]) -> anyhow::Result<Closed> {
    let next = AtomicUsize::new(0);
    let began = Instant::now();
    let parts = thread::scope(|scope| {
        let workers: Vec<_> =
            (0..connections.max(1)).map(|_| scope.spawn(|| worker(address, &next, requests))).collect();
        workers.into_iter().map(thread::ScopedJoinHandle::join).collect::<Vec<_>>()
    });
    let took = began.elapsed();
    let mut all = Closed { took, times: Times::new()?, put_off: 0 };
    for part in parts {
        let Ok(part) = part else { bail!("a sender panicked") };
        let (times, put_off) = part?;
        all.times.merge(&times)?;
        all.put_off += put_off;
    }
    Ok(all)
}

fn worker(address: &str, next: &AtomicUsize, requests: &[Request]) -> anyhow::Result<(Times, u64)> {
    let mut connection = Connection::new(address);
    let (mut times, mut put_off) = (Times::new()?, 0);
    while let Some(request) = requests.get(next.fetch_add(1, Ordering::Relaxed)) {
        let mut tries = 0;
        loop {
            let began = Instant::now();
            let answer = connection.send(request).context("the server does not answer")?;
            match answer.status {
                200 | 207 => {
                    times.add(began.elapsed());
                    break;
                }
                429 | 503 if tries < TRIES => {
                    tries += 1;
                    put_off += 1;
                    thread::sleep(LATER);
                }
                status => bail!("answered with {status}: {}", answer.words()),
            }
        }
    }
    Ok((times, put_off))
}
