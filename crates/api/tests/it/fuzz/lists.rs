//! Addresses of lists: filters, sorts, sizes and cursors, one of them spoiled at a time.

use serde_json::{Value, json};
use testkit::{Client, TestApp, otlp};

use super::{Rounds, in_words, mutator::Mutator};

type Pairs = Vec<(String, String)>;

/// What only letters, digits and the like say in an address, everything else as `%xx`.
fn encoded(text: &str) -> String {
    let letter = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(letter).collect()
}

fn address(path: &str, pairs: &Pairs) -> String {
    let pairs: Vec<String> = pairs.iter().map(|(key, value)| format!("{}={}", encoded(key), encoded(value))).collect();
    format!("{path}?{}", pairs.join("&"))
}

fn lists() -> Vec<(&'static str, Pairs)> {
    let list = |path, pairs: &[(&str, &str)]| {
        (path, pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect())
    };
    let filter = json!([{"type": "datetime", "column": "startTime", "operator": ">", "value": "2026-11-20T00:00:00Z"},
        {"type": "string", "column": "name", "operator": "contains", "value": "a"}])
    .to_string();
    let metrics = json!({"view": "observations", "metrics": [{"measure": "latency", "aggregation": "p95"}],
        "dimensions": [{"field": "name"}], "filters": [], "timeDimension": {"granularity": "day"},
        "fromTimestamp": "2026-11-20T00:00:00Z", "toTimestamp": "2026-11-22T00:00:00Z"})
    .to_string();
    vec![
        list("/api/v1/traces", &[("limit", "2"), ("range", "24h"), ("model", "gpt-4o-mini"), ("errors", "false")]),
        list(
            "/api/v1/traces",
            &[("limit", "1"), ("duration_min_ms", "1"), ("duration_max_ms", "1e6"), ("user", "ana")],
        ),
        list("/api/v1/traces", &[("limit", "1"), ("score", "stars"), ("score_min", "0.1"), ("score_max", "5")]),
        list("/api/v1/traces", &[("from", "2026-11-20T00:00:00Z"), ("to", "2026-11-22T00:00:00.000000001+01:00")]),
        list("/api/v1/traces", &[("prompt", "greet"), ("version", "1"), ("environment", "default"), ("limit", "500")]),
        list("/api/v1/prompts", &[("limit", "1"), ("search", "gr"), ("label", "production"), ("tag", "a")]),
        list("/api/v1/experiments", &[("limit", "1"), ("status", "running"), ("prompt", "greet")]),
        list(
            "/api/public/traces",
            &[("limit", "1"), ("page", "1"), ("orderBy", "timestamp.desc"), ("fields", "core,io")],
        ),
        list("/api/public/traces", &[("fromTimestamp", "2026-11-20T00:00:00Z"), ("tags", "a"), ("filter", &filter)]),
        list(
            "/api/public/observations",
            &[("limit", "1"), ("page", "2"), ("type", "GENERATION"), ("level", "DEFAULT")],
        ),
        list("/api/public/v2/observations", &[("limit", "1"), ("fields", "core,basic"), ("filter", &filter)]),
        list("/api/public/v2/scores", &[("limit", "1"), ("operator", ">="), ("value", "0.5"), ("dataType", "NUMERIC")]),
        list("/api/public/v3/scores", &[("limit", "1"), ("name", "stars"), ("source", "API")]),
        list("/api/public/metrics", &[("query", &metrics)]),
        list("/api/public/v2/metrics", &[("query", &metrics)]),
        list("/api/public/v2/prompts", &[("limit", "1"), ("page", "1"), ("name", "greet"), ("label", "production")]),
        list("/api/public/sessions", &[("limit", "1"), ("page", "1")]),
    ]
}

/// The lists, and those of them again that go on, with the cursor the server gave.
async fn with_cursors(client: &Client) -> Vec<(&'static str, Pairs)> {
    let mut all = lists();
    let mut further = Vec::new();
    for (path, pairs) in &all {
        let answer = client.get(&address(path, pairs)).await;
        if !answer.status.is_success() {
            continue;
        }
        let body = answer.json();
        let next = [&body["next"], &body["meta"]["cursor"]].into_iter().find_map(Value::as_str);
        if let Some(next) = next {
            let mut pairs = pairs.clone();
            pairs.push(("cursor".to_owned(), next.to_owned()));
            client.get(&address(path, &pairs)).await.expect(200);
            further.push((*path, pairs));
        }
    }
    assert!(further.len() >= 3, "{} lists gave a cursor", further.len());
    all.extend(further);
    all
}

fn spoil(mutator: &mut Mutator, pairs: &mut Pairs, words: &[&str]) {
    let at = mutator.below(pairs.len());
    let Some((key, value)) = pairs.get_mut(at) else { return };
    match mutator.below(10) {
        0 => drop(pairs.remove(at)),
        1 => {
            let again = pairs[at].clone();
            pairs.push(again);
        }
        2 => *key = mutator.text(&[key.as_str()]),
        3 => *value = (*mutator.pick(words)).to_owned(),
        _ => *value = mutator.text(&[value.as_str()]),
    }
}

#[tokio::test]
async fn filters_and_cursors() {
    let app = TestApp::start().await;
    let client = app.key();
    for number in 1..=9_u32 {
        let trace = format!("{number:032x}");
        let spans = ["aa", "ab"].map(|id| otlp::span(&format!("{number:014x}{id}")).trace(&trace).prompt("greet", 1));
        client.post("/v1/traces", &otlp::request(spans)).await.expect(200);
        let score = json!({"traceId": trace, "name": "stars", "value": f64::from(number)});
        client.post("/api/public/scores", &score).await.expect(200);
    }
    for name in ["greet", "grow"] {
        client.post("/api/public/v2/prompts", &json!({"name": name, "prompt": "Hi", "labels": ["production"]})).await;
    }
    app.fold().await;
    let lists = with_cursors(&client).await;
    let owned: Vec<String> = lists.iter().flat_map(|(_, pairs)| pairs.iter().map(|(_, value)| value.clone())).collect();
    let words: Vec<&str> = owned.iter().map(String::as_str).collect();
    for (seed, mut mutator) in Rounds::new("filters_and_cursors", 1_000) {
        let (path, mut pairs) = mutator.pick(&lists).clone();
        for _ in 0..=mutator.below(2) {
            spoil(&mut mutator, &mut pairs, &words);
        }
        let address = address(path, &pairs);
        let answer = client.get(&address).await;
        let status = in_words(&answer, &format!("seed {seed}: {address}"));
        assert!(status < 300 || (400..500).contains(&status), "seed {seed}: {address} is answered {status}");
        let body = answer.json();
        // A page that goes on can be gone on with.
        if let Some(next) = body["next"].as_str() {
            pairs.retain(|(key, _)| key != "cursor");
            pairs.push(("cursor".to_owned(), next.to_owned()));
            client.get(&super::lists::address(path, &pairs)).await.expect(200);
        }
    }
}
