//! What needs no running program: format, lints, dependency rules, documentation.

use std::process::Command;

use crate::{browser, deps, process, tools, workspace::Workspace};

/// Runs all checks; stops at the first that fails.
pub(crate) fn check(workspace: &Workspace) -> anyhow::Result<()> {
    tools::need_c_compiler()?;
    tools::need_wasm_target()?;
    process::step("check: format", || {
        process::run(cargo(workspace, &["fmt", "--all", "--check"]).env_remove("RUSTFLAGS"))
    })?;
    process::step("check: dependency rules", || deps::check(workspace))?;
    process::step("check: clippy", || {
        // `hydrate` would turn on `app`'s browser half in the same build.
        process::run(&mut cargo(
            workspace,
            &["clippy", "--quiet", "--workspace", "--exclude", "hydrate", "--all-targets", "--", "-D", "warnings"],
        ))
    })?;
    process::step("check: clippy for the browser", || {
        let mut clippy = cargo(workspace, &["clippy", "--quiet", "--package", "hydrate", "--target", browser::TARGET]);
        browser::with_browser_flags(workspace, &mut clippy);
        process::run(clippy.args(["--profile", "wasm-dev", "--", "-D", "warnings"]))
    })?;
    process::step("check: documentation", || {
        process::run(
            cargo(
                workspace,
                &["doc", "--quiet", "--workspace", "--exclude", "hydrate", "--no-deps", "--document-private-items"],
            )
            .env("RUSTDOCFLAGS", "-D warnings"),
        )
    })
}

fn cargo(workspace: &Workspace, arguments: &[&str]) -> Command {
    let mut cargo = Command::new(workspace.cargo());
    cargo.current_dir(&workspace.root).args(arguments);
    cargo
}
