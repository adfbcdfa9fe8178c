//! Connections: each is served on its own, has to say what it wants in time, and is let finish when the server stops.

use std::{convert::Infallible, net::SocketAddr, time::Duration};

use axum::{
    Router,
    body::Body,
    extract::{ConnectInfo, Request},
};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::{TcpListener, TcpStream},
    time,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower::ServiceExt as _;

/// How long the head of a request may take, and how long a connection may stay open without one. Longer than browsers and SDKs
/// wait between two requests in a row.
const HEAD: Duration = Duration::from_secs(30);
/// Most bytes of a request read at once, and so of its head. A connection keeps them while it waits for the next request; hyper's
/// own limit takes 400 KB of every one that once sent a batch.
const READ: usize = 64 * 1024;
/// After a connection could not be accepted, mostly because there are too many open files: some may be closed by then.
const AFTER_FAILURE: Duration = Duration::from_millis(100);

/// Serves until `stopping` is cancelled and every request in flight is answered.
pub(crate) async fn serve(listener: TcpListener, app: Router, stopping: &CancellationToken) {
    let connections = TaskTracker::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stopping.cancelled() => break,
        };
        match accepted {
            Ok((stream, peer)) => {
                connections.spawn(connection(stream, peer, app.clone(), stopping.clone()));
            }
            Err(error) => {
                tracing::warn!(%error, "could not accept a connection; trying again");
                time::sleep(AFTER_FAILURE).await;
            }
        }
    }
    // Nobody waits to be accepted by a server that stops.
    drop(listener);
    connections.close();
    connections.wait().await;
}

async fn connection(stream: TcpStream, peer: SocketAddr, app: Router, stopping: CancellationToken) {
    // Pages come in pieces: without this the kernel holds a small one back until the browser has confirmed the one before, which
    // browsers put off for 40 ms.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::warn!(%error, "a connection sends small pieces late");
    }
    let service = service_fn(move |request: Request<Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(ConnectInfo(peer));
        let app = app.clone();
        async move {
            let answer: Result<_, Infallible> = app.oneshot(request).await;
            answer
        }
    });
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEAD).max_buf_size(READ);
    let served = builder.serve_connection(TokioIo::new(stream), service);
    tokio::pin!(served);
    let ended = tokio::select! {
        ended = served.as_mut() => ended,
        () = stopping.cancelled() => {
            served.as_mut().graceful_shutdown();
            served.await
        }
    };
    // Clients go away as they like.
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended early");
    }
}
