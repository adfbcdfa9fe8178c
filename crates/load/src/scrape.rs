//! Reading `/metrics`.

use anyhow::ensure;
use serde_json::{Value, json};

use crate::http::{Connection, Request};

/// The phases of ingest, in the order a batch goes through them. The last runs behind.
const PHASES: [(&str, &str); 7] = [
    ("read", "read the body, inflate it"),
    ("decode", "decode and map"),
    ("pack", "pack and compress"),
    ("wait", "wait for the writer"),
    ("write", "SQL"),
    ("commit", "commit"),
    ("fold", "fold into totals, behind"),
];

/// The text of `/metrics` at one moment.
#[derive(Debug)]
pub(crate) struct Counters(String);

impl Counters {
    pub(crate) fn read(address: &str) -> anyhow::Result<Self> {
        let answer = Connection::new(address).send(&Request::new("GET", address, "/metrics", &[], Vec::new()))?;
        ensure!(answer.status == 200, "/metrics answers {}", answer.status);
        Ok(Self(String::from_utf8(answer.body)?))
    }

    /// The number after this name with its labels; 0 when it was never counted.
    fn value(&self, series: &str) -> f64 {
        let line = self.0.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
        line.and_then(|value| value.trim().parse().ok()).unwrap_or(0.0)
    }

    /// Bytes the server's program uses of the memory it holds; 0 where its allocator does not say.
    pub(crate) fn allocated(&self) -> f64 {
        self.value("assay_memory_allocated_bytes")
    }

    /// Microseconds a span between two moments, by phase: the time callers and the writer spent in it, together.
    pub(crate) fn phases_since(&self, before: &Self, spans: u64) -> Value {
        let phases = PHASES.map(|(phase, what)| {
            let series = format!("assay_ingest_phase_duration_seconds_sum{{phase=\"{phase}\"}}");
            let seconds = self.value(&series) - before.value(&series);
            json!({"phase": phase, "what": what, "micros_per_span": seconds * 1e6 / spans as f64})
        });
        Value::from(phases.to_vec())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_series_is_found_by_its_whole_name() {
        let page = "# TYPE a counter\nab 7\na{x=\"1\"} 2.5\na 3\n";
        let counters = Counters(page.to_owned());
        let read = ["a", "a{x=\"1\"}", "b"].map(|series| format!("{}", counters.value(series)));
        assert_eq!(read, ["3", "2.5", "0"]);
    }
}
