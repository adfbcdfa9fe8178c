//! `bench`: measures the release build and writes a report; or runs bench targets by name.
//!
//! The report comes from two programs: `load` drives the real server from outside, `store_sqlite`'s bench `ingest` measures the
//! store alone and the bare SQLite loop both are compared with. A bench target is a cargo bench target
//! (`crates/<name>/benches/<what>.rs`, or `[[bench]] harness = false` for a whole scenario); it prints its own report.
//! Nothing here asserts anything about time.

mod report;

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, bail};
use serde_json::{Value, json};

use crate::{process, run, tools, workspace::Workspace};

/// The most spans the store is measured alone with: it is slower the more there are, but not by much, and time is bounded.
const STORE_SPANS: u64 = 1_000_000;

/// What to measure.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Spans the file holds when pages are measured, up to 10,000,000
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u64).range(1_000..=10_000_000))]
    spans: u64,
    /// What the traffic is made from
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Leave the data of the run (about 1 GB a million spans) in target/bench
    #[arg(long)]
    keep: bool,
    /// Also send spans to Phoenix and MLflow, installed with pip, until they have stored them (1.5 GB of packages)
    #[arg(long)]
    beside: bool,
    /// Bench targets to run instead
    names: Vec<String>,
}

/// Writes the report, or runs the bench targets named.
pub(crate) fn bench(workspace: &Workspace, options: &Options) -> anyhow::Result<()> {
    if !options.names.is_empty() {
        return run_targets(workspace, &options.names);
    }
    let folder = workspace.target.join("bench");
    fs::create_dir_all(&folder)?;
    let binary = run::build(workspace)?;
    let data = folder.join("run");
    let store = process::step("bench: the store alone", || {
        let spans = options.spans.min(STORE_SPANS).to_string();
        store_bench(workspace, &[("ASSAY_BENCH_SPANS", &spans), ("ASSAY_BENCH_DIR", &folder.display().to_string())])
    })?;
    let program = load_program(workspace)?;
    let load = process::step("bench: the server", || drive(&program, options, &binary, &data))?;
    // The loop inserts the very rows the server stored; it needs the files, and the machine for itself.
    let mut bare = serde_json::Map::new();
    for run in ["plain", "gzip"] {
        let measured = process::step(&format!("bench: the bare loop ({run})"), || {
            store_bench(workspace, &[("ASSAY_BENCH_REPLAY", &data.join(run).display().to_string())])
        })?;
        bare.insert(run.to_owned(), measured);
    }
    if !options.keep {
        fs::remove_dir_all(&data).with_context(|| format!("cannot remove `{}`", data.display()))?;
    }
    let beside = options.beside.then(|| beside(workspace, &program, options, &binary, &folder.join("beside")));
    let figures = json!({
        "machine": report::machine(workspace),
        "store": store,
        "load": load,
        "bare": bare,
        "beside": beside.transpose()?,
    });
    fs::write(folder.join("report.json"), format!("{figures:#}\n"))?;
    let text = report::write(&figures, options.spans, options.seed);
    let path = folder.join("report.md");
    fs::write(&path, &text).with_context(|| format!("cannot write `{}`", path.display()))?;
    println!("\n{text}\nWritten to {}", path.display());
    Ok(())
}

/// Builds `load`; gives where it is.
fn load_program(workspace: &Workspace) -> anyhow::Result<PathBuf> {
    process::run(&mut workspace.cargo(&["build", "--quiet", "--release", "--package", "load"]))?;
    Ok(workspace.target.join("release").join(format!("load{}", std::env::consts::EXE_SUFFIX)))
}

/// Fills and measures our server; gives the figures.
fn drive(program: &Path, options: &Options, binary: &Path, data: &Path) -> anyhow::Result<Value> {
    let mut load = Command::new(program);
    load.arg("run").arg("--server").arg(binary).arg("--folder").arg(data);
    load.args(["--spans", &options.spans.to_string(), "--seed", &options.seed.to_string()]);
    last_json(&process::output(&mut load)?)
}

/// Sends the same spans to ours and the others; gives the figures.
fn beside(
    workspace: &Workspace,
    program: &Path,
    options: &Options,
    binary: &Path,
    data: &Path,
) -> anyhow::Result<Value> {
    let environment = |name: &str, package: &str| -> anyhow::Result<PathBuf> {
        let python = tools::need_python_environment(workspace, name, &[package], false)?;
        let folder = python.ancestors().nth(2).context("an environment has a folder")?;
        Ok(folder.to_owned())
    };
    let (phoenix, mlflow) = (environment("phoenix", "arize-phoenix")?, environment("mlflow", "mlflow")?);
    process::step("bench: beside Phoenix and MLflow", || {
        let mut load = Command::new(program);
        load.arg("beside").arg("--server").arg(binary).arg("--folder").arg(data).arg("--phoenix").arg(&phoenix);
        load.arg("--mlflow").arg(&mlflow).args(["--seed", &options.seed.to_string()]);
        last_json(&process::output(&mut load)?)
    })
}

/// Runs the bench of the store with these variables; gives its figures.
fn store_bench(workspace: &Workspace, variables: &[(&str, &str)]) -> anyhow::Result<Value> {
    let mut cargo = workspace.cargo(&["bench", "--quiet", "--package", "store_sqlite", "--bench", "ingest"]);
    cargo.envs(variables.iter().copied());
    last_json(&process::output(&mut cargo)?)
}

/// Programs print tables for people first and their figures last.
fn last_json(printed: &str) -> anyhow::Result<Value> {
    let last = printed.lines().rev().find(|line| line.starts_with('{')).context("a benchmark printed no figures")?;
    serde_json::from_str(last).context("a benchmark printed damaged figures")
}

fn run_targets(workspace: &Workspace, names: &[String]) -> anyhow::Result<()> {
    let targets = targets(workspace)?;
    let known: Vec<&str> = targets.iter().map(|(_, bench)| bench.as_str()).collect();
    if let Some(unknown) = names.iter().find(|name| !known.contains(&name.as_str())) {
        bail!("unknown benchmark `{unknown}`; known: {}", known.join(", "));
    }
    for (package, bench) in targets.iter().filter(|(_, bench)| names.contains(bench)) {
        process::step(&format!("bench: {bench} ({package})"), || {
            process::run(&mut workspace.cargo(&["bench", "--quiet", "--package", package, "--bench", bench]))
        })?;
    }
    Ok(())
}

/// Package and name of every bench target.
fn targets(workspace: &Workspace) -> anyhow::Result<Vec<(String, String)>> {
    let mut cargo = workspace.cargo(&["metadata", "--format-version", "1", "--no-deps"]);
    let metadata: Value = serde_json::from_str(&process::output(&mut cargo)?)?;
    let packages = metadata.get("packages").and_then(Value::as_array).context("`cargo metadata` lists no packages")?;
    let mut found = Vec::new();
    for package in packages {
        let name = package.get("name").and_then(Value::as_str).unwrap_or_default();
        for target in package.get("targets").and_then(Value::as_array).into_iter().flatten() {
            let is_bench = target
                .get("kind")
                .and_then(Value::as_array)
                .is_some_and(|kinds| kinds.iter().any(|kind| kind == "bench"));
            if let Some(bench) = target.get("name").and_then(Value::as_str).filter(|_| is_bench) {
                found.push((name.to_owned(), bench.to_owned()));
            }
        }
    }
    found.sort();
    Ok(found)
}
