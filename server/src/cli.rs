//! The command line. Every flag has an environment twin.

use std::path::PathBuf;

use clap::{Parser, Subcommand};
use domain::auth::Role;

use services::{demo::DemoSize, import::ImportFormat};

use crate::{admin, config::ServeArgs, fill, serve};

/// Manage prompts, split live traffic between versions, and see whether it helped.
#[derive(Debug, Parser)]
#[command(name = "assay", version, about)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Start the server
    Serve(Box<ServeArgs>),
    /// Add people or give them a new one-time link
    #[command(subcommand)]
    User(UserCommand),
    /// Make or revoke API keys
    #[command(subcommand)]
    Key(KeyCommand),
    /// Make a demo project: real model outputs as two weeks of traffic; the server must not run
    Demo {
        /// About how many spans, up to 10 million
        #[arg(long, default_value_t = DemoSize::default().spans)]
        spans: u64,
        /// The same seed makes the same traffic
        #[arg(long, default_value_t = DemoSize::default().seed)]
        seed: u64,
        #[command(flatten)]
        data: DataArgs,
    },
    /// Bring prompts, traces and scores from a file; the server must not run
    Import {
        /// langfuse (JSON of its API or exports), jsonl or csv
        format: ImportFormat,
        file: PathBuf,
        /// Address of the project, when there are several
        #[arg(long)]
        project: Option<String>,
        /// Check everything and store nothing
        #[arg(long)]
        dry_run: bool,
        #[command(flatten)]
        data: DataArgs,
    },
    /// Write a consistent copy of the data to FILE while the server runs
    Backup(BackupArgs),
    /// Check the data folder and the configuration
    Doctor(DataArgs),
}

#[derive(Debug, Subcommand)]
enum UserCommand {
    /// Add a person and print their one-time sign-in link
    Add {
        email: String,
        /// Address of the project, when there are several
        #[arg(long)]
        project: Option<String>,
        /// What they may do: viewer, analyst, editor or owner
        #[arg(long, default_value = "viewer")]
        role: Role,
        #[command(flatten)]
        links: LinkArgs,
        #[command(flatten)]
        data: DataArgs,
    },
    /// Print a new one-time sign-in link for a person
    Reset {
        email: String,
        #[command(flatten)]
        links: LinkArgs,
        #[command(flatten)]
        data: DataArgs,
    },
}

#[derive(Debug, Subcommand)]
enum KeyCommand {
    /// Make a key pair for a project and print it once
    Create {
        project: String,
        /// What lists call the key
        #[arg(long, default_value = "command line")]
        name: String,
        #[command(flatten)]
        data: DataArgs,
    },
    /// Revoke a key by its public half
    Revoke {
        public_key: String,
        #[command(flatten)]
        data: DataArgs,
    },
}

#[derive(Debug, clap::Args)]
struct BackupArgs {
    file: PathBuf,
    #[command(flatten)]
    data: DataArgs,
}

#[derive(Debug, clap::Args)]
struct LinkArgs {
    /// Where people reach the server; links begin with it
    #[arg(long, env = "ASSAY_PUBLIC_URL")]
    public_url: Option<String>,
}

#[derive(Debug, clap::Args)]
struct DataArgs {
    /// Data folder
    #[arg(long, env = "ASSAY_DATA", default_value = "data")]
    data: PathBuf,
}

impl Cli {
    pub(crate) async fn run(self) -> anyhow::Result<()> {
        match self.command {
            Command::Serve(args) => serve::serve(*args).await,
            Command::User(UserCommand::Add { email, project, role, links, data }) => {
                admin::add_user(&data.data, &email, project.as_deref(), role, links.public_url.as_deref()).await
            }
            Command::User(UserCommand::Reset { email, links, data }) => {
                admin::reset_user(&data.data, &email, links.public_url.as_deref()).await
            }
            Command::Key(KeyCommand::Create { project, name, data }) => {
                admin::create_key(&data.data, &project, &name).await
            }
            Command::Key(KeyCommand::Revoke { public_key, data }) => admin::revoke_key(&data.data, &public_key).await,
            Command::Demo { spans, seed, data } => fill::demo(&data.data, DemoSize { spans, seed }).await,
            Command::Import { format, file, project, dry_run, data } => {
                fill::import(&data.data, format, file, project.as_deref(), dry_run).await
            }
            Command::Backup(args) => admin::backup(&args.data.data, &args.file).await,
            Command::Doctor(args) => admin::doctor(&args.data).await,
        }
    }
}
