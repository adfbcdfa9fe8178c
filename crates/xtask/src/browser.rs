//! The browser side: compile to WASM, split by lazy route, generate the JavaScript around it, shrink.
//!
//! Everything is done by libraries pinned in `Cargo.lock`, so no installed tool can have the wrong version.

use std::{
    cmp::Reverse,
    fs,
    path::{Path, PathBuf},
    process::Command,
    thread,
};

use anyhow::{Context as _, anyhow, ensure};
use wasm_bindgen_cli_support::Bindgen;
use wasm_split_cli_support as split;

use crate::{
    pack::{self, Splits},
    process,
    stamp::{Inputs, fresh_folder},
    tools,
    workspace::Workspace,
};

pub(crate) const TARGET: &str = "wasm32-unknown-unknown";

/// The linker puts this name into the WASM as the import of every split point; its length may not change.
const SPLIT_LOADER: &str = "./__wasm_split.______________________.js";

/// Those of `.cargo/config.toml`, which this variable replaces, and relocations: the splitter moves functions between modules
/// and needs to know who refers to whom.
const RUSTFLAGS: &str = "--cfg=erase_components --check-cfg=cfg(erase_components) -Clink-args=--emit-relocs";

/// Shrinks the modules named on its standard input.
const SHRINK: &str = include_str!("../js/shrink.mjs");

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Variant {
    /// Quick to build: no link-time optimisation, no wasm-opt, no compression.
    Development,
    /// What users get.
    Release,
}

impl Variant {
    /// Cargo profile, and the name of its folders.
    pub(crate) fn profile(self) -> &'static str {
        match self {
            Self::Development => "wasm-dev",
            Self::Release => "wasm-release",
        }
    }
}

/// Builds the WASM and its JavaScript; gives the folder they are in.
pub(crate) fn build(workspace: &Workspace, variant: Variant) -> anyhow::Result<PathBuf> {
    tools::need_wasm_target()?;
    let compiled = process::step(&format!("browser: compile ({})", variant.profile()), || compile(workspace, variant))?;

    let stage = workspace.browser_target().join("stage").join(variant.profile()).join("wasm");
    let stamp = stage.with_extension("stamp");
    let inputs = Inputs::of("browser 3").text(SHRINK).path(&compiled)?;
    inputs.unless_done(&stamp, || {
        fresh_folder(&stage)?;
        let splits = process::step("browser: split by route and bind", || split_and_bind(&compiled, &stage))?;
        if variant == Variant::Release {
            process::step("browser: wasm-opt", || shrink_all(workspace, &stage))?;
        }
        let splits = pack::pack(&stage, SPLIT_LOADER, splits)?;
        if variant == Variant::Release {
            minify_scripts(workspace, &stage)?;
        }
        fs::write(stage.join("splits.json"), serde_json::to_vec_pretty(&splits)?)?;
        Ok(())
    })?;
    Ok(stage)
}

fn compile(workspace: &Workspace, variant: Variant) -> anyhow::Result<PathBuf> {
    let mut cargo = workspace.cargo(&[
        "build",
        "--quiet",
        "--package",
        "hydrate",
        "--target",
        TARGET,
        "--profile",
        variant.profile(),
    ]);
    process::run(with_browser_flags(workspace, &mut cargo))?;
    Ok(workspace.browser_target().join(TARGET).join(variant.profile()).join("hydrate.wasm"))
}

/// The target folder and flags every cargo invocation for the browser shares, so that none invalidates another.
pub(crate) fn with_browser_flags<'a>(workspace: &Workspace, cargo: &'a mut Command) -> &'a mut Command {
    cargo
        .env("CARGO_TARGET_DIR", workspace.browser_target())
        .env("RUSTFLAGS", RUSTFLAGS)
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
}

fn split_and_bind(compiled: &Path, stage: &Path) -> anyhow::Result<Splits> {
    let input = fs::read(compiled).with_context(|| format!("cannot read `{}`", compiled.display()))?;
    let main = stage.with_extension("main.wasm");

    let mut options = split::Options::new(&input);
    options.output_dir = stage;
    options.main_out_path = &main;
    options.main_module = "./assay.js";
    options.link_name = SPLIT_LOADER;
    let done = split::transform(options).map_err(|error| anyhow!("cannot split the WASM: {error:?}"))?;
    let splits: Splits = done.prefetch_map.into_iter().collect();
    ensure!(!splits.is_empty(), "no lazy route was split off: are the routes still `#[lazy_route]`?");

    Bindgen::new()
        .input_path(&main)
        .out_name("assay")
        .web(true)
        .and_then(|bindgen| bindgen.keep_lld_exports(true).demangle(false).typescript(false).generate(stage))
        .map_err(|error| anyhow!("cannot generate the JavaScript of the WASM: {error:?}"))?;
    fs::remove_file(&main)?;
    Ok(splits)
}

/// `wasm-opt -Oz` on each module, in as many processes as there are cores.
fn shrink_all(workspace: &Workspace, stage: &Path) -> anyhow::Result<()> {
    let mut modules = with_extension(stage, "wasm")?;
    modules.sort_by_key(|module| Reverse(fs::metadata(module).map_or(0, |file| file.len())));
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let shrink = |first: usize| -> anyhow::Result<()> {
        let share: Vec<String> =
            modules.iter().skip(first).step_by(cores).map(|module| module.display().to_string()).collect();
        let mut node = Command::new("node");
        // The script's `import` is looked up from here.
        node.current_dir(workspace.npm()).args(["--input-type=module", "--eval", SHRINK]);
        process::filter(&mut node, &share.join("\n")).context("cannot shrink the WASM").map(|_| ())
    };
    thread::scope(|scope| {
        let shares: Vec<_> = (0..cores).map(|first| scope.spawn(move || shrink(first))).collect();
        shares.into_iter().try_for_each(|share| share.join().map_err(|_| anyhow!("cannot shrink the WASM"))?)
    })
}

/// Each script by itself: bundling would merge the loader with the module it must share.
fn minify_scripts(workspace: &Workspace, stage: &Path) -> anyhow::Result<()> {
    for script in with_extension(stage, "js")? {
        let mut command = Command::new(workspace.npm_program("esbuild"));
        command.arg(&script).args(["--minify", "--format=esm", "--log-level=warning", "--allow-overwrite"]);
        command.arg(format!("--outfile={}", script.display()));
        process::run_quietly(&mut command)?;
    }
    Ok(())
}

fn with_extension(folder: &Path, extension: &str) -> anyhow::Result<Vec<PathBuf>> {
    let files = crate::stamp::files_below(folder)?;
    Ok(files.into_iter().filter(|file| file.extension().is_some_and(|found| found == extension)).collect())
}
