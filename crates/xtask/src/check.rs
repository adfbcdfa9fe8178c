//! What needs no running program: format, lints, dependency rules, documentation.

use crate::{browser, deps, process, tools, workspace::Workspace};

/// Runs all checks; stops at the first that fails.
pub(crate) fn check(workspace: &Workspace) -> anyhow::Result<()> {
    tools::need_c_compiler()?;
    tools::need_wasm_target()?;
    process::step("check: format", || {
        process::run(workspace.cargo(&["fmt", "--all", "--check"]).env_remove("RUSTFLAGS"))
    })?;
    process::step("check: dependency rules", || deps::check(workspace))?;
    process::step("check: clippy", || {
        // `hydrate` would turn on `app`'s browser half in the same build.
        process::run(&mut workspace.cargo(&[
            "clippy",
            "--quiet",
            "--workspace",
            "--exclude",
            "hydrate",
            "--all-targets",
            "--",
            "-D",
            "warnings",
        ]))
    })?;
    process::step("check: clippy for the browser", || {
        let mut clippy = workspace.cargo(&["clippy", "--quiet", "--package", "hydrate", "--target", browser::TARGET]);
        browser::with_browser_flags(workspace, &mut clippy);
        process::run(clippy.args(["--profile", "wasm-dev", "--", "-D", "warnings"]))
    })?;
    process::step("check: documentation", || {
        process::run(
            workspace
                .cargo(&["doc", "--quiet", "--workspace", "--exclude", "hydrate", "--no-deps"])
                // Those of `.cargo/config.toml` are for rustc alone, but the name has to be known here too.
                .env("RUSTDOCFLAGS", "-D warnings --check-cfg=cfg(erase_components)"),
        )
    })
}
