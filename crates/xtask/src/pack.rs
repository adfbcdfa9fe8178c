//! Puts the chunks of a split build into one file a page, and one for all pages.
//!
//! The splitter makes a chunk for every set of lazy routes that share a function: more than a hundred, most below 2 KB, so a
//! page would ask for sixty of them, each compressed by itself. Packed, a page is one file: its own code and what it shares
//! with a few others, which is in their files again. What at least a third of the pages use is in a file of its own that loads
//! with the entry. The loader the splitter wrote is changed where it fetches.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use anyhow::{Context as _, bail, ensure};
use serde_json::json;

/// The pack of what most pages share. Not a module, but named like one: the server announces chunks by name and adds the
/// ending.
pub(crate) const COMMON: &str = "common";

/// Takes chunks out of packs, each as a response like that of a file of its own. `PACKS` says where they are.
const TAKE: &str = r#"
const files = {};
function want(pack) {
    if (!(pack in PACKS)) return;
    files[pack] ??= fetch(new URL(`./${pack}.wasm`, import.meta.url)).then((response) => {
        if (!response.ok) throw new Error(`${pack}.wasm: ${response.status}`);
        return response.arrayBuffer();
    });
    files[pack].catch(() => delete files[pack]); // the next call tries again
}
async function take(chunk) {
    const pack = Object.keys(files).find((pack) => chunk in PACKS[pack]);
    const [from, to] = PACKS[pack][chunk];
    const bytes = (await files[pack]).slice(from, to);
    return new Response(bytes, { headers: { "content-type": "application/wasm" } });
}
function makePage(pack, fetcher, chunks) {
    const load = makeLoad(fetcher, chunks);
    return () => {
        want("common");
        want(pack);
        return load();
    };
}
"#;

/// Files to preload by lazy function.
pub(crate) type Splits = BTreeMap<String, Vec<String>>;

/// Replaces the chunks of `stage`, which `splits` names by lazy function, by packs; gives the packs in their place.
pub(crate) fn pack(stage: &Path, loader: &str, splits: Splits) -> anyhow::Result<Splits> {
    let plan = Plan::of(&splits)?;
    let loader = stage.join(loader);
    let mut script = fs::read_to_string(&loader).with_context(|| format!("cannot read `{}`", loader.display()))?;
    for (name, is_page) in plan.chunks() {
        script = take_from_pack(&script, name, is_page)?;
    }
    let mut places = BTreeMap::new();
    let mut written = Vec::new();
    for (pack, chunks) in &plan.packs {
        let mut bytes = Vec::new();
        let mut inside = BTreeMap::new();
        for chunk in chunks {
            let from = bytes.len();
            bytes.extend(fs::read(stage.join(format!("{chunk}.wasm")))?);
            inside.insert(chunk, json!([from, bytes.len()]));
        }
        places.insert(pack, inside);
        written.push((pack, bytes));
    }
    for (chunk, _) in plan.chunks() {
        fs::remove_file(stage.join(format!("{chunk}.wasm")))?;
    }
    for (pack, bytes) in written {
        fs::write(stage.join(format!("{pack}.wasm")), bytes)?;
    }
    fs::write(&loader, format!("{script}\nconst PACKS = {};\n{TAKE}", serde_json::to_string(&places)?))?;
    Ok(splits.into_iter().map(|(split, chunks)| (split, plan.files(&chunks))).collect())
}

/// Which chunks go into which pack. A page's pack has the name of its own chunk.
#[derive(Debug, Eq, PartialEq)]
struct Plan {
    packs: BTreeMap<String, Vec<String>>,
}

