//! The same spans sent to what users would run instead, until they are really in its database: some acknowledge minutes before
//! they store.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use anyhow::{Context as _, bail, ensure};
use serde_json::{Value, json};

use crate::{
    closed,
    http::{Connection, Request},
    server::{KEY, Server},
    traffic::{Coding, Traffic},
};

/// Connections that send; what all of them together can do is measured, so each gets as many as it likes.
const CALLERS: usize = 4;
const START_LIMIT: Duration = Duration::from_mins(5);
/// Rows that do not come within this time are said to be missing.
const STORE_LIMIT: Duration = Duration::from_mins(20);
/// How they are told what is sent.
const PROTOBUF: (&str, &str) = ("content-type", "application/x-protobuf");
/// Between looks whether it is so far.
const LOOK: Duration = Duration::from_millis(250);

/// What is compared.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// The `assay` binary, built in release
    #[arg(long)]
    server: PathBuf,
    /// Virtual environment with `arize-phoenix` installed
    #[arg(long)]
    phoenix: Option<PathBuf>,
    /// Virtual environment with `mlflow` installed
    #[arg(long)]
    mlflow: Option<PathBuf>,
    /// Folder for the data; emptied first
    #[arg(long)]
    folder: PathBuf,
    /// Spans each is sent
    #[arg(long, default_value_t = 10_240, value_parser = clap::value_parser!(u64).range(512..=1_000_000))]
    spans: u64,
    /// What the traffic is made from
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// How one of them is run and asked.
struct Tool {
    name: &'static str,
    /// Its package, for the version.
    package: &'static str,
    environment: PathBuf,
    arguments: fn(port: u16, data: &Path) -> Vec<String>,
    variables: fn(port: u16, data: &Path) -> Vec<(&'static str, String)>,
    /// Answers 200 once it takes requests.
    ready: &'static str,
    /// Where it takes OTLP.
    path: &'static str,
    headers: &'static [(&'static str, &'static str)],
    /// Its SQLite file, which has a table `spans`.
    database: &'static str,
}

impl Tool {
    /// Rows that are committed in its table of spans.
    fn rows(&self, database: &Path) -> anyhow::Result<u64> {
        const COUNT: &str = "import sqlite3, sys\n\
            file = sqlite3.connect('file:' + sys.argv[1] + '?mode=ro', uri=True, timeout=60)\n\
            print(file.execute('SELECT count(*) FROM spans').fetchone()[0])";
        let python = self.environment.join("bin/python");
        let printed = said(&python, &["-c", COUNT, &database.display().to_string()])?;
        printed.parse().with_context(|| format!("`{printed}` is not a number of rows"))
    }
}

fn phoenix(environment: PathBuf) -> Tool {
    Tool {
        name: "Phoenix",
        package: "arize-phoenix",
        environment,
        arguments: |_, _| vec!["phoenix".to_owned(), "serve".to_owned()],
        variables: |port, data| {
            vec![
                ("PHOENIX_HOST", "127.0.0.1".to_owned()),
                ("PHOENIX_PORT", port.to_string()),
                ("PHOENIX_GRPC_PORT", port.saturating_add(1).to_string()),
                ("PHOENIX_WORKING_DIR", data.display().to_string()),
                ("PHOENIX_TELEMETRY_ENABLED", "false".to_owned()),
            ]
        },
        ready: "/healthz",
        path: "/v1/traces",
        headers: &[PROTOBUF],
        database: "phoenix.db",
    }
}

fn mlflow(environment: PathBuf) -> Tool {
    Tool {
        name: "MLflow",
        package: "mlflow",
        environment,
        arguments: |port, data| {
            let store = format!("sqlite:///{}", data.join("mlflow.db").display());
            let words = ["mlflow", "server", "--host", "127.0.0.1", "--workers", "2", "--backend-store-uri", &store];
            let mut words: Vec<String> = words.into_iter().map(str::to_owned).collect();
            words.extend(["--port".to_owned(), port.to_string()]);
            words.extend(["--artifacts-destination".to_owned(), data.join("artifacts").display().to_string()]);
            words
        },
        variables: |_, _| vec![("MLFLOW_DISABLE_TELEMETRY", "true".to_owned())],
        ready: "/health",
        path: "/v1/traces",
        headers: &[PROTOBUF, ("x-mlflow-experiment-id", "0")],
        database: "mlflow.db",
    }
}

/// Measures all of them, one after the other.
pub(crate) fn run(options: &Options) -> anyhow::Result<Value> {
    let folder = &options.folder;
    if folder.exists() {
        fs::remove_dir_all(folder).with_context(|| format!("cannot empty `{}`", folder.display()))?;
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH).context("the clock is before 1970")?;
    let end_ns = u64::try_from(now.as_nanos()).context("the clock is after 2554")?;
    let traffic = Traffic::new(options.seed, options.spans, end_ns);
    let own = own(&options.server, &folder.join("assay"), &traffic)?;
    let tools = [options.phoenix.clone().map(phoenix), options.mlflow.clone().map(mlflow)];
    let others: Vec<Value> = tools
        .into_iter()
        .flatten()
        .map(|tool| {
            let figures = other(&tool, &folder.join(tool.package), &traffic);
            figures.with_context(|| format!("{}: see {}", tool.name, folder.display()))
        })
        .collect::<anyhow::Result<_>>()?;
    Ok(json!({"spans": traffic.spans(), "assay": own, "others": others}))
}

/// Assay stores before it answers.
fn own(binary: &Path, data: &Path, traffic: &Traffic) -> anyhow::Result<Value> {
    let server = Server::start(binary, data)?;
    let requests: Vec<Request> =
        (0..traffic.batches()).map(|number| traffic.plain(number, &server.address, KEY)).collect();
    let sent = closed::send_all(&server.address, CALLERS, &requests)?;
    let peak = server.process().peak;
    server.stop()?;
    let per_s = traffic.spans() as f64 / sent.took.as_secs_f64();
    Ok(json!({"stored_s": sent.took.as_secs_f64(), "per_s": per_s, "peak_bytes": peak}))
}

fn other(tool: &Tool, data: &Path, traffic: &Traffic) -> anyhow::Result<Value> {
    fs::create_dir_all(data).with_context(|| format!("cannot make `{}`", data.display()))?;
    let data = data.canonicalize()?;
    let running = Running::start(tool, &data)?;
    let database = data.join(tool.database);
    let before = tool.rows(&database)?;
    let requests = requests(traffic, &running.address, tool.path, tool.headers)?;
    let began = Instant::now();
    let sent = closed::send_all(&running.address, CALLERS, &requests)?;
    let wanted = before + traffic.spans();
    let mut stored = 0;
    while began.elapsed() < STORE_LIMIT {
        stored = tool.rows(&database)?;
        if stored >= wanted {
            break;
        }
        thread::sleep(LOOK);
    }
    let took = began.elapsed();
    let stored = stored - before;
    ensure!(stored > 0, "none of {} spans was stored within {STORE_LIMIT:?}", traffic.spans());
    Ok(json!({
        "name": tool.name,
        "version": running.version,
        "stored": stored,
        "acknowledged_s": sent.took.as_secs_f64(),
        "stored_s": took.as_secs_f64(),
        "per_s": stored as f64 / took.as_secs_f64(),
        "request": sent.times.to_json(),
    }))
}

fn requests(traffic: &Traffic, address: &str, path: &str, headers: &[(&str, &str)]) -> anyhow::Result<Vec<Request>> {
    (0..traffic.batches()).map(|number| traffic.batch_to(number, address, path, headers, Coding::Plain)).collect()
}

/// A tool that runs; it ends with this value.
struct Running {
    child: Child,
    address: String,
    version: String,
}

impl Running {
    fn start(tool: &Tool, data: &Path) -> anyhow::Result<Self> {
        let python = tool.environment.join("bin/python");
        let version =
            said(&python, &["-c", "import sys, importlib.metadata as m; print(m.version(sys.argv[1]))", tool.package])?;
        // Free now, and nobody else on this machine is starting servers.
        let port = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let arguments = (tool.arguments)(port, data);
        let (program, arguments) = arguments.split_first().context("nothing to run")?;
        let log = File::create(data.join("server.log"))?;
        // A group of its own: both start further processes.
        let child = Command::new("setsid")
            .arg(tool.environment.join("bin").join(program))
            .args(arguments)
            .envs((tool.variables)(port, data))
            .current_dir(data)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .with_context(|| format!("cannot start `{program}`"))?;
        let address = format!("127.0.0.1:{port}");
        let running = Self { child, address, version };
        let ready = Request::new("GET", &running.address, tool.ready, &[], Vec::new());
        let began = Instant::now();
        while !Connection::new(&running.address).send(&ready).is_ok_and(|answer| answer.status == 200) {
            if began.elapsed() > START_LIMIT {
                bail!("not ready after {START_LIMIT:?}");
            }
            thread::sleep(LOOK);
        }
        Ok(running)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Its whole group: the workers are children of the process that was started.
        let group = format!("-{}", self.child.id());
        let _ = Command::new("kill").args(["-TERM", "--", &group]).status();
        let began = Instant::now();
        while matches!(self.child.try_wait(), Ok(None)) && began.elapsed() < Duration::from_secs(20) {
            thread::sleep(LOOK);
        }
        let _ = Command::new("kill").args(["-KILL", "--", &group]).stderr(Stdio::null()).status();
        let _ = self.child.wait();
    }
}

fn said(program: &Path, arguments: &[&str]) -> anyhow::Result<String> {
    let output = Command::new(program).args(arguments).output();
    let output = output.with_context(|| format!("cannot run `{}`", program.display()))?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
