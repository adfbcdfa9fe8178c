//! Configuration of `assay serve`.

use std::{
    fmt,
    net::{IpAddr, SocketAddr},
    path::PathBuf,
};

use clap::{Args, ValueEnum};
use services::access::{GivenPair, Initial, Secret};

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

    /// Addresses of proxies in front of this server, divided by commas: their `x-forwarded-for` is believed
    #[arg(long, env = "ASSAY_TRUSTED_PROXIES", value_delimiter = ',')]
    pub(crate) trusted_proxies: Vec<IpAddr>,

    /// Let people sign in over plain http from other machines
    #[arg(long, env = "ASSAY_ALLOW_HTTP", value_parser = clap::builder::FalseyValueParser::new())]
    pub(crate) allow_http: bool,

    #[command(flatten)]
    pub(crate) init: InitArgs,

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

/// The first owner, their project and its key pair, made at the first start. Without them a one-time link does it.
#[derive(Args)]
#[expect(
    clippy::struct_field_names,
    reason = "the names are the flags' ids, which are one space for the whole command"
)]
pub(crate) struct InitArgs {
    /// Address of the first owner
    #[arg(long = "init-email", env = "ASSAY_INIT_EMAIL", requires_all = ["init_password", "init_project"])]
    init_email: Option<String>,

    /// Their password
    #[arg(long = "init-password", env = "ASSAY_INIT_PASSWORD", hide_env_values = true)]
    init_password: Option<String>,

    /// Name of the first project
    #[arg(long = "init-project", env = "ASSAY_INIT_PROJECT")]
    init_project: Option<String>,

    /// Public half of its key pair
    #[arg(long = "init-public-key", env = "ASSAY_INIT_PUBLIC_KEY", requires = "init_secret_key")]
    init_public_key: Option<String>,

    /// Secret half
    #[arg(
        long = "init-secret-key",
        env = "ASSAY_INIT_SECRET_KEY",
        hide_env_values = true,
        requires = "init_public_key"
    )]
    init_secret_key: Option<String>,
}

/// Never shows a password or a key.
impl fmt::Debug for InitArgs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InitArgs").finish_non_exhaustive()
    }
}

impl InitArgs {
    /// What the first start makes, if it was told.
    pub(crate) fn into_initial(self) -> Option<Initial> {
        let key = self.init_public_key.zip(self.init_secret_key);
        Some(Initial {
            email: self.init_email?,
            password: Secret::from(self.init_password?),
            project: self.init_project?,
            key: key.map(|(public_key, secret_key)| GivenPair { public_key, secret_key: Secret::from(secret_key) }),
        })
    }
}

impl ServeArgs {
    /// Whether browsers come over https, so that cookies may say so.
    pub(crate) fn secure(&self) -> bool {
        match &self.public_url {
            Some(url) => url.starts_with("https://"),
            None => !self.listen.ip().is_loopback() && !self.allow_http,
        }
    }
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum LogFormat {
    /// One coloured line an event
    Pretty,
    /// One JSON object an event
    Json,
}
