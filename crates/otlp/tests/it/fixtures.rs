//! Every recorded request, replayed: against snapshots, and independently against what the recorder decoded.

use std::{fs, io::Read as _, path::PathBuf};

use otlp::{Decoded, Encoding, Sender, decode_traces};
use serde_json::Value;

const FOLDERS: [&str; 3] = ["python-langfuse-5.0.4", "python-abvdev-0.0.1b7", "js-langfuse-5.11.1"];

/// One recorded request.
pub(crate) struct Recorded {
    pub(crate) name: String,
    pub(crate) sender: Sender,
    pub(crate) encoding: Encoding,
    /// The bytes sent, decompressed; for anything but spans the body as JSON.
    pub(crate) bytes: Vec<u8>,
    /// The recorder's own reading.
    pub(crate) body: Value,
}

impl Recorded {
    pub(crate) fn decode(&self) -> Decoded {
        decode_traces(&self.bytes, self.encoding, &self.sender).unwrap()
    }
}

/// Every recorded request whose path ends with `path`.
pub(crate) fn recorded(path: &str) -> Vec<Recorded> {
    FOLDERS.iter().flat_map(|folder| read(folder, path)).collect()
}

fn read(folder: &str, path: &str) -> Vec<Recorded> {
    let base = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(folder);
    let lines = fs::read_to_string(base.join("requests.jsonl")).unwrap();
    lines
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .filter(|request| request["path"].as_str().unwrap().ends_with(path))
        .map(|request| {
            let headers = request["headers"].clone();
            let bytes = match request["body_file"].as_str() {
                None => request["body"].to_string().into_bytes(),
                Some(file) => {
                    let sent = fs::read(base.join(file)).unwrap();
                    if headers["content-encoding"] == "gzip" {
                        let mut plain = Vec::new();
                        flate2::read::GzDecoder::new(sent.as_slice()).read_to_end(&mut plain).unwrap();
                        plain
                    } else {
                        sent
                    }
                }
            };
            let content_type = headers["content-type"].as_str().unwrap_or("application/json");
            Recorded {
                name: format!("{folder}-{:03}", request["n"].as_u64().unwrap()),
                sender: Sender::from_headers(|name| headers[name].as_str()),
                encoding: Encoding::from_content_type(content_type).unwrap(),
                bytes,
                body: request["body"].clone(),
            }
        })
        .collect()
}

#[test]
fn every_recorded_span_request_becomes_the_canonical_spans() {
    let requests = recorded("/v1/traces");
    assert_eq!(requests.len(), 18);
    for request in requests {
        let decoded = request.decode();
        assert_eq!(decoded.error_message(), None, "{}", request.name);
        insta::assert_json_snapshot!(request.name.clone(), decoded.spans);
    }
}
