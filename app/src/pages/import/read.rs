//! Import jobs as the page shows them. Server only.

use domain::auth::{Permission, Role};
use services::import::{Count, ImportJob, ImportReport};

use super::model::{ImportLine, ImportsView, NoteLine, Report};
use crate::context::Visit;

/// Earlier imports shown.
const SHOWN: usize = 8;

pub(super) fn view(visit: &Visit, jobs: Vec<ImportJob>, wanted: Option<&str>) -> ImportsView {
    let named = jobs.iter().find(|job| wanted == Some(job.id.to_string().as_str()));
    let report = named.or(jobs.first()).and_then(report);
    ImportsView {
        jobs: jobs.into_iter().take(SHOWN).map(line).collect(),
        report,
        may_import: may_import(visit.role),
        now_us: visit.now.0,
    }
}

fn may_import(role: Role) -> bool {
    role >= Permission::WritePrompts.needs().0 && role >= Permission::Ingest.needs().0
}

fn sorts(report: &ImportReport) -> [(&'static str, Count); 4] {
    [
        ("Versions of prompts", report.prompts),
        ("Traces", report.traces),
        ("Observations", report.observations),
        ("Scores", report.scores),
    ]
}

fn line(job: ImportJob) -> ImportLine {
    let outcome = job.report.as_ref().map(|report| {
        let all = sorts(report).map(|(_, count)| count);
        let stored = all.iter().map(|count| count.stored).sum();
        (stored, all.iter().map(|count| count.skipped).sum::<u64>() + report.unknown)
    });
    ImportLine {
        id: job.id.to_string(),
        name: name(&job),
        format: job.asked.format.as_str().to_owned(),
        dry_run: job.asked.dry_run,
        bytes: job.bytes,
        state: job.state,
        // Rounded down: all is said when all is done.
        percent: (job.done.clamp(0.0, 1.0) * 100.0) as u8,
        outcome,
        error: job.error,
        created_by: job.created_by,
        created_us: job.created_us.0,
    }
}

fn name(job: &ImportJob) -> String {
    job.asked.name.clone().filter(|name| !name.trim().is_empty()).unwrap_or_else(|| "a file".to_owned())
}

fn report(job: &ImportJob) -> Option<Report> {
    let report = job.report.as_ref()?;
    let counts = sorts(report).into_iter().filter(|(_, count)| count.read > 0);
    Some(Report {
        job: job.id.to_string(),
        name: name(job),
        dry_run: job.asked.dry_run,
        counts: counts.map(|(name, count)| (name.to_owned(), [count.read, count.stored, count.skipped])).collect(),
        unknown: report.unknown,
        notes: report
            .notes
            .iter()
            .map(|note| NoteLine {
                place: note.place.clone(),
                kind: note.kind.clone(),
                skipped: note.skipped,
                reason: note.reason.clone(),
            })
            .collect(),
        more_notes: report.more_notes,
    })
}
