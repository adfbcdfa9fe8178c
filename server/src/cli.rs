//! The command line. Every flag has an environment twin.

use std::path::PathBuf;

use anyhow::bail;
use clap::{Parser, Subcommand};

use crate::{config::ServeArgs, serve};

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
        #[command(flatten)]
        data: DataArgs,
    },
    /// Print a new one-time sign-in link for a person
    Reset {
        email: String,
        #[command(flatten)]
        data: DataArgs,
    },
}

#[derive(Debug, Subcommand)]
enum KeyCommand {
    /// Make a key pair for a project and print it once
    Create {
        project: String,
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
struct DataArgs {
    /// Data folder
    #[arg(long, env = "ASSAY_DATA", default_value = "data")]
    data: PathBuf,
}

impl Cli {
    pub(crate) async fn run(self) -> anyhow::Result<()> {
        match self.command {
            Command::Serve(args) => serve::serve(*args).await,
            // WIRING: the commands below work on the data folder through `services`, and come with the stores.
            Command::User(UserCommand::Add { email, data } | UserCommand::Reset { email, data }) => {
                bail!("cannot change `{email}` in `{}`: this build has no accounts yet", data.data.display())
            }
            Command::Key(
                KeyCommand::Create { project: name, data } | KeyCommand::Revoke { public_key: name, data },
            ) => {
                bail!("cannot change keys of `{name}` in `{}`: this build has no keys yet", data.data.display())
            }
            Command::Backup(args) => {
                bail!("cannot back up `{}` to `{}` yet", args.data.data.display(), args.file.display())
            }
            Command::Doctor(args) => bail!("cannot check `{}` yet", args.data.display()),
        }
    }
}
