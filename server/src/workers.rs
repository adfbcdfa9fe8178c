//! Background work and the signal that ends it.

use tokio::signal;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// Starts the periodic work. Each task ends when `stop` is cancelled; the tracker waits for them.
pub(crate) fn start(stop: &CancellationToken) -> TaskTracker {
    let tasks = TaskTracker::new();
    // WIRING: folding, retention, leases. `tasks.spawn(worker(stop.child_token()))`.
    let _ = stop;
    tasks
}

/// Completes on SIGTERM or Ctrl-C.
pub(crate) async fn shutdown_signal() {
    let interrupt = async {
        if signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    #[cfg(unix)]
    let terminate = async {
        match signal::unix::signal(signal::unix::SignalKind::terminate()) {
            Ok(mut stream) => {
                stream.recv().await;
            }
            Err(_) => std::future::pending().await,
        }
    };
    #[cfg(not(unix))]
    let terminate = std::future::pending::<()>();

    tokio::select! {
        () = interrupt => {}
        () = terminate => {}
    }
}
