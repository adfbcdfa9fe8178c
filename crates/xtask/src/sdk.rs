//! The real, unmodified SDKs against the real server.

use std::{
    fs,
    path::PathBuf,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};
use serde_json::Value;

use crate::{
    process, run,
    serving::{INIT, Server},
    tools,
    workspace::Workspace,
};

/// Long enough for every retry an SDK makes by itself.
const LIMIT: Duration = Duration::from_mins(4);

/// Characters of a failing step that are worth showing; the log has all.
const SHOWN: usize = 300;

/// A program that drives an SDK.
struct Program {
    /// What it is called in the report.
    name: &'static str,
    /// Which virtual environment runs it; Node without.
    environment: Option<&'static Environment>,
    /// Below `end2end`.
    file: &'static str,
    /// `SDK=` of `v3_family.py`.
    family: Option<&'static str>,
}

struct Environment {
    name: &'static str,
    packages: &'static [&'static str],
    pre_releases: bool,
}

const LANGFUSE_5: Environment =
    Environment { name: "langfuse5", packages: &["langfuse==5.0.4", "openai==3.52.0"], pre_releases: false };
const LANGFUSE_3: Environment = Environment { name: "langfuse3", packages: &["langfuse==3.15.0"], pre_releases: false };
const ABV: Environment = Environment { name: "abv", packages: &["abv==0.0.1.dev1"], pre_releases: true };
const ABVDEV: Environment = Environment { name: "abvdev", packages: &["abvdev==0.0.1b7"], pre_releases: true };

/// A plain exporter, and OpenInference's instrumentation of the OpenAI client.
const OTEL: Environment = Environment {
    name: "otel",
    packages: &[
        "opentelemetry-sdk==1.45.2",
        "opentelemetry-exporter-otlp-proto-http==1.45.2",
        "openai==3.52.0",
        "openinference-instrumentation-openai==0.1.66",
    ],
    pre_releases: false,
};

const MLFLOW: Environment = Environment {
    name: "mlflow",
    packages: &["mlflow-tracing==3.17.2", "opentelemetry-exporter-otlp-proto-http==1.45.2", "openai==3.52.0"],
    pre_releases: false,
};

const NUMPY: Environment =
    Environment { name: "numpy", packages: &["numpy==2.4.6", "tzdata==2026.6"], pre_releases: false };

const FLAGS: Environment = Environment {
    name: "flags",
    packages: &["growthbook==4.0.0", "openfeature-sdk==0.10.0", "openfeature-provider-ofrep==0.3.0"],
    pre_releases: false,
};

/// What the program of the journey and the programs shown on an experiment's page use, and scipy to check the numbers with.
const JOURNEY: Environment = Environment {
    name: "journey",
    packages: &[
        "langfuse==5.0.4",
        "openfeature-sdk==0.10.0",
        "openfeature-provider-ofrep==0.3.0",
        "growthbook==4.0.0",
        "requests==2.34.2",
        "scipy==1.17.1",
    ],
    pre_releases: false,
};

/// Four models' answers to GSM8K as four versions of one prompt; the numbers are known.
const GSM8K: Program =
    Program { name: "GSM8K (Python)", environment: Some(&LANGFUSE_5), file: "programs/gsm8k.py", family: None };

/// Every metric a second time, by numpy from the raw rows of 100 thousand generations. Its spans would hide what the programs
/// before it look for, so it is the last.
const METRICS: Program =
    Program { name: "metrics against numpy", environment: Some(&NUMPY), file: "programs/metrics.py", family: None };

const PROGRAMS: [Program; 16] = [
    Program {
        name: "langfuse 5 prompts (Python)",
        environment: Some(&LANGFUSE_5),
        file: "sdk-clients/python/langfuse5_prompts.py",
        family: None,
    },
    Program {
        name: "langfuse 5 tracing (Python)",
        environment: Some(&LANGFUSE_5),
        file: "sdk-clients/python/langfuse5_tracing.py",
        family: None,
    },
    Program {
        name: "langfuse 3 (Python)",
        environment: Some(&LANGFUSE_3),
        file: "sdk-clients/python/v3_family.py",
        family: Some("langfuse"),
    },
    Program {
        name: "abv (Python)",
        environment: Some(&ABV),
        file: "sdk-clients/python/v3_family.py",
        family: Some("abv"),
    },
    Program {
        name: "abvdev (Python)",
        environment: Some(&ABVDEV),
        file: "sdk-clients/python/v3_family.py",
        family: Some("abvdev"),
    },
    Program { name: "langfuse 5 (JavaScript)", environment: None, file: "sdk-clients/js/langfuse5.mjs", family: None },
    Program {
        name: "langfuse 5 wrapper, scores, media, datasets (Python)",
        environment: Some(&LANGFUSE_5),
        file: "programs/langfuse5_more.py",
        family: None,
    },
    Program {
        name: "langfuse 3 reads (Python)",
        environment: Some(&LANGFUSE_3),
        file: "programs/langfuse3_reads.py",
        family: None,
    },
    Program { name: "abv (JavaScript)", environment: None, file: "programs/abv.mjs", family: None },
    Program {
        name: "OpenTelemetry GenAI (Python)",
        environment: Some(&OTEL),
        file: "programs/otel_genai.py",
        family: None,
    },
    Program {
        name: "OpenTelemetry GenAI (JavaScript)",
        environment: None,
        file: "programs/otel_genai.mjs",
        family: None,
    },
    Program {
        name: "OpenInference (Python)",
        environment: Some(&OTEL),
        file: "programs/openinference_openai.py",
        family: None,
    },
    Program { name: "MLflow (Python)", environment: Some(&MLFLOW), file: "programs/mlflow_tracing.py", family: None },
    Program {
        name: "flags at every door (Python, JavaScript)",
        environment: Some(&FLAGS),
        file: "programs/flags.py",
        family: None,
    },
    GSM8K,
    METRICS,
];

