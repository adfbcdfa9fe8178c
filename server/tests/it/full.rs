//! A full disk under load, with the real binary: senders are refused and told when to come again, reading goes on, and once
//! there is space everything goes on by itself; what was acknowledged is there, once, and totals equal a rebuild.
//!
//! The disk is a small tmpfs. Where mounting is not allowed it is a limit on the size of files, which says so; that way of
//! running out is tried in any case, since quotas look like it.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::atomic::Ordering::Relaxed,
    time::Duration,
};

use domain::{
    ids::ProjectId,
    metric::{Dimension, Quantity},
    time::{TimeRange, TimeUs},
};
use reqwest::Client;
use serde_json::{Value, json};
use store::event::{EventStore as _, TotalsQuestion};
use store_sqlite::SqliteEvents;

use crate::{
    load::{Load, PROMPT, all_there, text, trace_id, until},
    process::{PUBLIC_KEY, SECRET_KEY, Server},
};

/// Payload of a span.
const PAYLOAD: usize = 30_000;
const DISK_BYTES: u64 = 72 << 20;
/// What somebody else takes of the disk until they free it.
const BALLAST: usize = 24 << 20;
/// Largest file where the disk is a limit on files, in blocks of 512 bytes: 16 MiB.
const LIMIT_BLOCKS: u32 = 32_768;
/// Refusals to see before space is made.
const REFUSALS: u64 = 40;

/// A disk that runs out.
enum Disk {
    /// A file system of its own.
    Tmpfs { folder: tempfile::TempDir },
    /// Files may only grow so far.
    Limited { folder: tempfile::TempDir },
}

impl Disk {
    fn tmpfs() -> Option<Self> {
        let folder = tempfile::tempdir().expect("a folder");
        let size = format!("size={DISK_BYTES}");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(folder.path()).output();
        let mounted = mounted.is_ok_and(|output| output.status.success());
        mounted.then(|| {
            fs::write(folder.path().join("ballast"), vec![7; BALLAST]).expect("there is space for the ballast");
            Self::Tmpfs { folder }
        })
    }

    fn limited() -> Self {
        Self::Limited { folder: tempfile::tempdir().expect("a folder") }
    }

    fn data(&self) -> PathBuf {
        let (Self::Tmpfs { folder } | Self::Limited { folder }) = self;
        folder.path().join("data")
    }

    async fn start(&self, client: &Client) -> Server {
        match self {
            Self::Tmpfs { .. } => Server::start(&self.data(), client).await,
            Self::Limited { .. } => {
                // Ignored, the signal becomes an error of the write. Only the soft limit, so that it can be lifted.
                let script = format!("trap '' XFSZ; ulimit -S -f {LIMIT_BLOCKS}; exec \"$0\" \"$@\"");
                let mut command = Command::new("sh");
                command.args(["-c", &script, env!("CARGO_BIN_EXE_assay")]);
                Server::start_by(command, &self.data(), client).await
            }
        }
    }

    fn make_space(&self, server: &Server) {
        match self {
            Self::Tmpfs { folder } => fs::remove_file(folder.path().join("ballast")).expect("the ballast is there"),
            Self::Limited { .. } => {
                let lifted =
                    Command::new("prlimit").args(["--pid", &server.id().to_string(), "--fsize=unlimited:"]).status();
                assert!(lifted.expect("there is a `prlimit`").success());
            }
        }
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        if let Self::Tmpfs { folder } = self {
            let _ = Command::new("umount").arg("-l").arg(folder.path()).status();
        }
    }
}

