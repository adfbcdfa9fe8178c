//! What every handler can reach.

use std::{net::IpAddr, sync::Arc};

use api::ApiConfig;
use app::context::Interface;
use axum::extract::FromRef;
use leptos::config::LeptosOptions;
use services::Services;

use crate::site::SiteFiles;

#[derive(Clone, FromRef)]
pub(crate) struct AppState {
    pub(crate) leptos: LeptosOptions,
    pub(crate) site: Arc<SiteFiles>,
    pub(crate) services: Services,
    pub(crate) api: ApiConfig,
    pub(crate) reach: Arc<Reach>,
    pub(crate) interface: Interface,
}

/// How this server is reached.
#[derive(Debug)]
pub(crate) struct Reach {
    /// The address people and SDKs use, when it is configured.
    pub(crate) public_url: Option<String>,
    /// Whether browsers come over https.
    pub(crate) secure: bool,
    /// Proxies whose word is taken for where a request comes from.
    pub(crate) trusted_proxies: Vec<IpAddr>,
}

impl AppState {
    pub(crate) fn new(site: SiteFiles, services: Services, api: ApiConfig, reach: Reach) -> serde_json::Result<Self> {
        // Only the output name is required; files are found through `app::site::Site`.
        let leptos = LeptosOptions::builder().output_name("assay").build();
        let interface = Interface(Arc::new(api::document()?));
        Ok(Self { leptos, site: Arc::new(site), services, api, reach: Arc::new(reach), interface })
    }
}
