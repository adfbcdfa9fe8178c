//! Background work and the signal that ends it.

use std::time::{Duration, Instant};

use metrics_exporter_prometheus::PrometheusHandle;
use services::{Events, Services};
use tokio::{signal, time};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// The folder looks at least this often: another process may have appended.
const FOLD_AT_LEAST: Duration = Duration::from_millis(200);
/// Folding waits until something has waited this long for it, or this many times as long as the last step took if that is less:
/// the more spans a step takes, the fewer times it changes the same totals. Less than half of what totals may be behind.
const FOLD_TOGETHER: Duration = Duration::from_millis(250);
const FOLD_REST: u32 = 4;
/// After a failed fold, so that a full disk does not fill the log too.
const FOLD_AFTER_FAILURE: Duration = Duration::from_secs(5);
/// Expired sessions and links are dropped this often.
const CLEAN_UP: Duration = Duration::from_hours(1);
/// Jobs are looked for at least this often: those of a worker that died wait until its lease runs out.
const LOOK_FOR_JOBS: Duration = Duration::from_secs(3);
/// Scheduled starts and ends of experiments, and steps of ramps, are looked for this often.
const LOOK_AT_EXPERIMENTS: Duration = Duration::from_secs(1);
/// Units that met an experiment by a generation alone are looked for this often.
const LOOK_AT_GENERATIONS: Duration = Duration::from_secs(15);
/// Experiments whose daily self-check is due are looked for this often, the first time that long after the start: it is heavy work
/// nobody waits for.
const LOOK_AT_OWN_DATA: Duration = Duration::from_mins(1);
/// What is older than projects keep is looked for this often, in each at most once a day.
const LOOK_FOR_OLD: Duration = Duration::from_secs(10);
/// While the disk is full, space is looked for this often; senders that come again find it sooner.
const LOOK_FOR_SPACE: Duration = Duration::from_secs(2);
/// Histograms are condensed this often.
const CONDENSE: Duration = Duration::from_secs(5);

/// Starts the periodic work. Each task ends when `stop` is cancelled; the tracker waits for them.
pub(crate) fn start(
    stop: &CancellationToken,
    services: &Services,
    events: Events,
    recorder: PrometheusHandle,
) -> TaskTracker {
    let tasks = TaskTracker::new();
    tasks.spawn(until(stop.clone(), fold(services.clone(), events)));
    tasks.spawn(until(stop.clone(), clean_up(services.clone())));
    tasks.spawn(until(stop.clone(), reprice(services.clone())));
    tasks.spawn(until(stop.clone(), experiments(services.clone())));
    tasks.spawn(until(stop.clone(), generations(services.clone())));
    tasks.spawn(until(stop.clone(), self_check(services.clone())));
    tasks.spawn(until(stop.clone(), import(services.clone())));
    tasks.spawn(until(stop.clone(), erase(services.clone())));
    tasks.spawn(until(stop.clone(), retain(services.clone())));
    tasks.spawn(until(stop.clone(), look_for_space(services.clone())));
    tasks.spawn(until(stop.clone(), condense(recorder)));
    tasks
}

async fn until(stop: CancellationToken, work: impl Future<Output = ()>) {
    tokio::select! {
        () = stop.cancelled() => {}
        () = work => {}
    }
}

/// Folds what was appended into the totals, soon after every append: at once where little comes, together where much does. Safe to
/// interrupt anywhere.
async fn fold(services: Services, events: Events) {
    let mut appended = services.ingest.appended();
    if let Err(error) = services.access.apply_settings().await {
        tracing::error!(%error, "could not tell the event plane what projects are segmented by; setting it again does");
    }
    loop {
        let began = Instant::now();
        let more = match services.ingest.fold_step().await {
            Ok(more) => more,
            Err(error) => {
                tracing::error!(%error, "could not fold events into the totals; trying again");
                time::sleep(FOLD_AFTER_FAILURE).await;
                continue;
            }
        };
        let took = began.elapsed();
        if !more {
            // Either way it is time to look again.
            let _ = time::timeout(FOLD_AT_LEAST, appended.changed()).await;
        }
        if let Ok(lag_ms) = events.lag_ms().await {
            let lag = Duration::from_millis(lag_ms);
            metrics::gauge!("assay_fold_lag_seconds").set(lag.as_secs_f64());
            // What is left of an earlier process is of no known age, and long enough ago.
            if !more || lag_ms > 0 {
                time::sleep((took * FOLD_REST).min(FOLD_TOGETHER).saturating_sub(lag)).await;
            }
        }
    }
}

