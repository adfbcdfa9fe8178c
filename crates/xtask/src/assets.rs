//! Everything of the site that is not WASM, and the folder the server takes the whole site from:
//!
//! ```text
//! site.json            which build this is, chunks to preload by lazy route, fonts to preload
//! favicon.svg …        files of `public/`, by fixed names
//! pkg/<hash>/          all the rest, named by its content and immutable:
//!   boot.js assay.js assay_bg.wasm <chunk>.wasm __wasm_split….js snippets/
//!   assay.css fonts/ icons.svg charts.js
//! ```

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, ensure};
use serde::Serialize;
use serde_json::Value;

use crate::{
    browser::{self, Variant},
    process,
    stamp::{Inputs, copy_folder, files_below, fresh_folder},
    tools,
    workspace::Workspace,
};

/// Fonts by the name the style sheet uses, from npm. The first two are preloaded.
const FONTS: [(&str, &str); 4] = [
    ("inter.woff2", "inter/files/inter-latin-wght-normal.woff2"),
    ("jetbrains-mono.woff2", "jetbrains-mono/files/jetbrains-mono-latin-wght-normal.woff2"),
    ("inter-ext.woff2", "inter/files/inter-latin-ext-wght-normal.woff2"),
    ("jetbrains-mono-ext.woff2", "jetbrains-mono/files/jetbrains-mono-latin-ext-wght-normal.woff2"),
];
const PRELOADED_FONTS: usize = 1;

const COMPRESS: &str = include_str!("../js/compress.mjs");

#[derive(Serialize)]
struct Manifest {
    hash: String,
    splits: Value,
    fonts: Vec<String>,
}

/// Builds the site as far as something changed; gives its folder.
pub(crate) fn site(workspace: &Workspace, variant: Variant) -> anyhow::Result<PathBuf> {
    tools::need_npm_packages(workspace)?;
    let wasm = browser::build(workspace, variant)?;
    let charts = charts(workspace)?;

    let site = workspace.browser_target().join("site").join(variant.profile());
    let stamp = site.with_extension("stamp");
    let inputs = Inputs::of("site 2")
        .text(variant.profile())
        .text(COMPRESS)
        .path(&wasm)?
        .path(&charts)?
        .path(&workspace.path("style"))?
        .path(&workspace.path("public"))?
        .path(&workspace.path("crates/hydrate/js"))?
        .path(&workspace.npm().join("package-lock.json"))?;
    inputs.unless_done(&stamp, || {
        process::step("site: style, fonts, icons, hashes", || assemble(workspace, variant, &wasm, &charts, &site))
    })?;
    Ok(site)
}

/// ECharts, only what we draw with. The same for both variants.
fn charts(workspace: &Workspace) -> anyhow::Result<PathBuf> {
    let bundle = workspace.browser_target().join("stage/charts.js");
    let entry = workspace.path("crates/xtask/js/echarts.mjs");
    let inputs = Inputs::of("charts 1").path(&entry)?.path(&workspace.npm().join("package-lock.json"))?;
    inputs.unless_done(&bundle.with_extension("stamp"), || {
        process::step("site: charts bundle", || {
            let mut command = esbuild(workspace);
            command
                .env("NODE_PATH", workspace.npm().join("node_modules"))
                .arg(&entry)
                .args(["--bundle", "--format=esm", "--target=es2022", "--define:process.env.NODE_ENV=\"production\""])
                .arg(format!("--outfile={}", bundle.display()));
            process::run_quietly(&mut command)
        })
    })?;
    Ok(bundle)
}

