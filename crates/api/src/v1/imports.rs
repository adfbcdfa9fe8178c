//! Files of other tools, sent as they are.

use axum::{
    Json,
    body::Body as RequestBody,
    extract::State,
    http::{
        HeaderMap, StatusCode,
        header::{CONTENT_ENCODING, CONTENT_LENGTH},
    },
};
use domain::{Problem, ids::JobId, job::JobState, problem::ProblemCode, time::TimeUs};
use http_body_util::BodyExt as _;
use serde::{Deserialize, Serialize};
use services::{
    ServiceError,
    import::{Count, ImportFormat, ImportJob, ImportReport, NewImport, Note},
};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    extract::{Caller, Path, Query},
    refusal::Refusal,
    state::ApiState,
};

pub(super) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(list, start)).routes(routes!(get, cancel))
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ImportQuery {
    /// `langfuse` (JSON as its API and exports give it), `jsonl` (an object a line) or `csv`.
    #[param(value_type = String)]
    format: String,
    /// `true`: reads and checks everything and stores nothing.
    #[serde(default)]
    dry_run: bool,
    /// What the file is called, to show it.
    name: Option<String>,
}

/// A file that is being brought, or was.
#[derive(Serialize, ToSchema)]
struct ImportView {
    #[schema(value_type = String, format = "uuid")]
    id: JobId,
    /// `waiting`, `running`, `done`, `failed` or `cancelled`.
    #[schema(value_type = String)]
    state: JobState,
    /// `langfuse`, `jsonl` or `csv`.
    format: &'static str,
    dry_run: bool,
    /// What the sender called it.
    name: Option<String>,
    bytes: u64,
    /// How far it is, 0 to 1.
    done: f64,
    /// What became of it, once it is done.
    report: Option<ReportView>,
    /// Why it failed as a whole.
    error: Option<String>,
    created_by: String,
    #[schema(value_type = String, format = DateTime)]
    created_at: TimeUs,
    #[schema(value_type = Option<String>, format = DateTime)]
    finished_at: Option<TimeUs>,
}

#[derive(Serialize, ToSchema)]
struct Imports {
    items: Vec<ImportView>,
}

/// What became of a file; in a dry run what would.
#[derive(Serialize, ToSchema)]
struct ReportView {
    /// Versions of prompts.
    prompts: CountView,
    traces: CountView,
    observations: CountView,
    scores: CountView,
    /// Records that are none of these.
    unknown: u64,
    /// The first 200 things worth knowing, in the order of the file.
    notes: Vec<NoteView>,
    /// How many more there were.
    more_notes: u64,
}

/// Of one sort of record.
#[derive(Serialize, ToSchema)]
struct CountView {
    /// Records of this sort in the file.
    read: u64,
    /// Stored, or there already.
    stored: u64,
    /// Left out; the notes say why.
    skipped: u64,
}

/// Something about one record.
#[derive(Serialize, ToSchema)]
struct NoteView {
    /// Where it is: `line 12`, `traces[3]`.
    place: String,
    /// `prompt`, `trace`, `observation`, `score` or `record`.
    kind: String,
    /// Whether it was left out; else it was brought with a change.
    skipped: bool,
    /// What was wrong and what would be right, or what was changed.
    reason: String,
}

impl From<Count> for CountView {
    fn from(Count { read, stored, skipped }: Count) -> Self {
        Self { read, stored, skipped }
    }
}

impl From<Note> for NoteView {
    fn from(Note { place, kind, skipped, reason }: Note) -> Self {
        Self { place, kind, skipped, reason }
    }
}

impl From<ImportReport> for ReportView {
    fn from(report: ImportReport) -> Self {
        Self {
            prompts: report.prompts.into(),
            traces: report.traces.into(),
            observations: report.observations.into(),
            scores: report.scores.into(),
            unknown: report.unknown,
            notes: report.notes.into_iter().map(NoteView::from).collect(),
            more_notes: report.more_notes,
        }
    }
}

impl From<ImportJob> for ImportView {
    fn from(job: ImportJob) -> Self {
        Self {
            id: job.id,
            state: job.state,
            format: job.asked.format.as_str(),
            dry_run: job.asked.dry_run,
            name: job.asked.name,
            bytes: job.bytes,
            done: job.done,
            report: job.report.map(ReportView::from),
            error: job.error,
            created_by: job.created_by,
            created_at: job.created_us,
            finished_at: job.finished_us,
        }
    }
}

