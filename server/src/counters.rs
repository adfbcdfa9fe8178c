//! What `/metrics` answers: counters kept all along, and gauges read at the moment somebody asks.

use std::sync::Arc;

use anyhow::Context as _;
use metrics::gauge;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use services::{Events, Services, ingest::Budget};
use store::event::Waiting;

use crate::memory::Memory;

/// Starts counting in this process.
pub(crate) fn start() -> anyhow::Result<PrometheusHandle> {
    const SECONDS: [f64; 12] = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 5.0, 30.0];
    let matcher = Matcher::Suffix("_duration_seconds".to_owned());
    let builder = PrometheusBuilder::new().set_buckets_for_metric(matcher, &SECONDS)?;
    builder.install_recorder().context("cannot start counting")
}

/// The text of `/metrics`.
pub(crate) fn page(
    recorder: PrometheusHandle,
    services: Services,
    events: Events,
) -> Arc<dyn Fn() -> String + Send + Sync> {
    Arc::new(move || {
        let Waiting { batches, events: rows, bytes } = events.waiting();
        gauge!("assay_ingest_queue_batches").set(batches as f64);
        gauge!("assay_ingest_queue_rows").set(rows as f64);
        gauge!("assay_ingest_queue_bytes").set(bytes as f64);
        let Budget { used_bytes, whole_bytes } = services.ingest.budget();
        gauge!("assay_ingest_budget_used_bytes").set(used_bytes as f64);
        gauge!("assay_ingest_budget_bytes").set(whole_bytes as f64);
        gauge!("assay_disk_full").set(if services.disk_full() { 1.0 } else { 0.0 });
        if let Some(Memory { allocated, resident }) = Memory::now() {
            gauge!("assay_memory_allocated_bytes").set(allocated as f64);
            gauge!("assay_memory_resident_bytes").set(resident as f64);
        }
        recorder.render()
    })
}