fn assemble(workspace: &Workspace, variant: Variant, wasm: &Path, charts: &Path, site: &Path) -> anyhow::Result<()> {
    let work = site.with_extension("work");
    fresh_folder(&work)?;
    copy_folder(wasm, &work)?;
    let splits = fs::read(work.join("splits.json"))?;
    fs::remove_file(work.join("splits.json"))?;

    fs::copy(charts, work.join("charts.js"))?;
    fs::copy(workspace.path("crates/hydrate/js/boot.js"), work.join("boot.js"))?;
    style(workspace, &work.join("assay.css"))?;
    fs::create_dir_all(work.join("fonts"))?;
    for (name, source) in FONTS {
        let source = workspace.npm().join("node_modules/@fontsource-variable").join(source);
        fs::copy(&source, work.join("fonts").join(name))
            .with_context(|| format!("cannot copy `{}`", source.display()))?;
    }
    fs::write(work.join("icons.svg"), icon_sprite(workspace)?)?;

    let hash: String =
        Inputs::of("pkg").path(&work)?.path(&workspace.path("public"))?.digest().chars().take(16).collect();
    if variant == Variant::Release {
        compress(&work)?;
    }

    fresh_folder(site)?;
    copy_folder(&workspace.path("public"), site)?;
    fs::create_dir_all(site.join("pkg"))?;
    fs::rename(&work, site.join("pkg").join(&hash))?;
    let fonts = FONTS.iter().take(PRELOADED_FONTS).map(|(name, _)| format!("fonts/{name}")).collect();
    let manifest = Manifest { hash, splits: serde_json::from_slice(&splits)?, fonts };
    fs::write(site.join("site.json"), serde_json::to_vec_pretty(&manifest)?)?;
    Ok(())
}

/// One sheet. esbuild warns where a lenient bundler would ship broken text; a warning is an error here.
fn style(workspace: &Workspace, into: &Path) -> anyhow::Result<()> {
    let mut command = esbuild(workspace);
    command
        .arg(workspace.path("style/main.css"))
        .args(["--bundle", "--external:*.woff2", "--external:*.svg"])
        .arg(format!("--outfile={}", into.display()));
    process::run_quietly(&mut command)?;
    let sheet = fs::read_to_string(into)?;
    ensure!(!sheet.contains("@import"), "the bundled style sheet still has an `@import`: is one after other rules?");
    Ok(())
}

fn esbuild(workspace: &Workspace) -> Command {
    let mut command = Command::new(workspace.npm_program("esbuild"));
    command.current_dir(&workspace.root).args([
        "--minify",
        "--legal-comments=none",
        "--log-level=warning",
        "--log-override:unsupported-css-nesting=silent",
    ]);
    command
}

/// One `<symbol>` for each line of `style/icons.txt`, drawn in the colour of the text around it.
fn icon_sprite(workspace: &Workspace) -> anyhow::Result<String> {
    let list = workspace.path("style/icons.txt");
    let names = fs::read_to_string(&list).with_context(|| format!("cannot read `{}`", list.display()))?;
    let mut sprite = String::from("<svg xmlns=\"http://www.w3.org/2000/svg\">\n");
    for name in names.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let file = workspace.npm().join("node_modules/lucide-static/icons").join(format!("{name}.svg"));
        let icon =
            fs::read_to_string(&file).with_context(|| format!("lucide has no icon `{name}` (style/icons.txt)"))?;
        let body = icon
            .split_once("<svg")
            .and_then(|(_, rest)| rest.split_once('>'))
            .and_then(|(_, rest)| rest.rsplit_once("</svg>"))
            .map(|(body, _)| body.split_whitespace().collect::<Vec<_>>().join(" "))
            .with_context(|| format!("`{}` is not an SVG file", file.display()))?;
        writeln!(
            sprite,
            "<symbol id=\"{name}\" viewBox=\"0 0 24 24\" fill=\"none\" stroke=\"currentColor\" stroke-width=\"2\" \
             stroke-linecap=\"round\" stroke-linejoin=\"round\">{body}</symbol>"
        )?;
    }
    sprite.push_str("</svg>\n");
    Ok(sprite)
}

fn compress(folder: &Path) -> anyhow::Result<()> {
    process::step("site: compress", || compressed_sizes(&files_below(folder)?, "write").map(|_| ()))
}

/// Size, brotli size at level 11 and path of each file; `mode` `write` also stores the compressed forms.
pub(crate) fn compressed_sizes(files: &[PathBuf], mode: &str) -> anyhow::Result<Vec<(u64, u64, PathBuf)>> {
    let list = files.iter().map(|file| file.display().to_string()).collect::<Vec<_>>().join("\n");
    let mut node = Command::new("node");
    node.args(["--input-type=module", "--eval", COMPRESS, "--", mode]);
    let printed = process::filter(&mut node, &list)?;
    let line = |line: &str| {
        let mut parts = line.splitn(3, ' ');
        Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?, PathBuf::from(parts.next()?)))
    };
    printed.lines().map(|text| line(text).with_context(|| format!("cannot read `{text}`"))).collect()
}