/// The cookie of the owner, signed in by the form of the page.
async fn cookie(client: &Client, url: &str) -> String {
    let page = client.get(format!("{url}/signin")).send().await.expect("a page").text().await.expect("a text");
    let action = page.split("action=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("a form").to_owned();
    let form = "email=owner%40example.com&password=correct%20horse%20battery%20staple";
    let request = client.post(format!("{url}{action}")).header("origin", url).header("accept", "text/html");
    let request = request.header("content-type", "application/x-www-form-urlencoded").body(form);
    let answer = request.send().await.expect("an answer");
    let cookie = answer.headers().get("set-cookie").expect("a session").to_str().expect("text");
    cookie.split(';').next().expect("a pair").to_owned()
}

async fn page(client: &Client, url: &str, cookie: &str) -> String {
    let answer = client.get(format!("{url}/p/crash/traces")).header("cookie", cookie).send().await.expect("a page");
    assert_eq!(answer.status(), 200);
    answer.text().await.expect("a text")
}

async fn runs_out(disk: Disk) {
    let data = disk.data();
    fs::create_dir(&data).expect("a data folder");
    let no_redirect = reqwest::redirect::Policy::none();
    let client = Client::builder().timeout(Duration::from_secs(30)).redirect(no_redirect).build().expect("a client");
    let server = disk.start(&client).await;
    let url = server.url.clone();
    let cookie = cookie(&client, &url).await;
    let prompt = json!({"name": PROMPT, "type": "text", "prompt": "Answer.", "labels": ["production"]});
    let made = client.post(format!("{url}/api/public/v2/prompts")).basic_auth(PUBLIC_KEY, Some(SECRET_KEY));
    assert!(made.json(&prompt).send().await.expect("an answer").status().is_success());

    let load = Load::start(&client, &url, PAYLOAD);
    let told = &load.told;

    until("the disk is full", async || told.refused.load(Relaxed) >= REFUSALS).await;
    let before = told.acknowledged();
    assert!(before > 50, "too little fitted to mean anything: {before}");
    // Reading goes on, and people are told.
    let told_page = page(&client, &url, &cookie).await;
    assert!(told_page.contains("The disk is full: "), "{told_page}");
    assert!(text(&client, &format!("{url}/api/public/traces/{}", trace_id(0, 0))).await.contains(PROMPT));
    assert!(text(&client, &format!("{url}/api/public/v2/prompts/load%2Fprompt")).await.contains("Answer."));
    assert_eq!(text(&client, &format!("{url}/readyz")).await, "ready, disk full\n");
    assert!(text(&client, &format!("{url}/metrics")).await.contains("assay_disk_full 1"));

    disk.make_space(&server);
    until("it goes on", async || told.acknowledged() > before + 100).await;
    let refused = told.refused.load(Relaxed);
    let sent = load.stop().await;
    until("people are no longer told", async || !page(&client, &url, &cookie).await.contains("The disk is full")).await;
    assert_eq!(text(&client, &format!("{url}/readyz")).await, "ready\n");
    let question =
        json!({"measures": ["count"], "filters": [{"dimension": "prompt", "values": [PROMPT]}], "range": "24h"});
    until("the folder goes on", async || {
        let request = client.post(format!("{url}/api/v1/query")).basic_auth(PUBLIC_KEY, Some(SECRET_KEY));
        let totals: Value = request.json(&question).send().await.expect("an answer").json().await.expect("JSON");
        // A span in flight when the senders stopped may be stored beside those acknowledged.
        let (counted, acknowledged) =
            (totals["rows"][0]["values"][0]["value"].as_f64(), sent.iter().sum::<u64>() as f64);
        totals["lag_ms"] == 0 && counted.is_some_and(|counted| counted >= acknowledged)
    })
    .await;
    all_there(&client, &url, &sent).await;
    let projects: Value =
        serde_json::from_str(&text(&client, &format!("{url}/api/public/projects")).await).expect("JSON");
    let project = projects["data"][0]["id"].as_str().expect("an id").parse::<ProjectId>().expect("an id");
    assert!(server.stop(), "it ends well");
    sound(&data, project).await;
    println!("{} acknowledged, {before} until it was full, {} refused", sent.iter().sum::<u64>(), refused);
}

/// The files are sound, and their totals are what a rebuild makes of the events.
async fn sound(data: &Path, project: ProjectId) {
    let doctor = Command::new(env!("CARGO_BIN_EXE_assay")).arg("doctor").arg("--data").arg(data).output();
    let doctor = doctor.expect("the binary starts");
    assert!(doctor.status.success(), "{}", String::from_utf8_lossy(&doctor.stdout));
    let events = SqliteEvents::open(data).await.expect("the file opens");
    let question = TotalsQuestion {
        range: TimeRange { from: TimeUs(0), to: TimeUs(i64::MAX) },
        steps: Vec::new(),
        dimensions: vec![Dimension::Prompt, Dimension::Version, Dimension::Model, Dimension::Environment],
        filters: Vec::new(),
        spans: true,
        bins: Quantity::ALL.to_vec(),
        scores: true,
        score_bins: true,
    };
    while events.fold().await.expect("it folds") {}
    let kept = events.totals(project, std::slice::from_ref(&question)).await.expect("totals");
    events.rebuild_totals().await.expect("it rebuilds");
    let rebuilt = events.totals(project, &[question]).await.expect("totals");
    assert!(kept.iter().any(|answer| !answer.spans.is_empty()));
    assert_eq!(kept, rebuilt);
    events.close().await.expect("it closes");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_full_disk_refuses_and_goes_on_when_there_is_space() {
    let disk = Disk::tmpfs().unwrap_or_else(|| {
        println!("a tmpfs may not be mounted here: the disk is a limit on the size of files");
        Disk::limited()
    });
    runs_out(disk).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_limit_on_the_size_of_files_is_a_full_disk() {
    runs_out(Disk::limited()).await;
}
