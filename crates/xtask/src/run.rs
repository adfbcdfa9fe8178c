//! `run` and `build`: the release binary with the site inside.

use std::{net::SocketAddr, path::Path, path::PathBuf, process::Command};

use anyhow::Context as _;

use crate::{assets, browser::Variant, process, tools, workspace::Workspace};

/// Builds `target/release/assay` with the site inside.
pub(crate) fn build(workspace: &Workspace) -> anyhow::Result<PathBuf> {
    tools::need_c_compiler()?;
    let binary = workspace.assay("release");
    if !binary.exists() {
        println!(
            "The first build compiles everything with optimisation: about ten minutes on two cores. Later ones take seconds."
        );
    }
    let site = assets::site(workspace, Variant::Release)?;
    process::step("server: compile (release)", || {
        let mut cargo = workspace.cargo(&["build", "--quiet", "--release", "--package", "assay"]);
        cargo.env("ASSAY_EMBED_SITE", &site);
        process::run(&mut cargo)
    })?;
    Ok(binary)
}

/// Builds `target/debug/assay`, which takes its site from `ASSAY_SITE` and has a clock that tests can move.
pub(crate) fn build_for_tests(workspace: &Workspace) -> anyhow::Result<PathBuf> {
    tools::need_c_compiler()?;
    process::step("server: compile", || {
        let mut cargo = workspace.cargo(&["build", "--quiet", "--package", "assay", "--features", "test-clock"]);
        cargo.env_remove("ASSAY_EMBED_SITE");
        process::run(&mut cargo)
    })?;
    Ok(workspace.assay("debug"))
}

/// Builds what is missing and starts the server; ends when it ends.
pub(crate) fn run(workspace: &Workspace, listen: SocketAddr, data: &Path) -> anyhow::Result<()> {
    let binary = build(workspace)?;
    let mut serve = Command::new(&binary);
    serve.current_dir(&workspace.root).arg("serve").args(["--listen", &listen.to_string(), "--data"]).arg(data);
    let status = serve.status().with_context(|| format!("cannot start `{}`", binary.display()))?;
    anyhow::ensure!(status.success(), "the server ended with {status}");
    Ok(())
}
