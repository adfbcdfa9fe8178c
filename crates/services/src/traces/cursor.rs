//! The cursor of a list of traces: where the last page ended, as text.

use domain::time::TimeNs;
use store::event::TraceKey;

use crate::ServiceError;

pub(super) fn write(key: TraceKey) -> String {
    format!("{}.{}", key.start_ns.0, key.trace_id)
}

pub(super) fn read(text: &str) -> Result<TraceKey, ServiceError> {
    let parts = text.split_once('.').and_then(|(start, trace)| Some((start.parse().ok()?, trace.parse().ok()?)));
    let Some((start_ns, trace_id)) = parts else {
        return Err(ServiceError::field(
            "cursor",
            "not a cursor of this list; pass back `next` of the page before as it was",
        ));
    };
    Ok(TraceKey { start_ns: TimeNs(start_ns), trace_id })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_reads_back_and_anything_else_is_refused() {
        let key = TraceKey { start_ns: TimeNs(-5), trace_id: "000000000000000000000000000000ff".parse().unwrap() };
        assert_eq!(read(&write(key)).unwrap(), key);
        for wrong in ["", ".", "5", "5.", "5.00", "x.000000000000000000000000000000ff"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
