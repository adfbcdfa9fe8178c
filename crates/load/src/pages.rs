//! How long every page and the main questions of the API take, one after the other over one connection.

use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};

use crate::{
    http::{Answer, Connection, Request},
    server::{EMAIL, KEY, PASSWORD},
    times::Times,
    traffic::Traffic,
};

/// Not counted: caches fill, as they have on a server in use.
const WARM_UP: u32 = 3;
/// A page that is asked for longer than this is asked no more.
const LIMIT: Duration = Duration::from_secs(30);

/// Somebody signed in.
pub(crate) struct Visitor<'a> {
    address: &'a str,
    connection: Connection,
    cookie: String,
}

/// Measures all of them, each with this many requests; `long` is the id of a trace of very many spans.
pub(crate) fn measure(address: &str, long: &str, requests: u32) -> anyhow::Result<Value> {
    let mut visitor = Visitor::sign_in(address)?;
    let prompt = Traffic::prompt(3).replace('/', "%2F");
    let traces = visitor.read("/api/v1/traces?limit=50&range=30d")?;
    let newest = traces.pointer("/items/0/id").and_then(Value::as_str).context("there are no traces")?.to_owned();
    let second_page = traces.get("next").and_then(Value::as_str).unwrap_or_default().to_owned();
    let by_version = json!({"measures": ["count", "error_rate", "latency.p95", "cost.sum", "score:helpful.mean"],
        "dimensions": ["version"], "filters": [{"dimension": "prompt", "values": [Traffic::prompt(3)]}], "range": "14d"});
    let by_day = json!({"measures": ["count", "latency.p50", "latency.p95"], "dimensions": ["version"],
        "filters": [{"dimension": "prompt", "values": [Traffic::prompt(3)]}], "range": "14d", "granularity": "day"});
    let pages = [
        ("home", "/p/load".to_owned()),
        ("prompts", "/p/load/prompts".to_owned()),
        ("prompt: versions", format!("/p/load/prompts/{prompt}")),
        ("prompt: metrics", format!("/p/load/prompts/{prompt}?tab=metrics")),
        ("prompt: metrics, 14 days", format!("/p/load/prompts/{prompt}?tab=metrics&range=14d")),
        ("traces", "/p/load/traces".to_owned()),
        ("traces of a version, 14 days", format!("/p/load/traces?prompt={prompt}&version=2&range=14d")),
        ("traces, second page", format!("/p/load/traces?range=14d&cursor={second_page}")),
        ("trace", format!("/p/load/traces/{newest}")),
        ("trace, a long one", format!("/p/load/traces/{long}")),
        ("keys", "/p/load/settings/keys".to_owned()),
        ("members", "/p/load/settings/members".to_owned()),
    ];
    let questions = [
        ("list prompts", "/api/v1/prompts".to_owned(), None),
        ("numbers of a prompt", format!("/api/v1/prompts/{prompt}/metrics?range=14d"), None),
        ("query by version", "/api/v1/query".to_owned(), Some(&by_version)),
        ("query by version and day", "/api/v1/query".to_owned(), Some(&by_day)),
        ("list traces", "/api/v1/traces".to_owned(), None),
        ("read a trace", format!("/api/v1/traces/{newest}"), None),
        ("read a long trace", format!("/api/v1/traces/{long}"), None),
        ("SDK: fetch a prompt", format!("/api/public/v2/prompts/{prompt}"), None),
        ("SDK: read a trace", format!("/api/public/traces/{newest}"), None),
    ];
    let mut measured = Vec::new();
    for (name, path) in &pages {
        let request = visitor.request(path);
        measured.push(visitor.connection.measure("page", name, path, &request, requests)?);
    }
    let headers = [("authorization", KEY), ("content-type", "application/json")];
    for (name, path, body) in &questions {
        let request = match body {
            Some(body) => Request::new("POST", address, path, &headers, body.to_string().into_bytes()),
            None => Request::new("GET", address, path, &headers, Vec::new()),
        };
        measured.push(visitor.connection.measure("api", name, path, &request, requests)?);
    }
    Ok(Value::from(measured))
}

impl<'a> Visitor<'a> {
    /// As the form of the sign-in page does without script.
    pub(crate) fn sign_in(address: &'a str) -> anyhow::Result<Self> {
        let mut connection = Connection::new(address);
        let page = connection.send(&Request::new("GET", address, "/signin", &[], Vec::new()))?;
        let page = String::from_utf8(page.body)?;
        let action = page.split_once("action=\"").and_then(|(_, rest)| rest.split_once('"'));
        let (action, _) = action.context("the sign-in page has no form")?;
        let origin = format!("http://{address}");
        let headers = [("content-type", "application/x-www-form-urlencoded"), ("origin", origin.as_str())];
        let form = format!("email={}&password={}&next=", EMAIL.replace('@', "%40"), PASSWORD.replace(' ', "+"));
        let answer = connection.send(&Request::new("POST", address, action, &headers, form.into_bytes()))?;
        let cookie = answer.header("set-cookie").and_then(|cookie| cookie.split(';').next());
        let cookie = cookie.with_context(|| format!("signing in is answered with {}", answer.status))?.to_owned();
        Ok(Self { address, connection, cookie })
    }

    /// A page as a browser gets it.
    fn request(&self, path: &str) -> Request {
        let headers = [("cookie", self.cookie.as_str()), ("accept", "text/html"), ("accept-encoding", "gzip, br")];
        Request::new("GET", self.address, path, &headers, Vec::new())
    }

    /// Loads a page.
    pub(crate) fn page(&mut self, path: &str) -> anyhow::Result<()> {
        let request = self.request(path);
        good(path, &self.connection.send(&request)?)
    }

    /// Reads JSON with the key.
    fn read(&mut self, path: &str) -> anyhow::Result<Value> {
        let request = Request::new("GET", self.address, path, &[("authorization", KEY)], Vec::new());
        let answer = self.connection.send(&request)?;
        good(path, &answer)?;
        Ok(serde_json::from_slice(&answer.body)?)
    }
}

impl Connection {
    fn measure(
        &mut self,
        kind: &str,
        name: &str,
        path: &str,
        request: &Request,
        requests: u32,
    ) -> anyhow::Result<Value> {
        let mut times = Times::new()?;
        let mut bytes = 0;
        let limit = Instant::now() + LIMIT;
        for number in 0..WARM_UP + requests {
            let began = Instant::now();
            let answer = self.send(request)?;
            let took = began.elapsed();
            good(path, &answer)?;
            if number >= WARM_UP {
                times.add(took);
                bytes = answer.body.len();
            }
            if Instant::now() > limit && times.count() > 0 {
                break;
            }
        }
        Ok(json!({"kind": kind, "name": name, "path": path, "bytes": bytes, "times": times.to_json()}))
    }
}

fn good(path: &str, answer: &Answer) -> anyhow::Result<()> {
    ensure!(answer.status == 200, "`{path}` is answered with {}: {}", answer.status, answer.words());
    Ok(())
}
