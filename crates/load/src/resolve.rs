//! Units resolved at a fixed rate while an experiment splits the slot: every second one is new, so exposures arrive all along.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};

use crate::{
    http::{Connection, Request},
    open,
    run::Options,
    server::{KEY, Server},
};

const PROMPT: &str = "load/resolve";
const EXPERIMENT: &str = "load-resolve";
const HEADERS: [(&str, &str); 2] = [("authorization", KEY), ("content-type", "application/json")];

/// Makes an experiment and asks for units.
pub(crate) fn measure(server: &Server, options: &Options) -> anyhow::Result<Value> {
    let address = server.address.as_str();
    launch(address)?;
    let lasts = Duration::from_secs(options.fetch_seconds.into());
    let cpu = server.process().cpu;
    let times = open::at_rate(address, options.fetch_rate, lasts, |number| resolve(address, number / 2))?;
    let cpu = server.process().cpu.saturating_sub(cpu);
    let results = format!("/api/v1/experiments/{EXPERIMENT}/results");
    let answer = Connection::new(address).send(&Request::new("GET", address, &results, &HEADERS, Vec::new()))?;
    let told: Value = serde_json::from_slice(&answer.body).context("results are no JSON")?;
    Ok(json!({
        "per_s": options.fetch_rate,
        "seconds": options.fetch_seconds,
        "exposed": told.get("exposed"),
        "server_cpu_micros_each": cpu.as_secs_f64() * 1e6 / times.count().max(1) as f64,
        "times": times.to_json(),
    }))
}

fn resolve(address: &str, unit: u64) -> Request {
    let asked = json!({"prompt": PROMPT, "unit": format!("unit-{unit}"), "attributes": {"plan": "pro"}});
    Request::new("POST", address, "/api/v1/resolve", &HEADERS, asked.to_string().into_bytes())
}

/// Two versions, half and half, for an audience.
fn launch(address: &str) -> anyhow::Result<()> {
    let mut connection = Connection::new(address);
    let mut post = |path: &str, body: Value, wanted: u16| {
        let request = Request::new("POST", address, path, &HEADERS, body.to_string().into_bytes());
        let answer = connection.send(&request).context("the server does not answer")?;
        ensure!(answer.status == wanted, "`{path}` is answered with {}: {}", answer.status, answer.words());
        Ok(())
    };
    for (text, labels) in [("Answer {{question}}", json!(["production"])), ("Answer in short: {{question}}", json!([]))]
    {
        post("/api/v1/prompts", json!({"name": PROMPT, "prompt": text, "labels": labels}), 201)?;
    }
    let design = json!({
        "arms": [{"key": "long", "version": 1, "weight": 5000}, {"key": "short", "version": 2, "weight": 5000}],
        "targeting": {"eq": {"attribute": "plan", "value": "pro"}},
        "metrics": [{
            "metric": {"key": "thumbs", "source": "score:thumbs", "aggregation": "ratio", "direction": "higher"},
            "role": "goal"
        }],
    });
    post("/api/v1/experiments", json!({"key": EXPERIMENT, "prompt": PROMPT, "design": design}), 201)?;
    post(&format!("/api/v1/experiments/{EXPERIMENT}/launch"), json!({}), 200)
}
