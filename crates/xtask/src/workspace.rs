//! Where things are.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, ensure};

/// Folders of this checkout.
#[derive(Clone, Debug)]
pub(crate) struct Workspace {
    /// The folder of the root `Cargo.toml`.
    pub(crate) root: PathBuf,
    /// `CARGO_TARGET_DIR`, else `target`.
    pub(crate) target: PathBuf,
}

impl Workspace {
    /// From where the source of this program is; it is always run by cargo from its own checkout.
    pub(crate) fn find() -> anyhow::Result<Self> {
        let manifest =
            env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
        let root = manifest.ancestors().nth(2).context("xtask is not in `crates/xtask`")?.to_owned();
        ensure!(root.join("end2end").is_dir(), "`{}` is not the root of Assay", root.display());
        let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |dir| root.join(dir));
        Ok(Self { root, target })
    }

    /// Cargo, the same that started us, in the root of the checkout.
    pub(crate) fn cargo(&self, arguments: &[&str]) -> Command {
        let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo.current_dir(&self.root).args(arguments);
        cargo
    }

    /// Home of everything from npm.
    pub(crate) fn npm(&self) -> PathBuf {
        self.root.join("end2end")
    }

    /// A program that came from npm.
    pub(crate) fn npm_program(&self, name: &str) -> PathBuf {
        self.npm().join("node_modules/.bin").join(name)
    }

    /// A path of the checkout.
    pub(crate) fn path(&self, relative: impl AsRef<Path>) -> PathBuf {
        self.root.join(relative)
    }

    /// Target folder of the browser build, apart so that its flags never invalidate native builds.
    pub(crate) fn browser_target(&self) -> PathBuf {
        self.target.join("browser")
    }

    /// The `assay` binary of a cargo profile folder (`debug`, `release`).
    pub(crate) fn assay(&self, profile: &str) -> PathBuf {
        self.target.join(profile).join(format!("assay{}", env::consts::EXE_SUFFIX))
    }
}
