//! Files of other tools.

use std::path::PathBuf;

use domain::{
    auth::{Actor, Role},
    ids::{ProjectId, TraceId},
};
use services::{
    ServiceError,
    import::{ImportFormat, ImportReport, ImportRequest},
};
use tempfile::TempDir;

use crate::world::World;

struct Desk {
    world: World,
    actor: Actor,
    project: ProjectId,
    folder: TempDir,
}

impl Desk {
    async fn new() -> Self {
        let world = World::new().await;
        let (actor, project) = world.set_up().await;
        Self { world, actor, project, folder: tempfile::tempdir().unwrap() }
    }

    fn file(&self, text: &str) -> PathBuf {
        let path = self.folder.path().join("file");
        std::fs::write(&path, text).unwrap();
        path
    }

    async fn bring(&self, format: ImportFormat, text: &str, dry_run: bool) -> Result<ImportReport, ServiceError> {
        let request = ImportRequest { project: self.project, format, file: self.file(text), dry_run };
        let mut told = Vec::new();
        let report = self.world.services.import.run(&self.actor, request, |done| told.push(done)).await?;
        assert!(told.is_sorted() && told.last() == Some(&1.0), "{told:?}");
        Ok(report)
    }
}

/// What `GET /api/public/…` of the other tool answers, put together: newest prompt version first, ids of several shapes, a
/// damaged entry, a score of a kind there is not.
const LANGFUSE: &str = r#"{
  "prompts": [
    {"name": "answer", "version": 3, "type": "text", "prompt": "Three {{q}}", "config": {"t": 1}, "labels": ["production", "latest"], "tags": ["a"]},
    {"name": "answer", "version": 1, "type": "text", "prompt": "One {{q}}", "config": {}, "labels": [], "createdAt": "2026-01-01T00:00:00Z"},
    {"name": "chat", "version": 1, "type": "chat", "prompt": [{"role": "system", "content": "Hi"}, {"type": "placeholder", "name": "history"}]},
    {"name": "broken", "version": 0, "prompt": "x"}
  ],
  "traces": [
    {"id": "0af76519-16cd-43dd-8448-eb211c80319c", "timestamp": "2026-09-01T10:00:00.000Z", "name": "ask", "userId": "ana", "sessionId": "s1",
     "input": {"q": "why?"}, "output": "because", "tags": ["x"], "metadata": {"k": 1}, "latency": 1.5, "environment": "staging"},
    {"id": "order 17"}
  ],
  "observations": [
    {"id": "gen-1", "traceId": "0af76519-16cd-43dd-8448-eb211c80319c", "type": "GENERATION", "name": "write", "startTime": "2026-09-01T10:00:00.100Z",
     "endTime": "2026-09-01T10:00:01.100Z", "completionStartTime": "2026-09-01T10:00:00.350Z", "model": "gpt-4o-mini", "modelParameters": {"temperature": 0},
     "input": [{"role": "user", "content": "why?"}], "output": "because", "usageDetails": {"input": 12, "output": 3, "total": 15},
     "costDetails": {"input": 0.001, "output": 0.002, "total": 0.003}, "promptName": "answer", "promptVersion": 3},
    {"id": "gen-2", "traceId": "0af76519-16cd-43dd-8448-eb211c80319c", "type": "SPAN", "startTime": "not a time"}
  ],
  "scores": [
    {"id": "s-1", "traceId": "0af76519-16cd-43dd-8448-eb211c80319c", "observationId": "gen-1", "name": "helpful", "value": 0.75, "dataType": "NUMERIC", "timestamp": "2026-09-01T10:01:00.000Z"},
    {"id": "s-2", "traceId": "0af76519-16cd-43dd-8448-eb211c80319c", "name": "tone", "stringValue": "kind", "dataType": "CATEGORICAL"},
    {"id": "s-3", "traceId": "0af76519-16cd-43dd-8448-eb211c80319c", "name": "tone", "value": "many", "dataType": "NUMERIC"}
  ]
}"#;

#[tokio::test]
async fn a_langfuse_export_is_brought_whole_and_what_is_wrong_is_named() {
    let desk = Desk::new().await;
    let report = desk.bring(ImportFormat::Langfuse, LANGFUSE, false).await.unwrap();
    let counts = [report.prompts, report.traces, report.observations, report.scores];
    assert_eq!(
        counts.map(|count| (count.read, count.stored, count.skipped)),
        [(4, 3, 1), (2, 1, 1), (2, 1, 1), (3, 2, 1)]
    );
    let notes: Vec<String> =
        report.notes.iter().map(|note| format!("{} {}: {}", note.place, note.kind, note.reason)).collect();
    assert_eq!(
        notes,
        [
            "prompts[3] prompt: `version`: `0` is no number of a version; use 1, 2, 3…",
            "prompts[0] prompt: `answer` version 3 is version 2 here; links follow it",
            "traces[1] trace: `timestamp` is missing",
            "observations[1] observation: `startTime`: `not a time` is not a time; write it as RFC 3339, such as `2026-11-21T09:30:00Z`",
            "scores[2] score: `value`: it is the text `many`; a NUMERIC score is a finite number",
        ]
    );

    let services = &desk.world.services;
    let trace: TraceId = "0af7651916cd43dd8448eb211c80319c".parse().unwrap();
    let opened = services.traces.open(&desk.actor, desk.project, trace).await.unwrap();
    assert_eq!(opened.trace.name, "ask");
    assert_eq!((opened.trace.user_id.as_deref(), opened.trace.session_id.as_deref()), (Some("ana"), Some("s1")));
    assert_eq!(opened.spans.len(), 2);
    let generation = opened.spans.iter().find(|span| span.row.name == "write").unwrap();
    assert_eq!(generation.row.tokens.map(|tokens| (tokens.all_input(), tokens.all_output())), Some((12, 3)));
    assert_eq!(generation.row.cost.map(|cost| cost.0), Some(3_000_000));
    assert_eq!(generation.row.end_ns.0 - generation.row.start_ns.0, 1_000_000_000);
    assert_eq!(generation.row.prompt.as_ref().map(|link| (link.name.as_str(), link.version)), Some(("answer", 2)));
    assert_eq!(opened.scores.len(), 2);
    let prompt = services.prompts.prompt(&desk.actor, desk.project, "answer").await.unwrap();
    assert!(prompt.labels.iter().any(|label| label.name.as_str() == "production" && label.version == 2));
}

