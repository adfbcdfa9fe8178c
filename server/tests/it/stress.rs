//! What goes on around a server at work: backups, deletions, a stop, idle and slow clients, one that floods.

use std::{
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::{
    load::{Load, PROMPT, all_there, text, until},
    process::{PUBLIC_KEY, SECRET_KEY, Server},
};

fn client() -> Client {
    Client::builder().timeout(Duration::from_secs(30)).build().expect("a client")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_backup_taken_under_load_has_all_that_was_acknowledged_before() {
    let data = tempfile::tempdir().expect("a data folder");
    let client = client();
    let server = Server::start(data.path(), &client).await;
    let load = Load::start(&client, &server.url, 2_000);
    until("some traces", async || load.told.acknowledged() > 200).await;
    let before = load.told.counts();
    let copy = data.path().join("copy");
    let mut backup = Command::new(env!("CARGO_BIN_EXE_assay"));
    backup.arg("backup").arg(&copy).arg("--data").arg(data.path());
    let output = tokio::task::spawn_blocking(move || backup.output()).await.expect("no panic").expect("it starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let went_on = load.told.acknowledged();
    until("senders go on", async || load.told.acknowledged() > went_on + 20).await;
    let sent = load.stop().await;
    assert!(server.stop());

    let doctor = Command::new(env!("CARGO_BIN_EXE_assay")).arg("doctor").arg("--data").arg(&copy).output();
    assert!(doctor.expect("it starts").status.success(), "the copy is sound");
    let restored = Server::start(&copy, &client).await;
    all_there(&client, &restored.url, &before).await;
    // It takes in what came after it.
    let again = Load::start(&client, &restored.url, 2_000);
    until("it takes in traces", async || again.told.acknowledged() > 20).await;
    again.stop().await;
    assert!(restored.stop());
    println!("{} acknowledged before the backup, {} in all", before.iter().sum::<u64>(), sent.iter().sum::<u64>());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_stop_under_load_loses_nothing_acknowledged() {
    let data = tempfile::tempdir().expect("a data folder");
    let client = client();
    let server = Server::start(data.path(), &client).await;
    let load = Load::start(&client, &server.url, 2_000);
    until("some traces", async || load.told.acknowledged() > 200).await;
    let stopped = tokio::task::spawn_blocking(move || server.stop()).await.expect("no panic");
    assert!(stopped, "it ends well with senders at work");
    let sent = load.stop().await;
    let server = Server::start(data.path(), &client).await;
    all_there(&client, &server.url, &sent).await;
    assert!(server.stop());
}

async fn send(client: &Client, method: Method, url: &str) -> (StatusCode, Value) {
    let request = client.request(method, url).basic_auth(PUBLIC_KEY, Some(SECRET_KEY));
    let answer = request.send().await.expect("an answer");
    (answer.status(), answer.json().await.expect("JSON"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_user_is_erased_under_load_and_across_kill_9() {
    let data = tempfile::tempdir().expect("a data folder");
    let client = client();
    let server = Server::start(data.path(), &client).await;
    let load = Load::start(&client, &server.url, 2_000);
    until("some traces", async || load.told.acknowledged() > 700).await;
    load.stop().await;
    let (status, job) = send(&client, Method::DELETE, &format!("{}/api/v1/users/user%203/data", server.url)).await;
    assert_eq!(status, 202, "{job}");
    // Others go on meanwhile, and the server dies in the middle of it.
    let load = Load::start(&client, &server.url, 2_000);
    until("more traces", async || load.told.acknowledged() > 20).await;
    server.kill();
    load.stop().await;
    let server = Server::start(data.path(), &client).await;
    let path = format!("{}/api/v1/erasures/{}", server.url, job["id"].as_str().expect("an id"));
    until("it is done", async || send(&client, Method::GET, &path).await.1["state"] == "done").await;
    let question = json!({"measures": ["count"], "dimensions": ["user"], "range": "24h",
        "filters": [{"dimension": "prompt", "values": [PROMPT]}]});
    let request = client.post(format!("{}/api/v1/query", server.url)).basic_auth(PUBLIC_KEY, Some(SECRET_KEY));
    let totals = request.json(&question).send().await.expect("an answer").text().await.expect("a text");
    assert!(totals.contains("user 4") && !totals.contains("user 3"), "{totals}");
    let users = text(&client, &format!("{}/api/v1/erasures", server.url)).await;
    assert!(users.contains("\"user\":\"user 3\""), "the job is the record of it: {users}");
    assert!(server.stop());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn idle_connections_do_not_stand_in_others_way() {
    let data = tempfile::tempdir().expect("a data folder");
    let client = client();
    let server = Server::start(data.path(), &client).await;
    let address = server.url.trim_start_matches("http://").to_owned();
    let mut idle = Vec::new();
    for _ in 0..1_000 {
        idle.push(TcpStream::connect(&address).await.expect("a connection"));
    }
    let load = Load::start(&client, &server.url, 2_000);
    until("others work", async || load.told.acknowledged() > 200).await;
    let sent = load.stop().await;
    all_there(&client, &server.url, &sent.map(|count| count.min(10))).await;
    drop(idle);
    assert!(server.stop());
}

/// Only the allocator of these systems says what is in use.
#[cfg(all(unix, not(target_env = "musl")))]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn connections_that_wait_after_a_large_request_hold_little() {
    use base64::{Engine as _, prelude::BASE64_STANDARD};

    const CONNECTIONS: u64 = 100;
    const BODY: usize = 2_000_000;
    let data = tempfile::tempdir().expect("a data folder");
    let client = client();
    let server = Server::start(data.path(), &client).await;
    let address = server.url.trim_start_matches("http://").to_owned();
    let in_use = async || server.memory(&client, "allocated").await.expect("bytes in use");
    let key = BASE64_STANDARD.encode(format!("{PUBLIC_KEY}:{SECRET_KEY}"));
    let head = format!(
        "POST /v1/traces HTTP/1.1\r\nhost: {address}\r\nauthorization: Basic {key}\r\n\
         content-type: application/x-protobuf\r\ncontent-length: {BODY}\r\n\r\n"
    );
    // No protobuf: it is read to its end and refused.
    let body = vec![0xff_u8; BODY];
    let mut waiting = Vec::new();
    let mut before = 0;
    for number in 0..=CONNECTIONS {
        let mut stream = TcpStream::connect(&address).await.expect("a connection");
        stream.write_all(head.as_bytes()).await.expect("it is taken");
        stream.write_all(&body).await.expect("it is taken");
        let mut status = [0; 12];
        stream.read_exact(&mut status).await.expect("an answer");
        assert_eq!(&status, b"HTTP/1.1 400", "{}", String::from_utf8_lossy(&status));
        waiting.push(stream);
        if number == 0 {
            // What the first request brings with it stays.
            before = in_use().await;
        }
    }
    let each = in_use().await.saturating_sub(before) / CONNECTIONS;
    println!("{each} bytes for each connection that waits");
    assert!(each < 200_000, "{each} bytes for each connection that waits");
    drop(waiting);
    assert!(server.stop());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_flood_by_one_client_leaves_room_for_another() {
    let data = tempfile::tempdir().expect("a data folder");
    let client = client();
    let server = Server::start(data.path(), &client).await;
    let made =
        Command::new(env!("CARGO_BIN_EXE_assay")).args(["key", "create", "crash", "--data"]).arg(data.path()).output();
    let said = String::from_utf8(made.expect("it starts").stdout).expect("UTF-8");
    let word = |what: &str| {
        let line = said.lines().find_map(|line| line.strip_prefix(what)).expect("it says both halves");
        line.trim().to_owned()
    };
    let (public, secret) = (word("public key:"), word("secret key:"));
    let stop = Arc::new(AtomicBool::new(false));
    let answered = Arc::new(AtomicU64::new(0));
    let flood: Vec<_> = (0..64)
        .map(|number| {
            let (client, url, stop, answered) = (client.clone(), server.url.clone(), Arc::clone(&stop), Arc::clone(&answered));
            tokio::spawn(async move {
                let spans: Vec<Value> = (0..200)
                    .map(|span| {
                        json!({"traceId": format!("{:032x}", number + 1), "spanId": format!("{:016x}", span + 1), "name": "flood",
                            "startTimeUnixNano": "1800000000000000000", "endTimeUnixNano": "1800000000000000000"})
                    })
                    .collect();
                let body = json!({"resourceSpans": [{"scopeSpans": [{"scope": {"name": "flood"}, "spans": spans}]}]});
                while !stop.load(Relaxed) {
                    let request = client.post(format!("{url}/v1/traces")).basic_auth(PUBLIC_KEY, Some(SECRET_KEY));
                    if request.json(&body).send().await.is_ok() {
                        answered.fetch_add(1, Relaxed);
                    }
                }
            })
        })
        .collect();
    until("the flood has begun", async || answered.load(Relaxed) > 100).await;
    let mut slowest = Duration::ZERO;
    for number in 0..20 {
        let score = json!({"traceId": format!("{:032x}", 77), "name": "stars", "value": number});
        let began = Instant::now();
        // As SDKs do: what is to be sent again is.
        until("a score is stored", async || {
            let request = client.post(format!("{}/api/public/scores", server.url)).basic_auth(&public, Some(&secret));
            request.json(&score).send().await.expect("an answer").status().is_success()
        })
        .await;
        slowest = slowest.max(began.elapsed());
    }
    stop.store(true, Relaxed);
    for one in flood {
        one.await.expect("no panic");
    }
    println!("{} requests of the flood, slowest score beside it {slowest:?}", answered.load(Relaxed));
    assert!(slowest < Duration::from_secs(20), "{slowest:?}");
    assert!(server.stop());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn heads_and_bodies_that_come_byte_by_byte_are_given_up() {
    let data = tempfile::tempdir().expect("a data folder");
    let client = client();
    let server = Server::start(data.path(), &client).await;
    let address = server.url.trim_start_matches("http://").to_owned();
    let drip = |head: &'static str| {
        let address = address.clone();
        async move {
            let mut stream = TcpStream::connect(&address).await.expect("a connection");
            stream.write_all(head.as_bytes()).await.expect("it is taken");
            let (mut read, mut write) = stream.into_split();
            let began = Instant::now();
            let dripping = tokio::spawn(async move {
                while write.write_all(b"x").await.is_ok() {
                    tokio::time::sleep(Duration::from_millis(500)).await;
                }
            });
            let mut said = Vec::new();
            let ended = tokio::time::timeout(Duration::from_secs(80), read.read_to_end(&mut said)).await;
            dripping.abort();
            assert!(ended.is_ok(), "the connection is still open");
            (began.elapsed(), String::from_utf8_lossy(&said).into_owned())
        }
    };
    let head = drip("GET /healthz HTTP/1.1\r\nhost: a\r\nx-slow: ");
    let body = drip(
        "POST /v1/traces HTTP/1.1\r\nhost: a\r\nauthorization: Basic cGstYXNzYXktY3Jhc2gtdGVzdDpzay1hc3NheS1jcmFzaC10ZXN0LXNlY3JldA==\r\n\
         content-type: application/json\r\nconnection: close\r\ncontent-length: 100000\r\n\r\n",
    );
    let load = Load::start(&client, &server.url, 2_000);
    let ((head_took, _), (body_took, said)) = tokio::join!(head, body);
    assert!(said.starts_with("HTTP/1.1 503") || said.starts_with("HTTP/1.1 408"), "{said}");
    assert!(load.told.acknowledged() > 100, "others worked meanwhile");
    load.stop().await;
    println!("a slow head was given up after {head_took:?}, a slow body after {body_took:?}");
    assert!(server.stop());
}
