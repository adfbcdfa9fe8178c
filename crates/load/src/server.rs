//! The server under test: started on a free port of loopback, watched from outside, stopped by its process id.

use std::{
    fs::{self, File},
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, ChildStdout, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};

use crate::http::{Connection, Request};

/// The owner and key every run starts with.
pub(crate) const EMAIL: &str = "owner@example.com";
pub(crate) const PASSWORD: &str = "correct horse battery staple";
/// The key pair `pk-assay-load:sk-assay-load-secret` as a header.
pub(crate) const KEY: &str = "Basic cGstYXNzYXktbG9hZDpzay1hc3NheS1sb2FkLXNlY3JldA==";

const START_LIMIT: Duration = Duration::from_mins(2);
const STOP_LIMIT: Duration = Duration::from_mins(2);

/// A running server.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    /// Host and port.
    pub(crate) address: String,
    /// From the start of the process until it said it was ready.
    pub(crate) start: Duration,
}

/// What the system says of the process.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Process {
    /// Memory in use now, bytes.
    pub(crate) resident: u64,
    /// The most there ever was.
    pub(crate) peak: u64,
    /// Time of all its threads, kernel included.
    pub(crate) cpu: Duration,
}

impl Server {
    /// Starts on a data folder and waits until it is ready.
    pub(crate) fn start(binary: &Path, data: &Path) -> anyhow::Result<Self> {
        fs::create_dir_all(data)?;
        let log = data.with_extension("log");
        let began = Instant::now();
        let mut child = Command::new(binary)
            .args(["serve", "--listen", "127.0.0.1:0", "--log", "warn", "--data"])
            .arg(data)
            .env("ASSAY_INIT_EMAIL", EMAIL)
            .env("ASSAY_INIT_PASSWORD", PASSWORD)
            .env("ASSAY_INIT_PROJECT", "load")
            .env("ASSAY_INIT_PUBLIC_KEY", "pk-assay-load")
            .env("ASSAY_INIT_SECRET_KEY", "sk-assay-load-secret")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(File::create(&log)?)
            .spawn()
            .with_context(|| format!("cannot start `{}`", binary.display()))?;
        let output = child.stdout.take();
        // From here on the process ends with this value.
        let mut server = Self { child, address: String::new(), start: Duration::ZERO };
        let address = output.context("the server has no output").and_then(address_of);
        server.address = address.with_context(|| format!("see {}", log.display()))?;
        let ready = Request::new("GET", &server.address, "/readyz", &[], Vec::new());
        while !Connection::new(&server.address).send(&ready).is_ok_and(|answer| answer.status == 200) {
            if began.elapsed() > START_LIMIT {
                bail!("the server is not ready after {START_LIMIT:?}; see {}", log.display());
            }
            thread::sleep(Duration::from_millis(1));
        }
        server.start = began.elapsed();
        Ok(server)
    }

    /// What `/proc` says; nothing on systems without it.
    pub(crate) fn process(&self) -> Process {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap_or_default();
        let kilobytes = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
            line.trim().split(' ').next().and_then(|number| number.parse::<u64>().ok()).unwrap_or(0) * 1024
        };
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap_or_default();
        // After the name, which is in brackets and may hold anything: field 14 of the whole line is user time, 15 the kernel's.
        let fields = stat.rsplit_once(')').map_or("", |(_, rest)| rest).split_whitespace();
        let ticks: u64 = fields.skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum();
        // Linux counts these in hundredths of a second on every machine Rust runs on (`USER_HZ`).
        Process { resident: kilobytes("VmRSS:"), peak: kilobytes("VmHWM:"), cpu: Duration::from_millis(ticks * 10) }
    }

    /// Asks it to stop and waits; gives how long that took. Anything but a clean end is an error.
    pub(crate) fn stop(mut self) -> anyhow::Result<Duration> {
        let began = Instant::now();
        let asked = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        anyhow::ensure!(asked.is_ok_and(|status| status.success()), "cannot ask the server to stop");
        while began.elapsed() < STOP_LIMIT {
            if let Some(status) = self.child.try_wait()? {
                anyhow::ensure!(status.success(), "the server ended with {status}");
                return Ok(began.elapsed());
            }
            thread::sleep(Duration::from_millis(5));
        }
        bail!("the server did not stop within {STOP_LIMIT:?}")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

/// Reads the line the server greets with. The rest of its output is read and dropped, so that it never blocks on it.
fn address_of(output: ChildStdout) -> anyhow::Result<String> {
    let mut lines = BufReader::new(output).lines();
    for line in lines.by_ref() {
        if let Some(address) = line?.strip_prefix("Assay is running at http://") {
            let address = address.trim().to_owned();
            thread::spawn(move || lines.for_each(drop));
            return Ok(address);
        }
    }
    bail!("the server ended before it was listening")
}
