//! `bench`: runs every bench target of the workspace against the release build and prints what they report.
//!
//! A benchmark is a cargo bench target (`crates/<name>/benches/<what>.rs`, or `[[bench]] harness = false` for a whole
//! scenario). It prints its own report and asserts nothing about time. `ASSAY_BIN` names the release server.

use anyhow::{Context as _, bail};
use serde_json::Value;

use crate::{process, run, workspace::Workspace};

/// Runs the benchmarks named, or all.
pub(crate) fn bench(workspace: &Workspace, names: &[String]) -> anyhow::Result<()> {
    let targets = targets(workspace)?;
    let known: Vec<&str> = targets.iter().map(|(_, bench)| bench.as_str()).collect();
    if let Some(unknown) = names.iter().find(|name| !known.contains(&name.as_str())) {
        bail!("unknown benchmark `{unknown}`; known: {}", known.join(", "));
    }
    let binary = run::build(workspace)?;
    for (package, bench) in targets.iter().filter(|(_, bench)| names.is_empty() || names.contains(bench)) {
        process::step(&format!("bench: {bench} ({package})"), || {
            let mut cargo = workspace.cargo(&["bench", "--quiet", "--package", package, "--bench", bench]);
            cargo.env("ASSAY_BIN", &binary);
            process::run(&mut cargo)
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
