#![doc = include_str!("../README.md")]
#![expect(clippy::print_stdout, reason = "a command-line tool talks to its user")]

mod assets;
mod bench;
mod browser;
mod check;
mod deps;
mod e2e;
mod pack;
mod process;
mod run;
mod sdk;
mod serving;
mod size;
mod stamp;
mod test;
mod tools;
mod workspace;

use std::{net::SocketAddr, path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};

use crate::{test::Stage, workspace::Workspace};

/// Builds, runs, checks and measures Assay
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Build what is missing and start Assay
    Run {
        /// Address and port
        #[arg(long, default_value = "127.0.0.1:3000")]
        listen: SocketAddr,
        /// Data folder
        #[arg(long, default_value = "data")]
        data: PathBuf,
    },
    /// Build the release binary with the site inside, at target/release/assay
    Build,
    /// Build only the browser side and print its folder
    Site {
        /// With optimisation and compression, as in the release binary
        #[arg(long)]
        release: bool,
    },
    /// Format, lints for native and WASM, dependency rules, documentation
    Check,
    /// Everything a change must pass
    Test {
        /// Also simulations, fuzzing, crash and soak tests
        #[arg(long)]
        all: bool,
        /// One stage only
        #[arg(long, value_enum)]
        only: Option<Stage>,
        /// Passed on to `cargo test` or Playwright, with --only
        #[arg(last = true)]
        rest: Vec<String>,
    },
    /// Measure times and throughput; reports, never asserts
    Bench(bench::Options),
    /// Check the sizes of the release site against their budgets
    Size,
    /// Check which crate may use which
    Deps,
}

fn main() -> ExitCode {
    match run(Cli::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\nxtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> anyhow::Result<()> {
    let workspace = Workspace::find()?;
    match command {
        Command::Run { listen, data } => run::run(&workspace, listen, &data),
        Command::Build => run::build(&workspace).map(|binary| println!("built {}", binary.display())),
        Command::Site { release } => {
            let variant = if release { browser::Variant::Release } else { browser::Variant::Development };
            assets::site(&workspace, variant).map(|folder| println!("{}", folder.display()))
        }
        Command::Check => check::check(&workspace),
        Command::Test { all, only, rest } => test::test(&workspace, all, only, &rest),
        Command::Bench(options) => bench::bench(&workspace, &options),
        Command::Size => size::size(&workspace),
        Command::Deps => deps::check(&workspace),
    }
}
