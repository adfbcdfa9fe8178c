//! Puts the finished site into the binary when `ASSAY_EMBED_SITE` names its folder (`cargo xtask build` does); otherwise
//! the table is empty and `ASSAY_SITE` names the folder at run time.

use std::{
    env,
    fmt::Write as _,
    fs, io,
    path::{Path, PathBuf},
};

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-env-changed=ASSAY_EMBED_SITE");
    let mut files = Vec::new();
    if let Some(site) = env::var_os("ASSAY_EMBED_SITE").map(PathBuf::from) {
        // Its name and content change with anything in the site.
        println!("cargo::rerun-if-changed={}", site.join("site.json").display());
        collect(&site, "", &mut files)?;
        files.sort();
    }
    let mut table = String::from("pub(crate) static FILES: &[(&str, &[u8])] = &[\n");
    for (name, path) in files {
        // Writing to a string cannot fail.
        let _ = writeln!(table, "    ({name:?}, include_bytes!({:?})),", path.display().to_string());
    }
    table.push_str("];\n");
    let out = env::var_os("OUT_DIR").ok_or_else(|| io::Error::other("OUT_DIR is not set"))?;
    fs::write(Path::new(&out).join("embedded_site.rs"), table)
}

/// Files below `folder` by their path with forward slashes.
fn collect(folder: &Path, prefix: &str, into: &mut Vec<(String, PathBuf)>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.file_type()?.is_dir() {
            collect(&entry.path(), &format!("{name}/"), into)?;
        } else {
            into.push((name, entry.path()));
        }
    }
    Ok(())
}
