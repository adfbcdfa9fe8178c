use std::fmt;

use domain::ids::ProjectId;
use store::{
    control::{ExperimentFilter, PromptFilter},
    event::TraceFilter,
};

use crate::{TestApp, otlp};

/// What a project holds.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Counts {
    /// Traces.
    pub traces: usize,
    /// Spans in them.
    pub spans: usize,
    /// Scores on them, and on [`crate::otlp::ORPHAN`].
    pub scores: usize,
    /// Outcome events.
    pub events: u64,
    /// Prompts.
    pub prompts: usize,
    /// Versions of them.
    pub versions: usize,
    /// Label moves of them.
    pub moves: usize,
    /// Keys.
    pub keys: usize,
    /// Members.
    pub members: usize,
    /// Own prices, ended ones too.
    pub prices: usize,
    /// Jobs that price again.
    pub repricings: usize,
    /// Experiments.
    pub experiments: usize,
    /// Entries of their logs.
    pub acts: usize,
    /// Files sent to be imported.
    pub imports: usize,
}

impl Counts {
    pub(crate) async fn of(app: &TestApp, project: ProjectId) -> Self {
        let mut counts = Self::default();
        let traces = app.events.traces(project, &TraceFilter::default(), None, 500).await.expect("traces").traces;
        counts.traces = traces.len();
        for trace in traces {
            counts.spans += app.events.spans(project, trace.trace_id, None, 1_000).await.expect("spans").len();
            counts.scores += app.events.scores(project, trace.trace_id).await.expect("scores").len();
        }
        let orphan = otlp::ORPHAN.parse().expect("a trace id");
        counts.scores += app.events.scores(project, orphan).await.expect("scores").len();
        let events = app.events.outcome_counts(project, 500).await.expect("events");
        counts.events = events.iter().map(|count| count.events).sum();
        let prompts = app.control.prompts(project, &PromptFilter::default(), None, 500).await.expect("prompts");
        counts.prompts = prompts.len();
        for prompt in prompts {
            counts.versions += app.control.versions(project, &prompt.name, None, 500).await.expect("versions").len();
            counts.moves += app.control.label_moves(project, &prompt.name, 500).await.expect("moves").len();
        }
        let experiments = app.control.experiments(project, &ExperimentFilter::default(), None, 500).await;
        for experiment in experiments.expect("experiments") {
            counts.experiments += 1;
            let log = app.control.experiment_activity(project, experiment.id, None, 500).await;
            counts.acts += log.expect("a log").len();
        }
        counts.keys = app.control.keys(project).await.expect("keys").len();
        counts.prices = app.control.prices(project).await.expect("prices").len();
        counts.imports = app.control.jobs(project, "import", 500).await.expect("jobs").len();
        counts.repricings = app.control.jobs(project, "reprice", 500).await.expect("jobs").len();
        counts.members = app.control.members(project).await.expect("members").len();
        counts
    }
}

/// `2 spans, 1 scores, 1 versions, 1 moves`.
impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} spans, {} scores, {} versions, {} moves", self.spans, self.scores, self.versions, self.moves)
    }
}
