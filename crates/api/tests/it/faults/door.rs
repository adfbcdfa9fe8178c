//! What a door is, and every request that is tried at it.

use axum::http::Method;
use serde_json::Value;
use testkit::Client;

use super::{JSON, MAX_BODY};
use crate::spans::gzip;

/// A place where requests come in, with a good request and the ways to spoil it that only make sense there.
pub(crate) struct Door {
    pub(crate) name: &'static str,
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) kind: &'static str,
    pub(crate) good: Vec<u8>,
    pub(crate) bodies: Vec<(&'static str, Vec<u8>)>,
    /// Requests under an `Idempotency-Key`, one after another.
    pub(crate) keyed: Vec<(&'static str, String, Option<Vec<u8>>)>,
    pub(crate) paths: Vec<(&'static str, String)>,
    /// Whether an owner comes with the good requests, as keys may not.
    pub(crate) owner: bool,
}

/// A request as one cell sends it.
pub(super) struct Attempt {
    pub(super) fault: &'static str,
    pub(super) client: Client,
    pub(super) path: String,
    pub(super) kind: &'static str,
    pub(super) coding: Option<&'static str>,
    pub(super) key: Option<String>,
    pub(super) body: Vec<u8>,
}

pub(super) struct Clients {
    pub(super) good: Client,
    pub(super) owner: Client,
    pub(super) wrong: Client,
    pub(super) revoked: Client,
    pub(super) neighbour: Client,
}

impl Door {
    pub(super) fn json(name: &'static str, method: Method, path: &str, good: &Value) -> Self {
        Self { method, kind: JSON, good: good.to_string().into_bytes(), ..Self::reading(name, path) }
    }

    pub(super) fn reading(name: &'static str, path: &str) -> Self {
        Self {
            name,
            method: Method::GET,
            path: path.to_owned(),
            kind: "",
            good: Vec::new(),
            bodies: Vec::new(),
            keyed: Vec::new(),
            paths: Vec::new(),
            owner: false,
        }
    }

    pub(super) fn with_method(self, method: Method) -> Self {
        Self { method, ..self }
    }

    pub(super) fn by_owner(self) -> Self {
        Self { owner: true, ..self }
    }

    /// The good request, or another one, under an `Idempotency-Key`.
    pub(super) fn keyed(mut self, fault: &'static str, key: &str, body: Option<&Value>) -> Self {
        self.keyed.push((fault, key.to_owned(), body.map(|body| body.to_string().into_bytes())));
        self
    }

    /// A fault of the body, as JSON.
    pub(super) fn body(mut self, fault: &'static str, body: &Value) -> Self {
        self.bodies.push((fault, body.to_string().into_bytes()));
        self
    }

    /// A fault of the body made by replacing text, for what JSON cannot say.
    pub(super) fn replace(mut self, fault: &'static str, from: &str, to: &[u8]) -> Self {
        let text = String::from_utf8(self.good.clone()).unwrap();
        let (before, after) = text.split_once(from).unwrap();
        self.bodies.push((fault, [before.as_bytes(), to, after.as_bytes()].concat()));
        self
    }

    pub(super) fn path(mut self, fault: &'static str, path: &str) -> Self {
        self.paths.push((fault, path.to_owned()));
        self
    }

    pub(super) fn attempts(&self, clients: &Clients) -> Vec<Attempt> {
        let attempt = |fault, client: &Client| Attempt {
            fault,
            client: client.clone(),
            path: self.path.clone(),
            kind: self.kind,
            coding: None,
            key: None,
            body: self.good.clone(),
        };
        let good = |fault| attempt(fault, if self.owner { &clients.owner } else { &clients.good });
        let mut all = vec![
            good("none: as it should be"),
            attempt("wrong key", &clients.wrong),
            attempt("revoked key", &clients.revoked),
            attempt("key of another project, its ids ours", &clients.neighbour),
        ];
        if !self.good.is_empty() {
            let half = self.good.len() / 2;
            all.push(Attempt { body: Vec::new(), ..good("empty body") });
            all.push(Attempt { body: self.good[..half].to_vec(), ..good("truncated body") });
            all.push(Attempt { body: b"\xff\x00{[not this".to_vec(), ..good("malformed body") });
            all.push(Attempt { kind: "text/plain", ..good("wrong content type") });
            all.push(Attempt { kind: "", ..good("no content type") });
            all.push(Attempt { coding: Some("br"), ..good("unknown encoding") });
            all.push(Attempt { coding: Some("gzip"), ..good("not gzip though it says so") });
            let packed = gzip(&self.good);
            all.push(Attempt {
                coding: Some("gzip"),
                body: packed[..packed.len() - 5].to_vec(),
                ..good("gzip cut short")
            });
            all.push(Attempt { body: vec![b' '; MAX_BODY + 1], ..good("oversize") });
            all.push(Attempt {
                coding: Some("gzip"),
                body: gzip(&vec![b' '; 40 * MAX_BODY]),
                ..good("decompression bomb")
            });
        }
        for (fault, body) in &self.bodies {
            all.push(Attempt { body: body.clone(), ..good(fault) });
        }
        for (fault, key, body) in &self.keyed {
            let body = body.clone().unwrap_or_else(|| self.good.clone());
            all.push(Attempt { key: Some(key.clone()), body, ..good(fault) });
        }
        for (fault, path) in &self.paths {
            all.push(Attempt { path: path.clone(), ..good(fault) });
        }
        all
    }
}
