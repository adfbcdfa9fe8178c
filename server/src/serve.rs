//! `assay serve`: wire, listen, drain.
#![expect(clippy::print_stdout, reason = "the address and the one-time link are for the person who started the server")]

use std::net::SocketAddr;

use anyhow::Context as _;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::{config::ServeArgs, logs, router, site::SiteFiles, state::AppState, workers};

pub(crate) async fn serve(args: ServeArgs) -> anyhow::Result<()> {
    logs::start(&args.log, args.log_format)?;
    std::fs::create_dir_all(&args.data)
        .with_context(|| format!("cannot make the data folder `{}`", args.data.display()))?;
    let site = SiteFiles::load(args.site.as_deref())?;
    if site.is_empty() {
        warn!("this binary has no site inside: pages come without style and script (`cargo xtask build` embeds it)");
    }

    // WIRING: open the stores, migrate, build `Services`, start the workers and hand all of it to `AppState`. This is the
    // one place that names concrete stores.
    let state = AppState::new(site);
    let stop = CancellationToken::new();
    let workers = workers::start(&stop);

    let listener =
        TcpListener::bind(args.listen).await.with_context(|| format!("cannot listen on `{}`", args.listen))?;
    let address = listener.local_addr()?;
    info!(%address, data = %args.data.display(), "listening");
    greet(address, args.public_url.as_deref());

    let app = router::router(state).into_make_service_with_connect_info::<SocketAddr>();
    let stopped = stop.clone();
    axum::serve(listener, app)
        .with_graceful_shutdown(async move {
            workers::shutdown_signal().await;
            info!("stopping");
            stopped.cancel();
        })
        .await
        .context("the server failed")?;

    workers.close();
    workers.wait().await;
    // WIRING: finish the ingest queue and checkpoint here.
    info!("stopped");
    Ok(())
}

/// Tells the person at the terminal where to go.
fn greet(address: SocketAddr, public_url: Option<&str>) {
    let url = public_url.map_or_else(|| format!("http://{address}"), |url| url.trim_end_matches('/').to_owned());
    println!("Assay is running at {url}");
}
