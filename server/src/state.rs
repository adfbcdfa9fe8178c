//! What every handler can reach.

use std::sync::Arc;

use axum::extract::FromRef;
use leptos::config::LeptosOptions;

use crate::site::SiteFiles;

#[derive(Clone, FromRef)]
pub(crate) struct AppState {
    pub(crate) leptos: LeptosOptions,
    pub(crate) site: Arc<SiteFiles>,
    // WIRING: `services: Arc<Services>` and what `api` needs.
}

impl AppState {
    pub(crate) fn new(site: SiteFiles) -> Self {
        // Only the output name is required; files are found through `app::site::Site`.
        let leptos = LeptosOptions::builder().output_name("assay").build();
        Self { leptos, site: Arc::new(site) }
    }
}
