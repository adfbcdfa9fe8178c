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

use anyhow::{Context as _, bail};

/// The pack of what most pages share. Not a module, but named like one: the server announces chunks by name and adds the
/// ending.
pub(crate) const COMMON: &str = "common";

/// Takes chunks out of packs, each as a response like that of a file of its own. A pack is its page's own chunk, as long as
/// `OWN` says, then shared ones by number: `PACKS` has the steps from one number to the next, `SHARED` the size of each. Plain
/// places, written anew for every pack a chunk is in, would be half of the loader.
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
const placesOf = {};
function places(pack) {
    if (placesOf[pack]) return placesOf[pack];
    const inside = {};
    let [to, number] = [0, 0];
    const put = (chunk, size) => (inside[chunk] = [to, (to += Number(size))]);
    if (pack in OWN) put(pack, OWN[pack]);
    for (const step of PACKS[pack].split(" ")) {
        number += Number(step);
        put(number, SHARED[number]);
    }
    return (placesOf[pack] = inside);
}
async function take(chunk) {
    const pack = Object.keys(files).find((pack) => chunk in places(pack));
    const [from, to] = places(pack)[chunk];
    const bytes = (await files[pack]).slice(from, to);
    return new Response(bytes, { headers: { "content-type": "application/wasm" } });
}
function taking(chunk) {
    return () => {
        const source = take(chunk);
        source.catch(() => {}); // who waits for it hears of it
        return async (imports) => WebAssembly.instantiateStreaming(source, imports);
    };
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
    let mut own = BTreeMap::new();
    let mut shared: Vec<usize> = Vec::new();
    let mut steps = BTreeMap::new();
    let mut written = Vec::new();
    for (pack, chunks) in &plan.packs {
        let mut bytes = Vec::new();
        let mut numbers = Vec::new();
        for chunk in chunks {
            let module = fs::read(stage.join(format!("{chunk}.wasm")))?;
            match number(chunk) {
                Some(number) => {
                    shared.resize(shared.len().max(number + 1), 0);
                    if let Some(size) = shared.get_mut(number) {
                        *size = module.len();
                    }
                    numbers.push(number);
                }
                None => {
                    own.insert(chunk, module.len());
                }
            }
            bytes.extend(module);
        }
        steps.insert(pack, stepped(&numbers));
        written.push((pack, bytes));
    }
    for (chunk, _) in plan.chunks() {
        fs::remove_file(stage.join(format!("{chunk}.wasm")))?;
    }
    for (pack, bytes) in written {
        fs::write(stage.join(format!("{pack}.wasm")), bytes)?;
    }
    let sizes: Vec<String> = shared.iter().map(ToString::to_string).collect();
    let data = format!(
        "const OWN = {};\nconst SHARED = \"{}\".split(\" \");\nconst PACKS = {};",
        serde_json::to_string(&own)?,
        sizes.join(" "),
        serde_json::to_string(&steps)?,
    );
    fs::write(&loader, format!("{script}\n{data}\n{TAKE}"))?;
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
        // What a page loads later by itself, such as the finder, is no page.
        let pages = splits.values().filter(|chunks| chunks.iter().any(|chunk| is_view(chunk)));
        let mut all = 0;
        for chunks in pages {
            all += 1;
            for chunk in chunks {
                *users.entry(chunk).or_default() += 1;
            }
        }
        let mut packs = BTreeMap::new();
        let (common, _): (Vec<&String>, Vec<usize>) =
            users.iter().filter(|(chunk, count)| !is_page(chunk) && **count * 3 >= all).unzip();
        for (split, chunks) in splits {
            let own: Vec<&String> = chunks.iter().filter(|chunk| is_page(chunk)).collect();
            let [own] = own.as_slice() else {
                bail!("`{split}` has {} chunks of its own, not one", own.len());
            };
            packs.insert((*own).clone(), in_order(chunks.iter().filter(|chunk| !common.contains(chunk))));
        }
        if !common.is_empty() {
            packs.insert(COMMON.to_owned(), in_order(common.into_iter()));
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

/// The own chunk of a page and not of another lazy function: lazy routes name it after their `view`.
fn is_view(chunk: &str) -> bool {
    is_page(chunk) && chunk.contains("_view_")
}

/// The splitter's names: `split_…` is the own chunk of a lazy function, `chunk_…` what several share.
fn is_page(chunk: &str) -> bool {
    chunk.starts_with("split_")
}

/// The number of a shared chunk.
fn number(chunk: &str) -> Option<usize> {
    chunk.strip_prefix("chunk_")?.parse().ok()
}

/// As a pack holds them: a page's own chunk, then shared ones by number.
fn in_order<'c>(chunks: impl Iterator<Item = &'c String>) -> Vec<String> {
    let mut chunks: Vec<String> = chunks.cloned().collect();
    chunks.sort_by_key(|chunk| number(chunk));
    chunks.dedup();
    chunks
}

/// Numbers as the steps from each to the next.
fn stepped(numbers: &[usize]) -> String {
    let before = std::iter::once(&0).chain(numbers);
    let steps: Vec<String> =
        numbers.iter().zip(before).map(|(number, before)| number.abs_diff(*before).to_string()).collect();
    steps.join(" ")
}

/// Changes where the loader gets one chunk from.
fn take_from_pack(script: &str, name: &str, is_page: bool) -> anyhow::Result<String> {
    let load = if is_page { "wrapAsyncCb(makeLoad(" } else { "= makeLoad(" };
    // With debug assertions the splitter wraps what it instantiates.
    let fetches = ["", "debugWrap"].map(|wrap| {
        format!(
            "{load}() => {{\n    const src = fetch(new URL(\"./{name}.wasm\", import.meta.url));\n    src.catch(() => {{}});\n    \
             return async (imports) => {wrap}(WebAssembly.instantiateStreaming(src, imports));\n}}\n"
        )
    });
    let found: Vec<&String> = fetches.iter().filter(|fetch| script.matches(fetch.as_str()).count() == 1).collect();
    let [fetch] = found.as_slice() else {
        bail!("the splitter's loader does not fetch `{name}` as expected");
    };
    let load = if is_page { format!("wrapAsyncCb(makePage(\"{name}\", ") } else { load.to_owned() };
    let key = number(name).map_or_else(|| format!("\"{name}\""), |number| number.to_string());
    Ok(script.replace(fetch.as_str(), &format!("{load}taking({key})")))
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
            ("home", &["chunk_1", "chunk_2", "split_home_view_1"]),
            ("keys", &["chunk_1", "split_keys_view_1"]),
            ("trace", &["chunk_2", "chunk_3", "split_trace_view_1"]),
            ("traces", &["chunk_1", "split_traces_view_1"]),
            ("root", &["split_root_view_1"]),
        ]);
        let plan = Plan::of(&splits).unwrap();
        assert_eq!(plan.packs[COMMON], ["chunk_1", "chunk_2"]);
        assert_eq!(plan.packs["split_home_view_1"], ["split_home_view_1"]);
        assert_eq!(plan.packs["split_trace_view_1"], ["split_trace_view_1", "chunk_3"]);
        assert_eq!(plan.files(&splits["home"]), [COMMON, "split_home_view_1"]);
        assert_eq!(plan.chunks().len(), 8);
    }

    #[test]
    fn shared_chunks_lie_by_number_after_the_own_one() {
        let chunks = ["chunk_10", "chunk_9", "split_a", "chunk_31"].map(str::to_owned);
        let ordered = in_order(chunks.iter());
        assert_eq!(ordered, ["split_a", "chunk_9", "chunk_10", "chunk_31"]);
        let numbers: Vec<usize> = ordered.iter().filter_map(|chunk| number(chunk)).collect();
        assert_eq!(stepped(&numbers), "9 1 21");
    }

    #[test]
    fn the_loader_takes_from_packs() {
        let fetch = |name: &str| {
            format!(
                "() => {{\n    const src = fetch(new URL(\"./{name}.wasm\", import.meta.url));\n    src.catch(() => {{}});\n    \
                 return async (imports) => (WebAssembly.instantiateStreaming(src, imports));\n}}\n"
            )
        };
        let chunk = format!("const __chunk_1 = makeLoad({}, []);", fetch("chunk_1"));
        assert_eq!(take_from_pack(&chunk, "chunk_1", false).unwrap(), "const __chunk_1 = makeLoad(taking(1), []);");
        let page = format!("export const a = wrapAsyncCb(makeLoad({}, [__chunk_1]));", fetch("split_a"));
        assert_eq!(
            take_from_pack(&page, "split_a", true).unwrap(),
            "export const a = wrapAsyncCb(makePage(\"split_a\", taking(\"split_a\"), [__chunk_1]));"
        );
    }

    #[test]
    fn a_loader_that_looks_different_is_an_error() {
        assert!(take_from_pack("import('./chunk_1.wasm')", "chunk_1", false).is_err());
    }
}
