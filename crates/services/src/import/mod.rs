//! Bringing what another tool keeps: prompts, traces and scores from a Langfuse export, JSON lines or CSV.
//!
//! Every record is turned into what its SDK would have sent and goes through the same doors, so it is checked, linked, priced
//! and counted like anything else. Ids are kept or derived from the old ones: the same file twice changes nothing.

mod job;
mod json;
mod prompts;
mod record;
mod report;
mod source;
mod span;

use std::{path::PathBuf, str::FromStr, sync::Arc};

use domain::{
    Invalid,
    auth::{Actor, Permission},
    ids::ProjectId,
};
use otlp::{Encoding, Sender};
use serde_json::{Value, json};
use tokio::sync::{Notify, mpsc};

use self::{
    prompts::{Numbers, PromptRecord},
    record::{Record, score},
    source::{Item, Place},
    span::{of_observation, of_trace},
};
use crate::{
    Context, ServiceError,
    context::authorize,
    ingest::{Ingest, ReadTraces, Scores, parse_scores},
};

pub use job::{ImportJob, NewImport, Upload};
pub use report::{Count, ImportReport, Note};

/// Spans or scores sent at once.
const BATCH: usize = 500;
/// Records of more than this are sent before there are [`BATCH`] of them.
const BATCH_BYTES: u64 = 8 * 1024 * 1024;
/// Records read ahead.
const AHEAD: usize = 64;

/// How a file is written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ImportFormat {
    /// JSON as Langfuse's API and exports give it: an array, `{"data": […]}`, or an object of such lists by name.
    Langfuse,
    /// One JSON object a line.
    Jsonl,
    /// Comma-separated, with a line of column names.
    Csv,
}

impl ImportFormat {
    /// Every format.
    pub const ALL: [Self; 3] = [Self::Langfuse, Self::Jsonl, Self::Csv];

    /// The word that reads back as it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Langfuse => "langfuse",
            Self::Jsonl => "jsonl",
            Self::Csv => "csv",
        }
    }
}

impl FromStr for ImportFormat {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        Self::ALL.into_iter().find(|format| format.as_str() == text).ok_or_else(|| {
            let text: String = text.chars().take(40).collect();
            Invalid::new(format!("`{text}` is no format to import; use `langfuse`, `jsonl` or `csv`"))
        })
    }
}

/// What to bring.
#[derive(Clone, Debug)]
pub struct ImportRequest {
    /// Where it goes.
    pub project: ProjectId,
    /// How the file is written.
    pub format: ImportFormat,
    /// The file; read twice.
    pub file: PathBuf,
    /// Reads and checks everything and stores nothing.
    pub dry_run: bool,
}

/// Imports files.
#[derive(Clone)]
pub struct Import {
    context: Arc<Context>,
    ingest: Ingest,
    /// Told when a file was sent.
    asked: Arc<Notify>,
}

impl Import {
    pub(crate) fn new(context: Arc<Context>, ingest: Ingest) -> Self {
        Self { context, ingest, asked: Arc::default() }
    }

    /// Reads a file to its end. What cannot be brought is named in the report with its place and the reason; everything else is
    /// stored. `told` hears how far it is, from 0 to 1.
    ///
    /// # Errors
    /// [`ServiceError::Forbidden`] for who may not both write prompts and send events; [`ServiceError::Invalid`] (`file`) when
    /// the file as a whole cannot be read. What was stored before a failure stays; the import can be repeated.
    pub async fn run(
        &self,
        actor: &Actor,
        request: ImportRequest,
        mut told: impl FnMut(f64) + Send,
    ) -> Result<ImportReport, ServiceError> {
        authorize(actor, request.project, Permission::WritePrompts)?;
        authorize(actor, request.project, Permission::Ingest)?;
        let mut run = Run {
            import: self,
            actor,
            request: &request,
            report: ImportReport { dry_run: request.dry_run, ..ImportReport::default() },
            numbers: Numbers::default(),
            spans: Vec::new(),
            scores: Vec::new(),
            held_bytes: 0,
        };

        // Prompts first: the versions of spans are translated by what the prompts' versions became.
        let mut found = Vec::new();
        let mut items = read(&request);
        while let Some(item) = items.recv().await {
            let Item { place, done, record, .. } = item?;
            told(done / 2.0);
            if let Ok(Record::Prompt(fields)) = record {
                run.report.prompts.read += 1;
                match PromptRecord::read(fields) {
                    Ok(prompt) => found.push((place, prompt)),
                    Err(reason) => run.report.skip_prompt(place, reason),
                }
            }
        }
        run.prompts(found).await?;

        let mut items = read(&request);
        while let Some(item) = items.recv().await {
            let Item { place, done, bytes, record } = item?;
            told(0.5 + done / 2.0);
            run.held_bytes += bytes;
            run.event(place, record).await?;
        }
        run.flush_spans().await?;
        run.flush_scores().await?;
        told(1.0);
        tracing::info!(project.id = %request.project, dry_run = request.dry_run, "imported a file");
        Ok(run.report)
    }
}

