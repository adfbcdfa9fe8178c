//! What must be on the machine: installed when we can, else the line that does it.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, bail, ensure};

use crate::{browser, process, stamp::Inputs, workspace::Workspace};

const NODE_INSTALL: &str = "Node.js 20 or newer with npm is needed; on Debian and Ubuntu `apt-get install nodejs npm`, \
                            on macOS `brew install node`";
const MIN_NODE: u32 = 20;

/// The WASM target of the compiler in use.
pub(crate) fn need_wasm_target() -> anyhow::Result<()> {
    let sysroot = process::output(Command::new("rustc").args(["--print", "sysroot"]))?;
    if Path::new(sysroot.trim()).join("lib/rustlib").join(browser::TARGET).join("lib").is_dir() {
        return Ok(());
    }
    process::step("tools: rustup target add", || {
        process::run(Command::new("rustup").args(["target", "add", browser::TARGET]))
            .with_context(|| format!("install rustup and run `rustup target add {}`", browser::TARGET))
    })
}

/// A C compiler: SQLite is compiled from source.
pub(crate) fn need_c_compiler() -> anyhow::Result<()> {
    let chosen = env::var("CC").ok();
    let found = chosen
        .iter()
        .map(String::as_str)
        .chain(["cc", "gcc", "clang"])
        .any(|name| process::succeeds(name, &["--version"]));
    ensure!(
        found || cfg!(windows),
        "a C compiler is needed; on Debian and Ubuntu `apt-get install build-essential`, on macOS `xcode-select --install`"
    );
    Ok(())
}

/// Node and the packages of `end2end/package-lock.json`.
pub(crate) fn need_npm_packages(workspace: &Workspace) -> anyhow::Result<()> {
    let version = process::output(Command::new("node").arg("--version")).context(NODE_INSTALL)?;
    let major = version.trim().trim_start_matches('v').split('.').next().and_then(|major| major.parse::<u32>().ok());
    ensure!(major.is_some_and(|major| major >= MIN_NODE), "this is Node.js {}: {NODE_INSTALL}", version.trim());

    let folder = workspace.npm();
    let stamp = folder.join("node_modules/.assay-stamp");
    let inputs = Inputs::of("npm 1").path(&folder.join("package.json"))?.path(&folder.join("package-lock.json"))?;
    inputs.unless_done(&stamp, || {
        process::step("tools: npm ci", || {
            let mut npm = Command::new(if cfg!(windows) { "npm.cmd" } else { "npm" });
            npm.current_dir(&folder)
                .args(["ci", "--no-audit", "--no-fund", "--loglevel=error"])
                .env("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1");
            process::run_quietly(&mut npm).context(NODE_INSTALL)
        })
    })?;
    Ok(())
}

/// A Chromium for the end-to-end tests: one that is there, else Playwright's, else the system's package.
pub(crate) fn need_chromium(workspace: &Workspace) -> anyhow::Result<PathBuf> {
    if let Some(chosen) = env::var_os("CHROMIUM").map(PathBuf::from) {
        ensure!(process::succeeds(&chosen, &["--version"]), "CHROMIUM=`{}` cannot be started", chosen.display());
        return Ok(chosen);
    }
    if let Some(found) = chromium_on_path() {
        return Ok(found);
    }
    if let Some(found) = playwright_chromium(workspace) {
        return Ok(found);
    }
    let mut install = Command::new(workspace.npm_program("playwright"));
    install.current_dir(workspace.npm()).args(["install", "chromium"]).env_remove("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD");
    if process::step("tools: Playwright's Chromium", || process::run_quietly(&mut install)).is_ok()
        && let Some(found) = playwright_chromium(workspace)
    {
        return Ok(found);
    }
    if process::succeeds("apt-get", &["--version"]) && is_root() {
        process::step("tools: apt-get install chromium", || {
            process::run_quietly(Command::new("apt-get").args(["update", "--quiet"]))?;
            process::run_quietly(
                Command::new("apt-get")
                    .args(["install", "--yes", "--no-install-recommends", "chromium"])
                    .env("DEBIAN_FRONTEND", "noninteractive"),
            )
        })?;
        if let Some(found) = chromium_on_path() {
            return Ok(found);
        }
    }
    bail!(
        "a Chromium is needed for the end-to-end tests: install one (on Debian `apt-get install chromium`), or set \
         CHROMIUM to its path"
    )
}

fn chromium_on_path() -> Option<PathBuf> {
    ["chromium", "chromium-browser", "google-chrome"]
        .into_iter()
        .map(PathBuf::from)
        .find(|name| process::succeeds(name, &["--version"]))
        .map(|name| on_path(&name).unwrap_or(name))
}

/// Playwright wants a full path.
fn on_path(name: &Path) -> Option<PathBuf> {
    env::split_paths(&env::var_os("PATH")?).map(|folder| folder.join(name)).find(|file| file.is_file())
}

fn playwright_chromium(workspace: &Workspace) -> Option<PathBuf> {
    let mut node = Command::new("node");
    node.current_dir(workspace.npm()).args([
        "--input-type=module",
        "--eval",
        "import { chromium } from '@playwright/test'; process.stdout.write(chromium.executablePath())",
    ]);
    let path = PathBuf::from(process::output(&mut node).ok()?);
    (path.is_file() && process::succeeds(&path, &["--version"])).then_some(path)
}

/// Whether Chromium's own sandbox cannot be used and system packages may be installed.
pub(crate) fn is_root() -> bool {
    process::output(Command::new("id").arg("-u")).is_ok_and(|id| id.trim() == "0")
}

/// A virtual environment with exactly these Python packages; gives its interpreter.
pub(crate) fn need_python_environment(
    workspace: &Workspace,
    name: &str,
    packages: &[&str],
    pre_releases: bool,
) -> anyhow::Result<PathBuf> {
    let python = ["python3", "python"]
        .into_iter()
        .find(|python| process::succeeds(python, &["-c", "import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))"]))
        .context(
            "Python 3.11 or newer with venv is needed for the SDK tests; on Debian and Ubuntu `apt-get install python3-venv`",
        )?;
    let folder = workspace.target.join("sdk").join(name);
    let interpreter = folder.join(if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" });
    let mut inputs = Inputs::of("venv 1").text(if pre_releases { "--pre" } else { "" });
    for package in packages {
        inputs = inputs.text(package);
    }
    inputs.unless_done(&folder.join("assay-stamp"), || {
        process::step(&format!("tools: Python packages of {name}"), || {
            if folder.exists() {
                fs::remove_dir_all(&folder)?;
            }
            process::run_quietly(Command::new(python).args(["-m", "venv"]).arg(&folder))?;
            let mut pip = Command::new(&interpreter);
            pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]);
            if pre_releases {
                pip.arg("--pre");
            }
            process::run_quietly(pip.args(packages))
        })
    })?;
    Ok(interpreter)
}
