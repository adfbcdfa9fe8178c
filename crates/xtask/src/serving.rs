//! A server under test: the real binary on a free port with its own data folder, stopped when dropped.

use std::{
    fs::{self, File},
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};

use crate::{process, stamp::fresh_folder, workspace::Workspace};

/// The owner and project every test server starts with.
pub(crate) const INIT: [(&str, &str); 5] = [
    ("ASSAY_INIT_EMAIL", "owner@example.com"),
    ("ASSAY_INIT_PASSWORD", "correct horse battery staple"),
    ("ASSAY_INIT_PROJECT", "demo"),
    ("ASSAY_INIT_PUBLIC_KEY", "pk-assay-00000000-0000-4000-8000-000000000001"),
    ("ASSAY_INIT_SECRET_KEY", "sk-assay-00000000-0000-4000-8000-000000000002"),
];

const START_LIMIT: Duration = Duration::from_secs(30);
const STOP_LIMIT: Duration = Duration::from_secs(15);

/// A running server.
pub(crate) struct Server {
    child: Child,
    /// Address without a slash at its end.
    pub(crate) url: String,
    /// Where its log lines go.
    pub(crate) log: PathBuf,
}

impl Server {
    /// Starts `assay serve` with an empty data folder named after `purpose`, and waits until it is ready.
    pub(crate) fn start(
        workspace: &Workspace,
        binary: &Path,
        purpose: &str,
        environment: &[(&str, &str)],
    ) -> anyhow::Result<Self> {
        let folder = workspace.target.join("serving").join(purpose);
        fresh_folder(&folder)?;
        let log = folder.join("server.log");
        let mut child = Command::new(binary)
            .arg("serve")
            .args(["--listen", "127.0.0.1:0", "--log-format", "json", "--data"])
            .arg(folder.join("data"))
            .envs(INIT)
            .envs(environment.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(File::create(&log)?)
            .spawn()
            .with_context(|| format!("cannot start `{}`", binary.display()))?;
        let address = child.stdout.take().context("the server has no output").and_then(address_of);
        let mut server = Self { child, url: String::new(), log };
        server.url = match address {
            Ok(address) => address,
            Err(error) => return Err(error.context(server.last_words())),
        };
        server.wait_until_ready()?;
        Ok(server)
    }

    fn wait_until_ready(&mut self) -> anyhow::Result<()> {
        let start = Instant::now();
        loop {
            if status(&self.url, "/readyz").is_ok_and(|status| status == 200) {
                return Ok(());
            }
            if let Some(status) = self.child.try_wait()? {
                bail!("the server ended with {status}\n{}", self.last_words());
            }
            if start.elapsed() > START_LIMIT {
                bail!("the server is not ready after {START_LIMIT:?}\n{}", self.last_words());
            }
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// The end of its log, for error messages.
    pub(crate) fn last_words(&self) -> String {
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        let from = lines.len().saturating_sub(20);
        format!("end of {}:\n{}", self.log.display(), lines.get(from..).unwrap_or_default().join("\n"))
    }

    /// Asks it to stop and waits; anything but a clean exit is an error, and so is a panic on the way: what was answered
    /// again later would hide it.
    pub(crate) fn stop(mut self) -> anyhow::Result<()> {
        self.ask_to_stop();
        let start = Instant::now();
        while start.elapsed() < STOP_LIMIT {
            if let Some(status) = self.child.try_wait()? {
                if !status.success() {
                    bail!("the server ended with {status}\n{}", self.last_words());
                }
                return self.no_panic();
            }
            thread::sleep(Duration::from_millis(20));
        }
        bail!("the server did not stop within {STOP_LIMIT:?}\n{}", self.last_words())
    }

    fn no_panic(&self) -> anyhow::Result<()> {
        let log = fs::read_to_string(&self.log)?;
        let mut lines = log.lines().skip_while(|line| !line.contains("panicked at"));
        match lines.next() {
            Some(line) => bail!("the server panicked: {line}\n{}", lines.next().unwrap_or_default()),
            None => Ok(()),
        }
    }

    fn ask_to_stop(&mut self) {
        if cfg!(unix) {
            process::succeeds("kill", &["-TERM", &self.child.id().to_string()]);
        } else {
            let _ = self.child.kill();
        }
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
fn address_of(output: std::process::ChildStdout) -> anyhow::Result<String> {
    let mut lines = BufReader::new(output).lines();
    for line in lines.by_ref() {
        if let Some(url) = line?.strip_prefix("Assay is running at ") {
            let url = url.trim().to_owned();
            thread::spawn(move || lines.for_each(drop));
            return Ok(url);
        }
    }
    bail!("the server ended before it was listening")
}

/// Status of a plain GET.
fn status(url: &str, path: &str) -> anyhow::Result<u16> {
    let host = url.strip_prefix("http://").context("not a plain http address")?;
    let mut stream = TcpStream::connect(host)?;
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.take(64).read_to_string(&mut answer)?;
    answer.split(' ').nth(1).and_then(|status| status.parse().ok()).context("not an HTTP answer")
}
