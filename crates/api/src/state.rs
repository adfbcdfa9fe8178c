use std::{sync::Arc, time::Duration};

use services::Services;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::rate::{RateLimits, Rates};

/// How the interface behaves; the defaults suit one machine on loopback.
#[derive(Clone)]
pub struct ApiConfig {
    /// The version of the product, as `health` tells it.
    pub version: &'static str,
    /// The address people reach this server at, when it stands behind a proxy; for the `Origin` check.
    pub public_url: Option<String>,
    /// Requests an actor may send a second.
    pub limits: RateLimits,
    /// How long a request may take before it is answered with 503.
    pub timeout: Duration,
    /// The largest body, counted after decompression. The SDKs send up to 64 MiB.
    pub max_body_bytes: usize,
    /// The largest file to import. It is kept on disk, never in memory.
    pub max_import_bytes: u64,
    /// How long sending such a file may take.
    pub upload_timeout: Duration,
    /// Gives the text `/metrics` answers; without it there is no such page.
    pub metrics: Option<Arc<dyn Fn() -> String + Send + Sync>>,
    /// Cancelled when the server stops: event streams end then, so that it need not wait for whoever listens.
    pub stopping: CancellationToken,
}

impl Default for ApiConfig {
    fn default() -> Self {
        Self {
            version: env!("CARGO_PKG_VERSION"),
            public_url: None,
            limits: RateLimits::default(),
            timeout: Duration::from_secs(30),
            max_body_bytes: 64 * 1024 * 1024,
            max_import_bytes: 1024 * 1024 * 1024,
            upload_timeout: Duration::from_mins(15),
            metrics: None,
            stopping: CancellationToken::new(),
        }
    }
}

/// Most clients that listen at once; each holds a connection. The others poll.
const MOST_LISTENERS: usize = 2_000;

/// What every handler can reach.
#[derive(Clone)]
pub(crate) struct ApiState {
    pub(crate) services: Services,
    pub(crate) config: Arc<ApiConfig>,
    pub(crate) rates: Rates,
    /// Places for clients that listen to event streams.
    pub(crate) listeners: Arc<Semaphore>,
}

impl ApiState {
    pub(crate) fn new(services: Services, config: ApiConfig) -> Self {
        let rates = Rates::new(config.limits);
        Self { services, config: Arc::new(config), rates, listeners: Arc::new(Semaphore::new(MOST_LISTENERS)) }
    }
}
