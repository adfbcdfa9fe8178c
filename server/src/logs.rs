//! Where log lines go: standard error, for people or as JSON.

use std::{
    env,
    io::{IsTerminal as _, stderr},
};

use anyhow::Context as _;
use tracing_subscriber::EnvFilter;

use crate::config::LogFormat;

pub(crate) fn start(filter: &str, format: LogFormat) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(filter).with_context(|| format!("`{filter}` is not a log filter"))?;
    // Not in files and pipes; nor where somebody said so, <https://no-color.org>.
    let colours = stderr().is_terminal() && env::var_os("NO_COLOR").is_none_or(|said| said.is_empty());
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(stderr).with_ansi(colours);
    match format {
        LogFormat::Pretty => lines.compact().init(),
        LogFormat::Json => lines.json().flatten_event(true).init(),
    }
    Ok(())
}
