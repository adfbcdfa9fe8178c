//! `assay`: one binary, one data folder.
// The types of the pages nest deeply.
#![recursion_limit = "256"]

mod admin;
mod cli;
mod compression;
mod config;
mod counters;
mod data;
mod fill;
mod listen;
mod logs;
mod memory;
mod router;
mod security;
mod serve;
mod site;
mod state;
#[cfg(feature = "test-clock")]
mod test_clock;
mod theme;
mod workers;

use std::process::ExitCode;

use clap::Parser as _;

/// Streamed pages can hang when the runtime has a single worker, whatever the machine has.
const MIN_WORKERS: usize = 4;

fn main() -> ExitCode {
    let cli = cli::Cli::parse();
    match run(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("assay: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(cli: cli::Cli) -> anyhow::Result<()> {
    let cores = std::thread::available_parallelism().map_or(MIN_WORKERS, usize::from);
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(cores.max(MIN_WORKERS)).enable_all().build()?;
    runtime.block_on(cli.run())
}
