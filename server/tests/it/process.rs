//! Starts, kills and restarts the binary on one data folder.

use std::{
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use reqwest::Client;

pub(crate) const PUBLIC_KEY: &str = "pk-assay-crash-test";
pub(crate) const SECRET_KEY: &str = "sk-assay-crash-test-secret";

pub(crate) struct Server {
    child: Child,
    pub(crate) url: String,
}

impl Server {
    /// Starts the binary and waits until it is ready.
    pub(crate) async fn start(data: &Path, client: &Client) -> Self {
        Self::start_by(Command::new(env!("CARGO_BIN_EXE_assay")), data, client).await
    }

    /// Starts it by a command of one's own, which passes on the arguments it gets.
    pub(crate) async fn start_by(mut command: Command, data: &Path, client: &Client) -> Self {
        let mut child = command
            .args(["serve", "--listen", "127.0.0.1:0", "--log", "warn", "--data"])
            .arg(data)
            .env("ASSAY_INIT_EMAIL", "owner@example.com")
            .env("ASSAY_INIT_PASSWORD", "correct horse battery staple")
            .env("ASSAY_INIT_PROJECT", "crash")
            .env("ASSAY_INIT_PUBLIC_KEY", PUBLIC_KEY)
            .env("ASSAY_INIT_SECRET_KEY", SECRET_KEY)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        let mut lines = BufReader::new(child.stdout.take().expect("its output is piped")).lines();
        let url = lines
            .by_ref()
            .map_while(Result::ok)
            .find_map(|line| line.strip_prefix("Assay is running at ").map(|url| url.trim().to_owned()))
            .expect("it says where it listens");
        std::thread::spawn(move || lines.for_each(drop));
        let server = Self { child, url };
        let mut ready = false;
        // Ready means the stores are open; bounded by the attempts, not by a guess.
        for _ in 0..600 {
            let answer = client.get(format!("{}/readyz", server.url)).send().await;
            if answer.is_ok_and(|answer| answer.status().is_success()) {
                ready = true;
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        assert!(ready, "the server did not become ready");
        server
    }

    /// What `/metrics` says of memory, in bytes: `allocated` or `resident`; nothing where the allocator does not say.
    pub(crate) async fn memory(&self, client: &Client, of: &str) -> Option<u64> {
        let answer = client.get(format!("{}/metrics", self.url)).send().await.expect("an answer");
        let series = format!("assay_memory_{of}_bytes ");
        let text = answer.text().await.expect("text");
        let value = text.lines().find_map(|line| line.strip_prefix(&series))?;
        Some(value.parse().expect("a number of bytes"))
    }

    /// Number of the process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Asks it to stop, as a service manager does, and says whether it ended well.
    pub(crate) fn stop(mut self) -> bool {
        let asked = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        assert!(asked.expect("there is a `kill`").success());
        self.child.wait().expect("it ends").success()
    }

    /// Ends it as a power cut would.
    pub(crate) fn kill(mut self) {
        self.child.kill().expect("it was running");
        self.child.wait().expect("it ends");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
