//! `test`: everything a change must pass.

use clap::ValueEnum;

use crate::{check, e2e, process, sdk, size, tools, workspace::Workspace};

#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum Stage {
    /// Format, lints, dependency rules, documentation
    Check,
    /// `cargo test` of the whole workspace
    Rust,
    /// The real SDKs against a running server
    Sdk,
    /// Playwright in Chromium
    E2e,
    /// Sizes of the release site
    Size,
}

/// The stages of a plain `test`, in order.
const QUICK: [Stage; 5] = [Stage::Check, Stage::Rust, Stage::Sdk, Stage::E2e, Stage::Size];

/// Runs all stages or one; `rest` goes to the test runner of a single stage.
pub(crate) fn test(workspace: &Workspace, all: bool, only: Option<Stage>, rest: &[String]) -> anyhow::Result<()> {
    if only.is_none() {
        // What must be installed is, before the long part starts.
        tools::need_npm_packages(workspace)?;
        sdk::install(workspace)?;
        tools::need_chromium(workspace)?;
    }
    let stages: Vec<Stage> = match only {
        Some(stage) => vec![stage],
        None => QUICK.to_vec(),
    };
    for stage in stages {
        match stage {
            Stage::Check => check::check(workspace)?,
            Stage::Rust => rust(workspace, all, rest)?,
            Stage::Sdk => sdk::test(workspace)?,
            Stage::E2e => e2e::test(workspace, rest)?,
            Stage::Size => size::size(workspace)?,
        }
    }
    println!("· all done");
    Ok(())
}

fn rust(workspace: &Workspace, all: bool, rest: &[String]) -> anyhow::Result<()> {
    tools::need_c_compiler()?;
    process::step("test: Rust", || {
        let mut cargo = workspace.cargo(&["test", "--quiet", "--workspace", "--exclude", "hydrate", "--no-fail-fast"]);
        // A snapshot that is not committed is a failure, never a new file.
        cargo.args(rest).env("INSTA_UPDATE", "no");
        if all {
            // Slow tests look for this and return at once without it.
            cargo.env("ASSAY_SLOW", "1");
        }
        process::run(&mut cargo)
    })
}
