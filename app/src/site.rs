//! Where the built browser files are. `server` reads the manifest once at start and provides [`Site`] to every request.

use std::{collections::HashMap, sync::Arc};

use axum::http::{HeaderName, HeaderValue};
use leptos::{WasmSplitManifest, prelude::*};
use leptos_axum::ResponseOptions;
use serde::Deserialize;
use ui::PkgBase;

use crate::wire::BUILD_HEADER;

/// Name of the module that loads split chunks; the linker writes it into the WASM, so it cannot be chosen.
const SPLIT_LOADER: &str = "__wasm_split.______________________.js";

/// What `cargo xtask` writes to `site.json` beside the files.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Manifest {
    /// Folder under `/pkg/` that holds everything of this build; named by its content.
    pub hash: String,
    /// For each lazy function the chunks to preload.
    #[serde(default)]
    pub splits: HashMap<String, Vec<String>>,
    /// Font files (under the folder) worth preloading.
    #[serde(default)]
    pub fonts: Vec<String>,
}

/// The site of this server, cheap to clone.
#[derive(Clone, Debug)]
pub struct Site {
    manifest: Arc<Manifest>,
    base: Arc<str>,
}

impl Site {
    /// From its manifest.
    pub fn new(manifest: Manifest) -> Self {
        let base = format!("/pkg/{}", manifest.hash).into();
        Self { manifest: Arc::new(manifest), base }
    }

    /// Address of a file of the build, such as `assay.css`.
    pub fn url(&self, file: &str) -> String {
        format!("{}/{file}", self.base)
    }

    /// Fonts to preload.
    pub fn fonts(&self) -> &[String] {
        &self.manifest.fonts
    }

    /// Provides what pages need to name files of the build, and Leptos to announce the chunks of the lazy routes it draws.
    /// Call once a request.
    pub fn provide(&self) {
        // An open page may be older than the server: it compares this with its own before it reads an answer.
        if let (Some(response), Ok(build)) = (use_context::<ResponseOptions>(), HeaderValue::from_str(&self.url(""))) {
            response.insert_header(HeaderName::from_static(BUILD_HEADER), build);
        }
        provide_context(self.clone());
        provide_context(PkgBase(self.url("")));
        provide_context(WasmSplitManifest(ArcStoredValue::new((
            self.base.to_string(),
            self.manifest.splits.clone(),
            SPLIT_LOADER.to_owned(),
        ))));
    }
}