/// Builds, starts, runs every program, stops, and prints a closing line.
pub(crate) fn test(workspace: &Workspace) -> anyhow::Result<()> {
    tools::need_npm_packages(workspace)?;
    let interpreters: Vec<PathBuf> =
        PROGRAMS.iter().map(|program| interpreter(workspace, program)).collect::<anyhow::Result<_>>()?;
    let binary = run::build_for_tests(workspace)?;
    let server = Server::start(workspace, &binary, "sdk", &[])?;

    println!("· SDK programs against {}", server.url);
    let mut failed = Vec::new();
    for (program, interpreter) in PROGRAMS.iter().zip(&interpreters) {
        let start = Instant::now();
        match drive(workspace, &server, program, interpreter) {
            Ok(steps) => println!("  ok   {} ({steps} steps, {:.1} s)", program.name, start.elapsed().as_secs_f64()),
            Err(error) => {
                println!("  FAIL {}: {error:#}", program.name);
                failed.push(program.name);
            }
        }
    }
    println!("sdk: {} passed, {} failed", PROGRAMS.len() - failed.len(), failed.len());
    if !failed.is_empty() {
        bail!("SDK programs failed: {}\n{}", failed.join(", "), server.last_words());
    }
    server.stop()
}

/// Fills a server with the GSM8K answers, for tests of the pages that show them; gives the Python that has the SDK.
pub(crate) fn send_gsm8k(workspace: &Workspace, server: &Server) -> anyhow::Result<PathBuf> {
    let interpreter = interpreter(workspace, &GSM8K)?;
    process::step("e2e: send GSM8K through the SDK", || drive(workspace, server, &GSM8K, &interpreter).map(|_| ()))?;
    Ok(interpreter)
}

/// The Python of the programs that end-to-end tests start themselves.
pub(crate) fn need_journey(workspace: &Workspace) -> anyhow::Result<PathBuf> {
    tools::need_python_environment(workspace, JOURNEY.name, JOURNEY.packages, JOURNEY.pre_releases)
}

fn interpreter(workspace: &Workspace, program: &Program) -> anyhow::Result<PathBuf> {
    match program.environment {
        Some(Environment { name, packages, pre_releases }) => {
            tools::need_python_environment(workspace, name, packages, *pre_releases)
        }
        None => Ok(PathBuf::from("node")),
    }
}

/// Runs one program; gives how many steps it reported.
fn drive(workspace: &Workspace, server: &Server, program: &Program, interpreter: &PathBuf) -> anyhow::Result<usize> {
    let file = workspace.npm().join(program.file);
    let folder = file.parent().context("a program is in a folder")?;
    let log = server.log.with_file_name(format!("{}.log", program.name.replace([' ', '(', ')'], "-")));
    let output = fs::File::create(&log)?;
    let [(_, email), (_, password), (_, project), (_, public_key), (_, secret_key)] = INIT;

    let mut command = Command::new(interpreter);
    command
        .arg(&file)
        .current_dir(folder)
        .env("VERIFY_READ", "1")
        .env("EXTRAS", "1")
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .stdin(Stdio::null())
        .stdout(output.try_clone()?)
        .stderr(output);
    for prefix in ["LANGFUSE", "ABV"] {
        command
            .env(format!("{prefix}_HOST"), &server.url)
            .env(format!("{prefix}_BASE_URL"), &server.url)
            .env(format!("{prefix}_PUBLIC_KEY"), public_key)
            .env(format!("{prefix}_SECRET_KEY"), secret_key);
    }
    command.env("ABV_API_KEY", secret_key);
    command.env("ASSAY_EMAIL", email).env("ASSAY_PASSWORD", password).env("ASSAY_PROJECT", project);
    if let Some(family) = program.family {
        command.env("SDK", family);
    }

    let mut child = command.spawn().with_context(|| format!("cannot start `{}`", interpreter.display()))?;
    let start = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break Some(status);
        }
        if start.elapsed() > LIMIT {
            child.kill()?;
            child.wait()?;
            break None;
        }
        thread::sleep(Duration::from_millis(50));
    };

    let printed = fs::read_to_string(&log)?;
    let steps: Vec<Value> = printed
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|line| line.get("step").is_some())
        .collect();
    let mut bad: Vec<String> = steps
        .iter()
        .filter(|step| step.get("ok") == Some(&Value::Bool(false)))
        .map(|step| shorten(&step.to_string()))
        .collect();
    if bad.is_empty() {
        let lines: Vec<&str> = printed.lines().collect();
        bad = lines.iter().skip(lines.len().saturating_sub(5)).map(|line| shorten(line)).collect();
    }
    let Some(status) = status else { bail!("not done after {LIMIT:?}; see {}", log.display()) };
    if !status.success() || steps.is_empty() {
        bail!("{status}; see {}\n       {}", log.display(), bad.join("\n       "));
    }
    Ok(steps.len())
}

/// The start of a long line.
fn shorten(line: &str) -> String {
    line.chars().take(SHOWN).collect()
}

/// Makes the virtual environments without running anything.
pub(crate) fn install(workspace: &Workspace) -> anyhow::Result<()> {
    process::step("tools: SDKs", || {
        for Environment { name, packages, pre_releases } in
            [&LANGFUSE_5, &LANGFUSE_3, &ABV, &ABVDEV, &OTEL, &MLFLOW, &NUMPY, &FLAGS, &JOURNEY]
        {
            tools::need_python_environment(workspace, name, packages, *pre_releases)?;
        }
        Ok(())
    })
}
