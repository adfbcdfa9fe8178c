#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, reason = "a command-line tool talks to its user")]

mod closed;
mod http;
mod ingest;
mod open;
mod pages;
mod protobuf;
mod random;
mod resolve;
mod run;
mod scrape;
mod server;
mod times;
mod traffic;

use std::{path::PathBuf, process::ExitCode};

use clap::Parser;

/// Measures a running Assay from outside and prints the figures as JSON
#[derive(Debug, Parser)]
#[command(name = "load")]
struct Arguments {
    /// The `assay` binary, built in release
    #[arg(long)]
    server: PathBuf,
    /// Folder for the data; emptied first, left for whoever looks at the files afterwards
    #[arg(long)]
    folder: PathBuf,
    /// Spans the file holds when pages are measured
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u64).range(1_000..=10_000_000))]
    spans: u64,
    /// What the traffic is made from
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Requests for each page
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    page_requests: u32,
    /// Prompt fetches a second
    #[arg(long, default_value_t = 2_000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    fetch_rate: u32,
    /// For how many seconds
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=600))]
    fetch_seconds: u32,
}

fn main() -> ExitCode {
    match run::run(&Arguments::parse()) {
        Ok(figures) => {
            println!("{figures}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("load: {error:#}");
            ExitCode::FAILURE
        }
    }
}