#[tokio::test]
async fn the_same_file_twice_changes_nothing_and_a_label_in_use_stays_where_it_is() {
    let desk = Desk::new().await;
    desk.bring(ImportFormat::Langfuse, LANGFUSE, false).await.unwrap();
    let services = &desk.world.services;
    services.prompts.move_label(&desk.actor, desk.project, "answer", "production", 1, None).await.unwrap();
    let again = desk.bring(ImportFormat::Langfuse, LANGFUSE, false).await.unwrap();
    assert_eq!(again.prompts.stored, 3);
    let prompt = services.prompts.prompt(&desk.actor, desk.project, "answer").await.unwrap();
    assert_eq!(prompt.latest, 2);
    assert!(prompt.labels.iter().any(|label| label.name.as_str() == "production" && label.version == 1));
    let trace: TraceId = "0af7651916cd43dd8448eb211c80319c".parse().unwrap();
    let opened = services.traces.open(&desk.actor, desk.project, trace).await.unwrap();
    assert_eq!((opened.spans.len(), opened.scores.len()), (2, 2));
}

#[tokio::test]
async fn a_dry_run_says_the_same_and_stores_nothing() {
    let desk = Desk::new().await;
    let dry = desk.bring(ImportFormat::Langfuse, LANGFUSE, true).await.unwrap();
    let services = &desk.world.services;
    assert!(matches!(
        services.prompts.prompt(&desk.actor, desk.project, "answer").await,
        Err(ServiceError::NotFound { .. })
    ));
    let trace: TraceId = "0af7651916cd43dd8448eb211c80319c".parse().unwrap();
    assert!(services.traces.open(&desk.actor, desk.project, trace).await.is_err());
    let wet = desk.bring(ImportFormat::Langfuse, LANGFUSE, false).await.unwrap();
    assert_eq!(ImportReport { dry_run: true, ..wet }, dry);
}

#[tokio::test]
async fn json_lines_and_csv_say_which_line_is_wrong() {
    let desk = Desk::new().await;
    let lines = "{\"kind\": \"score\", \"session_id\": \"s\", \"name\": \"ok\", \"value\": true}\n\nnot json\n[1]\n{\"a\": 1}\n";
    let report = desk.bring(ImportFormat::Jsonl, lines, false).await.unwrap();
    assert_eq!((report.scores.stored, report.unknown), (1, 3));
    let places: Vec<&str> = report.notes.iter().map(|note| note.place.as_str()).collect();
    assert_eq!(places, ["line 3", "line 4", "line 5"]);

    let table = "id,trace_id,type,name,start_time,end_time,usage_details\n\
                 a,t1,GENERATION,\"say \"\"hi\"\"\",2026-09-01 10:00:00.000,2026-09-01 10:00:02.000,\"{\"\"input\"\": 5, \"\"output\"\": 2}\"\n\
                 b,t1\n";
    let report = desk.bring(ImportFormat::Csv, table, false).await.unwrap();
    assert_eq!((report.observations.stored, report.unknown), (1, 1));
    assert_eq!(report.notes[0].place, "line 3");
    assert_eq!(report.notes[0].reason, "it has 2 cells where the first line names 7");
}

#[tokio::test]
async fn a_file_that_is_none_of_it_is_refused_whole_and_a_viewer_may_not_import() {
    let desk = Desk::new().await;
    for text in ["", "{\"data\": 3}", "[1, 2", "7"] {
        let refused = desk.bring(ImportFormat::Langfuse, text, false).await;
        assert!(
            matches!(&refused, Err(ServiceError::Invalid(fields)) if fields[0].field == "file"),
            "{text}: {refused:?}"
        );
    }
    let viewer = desk.world.member(desk.project, "viewer@example.com", Role::Viewer).await;
    let request =
        ImportRequest { project: desk.project, format: ImportFormat::Jsonl, file: desk.file(""), dry_run: true };
    let refused = desk.world.services.import.run(&viewer, request, |_| {}).await;
    assert!(matches!(refused, Err(ServiceError::Forbidden(_))), "{refused:?}");
}