/// Reads on a thread of its own, a few records ahead.
fn read(request: &ImportRequest) -> mpsc::Receiver<Result<Item, ServiceError>> {
    let (sender, receiver) = mpsc::channel(AHEAD);
    let (file, format) = (request.file.clone(), request.format);
    tokio::task::spawn_blocking(move || source::read(&file, format, |item| sender.blocking_send(item).is_ok()));
    receiver
}

/// An import under way.
struct Run<'a> {
    import: &'a Import,
    actor: &'a Actor,
    request: &'a ImportRequest,
    report: ImportReport,
    numbers: Numbers,
    /// OTLP spans, each with whether it stands for a trace.
    spans: Vec<(Place, bool, Value)>,
    scores: Vec<(Place, Value)>,
    /// Size of what waits in both, about.
    held_bytes: u64,
}

impl Run<'_> {
    async fn event(&mut self, place: Place, record: Result<Record, String>) -> Result<(), ServiceError> {
        match record {
            Err(reason) => self.report.skip_record(place, reason),
            Ok(Record::Prompt(_)) => {}
            Ok(Record::Trace(fields)) => {
                self.report.traces.read += 1;
                match of_trace(fields) {
                    Ok(span) => self.spans.push((place, true, span)),
                    Err(reason) => self.report.skip_trace(place, reason),
                }
            }
            Ok(Record::Observation(fields)) => {
                self.report.observations.read += 1;
                match of_observation(fields, &self.numbers) {
                    Ok(span) => self.spans.push((place, false, span)),
                    Err(reason) => self.report.skip_observation(place, reason),
                }
            }
            Ok(Record::Score(fields)) => {
                self.report.scores.read += 1;
                self.scores.push((place, score(fields)));
            }
        }
        let is_heavy = self.held_bytes >= BATCH_BYTES;
        if is_heavy || self.spans.len() >= BATCH {
            self.flush_spans().await?;
        }
        if is_heavy || self.scores.len() >= BATCH {
            self.flush_scores().await?;
        }
        if self.spans.is_empty() && self.scores.is_empty() {
            self.held_bytes = 0;
        }
        Ok(())
    }

    async fn flush_spans(&mut self) -> Result<(), ServiceError> {
        let taken = std::mem::take(&mut self.spans);
        if taken.is_empty() {
            return Ok(());
        }
        let spans: Vec<&Value> = taken.iter().map(|(_, _, span)| span).collect();
        let request =
            json!({ "resourceSpans": [{ "scopeSpans": [{ "scope": { "name": "assay-import" }, "spans": spans }] }] });
        let body = request.to_string().into_bytes();
        // Held until it is stored, like any other request's: an import does not crowd out who is sending.
        let _share = self.import.ingest.wait_for(body.len()).await?;
        let ingest = &self.import.ingest;
        let ReadTraces { batch, decoded, ran } =
            ingest.read_traces(self.request.project, body, Encoding::Json, Sender::default()).await?;
        if !self.request.dry_run {
            ingest.store_traces(batch, ran).await?;
        }
        for (index, (place, is_trace, _)) in taken.into_iter().enumerate() {
            let reason = decoded
                .rejected
                .iter()
                .find(|rejected| rejected.index == index)
                .map(|rejected| rejected.reason.clone());
            match (reason, is_trace) {
                (None, true) => self.report.traces.stored += 1,
                (None, false) => self.report.observations.stored += 1,
                (Some(reason), true) => self.report.skip_trace(place, reason),
                (Some(reason), false) => self.report.skip_observation(place, reason),
            }
        }
        Ok(())
    }

    async fn flush_scores(&mut self) -> Result<(), ServiceError> {
        let taken = std::mem::take(&mut self.scores);
        if taken.is_empty() {
            return Ok(());
        }
        let all: Vec<&Value> = taken.iter().map(|(_, score)| score).collect();
        let body = Value::from(all.into_iter().cloned().collect::<Vec<_>>()).to_string();
        let parsed = parse_scores(body.as_bytes()).map_err(|error| ServiceError::Internal(Box::new(error)))?;
        let Scores::Many(parsed) = parsed else { return Ok(()) };
        let mut timed = Vec::new();
        for ((place, _), draft) in taken.into_iter().zip(parsed) {
            let draft = draft.map_err(|invalid| invalid.to_string());
            match draft.and_then(|draft| self.import.ingest.time(draft).map_err(|invalid| invalid.to_string())) {
                Ok(score) => timed.push(score),
                Err(reason) => self.report.skip_score(place, reason),
            }
        }
        self.report.scores.stored += timed.len() as u64;
        if !self.request.dry_run {
            self.import.ingest.scores(self.actor, self.request.project, timed).await?;
        }
        Ok(())
    }

    fn context(&self) -> &Context {
        &self.import.context
    }
}