async fn clean_up(services: Services) {
    let mut every = time::interval(CLEAN_UP);
    loop {
        every.tick().await;
        if let Err(error) = services.access.delete_expired().await {
            tracing::error!(%error, "could not drop expired sessions");
        }
    }
}

/// Prices stored spans again where somebody asked for it. Safe to interrupt anywhere.
async fn reprice(services: Services) {
    loop {
        match services.prices.work().await {
            Ok(true) => continue,
            Ok(false) => {}
            Err(error) => tracing::error!(%error, "could not price stored spans again; trying again"),
        }
        // Either way it is time to look again.
        let _ = time::timeout(LOOK_FOR_JOBS, services.prices.asked()).await;
    }
}

/// Does to experiments what is due by the clock. Each act is one transaction, so interrupting it is safe.
async fn experiments(services: Services) {
    let mut every = time::interval(LOOK_AT_EXPERIMENTS);
    loop {
        every.tick().await;
        if let Err(error) = services.experiments.tick().await {
            tracing::error!(%error, "could not look at experiments; trying again");
        }
    }
}

/// Exposes units that met an experiment by a generation alone. Safe to interrupt anywhere.
async fn generations(services: Services) {
    let mut every = time::interval(LOOK_AT_GENERATIONS);
    loop {
        every.tick().await;
        if let Err(error) = services.assignment.expose_by_generations().await {
            tracing::error!(%error, "could not look who met an experiment by a generation; trying again");
        }
    }
}

/// Shuffles experiments' own traffic once a day. Safe to interrupt anywhere: what was found is kept in memory only.
async fn self_check(services: Services) {
    let mut every = time::interval_at(time::Instant::now() + LOOK_AT_OWN_DATA, LOOK_AT_OWN_DATA);
    loop {
        every.tick().await;
        if let Err(error) = services.results.check_own_data().await {
            tracing::error!(%error, "could not look which experiments to check on their own data; trying again");
        }
    }
}

/// Brings files that were sent. Safe to interrupt anywhere.
async fn import(services: Services) {
    if let Err(error) = services.import.sweep().await {
        tracing::error!(%error, "could not remove files nobody imports any more");
    }
    loop {
        match services.import.work().await {
            Ok(true) => continue,
            Ok(false) => {}
            Err(error) => tracing::error!(%error, "could not import a file; trying again"),
        }
        // Either way it is time to look again.
        let _ = time::timeout(LOOK_FOR_JOBS, services.import.asked()).await;
    }
}

/// Takes events away where somebody asked for it. Safe to interrupt anywhere.
async fn erase(services: Services) {
    loop {
        match services.erasures.work().await {
            Ok(true) => continue,
            Ok(false) => {}
            Err(error) => tracing::error!(%error, "could not erase events; trying again"),
        }
        // Either way it is time to look again.
        let _ = time::timeout(LOOK_FOR_JOBS, services.erasures.asked()).await;
    }
}

/// Takes away what is older than projects keep. Safe to interrupt anywhere.
async fn retain(services: Services) {
    let mut every = time::interval(LOOK_FOR_OLD);
    loop {
        every.tick().await;
        if let Err(error) = services.erasures.retain().await {
            tracing::error!(%error, "could not erase what is too old; trying again");
        }
    }
}

/// Finds out that there is space again also when nobody sends anything.
async fn look_for_space(services: Services) {
    let mut every = time::interval(LOOK_FOR_SPACE);
    loop {
        every.tick().await;
        if let Err(error) = services.look_for_space().await {
            tracing::error!(%error, "could not look whether there is space");
        }
    }
}

async fn condense(recorder: PrometheusHandle) {
    let mut every = time::interval(CONDENSE);
    loop {
        every.tick().await;
        recorder.run_upkeep();
    }
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
