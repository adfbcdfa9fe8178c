//! Who may call a route.

use serde_json::{Value, json};

/// What a route asks of whoever calls it.
#[derive(Clone, Copy)]
pub(super) enum Needs {
    /// Nothing.
    Nothing,
    /// To be somebody; it answers about them alone.
    Known,
    /// To be a key; likewise.
    SdkKnown,
    Read,
    Write,
    Annotate,
    /// To write prompts and to send events.
    Import,
    /// What a client key may do.
    Feedback,
    Resolve,
    /// The same, where a client key is not welcome.
    ServerResolve,
    /// To own the project, or to write as a program.
    Erase,
    Manage,
    SdkRead,
    SdkWrite,
    SdkIngest,
}

pub(super) const ACTORS: [&str; 13] = [
    "nobody",
    "viewer",
    "analyst",
    "editor",
    "owner",
    "key read",
    "key write",
    "key ingest",
    "key resolve",
    "client key",
    "revoked key",
    "neighbour's key",
    "neighbour",
];

impl Needs {
    /// The status for each of [`ACTORS`], 0 standing for the route's success, and 1 for what a neighbour's key gets.
    pub(super) fn statuses(self) -> [u16; 13] {
        match self {
            Self::Nothing => [0; 13],
            Self::Known => [401, 0, 0, 0, 0, 0, 0, 0, 0, 401, 401, 0, 0],
            Self::SdkKnown => [401, 401, 401, 401, 401, 0, 0, 0, 0, 401, 401, 0, 401],
            Self::Read => [401, 0, 0, 0, 0, 0, 403, 403, 403, 401, 401, 404, 404],
            Self::Write => [401, 403, 403, 0, 0, 403, 0, 403, 403, 401, 401, 404, 404],
            Self::Annotate => [401, 403, 0, 0, 0, 403, 403, 0, 403, 401, 401, 404, 404],
            Self::Import => [401, 403, 403, 0, 0, 403, 403, 403, 403, 401, 401, 404, 404],
            Self::Feedback => [401, 403, 0, 0, 0, 403, 403, 0, 403, 0, 401, 404, 404],
            Self::Resolve => [401, 403, 0, 0, 0, 403, 403, 403, 0, 0, 401, 404, 404],
            Self::ServerResolve => [401, 403, 0, 0, 0, 403, 403, 403, 0, 401, 401, 404, 404],
            Self::Erase => [401, 403, 403, 403, 0, 403, 0, 403, 403, 401, 401, 404, 404],
            Self::Manage => [401, 403, 403, 403, 0, 403, 403, 403, 403, 401, 401, 404, 404],
            Self::SdkRead => [401, 401, 401, 401, 401, 0, 403, 403, 403, 401, 401, 1, 401],
            Self::SdkWrite => [401, 401, 401, 401, 401, 403, 0, 403, 403, 401, 401, 1, 401],
            Self::SdkIngest => [401, 401, 401, 401, 401, 403, 403, 0, 403, 401, 401, 1, 401],
        }
    }

    /// What the document has to say of it, read from the statuses.
    pub(super) fn said(self) -> Value {
        let may = self.statuses().map(|status| status == 0);
        if may[0] {
            return json!({ "anybody": true });
        }
        let role = ACTORS[1..5].iter().zip(&may[1..5]).find_map(|(role, may)| may.then_some(*role));
        let keys = ACTORS[5..9].iter().zip(&may[5..9]);
        let enough: Vec<&str> = keys.filter(|(_, may)| **may).map(|(key, _)| key.trim_start_matches("key ")).collect();
        let scopes = match enough.len() {
            4 => json!([]),
            // No key with a single scope will do: one with two, or none.
            0 if matches!(self, Self::Import) => json!(["write", "ingest"]),
            0 => Value::Null,
            _ => json!(enough),
        };
        json!({ "scopes": scopes, "role": role, "client_key": may[9] })
    }
}
