//! Puts the small chunks of a split build into one file.
//!
//! The splitter makes a chunk for every set of routes that share a function: more than a hundred, most below 2 KB, and a
//! page would ask for sixty of them. Packed, a page loads its own chunk, a few large shared ones and one pack that the next
//! page has already. The loader the splitter wrote is changed at one place, the `fetch` of each packed chunk.

use std::{collections::BTreeMap, fmt::Write as _, fs, path::Path};

use anyhow::{Context as _, ensure};

/// Chunks below this size are packed.
const SMALL: u64 = 16 * 1024;

/// The pack. Not a module, but named like one: the server announces chunks by name and adds the ending.
const PACK: &str = "shared";

/// Takes a chunk out of the pack, as a response like that of a file of its own.
const TAKE: &str = r#"
let pack;
async function take(from, to) {
    pack ??= fetch(new URL("./shared.wasm", import.meta.url)).then((response) => {
        if (!response.ok) throw new Error(`shared.wasm: ${response.status}`);
        return response.arrayBuffer();
    });
    try {
        const chunk = (await pack).slice(from, to);
        return new Response(chunk, { headers: { "content-type": "application/wasm" } });
    } catch (error) {
        pack = undefined; // the next call tries again
        throw error;
    }
}
"#;

/// Chunks to preload by lazy function.
pub(crate) type Splits = BTreeMap<String, Vec<String>>;

/// Packs the small chunks of `stage`; gives `splits` with the pack in their place.
pub(crate) fn pack(stage: &Path, loader: &str, splits: Splits) -> anyhow::Result<Splits> {
    let loader = stage.join(loader);
    let mut script = fs::read_to_string(&loader).with_context(|| format!("cannot read `{}`", loader.display()))?;
    let mut bytes = Vec::new();
    let mut packed = Vec::new();
    for name in chunk_names(stage)? {
        let file = stage.join(format!("{name}.wasm"));
        if fs::metadata(&file)?.len() >= SMALL {
            continue;
        }
        let from = bytes.len();
        bytes.extend(fs::read(&file)?);
        script = take_from_pack(&script, &name, from, bytes.len())?;
        fs::remove_file(&file)?;
        packed.push(name);
    }
    if packed.is_empty() {
        return Ok(splits);
    }
    script.push_str(TAKE);
    fs::write(&loader, script)?;
    fs::write(stage.join(format!("{PACK}.wasm")), bytes)?;
    Ok(splits.into_iter().map(|(split, chunks)| (split, with_pack(chunks, &packed))).collect())
}

/// Changes where the loader gets one chunk from.
fn take_from_pack(script: &str, name: &str, from: usize, to: usize) -> anyhow::Result<String> {
    let fetch = format!("fetch(new URL(\"./{name}.wasm\", import.meta.url))");
    ensure!(script.matches(&fetch).count() == 1, "the splitter's loader does not fetch `{name}` as expected");
    let mut take = String::new();
    write!(take, "take({from}, {to})")?;
    Ok(script.replace(&fetch, &take))
}

/// Every chunk that several routes share, in a fixed order. A route's own chunk stays a file of its own.
fn chunk_names(stage: &Path) -> anyhow::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(stage)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if let Some(chunk) = name.strip_suffix(".wasm").filter(|name| name.starts_with("chunk_")) {
            names.push(chunk.to_owned());
        }
    }
    names.sort();
    Ok(names)
}

fn with_pack(chunks: Vec<String>, packed: &[String]) -> Vec<String> {
    let before = chunks.len();
    let mut rest: Vec<String> = chunks.into_iter().filter(|chunk| !packed.contains(chunk)).collect();
    if rest.len() < before {
        rest.push(PACK.to_owned());
    }
    rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packed_chunk_is_taken_from_its_place() {
        let script = "const src = fetch(new URL(\"./chunk_1.wasm\", import.meta.url));";
        assert_eq!(take_from_pack(script, "chunk_1", 5, 9).unwrap(), "const src = take(5, 9);");
    }

    #[test]
    fn a_loader_that_looks_different_is_an_error() {
        assert!(take_from_pack("import('./chunk_1.wasm')", "chunk_1", 0, 1).is_err());
    }

    #[test]
    fn the_pack_stands_once_for_all_it_holds() {
        let chunks = ["chunk_1", "own", "chunk_2"].map(str::to_owned).to_vec();
        let packed = ["chunk_1", "chunk_2"].map(str::to_owned);
        assert_eq!(with_pack(chunks, &packed), ["own", "shared"]);
    }
}
