//! `size`: what a browser downloads, against the budgets of ARCHITECTURE §7. Sizes are exact, so they are asserted.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail};
use serde_json::Value;

use crate::{assets, browser::Variant, pack::COMMON, stamp::files_below, workspace::Workspace};

const KB: u64 = 1024;
/// WASM, JavaScript and style sheet that every page loads, with the pack of what most pages share.
const ENTRY: u64 = 300 * KB;
/// Everything a lazy page adds when it is the first one opened.
const PAGE: u64 = 80 * KB;
/// The page of an experiment's results, which is a table, a course, segments, numbers that come by themselves and everything that
/// can be done to one.
const RESULTS: u64 = 130 * KB;
/// The page of a prompt: versions, their differences, metrics with charts and comparisons.
const PROMPT: u64 = 83 * KB;
/// The form of an experiment: everything about one on a page, each field with its checks; and its preview, which comes after it.
const FORM: u64 = 90 * KB;
/// The chunk with `stats` and `assign`.
const STATISTICS: u64 = 120 * KB;
/// The base chunk of ECharts.
const CHARTS: u64 = 190 * KB;

/// Builds the release site and checks it.
pub(crate) fn size(workspace: &Workspace) -> anyhow::Result<()> {
    let site = assets::site(workspace, Variant::Release)?;
    let manifest: Value = serde_json::from_slice(&fs::read(site.join("site.json"))?)?;
    let hash = manifest.get("hash").and_then(Value::as_str).context("`site.json` has no hash")?;
    let package = site.join("pkg").join(hash);
    let sizes = measure(&package)?;

    let mut report = Report::default();
    let entry = sizes.iter().filter(|(name, _)| is_entry(name)).map(|(_, size)| size).sum();
    report.line("entry (wasm + js + css)", entry, ENTRY);
    for name in ["assay_bg.wasm", "common.wasm", "assay.js", "assay.css", "__wasm_split.______________________.js"] {
        println!("  {name:<42} {:>8.1} KB", kilobytes(sizes.get(name).copied().unwrap_or_default()));
    }
    let splits = manifest.get("splits").and_then(Value::as_object).context("`site.json` has no splits")?;
    for (split, chunks) in splits {
        let names = chunks.as_array().into_iter().flatten().filter_map(Value::as_str).filter(|name| *name != COMMON);
        let total = names.filter_map(|name| sizes.get(&format!("{name}.wasm"))).sum();
        let budget = match readable(split) {
            "statistics" => STATISTICS,
            "experiment" => RESULTS,
            "experiment_form" | "preview" => FORM,
            "prompt" => PROMPT,
            _ => PAGE,
        };
        report.line(readable(split), total, budget);
    }
    report.line("charts.js", sizes.get("charts.js").copied().context("the site has no charts.js")?, CHARTS);
    report.finish()
}

/// Brotli size of each file by its path below the folder.
fn measure(package: &Path) -> anyhow::Result<BTreeMap<String, u64>> {
    let compressed = |file: &PathBuf| file.extension().is_some_and(|extension| extension == "br" || extension == "gz");
    let files: Vec<PathBuf> = files_below(package)?.into_iter().filter(|file| !compressed(file)).collect();
    let mut sizes = BTreeMap::new();
    for (_, brotli, file) in assets::compressed_sizes(&files, "measure")? {
        sizes.insert(file.strip_prefix(package)?.to_string_lossy().replace('\\', "/"), brotli);
    }
    Ok(sizes)
}

/// Whether every page loads this file.
fn is_entry(name: &str) -> bool {
    let named = ["assay_bg.wasm", "common.wasm", "assay.js", "assay.css", "boot.js"].contains(&name);
    named || name.starts_with("__wasm_split.") || name.starts_with("snippets/")
}

/// `__Home_View_123` of the splitter becomes `home`.
fn readable(split: &str) -> &str {
    split
        .trim_start_matches('_')
        .trim_end_matches(|last: char| last.is_ascii_digit() || last == '_')
        .trim_end_matches("_view")
}

#[derive(Default)]
struct Report {
    over: Vec<String>,
}

impl Report {
    fn line(&mut self, what: &str, size: u64, budget: u64) {
        let verdict = if size > budget { "OVER" } else { "ok" };
        println!("{what:<44} {:>8.1} KB of {:>4} KB  {verdict}", kilobytes(size), budget / KB);
        if size > budget {
            self.over.push(format!("{what}: {:.1} KB, budget {} KB", kilobytes(size), budget / KB));
        }
    }

    fn finish(self) -> anyhow::Result<()> {
        if self.over.is_empty() {
            return Ok(());
        }
        bail!("over budget (brotli):\n  {}", self.over.join("\n  "))
    }
}

fn kilobytes(size: u64) -> f64 {
    size as f64 / KB as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_split_is_named_after_its_page() {
        assert_eq!(readable("__home_view_1234567890"), "home");
    }
}
