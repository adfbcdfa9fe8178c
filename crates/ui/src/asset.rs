//! Where the built files are. The server provides [`PkgBase`]; the browser reads the same value from the document's head:
//! `<meta name="assay-pkg" content="/pkg/<hash>/">`.

use leptos::prelude::*;

/// Folder of this build, with a slash at its end.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PkgBase(pub String);

/// Address of a file of the build, such as `icons.svg`.
pub fn url(file: &str) -> String {
    let base = match use_context::<PkgBase>() {
        Some(PkgBase(base)) => base,
        None => from_document(),
    };
    format!("{base}{file}")
}

#[cfg(target_arch = "wasm32")]
fn from_document() -> String {
    use std::cell::OnceCell;
    thread_local! {
        static BASE: OnceCell<String> = const { OnceCell::new() };
    }
    BASE.with(|cell| {
        cell.get_or_init(|| {
            let meta = document().query_selector("meta[name=assay-pkg]").ok().flatten();
            meta.and_then(|meta| meta.get_attribute("content")).unwrap_or_default()
        })
        .clone()
    })
}

#[cfg(not(target_arch = "wasm32"))]
fn from_document() -> String {
    String::new()
}