/// Import a file
///
/// The body is the file as it is. It is brought in the background: read its progress at `GET /api/v1/imports/{job}`. Prompts,
/// traces, observations and scores keep their ids, so the same file twice changes nothing; try it with `dry_run=true` first.
/// One file at a time in a project.
#[utoipa::path(post, path = "/api/v1/imports", tag = "Imports", operation_id = "start_import", params(ImportQuery),
    request_body(content_type = "application/octet-stream"), responses((status = 202, body = ImportView)))]
async fn start(
    State(state): State<ApiState>,
    caller: Caller,
    Query(query): Query<ImportQuery>,
    headers: HeaderMap,
    mut body: RequestBody,
) -> Result<(StatusCode, Json<ImportView>), Refusal> {
    let format: ImportFormat = query.format.parse().map_err(ServiceError::of("format"))?;
    plain(&headers)?;
    let limit = state.config.max_import_bytes;
    let announced = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|length| length > limit) {
        return Err(too_large(limit).into());
    }
    let imports = &state.services.import;
    let mut upload = imports.receive(&caller.actor, caller.project).await?;
    while let Some(frame) = body.frame().await {
        // The client went away or broke its own framing: nobody is left to be told much.
        let frame = frame.map_err(|_| Problem::new(ProblemCode::Invalid, "The body ended before it was complete."))?;
        let Ok(data) = frame.into_data() else { continue };
        if upload.len() + data.len() as u64 > limit {
            return Err(too_large(limit).into());
        }
        upload.write(&data).await?;
    }
    let new = NewImport { format, dry_run: query.dry_run, name: query.name };
    let job = imports.submit(&caller.actor, upload, new).await?;
    Ok((StatusCode::ACCEPTED, Json(job.into())))
}

/// A file is kept as it came, so it must come as it is.
fn plain(headers: &HeaderMap) -> Result<(), Refusal> {
    let coded = headers.get_all(CONTENT_ENCODING).iter().any(|coding| coding != "identity" && !coding.is_empty());
    if coded {
        let message = "A file to import is sent as it is, without a content encoding; unpack it first.";
        return Err(Problem::new(ProblemCode::UnsupportedMediaType, message).into());
    }
    Ok(())
}

fn too_large(limit: u64) -> ServiceError {
    let limit = if limit >= 1024 * 1024 { format!("{} MiB", limit / 1024 / 1024) } else { format!("{limit} bytes") };
    ServiceError::TooLarge(format!("The file is over its limit of {limit}. Cut it in several, or use `assay import`."))
}

/// Imports of the project, newest first
#[utoipa::path(get, path = "/api/v1/imports", tag = "Imports", operation_id = "list_imports",
    responses((status = 200, body = Imports)))]
async fn list(State(state): State<ApiState>, caller: Caller) -> Result<Json<Imports>, Refusal> {
    let jobs = state.services.import.jobs(&caller.actor, caller.project).await?;
    Ok(Json(Imports { items: jobs.into_iter().map(ImportView::from).collect() }))
}

/// How far an import is, and its report
#[utoipa::path(get, path = "/api/v1/imports/{job}", tag = "Imports", operation_id = "get_import",
    params(("job" = String, Path)), responses((status = 200, body = ImportView)))]
async fn get(
    State(state): State<ApiState>,
    caller: Caller,
    Path(job): Path<String>,
) -> Result<Json<ImportView>, Refusal> {
    let job: JobId = job.parse().map_err(ServiceError::of("job"))?;
    Ok(Json(state.services.import.job(&caller.actor, caller.project, job).await?.into()))
}

/// Stop an import
///
/// What it stored until then stays. An import that ended stays as it is.
#[utoipa::path(delete, path = "/api/v1/imports/{job}", tag = "Imports", operation_id = "cancel_import",
    params(("job" = String, Path)), responses((status = 200, body = ImportView)))]
async fn cancel(
    State(state): State<ApiState>,
    caller: Caller,
    Path(job): Path<String>,
) -> Result<Json<ImportView>, Refusal> {
    let job: JobId = job.parse().map_err(ServiceError::of("job"))?;
    Ok(Json(state.services.import.cancel(&caller.actor, caller.project, job).await?.into()))
}
