//! `assay serve`: wire, listen, drain.
#![expect(clippy::print_stdout, reason = "the address and the one-time link are for the person who started the server")]

use std::{net::SocketAddr, time::Duration};

use anyhow::Context as _;
use api::ApiConfig;
use services::{
    Services,
    access::{Initial, Initialized},
};
use tokio::{net::TcpListener, time};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::{
    config::ServeArgs,
    counters,
    data::{self, FolderLock},
    listen, logs, router,
    site::SiteFiles,
    state::{AppState, Reach},
    workers,
};

/// How long requests in flight may take once the server is told to stop.
const DRAIN: Duration = Duration::from_secs(20);

pub(crate) async fn serve(args: ServeArgs) -> anyhow::Result<()> {
    logs::start(&args.log, args.log_format)?;
    let site = SiteFiles::load(args.site.as_deref())?;
    if site.is_empty() {
        warn!("this binary has no site inside: pages come without style and script (`cargo xtask build` embeds it)");
    }
    let reach = Reach {
        public_url: args.public_url.clone(),
        secure: args.secure(),
        trusted_proxies: args.trusted_proxies.clone(),
    };
    if reach.secure && reach.public_url.is_none() {
        warn!("people cannot sign in over plain http from other machines: set ASSAY_PUBLIC_URL, or ASSAY_ALLOW_HTTP=1");
    }

    let recorder = counters::start()?;
    std::fs::create_dir_all(&args.data)
        .with_context(|| format!("cannot make the data folder `{}`", args.data.display()))?;
    let _lock = FolderLock::take(&args.data)?;
    let data = data::open(&args.data).await?;
    let services = data.services();
    let stopping = CancellationToken::new();
    let api = ApiConfig {
        public_url: reach.public_url.clone(),
        metrics: Some(counters::page(recorder.clone(), services.clone(), data.events.clone())),
        stopping: stopping.clone(),
        ..ApiConfig::default()
    };
    let state = AppState::new(site, services.clone(), api, reach).context("cannot write the OpenAPI document")?;
    let link = set_up(&services, args.init.into_initial()).await?;

    let listener =
        TcpListener::bind(args.listen).await.with_context(|| format!("cannot listen on `{}`", args.listen))?;
    let address = listener.local_addr()?;
    let stop = CancellationToken::new();
    let workers = workers::start(&stop, &services, data.events.clone(), recorder);
    info!(%address, data = %args.data.display(), "listening");
    greet(address, args.public_url.as_deref(), link.as_deref());

    let told = stopping.clone();
    tokio::spawn(async move {
        workers::shutdown_signal().await;
        info!("stopping");
        told.cancel();
    });
    tokio::select! {
        () = listen::serve(listener, router::router(state), &stopping) => {}
        () = async { stopping.cancelled().await; time::sleep(DRAIN).await } => warn!("left requests that took too long"),
    }

    // The queue is finished first; then nothing is appended any more, and folding goes on at the next start.
    stop.cancel();
    workers.close();
    workers.wait().await;
    data.close().await?;
    info!("stopped");
    Ok(())
}

/// Makes the first owner when told to; else the link by which somebody becomes it, if nobody exists.
async fn set_up(services: &Services, initial: Option<Initial>) -> anyhow::Result<Option<String>> {
    if let Some(initial) = initial {
        let outcome = services.access.initialize(initial).await.map_err(data::explain)?;
        if outcome == Initialized::Created {
            info!("made the first owner and project");
        }
    }
    let link = services.access.first_owner_link().await.map_err(data::explain)?;
    Ok(link.map(|token| format!("/setup?token={}", token.reveal())))
}

/// Tells the person at the terminal where to go.
fn greet(address: SocketAddr, public_url: Option<&str>, link: Option<&str>) {
    let url = public_url.map_or_else(|| format!("http://{address}"), |url| url.trim_end_matches('/').to_owned());
    println!("Assay is running at {url}");
    if let Some(link) = link {
        println!("Nobody can sign in yet. Open this link once to become the owner: {url}{link}");
    }
}
