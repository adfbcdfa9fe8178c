//! Packs the data into one compressed file per set, so that the binary carries 0.8 MB instead of 6.

use std::{
    env,
    ffi::OsStr,
    fs, io,
    path::{Path, PathBuf},
};

/// The level where the time of a build and the size of the binary are both small.
const LEVEL: i32 = 19;

fn main() -> io::Result<()> {
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").ok_or_else(|| io::Error::other("not run by cargo"))?);
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or_else(|| io::Error::other("OUT_DIR is not set"))?);
    for set in ["gsm8k", "self-instruct", "chats"] {
        let folder = root.join("data").join(set);
        println!("cargo::rerun-if-changed={}", folder.display());
        fs::write(out.join(set), zstd::encode_all(lines_of(&folder)?.as_slice(), LEVEL)?)?;
    }
    Ok(())
}

/// The JSON lines of a folder's files in order of their names, each file behind a line with its name.
fn lines_of(folder: &Path) -> io::Result<Vec<u8>> {
    let mut files: Vec<PathBuf> =
        fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path())).collect::<io::Result<_>>()?;
    files.retain(|path| path.extension() == Some(OsStr::new("jsonl")));
    files.sort();
    let mut lines = Vec::new();
    for file in files {
        let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        lines.extend_from_slice(format!("{:?}\n", name.trim_end_matches("_predictions")).as_bytes());
        lines.extend_from_slice(fs::read_to_string(&file)?.trim_end().as_bytes());
        lines.push(b'\n');
    }
    Ok(lines)
}
