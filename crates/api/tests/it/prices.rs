//! Prices from outside: set, looked up, ended, applied to what is stored.

use std::{pin::Pin, time::Duration};

use serde_json::{Value, json};
use services::ServiceError;
use testkit::{Client, TestApp, otlp};

/// A call of a model nobody knows, 12 tokens read and 3 written.
fn house(id: &str) -> otlp::SpanBuilder {
    otlp::span(id)
        .text("langfuse.observation.model.name", "house-7b")
        .text("langfuse.observation.usage_details", r#"{"input":12,"output":3}"#)
}

async fn span_of(key: &Client, id: &str) -> Value {
    let trace = key.get(&format!("/api/v1/traces/{}", otlp::TRACE)).await.expect(200).json();
    let spans = trace["spans"].as_array().unwrap();
    spans.iter().find(|span| span["id"] == id).unwrap().clone()
}

async fn work(app: &TestApp) {
    while app.services.prices.work().await.unwrap() {}
}

fn job_at(job: &Value) -> String {
    format!("/api/v1/prices/reprice/{}", job["id"].as_str().unwrap())
}

#[tokio::test]
async fn an_unknown_model_is_counted_then_priced_and_the_old_amount_stays_readable() {
    let app = TestApp::start().await;
    let key = app.key();
    key.post("/v1/traces", &otlp::request([house("00000000000000a1"), house("00000000000000a2")])).await.expect(200);
    let span = span_of(&key, "00000000000000a1").await;
    assert_eq!((&span["cost_usd"], &span["cost_origin"]["reason"]), (&json!(null), &json!("unknown_model")));
    let listed = key.get("/api/v1/prices/unpriced").await.expect(200).json();
    let [model] = listed["items"].as_array().unwrap().as_slice() else { panic!("one model: {listed}") };
    assert_eq!(
        (&model["model"], &model["spans"], &model["priced_now"]),
        (&json!("house-7b"), &json!(2), &json!(false))
    );

    let price =
        json!({"model": "House-*", "rates": {"input": "2.5", "output": 10}, "valid_from": "2026-11-21T00:00:00Z"});
    let set = key.post("/api/v1/prices", &price).await.expect(201).json();
    insta::assert_json_snapshot!("price", set, { ".id" => "[id]" });
    let listed = key.get("/api/v1/prices/unpriced").await.expect(200).json();
    assert_eq!(listed["items"][0]["priced_now"], true, "pricing again would find it");

    let job = key.post("/api/v1/prices/reprice", &json!({"only_unpriced": true})).await.expect(202).json();
    assert_eq!(job["state"], "waiting");
    key.post("/api/v1/prices/reprice", &json!({})).await.expect(409);
    work(&app).await;
    let done = key.get(&job_at(&job)).await.expect(200).json();
    insta::assert_json_snapshot!("repriced", done, { ".id" => "[id]" });
    // 12 at 2.50 and 3 at 10 a million.
    let span = span_of(&key, "00000000000000a1").await;
    assert_eq!((&span["cost_usd"], &span["input_cost_usd"]), (&json!("0.00006"), &json!("0.00003")));
    assert_eq!(span["cost_origin"]["price"]["id"], set["id"]);
    let past = format!("/api/v1/traces/{}/spans/00000000000000a1/past-costs", otlp::TRACE);
    let past = key.get(&past).await.expect(200).json();
    assert_eq!(past["items"][0]["job"], job["id"]);
    assert_eq!((&past["items"][0]["cost_usd"], past["items"].as_array().unwrap().len()), (&json!(null), 1));
    assert_eq!(key.get("/api/v1/prices/unpriced").await.expect(200).json()["items"], json!([]));
    // New spans take the price at once, and totals agree.
    key.post("/v1/traces", &otlp::request([house("00000000000000a3")])).await.expect(200);
    app.fold().await;
    let sum = json!({"measures": ["cost.sum"], "range": "24h"});
    let sum = key.post("/api/v1/query", &sum).await.expect(200).json();
    assert_eq!(sum["rows"][0]["values"][0]["value"], 180_000.0, "nano-dollars");
}

#[tokio::test]
async fn an_undone_price_is_taken_back_by_pricing_again() {
    let app = TestApp::start().await;
    let key = app.key();
    let price = json!({"model": "house-7b", "rates": {"input": 1}, "valid_from": "2026-01-01T00:00:00Z"});
    let set = key.post("/api/v1/prices", &price).await.expect(201).json();
    // The price says nothing of output: the span has no cost, rather than a part of one.
    key.post("/v1/traces", &otlp::request([house("00000000000000a1")])).await.expect(200);
    let span = span_of(&key, "00000000000000a1").await;
    assert_eq!(span["cost_origin"]["reason"], "no_rate");
    assert_eq!((&span["cost_usd"], &span["cost_origin"]["item"]), (&json!(null), &json!("output")));

    app.clock.advance_s(60);
    let better = json!({"model": "house-7b", "rates": {"input": 1, "output": 2}, "valid_from": "2026-01-01T00:00:00Z"});
    let second = key.post("/api/v1/prices", &better).await.expect(201).json();
    let states = |listed: &Value| -> Vec<Value> {
        listed["items"].as_array().unwrap().iter().map(|price| price["state"].clone()).collect()
    };
    let listed = key.get("/api/v1/prices").await.expect(200).json();
    assert_eq!(states(&listed), ["holds", "replaced"]);
    key.post("/api/v1/prices/reprice", &json!({"model": "house*", "range": "1h"})).await.expect(202);
    work(&app).await;
    assert_eq!(span_of(&key, "00000000000000a1").await["cost_usd"], "0.000018");

    for price in [&second, &set] {
        let at = format!("/api/v1/prices/{}/close", price["id"].as_str().unwrap());
        let ended = key.post(&at, &json!({"at": "2020-01-01T00:00:00Z"})).await.expect(200).json();
        assert_eq!((&ended["state"], &ended["valid_until"]), (&json!("undone"), &json!("2026-01-01T00:00:00.000000Z")));
        let again = key.post(&at, &json!({})).await.expect(200).json();
        assert_eq!(again, ended, "the first end stands");
    }
    key.post("/api/v1/prices/reprice", &json!({})).await.expect(202);
    work(&app).await;
    let span = span_of(&key, "00000000000000a1").await;
    assert_eq!((&span["cost_usd"], &span["cost_origin"]["reason"]), (&json!(null), &json!("unknown_model")));
    let past = format!("/api/v1/traces/{}/spans/00000000000000a1/past-costs", otlp::TRACE);
    let past = key.get(&past).await.expect(200).json();
    let amounts: Vec<&Value> = past["items"].as_array().unwrap().iter().map(|past| &past["cost_usd"]).collect();
    assert_eq!(amounts, [&json!(null), &json!("0.000018")]);
}

#[tokio::test]
async fn what_a_sender_says_it_cost_stands_and_agents_are_not_priced() {
    let app = TestApp::start().await;
    let key = app.key();
    let given = house("00000000000000a1").text("langfuse.observation.cost_details", r#"{"total":0.75}"#);
    let agent = house("00000000000000a2").text("langfuse.observation.type", "agent");
    key.post("/v1/traces", &otlp::request([given, agent])).await.expect(200);
    let price = json!({"model": "*", "rates": {"input": 1, "output": 1}, "valid_from": "2026-01-01T00:00:00Z"});
    key.post("/api/v1/prices", &price).await.expect(201);
    let job = key.post("/api/v1/prices/reprice", &json!({})).await.expect(202).json();
    work(&app).await;
    let done = key.get(&job_at(&job)).await.expect(200).json();
    assert_eq!((&done["state"], &done["changed_spans"]), (&json!("done"), &json!(0)));
    assert_eq!(span_of(&key, "00000000000000a1").await["cost_usd"], "0.75");
    assert_eq!(span_of(&key, "00000000000000a2").await["cost_usd"], json!(null));
}

/// Four pages.
const MANY: u64 = 20_000;

async fn send_many(app: &TestApp) {
    for batch in 0..MANY / 1_000 {
        let spans = (0..1_000).map(|number| {
            let id = format!("{:016x}", batch * 1_000 + number + 1);
            house(&id).trace(&format!("{:032x}", batch + 1))
        });
        app.key().post("/v1/traces", &otlp::request(spans)).await.expect(200);
    }
    let price = json!({"model": "house-7b", "rates": {"input": 1, "output": 1}, "valid_from": "2026-01-01T00:00:00Z"});
    app.key().post("/api/v1/prices", &price).await.expect(201);
}

/// Lets a worker run until it has told of a first page.
async fn begun(
    key: &Client,
    job: &Value,
    mut worker: Pin<&mut (dyn Future<Output = Result<bool, ServiceError>> + Send)>,
) {
    loop {
        let step = tokio::time::timeout(Duration::from_millis(1), worker.as_mut()).await;
        assert!(step.is_err(), "it was too fast for this test");
        if key.get(&job_at(job)).await.expect(200).json()["done"].as_f64().unwrap() > 0.0 {
            return;
        }
    }
}

#[tokio::test]
async fn a_job_whose_worker_died_is_finished_by_another_and_every_span_is_priced_once() {
    let app = TestApp::start().await;
    let key = app.key();
    send_many(&app).await;
    let job = key.post("/api/v1/prices/reprice", &json!({})).await.expect(202).json();
    {
        let mut dies = std::pin::pin!(app.services.prices.work());
        begun(&key, &job, dies.as_mut()).await;
    }
    let left = key.get(&job_at(&job)).await.expect(200).json();
    assert!(left["done"].as_f64().unwrap() < 1.0, "{left}");
    assert_eq!(left["state"], "running");
    assert!(!app.services.prices.work().await.unwrap(), "the dead worker's lease still runs");
    app.clock.advance_s(11);
    work(&app).await;
    let done = key.get(&job_at(&job)).await.expect(200).json();
    assert_eq!((&done["state"], &done["done"]), (&json!("done"), &json!(1.0)));
    let seen = done["changed_spans"].as_u64().unwrap() + done["unchanged_spans"].as_u64().unwrap();
    assert_eq!((seen, &done["unpriced_spans"]), (MANY, &json!(0)));
    assert_eq!(key.get("/api/v1/prices/unpriced").await.expect(200).json()["items"], json!([]));
    // No span was charged twice: each has one old amount.
    let past = format!("/api/v1/traces/{:032x}/spans/{:016x}/past-costs", 1, 1);
    assert_eq!(key.get(&past).await.expect(200).json()["items"].as_array().unwrap().len(), 1);
    app.fold().await;
    let sum = json!({"measures": ["cost.sum", "count"], "range": "24h"});
    let sum = key.post("/api/v1/query", &sum).await.expect(200).json();
    assert_eq!(sum["rows"][0]["values"][0]["value"], MANY as f64 * 15_000.0, "nano-dollars");
}

#[tokio::test]
async fn a_cancelled_job_stops_and_stays_cancelled() {
    let app = TestApp::start().await;
    let key = app.key();
    key.post("/v1/traces", &otlp::request([house("00000000000000a1")])).await.expect(200);
    let job = key.post("/api/v1/prices/reprice", &json!({})).await.expect(202).json();
    let cancelled = key.delete(&job_at(&job)).await.expect(200).json();
    assert_eq!(cancelled["state"], "cancelled");
    assert!(!app.services.prices.work().await.unwrap(), "nothing is left to do");
    assert_eq!(key.delete(&job_at(&job)).await.expect(200).json(), cancelled);
    let listed = key.get("/api/v1/prices/reprice").await.expect(200).json();
    assert_eq!(listed["items"], json!([cancelled]));
}

#[tokio::test]
async fn a_job_cancelled_under_its_worker_keeps_what_was_done_and_does_no_more() {
    let app = TestApp::start().await;
    let key = app.key();
    send_many(&app).await;
    let job = key.post("/api/v1/prices/reprice", &json!({})).await.expect(202).json();
    let mut worker = std::pin::pin!(app.services.prices.work());
    begun(&key, &job, worker.as_mut()).await;
    // Side by side: a worker that stands still may hold what the other waits for.
    let at = job_at(&job);
    let (worked, cancelled) = tokio::join!(worker, key.delete(&at));
    assert!(worked.unwrap());
    cancelled.expect(200);
    assert!(!app.services.prices.work().await.unwrap(), "nothing is left to do");
    let stopped = key.get(&job_at(&job)).await.expect(200).json();
    assert_eq!(stopped["state"], "cancelled");
    let left = key.get("/api/v1/prices/unpriced").await.expect(200).json()["items"][0]["spans"].as_u64().unwrap();
    assert!(0 < left && left < MANY, "{left}");
}

#[tokio::test]
async fn the_catalogue_is_searched_by_words_and_names_what_a_span_is_priced_by() {
    let app = TestApp::start().await;
    let key = app.key();
    let found = key.get("/api/v1/prices/catalogue?q=gpt-4o&limit=3").await.expect(200).json();
    assert_eq!((&found["used"], &found["items"][0]["entry"]), (&json!("openai/gpt-4o"), &json!("openai/gpt-4o")));
    assert_eq!(found["items"][0]["schedule"][0]["rates"]["input"], "2.5");
    assert_eq!(found["items"].as_array().unwrap().len(), 3);
    assert!(found["total"].as_u64().unwrap() > 3);
    // A dated name: no entry has it in its own name, and yet it is priced.
    let dated =
        key.get("/api/v1/prices/catalogue?q=gpt-4o-2024-08-06&provider=azure.ai.openai").await.expect(200).json();
    assert_eq!(dated["used"], "openai/gpt-4o");
    let words =
        key.get("/api/v1/prices/catalogue?q=claude%20sonnet&provider=anthropic&limit=100").await.expect(200).json();
    let all = words["items"].as_array().unwrap();
    assert!(all.len() > 3 && all.iter().all(|model| model["provider"] == "anthropic"), "{words}");
    let long = key.get("/api/v1/prices/catalogue?q=gemini-2.5-pro&provider=google&limit=1").await.expect(200).json();
    insta::assert_json_snapshot!("catalogue", long, { ".edition" => "[edition]", ".total" => "[total]" });
    let nothing = key.get("/api/v1/prices/catalogue?q=house-7b").await.expect(200).json();
    assert_eq!((&nothing["used"], &nothing["items"]), (&json!(null), &json!([])));
}
