//! `assay demo` and `assay import`: fill a data folder while no server uses it.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "report and progress are for the person at the terminal"
)]

use std::{
    io::{IsTerminal as _, Write as _},
    path::{Path, PathBuf},
};

use domain::auth::Actor;
use services::{
    demo::{self, DemoSize},
    import::{Count, ImportFormat, ImportReport, ImportRequest},
};

use crate::{
    admin::{on_data, project},
    data::{self, FolderLock, explain},
};

/// Makes a demo project for the owner of the oldest project.
pub(crate) async fn demo(folder: &Path, size: DemoSize) -> anyhow::Result<()> {
    let _lock = FolderLock::take(folder)?;
    on_data(folder, async |services| {
        let mut bar = Progress::new("storing");
        let told = |progress: demo::DemoProgress| bar.show(progress.done);
        let project = services.demo.create(&Actor::System, size, told).await.map_err(explain)?;
        bar.end();
        services.ingest.fold().await.map_err(explain)?;
        println!("Made `{}` at /p/{}. {}", project.name, project.slug, demo::NOTICE);
        Ok(())
    })
    .await
}

/// Brings a file into a project, or says what would happen.
pub(crate) async fn import(
    folder: &Path,
    format: ImportFormat,
    file: PathBuf,
    slug: Option<&str>,
    dry_run: bool,
) -> anyhow::Result<()> {
    let _lock = FolderLock::take(folder)?;
    on_data(folder, async |services| {
        let project = project(&services, slug).await?;
        let mut bar = Progress::new(if dry_run { "checking" } else { "importing" });
        let request = ImportRequest { project: project.id, format, file, dry_run };
        let report =
            services.import.run(&Actor::System, request, |done| bar.show(done)).await.map_err(data::explain)?;
        bar.end();
        if !dry_run {
            services.ingest.fold().await.map_err(explain)?;
        }
        print(&report);
        Ok(())
    })
    .await
}

fn print(report: &ImportReport) {
    let stored = if report.dry_run { "would be stored" } else { "stored" };
    let line = |name: &str, count: Count| {
        println!("{name:<13}{:>9} read {:>9} {stored} {:>9} skipped", count.read, count.stored, count.skipped);
    };
    line("prompts", report.prompts);
    line("traces", report.traces);
    line("observations", report.observations);
    line("scores", report.scores);
    if report.unknown > 0 {
        println!("{:<13}{:>9} are none of these", "other", report.unknown);
    }
    for note in &report.notes {
        println!("{}: {}{}: {}", note.place, if note.skipped { "skipped " } else { "" }, note.kind, note.reason);
    }
    if report.more_notes > 0 {
        println!("and {} more", report.more_notes);
    }
}

/// Percent done, on a terminal only.
struct Progress {
    what: &'static str,
    shown: Option<u32>,
    terminal: bool,
}

impl Progress {
    fn new(what: &'static str) -> Self {
        Self { what, shown: None, terminal: std::io::stderr().is_terminal() }
    }

    fn show(&mut self, done: f64) {
        let percent = (done * 100.0) as u32;
        if self.terminal && self.shown != Some(percent) {
            self.shown = Some(percent);
            eprint!("\r{} {percent:>3}%", self.what);
            let _ = std::io::stderr().flush();
        }
    }

    fn end(&self) {
        if self.shown.is_some() {
            eprintln!();
        }
    }
}
