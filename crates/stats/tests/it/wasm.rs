//! `stats` and `assign` as WASM: the same answers, and small.

use crate::answers::answer;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The budget for both crates together (issue 3).
const MOST_BYTES: u64 = 120 * 1024;

/// Builds an example in the product's browser profile and returns its path.
fn module(example: &str) -> PathBuf {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("wasm");
    let built = Command::new(env!("CARGO"))
        .current_dir(manifest)
        .args(["build", "--quiet", "--offline", "--package", "stats", "--example", example])
        .args(["--target", "wasm32-unknown-unknown", "--profile", "wasm-release"])
        // What the product's own tools drop afterwards: names, for debugging only.
        .args(["--config", "profile.wasm-release.strip=true", "--target-dir"])
        .arg(&target)
        .env_remove("RUSTFLAGS")
        .output()
        .expect("cargo runs");
    assert!(built.status.success(), "the WASM build failed:\n{}", String::from_utf8_lossy(&built.stderr));
    target.join(format!("wasm32-unknown-unknown/wasm-release/examples/{example}.wasm"))
}

/// Every reference case, and the tour.
fn requests() -> Vec<Value> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors");
    let mut files: Vec<PathBuf> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let mut requests = vec![json!({})];
    for file in files.iter().filter(|file| file.extension().is_some_and(|extension| extension == "json")) {
        let suite: Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
        for case in suite["cases"].as_array().unwrap() {
            requests.push(json!({ "method": case["method"], "input": case["input"] }));
        }
    }
    requests
}

/// Runs the script and reads its report.
fn run(arguments: [&Path; 2]) -> Value {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/wasm/run.mjs");
    let ran = Command::new("node").arg(script).args(arguments).output();
    let ran = ran.expect("Node 20 or later is needed to run WASM: install it and put `node` on the PATH");
    assert!(ran.status.success(), "Node failed:\n{}", String::from_utf8_lossy(&ran.stderr));
    serde_json::from_slice(&ran.stdout).unwrap()
}

#[test]
fn wasm_gives_the_same_answers_to_the_bit() {
    let requests = requests();
    let texts: Vec<String> = requests.iter().map(Value::to_string).collect();
    let asked = Path::new(env!("CARGO_TARGET_TMPDIR")).join("wasm-requests.json");
    std::fs::write(&asked, serde_json::to_string(&texts).unwrap()).unwrap();
    let report = run([&module("wasm_answers"), &asked]);
    let answers = report["answers"].as_array().unwrap();
    assert_eq!(answers.len(), requests.len());
    let different: Vec<String> = requests
        .iter()
        .zip(answers)
        .map(|(request, wasm)| (request, wasm, answer(request)))
        .filter(|(_, wasm, native)| wasm.as_str() != Some(native))
        .map(|(request, wasm, native)| format!("{}: WASM says {wasm}, native {native}", request["method"]))
        .collect();
    assert!(different.is_empty(), "{} of {} differ:\n{}", different.len(), answers.len(), different.join("\n"));
}

#[test]
fn the_whole_engine_fits_its_browser_budget() {
    let report = run([&module("wasm_engine"), Path::new("-")]);
    assert!(report["results"].as_u64().unwrap() > 50);
    let (raw, brotli) = (report["bytes"].as_u64().unwrap(), report["brotli_bytes"].as_u64().unwrap());
    println!("stats and assign as WASM: {raw} bytes, {brotli} with brotli");
    assert!(brotli <= MOST_BYTES, "{brotli} bytes with brotli; at most {MOST_BYTES}");
}