impl Plan {
    fn of(splits: &Splits) -> anyhow::Result<Self> {
        let mut users: BTreeMap<&String, usize> = BTreeMap::new();
        for chunk in splits.values().flatten() {
            *users.entry(chunk).or_default() += 1;
        }
        let mut packs = BTreeMap::new();
        let (common, _): (Vec<&String>, Vec<usize>) =
            users.iter().filter(|(chunk, count)| !is_page(chunk) && **count * 3 >= splits.len()).unzip();
        for (split, chunks) in splits {
            let own: Vec<&String> = chunks.iter().filter(|chunk| is_page(chunk)).collect();
            let [own] = own.as_slice() else {
                bail!("`{split}` has {} chunks of its own, not one", own.len());
            };
            let inside: BTreeSet<String> = chunks.iter().filter(|chunk| !common.contains(chunk)).cloned().collect();
            packs.insert((*own).clone(), inside.into_iter().collect());
        }
        if !common.is_empty() {
            packs.insert(COMMON.to_owned(), common.into_iter().cloned().collect());
        }
        Ok(Self { packs })
    }

    /// Every chunk once, and whether it is a page's own.
    fn chunks(&self) -> BTreeSet<(&str, bool)> {
        self.packs.values().flatten().map(|chunk| (chunk.as_str(), is_page(chunk))).collect()
    }

    /// What a page with these chunks loads.
    fn files(&self, chunks: &[String]) -> Vec<String> {
        let wanted = |pack: &&String| pack.as_str() == COMMON || chunks.contains(pack);
        self.packs.keys().filter(wanted).cloned().collect()
    }
}

/// The splitter's names: `split_…` is the own chunk of a lazy function, `chunk_…` what several share.
fn is_page(chunk: &str) -> bool {
    chunk.starts_with("split_")
}

/// Changes where the loader gets one chunk from.
fn take_from_pack(script: &str, name: &str, is_page: bool) -> anyhow::Result<String> {
    let load = if is_page { "wrapAsyncCb(makeLoad(" } else { "= makeLoad(" };
    let fetch = format!("{load}() => {{\n    const src = fetch(new URL(\"./{name}.wasm\", import.meta.url));");
    ensure!(script.matches(&fetch).count() == 1, "the splitter's loader does not fetch `{name}` as expected");
    let load = if is_page { format!("wrapAsyncCb(makePage(\"{name}\", ") } else { load.to_owned() };
    Ok(script.replace(&fetch, &format!("{load}() => {{\n    const src = take(\"{name}\");")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn splits(list: &[(&str, &[&str])]) -> Splits {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        list.iter().map(|(split, chunks)| ((*split).to_owned(), owned(chunks))).collect()
    }

    #[test]
    fn what_a_third_of_the_pages_use_is_common_and_the_rest_is_in_each_page() {
        let splits = splits(&[
            ("home", &["chunk_1", "chunk_2", "split_home"]),
            ("keys", &["chunk_1", "split_keys"]),
            ("trace", &["chunk_2", "chunk_3", "split_trace"]),
            ("traces", &["chunk_1", "split_traces"]),
            ("root", &["split_root"]),
        ]);
        let plan = Plan::of(&splits).unwrap();
        assert_eq!(plan.packs[COMMON], ["chunk_1", "chunk_2"]);
        assert_eq!(plan.packs["split_home"], ["split_home"]);
        assert_eq!(plan.packs["split_trace"], ["chunk_3", "split_trace"]);
        assert_eq!(plan.files(&splits["home"]), [COMMON, "split_home"]);
        assert_eq!(plan.chunks().len(), 8);
    }

    #[test]
    fn the_loader_takes_from_packs() {
        let chunk =
            "const __chunk_1 = makeLoad(() => {\n    const src = fetch(new URL(\"./chunk_1.wasm\", import.meta.url));";
        assert_eq!(
            take_from_pack(chunk, "chunk_1", false).unwrap(),
            "const __chunk_1 = makeLoad(() => {\n    const src = take(\"chunk_1\");"
        );
        let page = "export const a = wrapAsyncCb(makeLoad(() => {\n    const src = fetch(new URL(\"./split_a.wasm\", import.meta.url));";
        assert_eq!(
            take_from_pack(page, "split_a", true).unwrap(),
            "export const a = wrapAsyncCb(makePage(\"split_a\", () => {\n    const src = take(\"split_a\");"
        );
    }

    #[test]
    fn a_loader_that_looks_different_is_an_error() {
        assert!(take_from_pack("import('./chunk_1.wasm')", "chunk_1", false).is_err());
    }
}
