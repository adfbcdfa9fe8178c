//! Playwright against the real server with the development build of the browser side.

use std::process::Command;

use anyhow::Context as _;

use crate::{
    assets,
    browser::Variant,
    process, run, sdk,
    serving::{INIT, Server},
    tools,
    workspace::Workspace,
};

/// Builds, starts, tests, stops. `rest` goes to Playwright.
pub(crate) fn test(workspace: &Workspace, rest: &[String]) -> anyhow::Result<()> {
    let site = assets::site(workspace, Variant::Development)?;
    let chromium = tools::need_chromium(workspace)?;
    let binary = run::build_for_tests(workspace)?;
    let server = Server::start(workspace, &binary, "e2e", &[("ASSAY_SITE", &site.to_string_lossy())])?;

    let python = sdk::send_gsm8k(workspace, &server)?;
    let journey = sdk::need_journey(workspace)?;

    let outcome = process::step("e2e: Playwright", || {
        let mut playwright = Command::new(workspace.npm_program("playwright"));
        playwright
            .current_dir(workspace.npm())
            .arg("test")
            .args(rest)
            .env("ASSAY_URL", &server.url)
            .env("CHROMIUM", &chromium)
            .env("ASSAY_CHROMIUM_NO_SANDBOX", if tools::is_root() { "1" } else { "0" })
            .env("ASSAY_BINARY", &binary)
            .env("ASSAY_SITE", &site)
            .env("ASSAY_PYTHON", &python)
            .env("ASSAY_JOURNEY_PYTHON", &journey)
            .env("ASSAY_E2E_OUTPUT", workspace.target.join("e2e"))
            .envs(INIT);
        process::run(&mut playwright)
    });
    outcome.with_context(|| format!("the server logged to {}", server.log.display()))?;
    server.stop()
}
