//! Configuration of `assay serve`.

use std::{net::SocketAddr, path::PathBuf};

use clap::{Args, ValueEnum};

#[derive(Args, Debug)]
pub(crate) struct ServeArgs {
    /// Data folder; made when missing
    #[arg(long, env = "ASSAY_DATA", default_value = "data")]
    pub(crate) data: PathBuf,

    /// Address and port to listen on; port 0 takes a free one
    #[arg(long, env = "ASSAY_LISTEN", default_value = "127.0.0.1:3000")]
    pub(crate) listen: SocketAddr,

    /// Address people and SDKs reach this server at, when it stands behind a proxy
    #[arg(long, env = "ASSAY_PUBLIC_URL")]
    pub(crate) public_url: Option<String>,

    /// Folder of a built site, instead of the one inside this binary
    #[arg(long, env = "ASSAY_SITE", hide = true)]
    pub(crate) site: Option<PathBuf>,

    /// Log lines for people or for machines
    #[arg(long, env = "ASSAY_LOG_FORMAT", value_enum, default_value_t = LogFormat::Pretty)]
    pub(crate) log_format: LogFormat,

    /// What to log, such as `info` or `warn,services=debug`
    #[arg(long, env = "ASSAY_LOG", default_value = "info")]
    pub(crate) log: String,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum LogFormat {
    /// One coloured line an event
    Pretty,
    /// One JSON object an event
    Json,
}
