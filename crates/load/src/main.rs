#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, reason = "a command-line tool talks to its user")]

mod beside;
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
mod soak;
mod span;
mod times;
mod traffic;

use std::process::ExitCode;

use clap::Parser;

/// Measures servers from outside and prints the figures as JSON
#[derive(Debug, Parser)]
#[command(name = "load")]
enum Arguments {
    /// Fills a server of ours and measures everything about it
    Run(run::Options),
    /// Sends the same spans to Assay and to others, until they are stored
    Beside(beside::Options),
    /// Runs for an hour at half of full speed, with pages beside
    Soak(soak::Options),
}

fn main() -> ExitCode {
    let figures = match Arguments::parse() {
        Arguments::Run(options) => run::run(&options),
        Arguments::Beside(options) => beside::run(&options),
        Arguments::Soak(options) => soak::run(&options),
    };
    match figures {
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
