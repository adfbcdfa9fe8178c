//! `kill -9` while stored spans are priced again: the next process goes on where it was, and every span is priced once.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use reqwest::{Client, RequestBuilder};
use serde_json::{Value, json};

use crate::process::{PUBLIC_KEY, SECRET_KEY, Server};

/// Eight pages of the job.
const SPANS: u64 = 40_000;
const BATCH: u64 = 2_000;

async fn answer(request: RequestBuilder) -> Value {
    let answer = request.basic_auth(PUBLIC_KEY, Some(SECRET_KEY)).send().await.expect("an answer");
    assert!(answer.status().is_success(), "{}", answer.status());
    answer.json().await.expect("JSON")
}

/// Asks until `is_so`; bounded by the attempts.
async fn until(client: &Client, url: &str, every: Duration, is_so: impl Fn(&Value) -> bool) -> Value {
    let mut now = answer(client.get(url)).await;
    for _ in 0..1_200 {
        if is_so(&now) {
            break;
        }
        tokio::time::sleep(every).await;
        now = answer(client.get(url)).await;
    }
    assert!(is_so(&now), "{url} did not come so far: {now}");
    now
}

fn spans(batch: u64, start_ns: u64) -> Value {
    let text = |key: &str, value: &str| json!({"key": key, "value": {"stringValue": value}});
    let attributes = json!([
        text("langfuse.observation.type", "generation"),
        text("langfuse.observation.model.name", "house-7b"),
        text("langfuse.observation.usage_details", r#"{"input":12,"output":3}"#),
    ]);
    let spans: Vec<Value> = (0..BATCH)
        .map(|number| {
            json!({"traceId": format!("{:032x}", batch * BATCH + number / 10 + 1), "spanId": format!("{:016x}", number + 1),
                "name": "answer", "startTimeUnixNano": start_ns.to_string(), "endTimeUnixNano": start_ns.to_string(),
                "attributes": attributes})
        })
        .collect();
    json!({"resourceSpans": [{"scopeSpans": [{"scope": {"name": "langfuse-sdk"}, "spans": spans}]}]})
}

#[tokio::test]
async fn pricing_again_survives_kill_9() {
    let data = tempfile::tempdir().expect("a data folder");
    let client = Client::builder().timeout(Duration::from_secs(30)).build().expect("a client");
    let server = Server::start(data.path(), &client).await;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
    let start_ns = u64::try_from(now.as_nanos()).expect("before 2554") - 1_000_000_000;
    for batch in 0..SPANS / BATCH {
        answer(client.post(format!("{}/v1/traces", server.url)).json(&spans(batch, start_ns))).await;
    }
    let price = json!({"model": "house-7b", "rates": {"input": 1, "output": 1}, "valid_from": "2026-01-01T00:00:00Z"});
    answer(client.post(format!("{}/api/v1/prices", server.url)).json(&price)).await;
    let job = answer(client.post(format!("{}/api/v1/prices/reprice", server.url)).json(&json!({}))).await;
    let path = format!("/api/v1/prices/reprice/{}", job["id"].as_str().expect("an id"));
    let begun = |job: &Value| job["done"].as_f64().is_some_and(|done| done > 0.0);
    let left = until(&client, &format!("{}{path}", server.url), Duration::from_millis(1), begun).await;
    server.kill();

    let server = Server::start(data.path(), &client).await;
    let ended = |job: &Value| job["finished_at"].is_string();
    let done = until(&client, &format!("{}{path}", server.url), Duration::from_millis(50), ended).await;
    assert_eq!((&done["state"], &done["done"]), (&json!("done"), &json!(1.0)), "when it was killed: {left}");
    let seen = done["changed_spans"].as_u64().expect("a count") + done["unchanged_spans"].as_u64().expect("a count");
    assert_eq!(seen, SPANS);
    let unpriced = answer(client.get(format!("{}/api/v1/prices/unpriced", server.url))).await;
    assert_eq!(unpriced["items"], json!([]));
    let past = format!("{}/api/v1/traces/{:032x}/spans/{:016x}/past-costs", server.url, 1, 1);
    assert_eq!(answer(client.get(past)).await["items"].as_array().expect("a list").len(), 1, "changed once");
    assert!(server.stop());
}
