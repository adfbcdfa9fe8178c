//! Where the time of taking events in goes, for operators and benchmarks.

use std::time::Instant;

/// A part of the way from a batch to the acknowledgement.
#[derive(Clone, Copy, Debug)]
pub(super) enum Phase {
    /// Packing and compressing a batch, by its caller.
    Pack,
    /// From packed until the writer takes it.
    Wait,
    /// Statements of a group, by the writer.
    Write,
    /// Its commit: the log is on the disk.
    Commit,
    /// One step of the fold, by the writer.
    Fold,
}

impl Phase {
    /// Counts one pass that began then and ends now.
    pub(super) fn ends(self, began: Instant) {
        let phase = match self {
            Self::Pack => "pack",
            Self::Wait => "wait",
            Self::Write => "write",
            Self::Commit => "commit",
            Self::Fold => "fold",
        };
        metrics::histogram!("assay_ingest_phase_duration_seconds", "phase" => phase).record(began.elapsed());
    }
}
