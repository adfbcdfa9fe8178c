//! Scores one by one and as lists; they come in through [`crate::ingest`].

use std::{collections::HashMap, sync::Arc};

use domain::{
    auth::{Actor, Permission},
    ids::{ProjectId, ScoreId, SpanId, TraceId},
    page::{Page, PageSize},
    score::{ScoreSource, ScoreTarget, ScoreValue},
    time::TimeUs,
};
use store::event::{ScorePlace, ScoreRecord, ScoresOf, TraceRecord};

use crate::{
    Context, ServiceError,
    context::authorize,
    sieve::{BATCH, Numbered, Sieve},
};

/// How a score's number is compared with another.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Comparison {
    /// `<`
    Less,
    /// `<=`
    AtMost,
    /// `=`
    Equal,
    /// `!=`
    Unequal,
    /// `>=`
    AtLeast,
    /// `>`
    Greater,
}

impl Comparison {
    /// From the sign clients write.
    pub fn from_sign(sign: &str) -> Option<Self> {
        Some(match sign {
            "<" => Self::Less,
            "<=" => Self::AtMost,
            "=" => Self::Equal,
            "!=" => Self::Unequal,
            ">=" => Self::AtLeast,
            ">" => Self::Greater,
            _ => return None,
        })
    }

    #[expect(clippy::float_cmp, reason = "equality is what is asked for: the value comes back as it was sent")]
    fn holds(self, number: f64, than: f64) -> bool {
        match self {
            Self::Less => number < than,
            Self::AtMost => number <= than,
            Self::Equal => number == than,
            Self::Unequal => number != than,
            Self::AtLeast => number >= than,
            Self::Greater => number > than,
        }
    }
}

/// Which scores to list. Every condition given has to hold; of several values one.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ScoreFilter {
    /// Ids.
    pub ids: Vec<String>,
    /// Names.
    pub names: Vec<String>,
    /// Types, as [`ScoreValue::kind`] says them.
    pub kinds: Vec<String>,
    /// Environments.
    pub environments: Vec<String>,
    /// Where they came from.
    pub sources: Vec<ScoreSource>,
    /// Traces they are on, or on an observation of.
    pub traces: Vec<TraceId>,
    /// Observations they are on.
    pub spans: Vec<SpanId>,
    /// Sessions they are on.
    pub sessions: Vec<String>,
    /// The sender's ids of score configurations.
    pub configs: Vec<String>,
    /// Given at this instant or later.
    pub from: Option<TimeUs>,
    /// Given before this instant.
    pub to: Option<TimeUs>,
    /// Comparisons of their number.
    pub numbers: Vec<(Comparison, f64)>,
    /// What they say: a category, a text, `true` or `false`, a number.
    pub words: Vec<String>,
    /// User of the trace they are on.
    pub user: Option<String>,
    /// Tags the trace they are on has, all of them.
    pub tags: Vec<String>,
}

/// A score with the trace it is on, where that is known.
#[derive(Clone, Debug, PartialEq)]
pub struct ScoreOnTrace {
    /// The score.
    pub record: ScoreRecord,
    /// The trace; none for a score on a session, and for one whose trace has not come.
    pub trace: Option<Arc<TraceRecord>>,
}

/// Reads and removes scores. Cheap to clone.
#[derive(Clone)]
pub struct Scores {
    context: Arc<Context>,
}

/// Traces looked up for one list.
type Traces = HashMap<TraceId, Option<Arc<TraceRecord>>>;

impl Scores {
    pub(crate) fn new(context: Arc<Context>) -> Self {
        Self { context }
    }

    /// One score.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`].
    pub async fn get(&self, actor: &Actor, project: ProjectId, id: &str) -> Result<ScoreRecord, ServiceError> {
        authorize(actor, project, Permission::Read)?;
        let found = match id.parse::<ScoreId>() {
            Ok(id) => self.context.events.score(project, &id).await?,
            Err(_) => None,
        };
        found.ok_or_else(|| missing(id))
    }

    /// Removes a score for good: what its sender repeats stays removed. A new score under the same id is one.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`].
    pub async fn remove(&self, actor: &Actor, project: ProjectId, id: &str) -> Result<(), ServiceError> {
        authorize(actor, project, Permission::Annotate)?;
        let known: ScoreId = id.parse().map_err(|_| missing(id))?;
        self.context.events.remove_score(project, &known, self.context.clock.now()).await?;
        tracing::info!(project.id = %project, "removed a score");
        Ok(())
    }

    /// Scores, the last to arrive first.
    ///
    /// # Errors
    /// [`ServiceError::Invalid`] for a cursor of another list.
    pub async fn list(
        &self,
        actor: &Actor,
        project: ProjectId,
        filter: &ScoreFilter,
        cursor: Option<&str>,
        size: PageSize,
    ) -> Result<Page<ScoreRecord>, ServiceError> {
        authorize(actor, project, Permission::Read)?;
        let before = cursor.map(|text| text.parse().map(ScorePlace)).transpose().map_err(|_| {
            ServiceError::field("cursor", "not a cursor of this list; pass back the one of the page before as it was")
        })?;
        let (found, next) = self.sift(project, filter, before, Sieve::first(size)).await?.by_key();
        let items = found.into_iter().map(|scored| scored.record).collect();
        Ok(Page { items, next: next.map(|place| place.0.to_string()) })
    }

    /// Scores with their traces, the last to arrive first, by page number.
    ///
    /// # Errors
    /// [`ServiceError::Invalid`] for page 0, and for one too far down.
    pub async fn numbered(
        &self,
        actor: &Actor,
        project: ProjectId,
        filter: &ScoreFilter,
        page: u32,
        size: PageSize,
    ) -> Result<Numbered<ScoreOnTrace>, ServiceError> {
        authorize(actor, project, Permission::Read)?;
        let sieve = self.sift(project, filter, None, Sieve::numbered(page, size)?).await?;
        let mut found = sieve.by_number();
        let mut traces = Traces::new();
        for scored in &mut found.items {
            if scored.trace.is_none() {
                scored.trace = self.trace_of(project, &scored.record, &mut traces).await?;
            }
        }
        Ok(found)
    }

    async fn sift(
        &self,
        project: ProjectId,
        filter: &ScoreFilter,
        mut before: Option<ScorePlace>,
        mut sieve: Sieve<ScorePlace, ScoreOnTrace>,
    ) -> Result<Sieve<ScorePlace, ScoreOnTrace>, ServiceError> {
        let of = match (filter.traces.as_slice(), filter.sessions.as_slice()) {
            ([only], _) => ScoresOf::Trace(*only),
            ([], [only]) => ScoresOf::Session(only.clone()),
            _ => ScoresOf::Project,
        };
        let mut traces = Traces::new();
        while sieve.wants_more() {
            let batch = self.context.events.scores_by_arrival(project, &of, before, BATCH).await?;
            let Some((last, _)) = batch.last() else { break };
            before = Some(*last);
            for (place, record) in batch {
                let mut scored = ScoreOnTrace { record, trace: None };
                let mut keep = filter.admits(&scored.record);
                if keep && (filter.user.is_some() || !filter.tags.is_empty()) {
                    scored.trace = self.trace_of(project, &scored.record, &mut traces).await?;
                    keep = scored.trace.as_ref().is_some_and(|trace| filter.admits_trace(trace));
                }
                if !sieve.look(place, scored, keep) {
                    break;
                }
            }
        }
        Ok(sieve)
    }

    async fn trace_of(
        &self,
        project: ProjectId,
        record: &ScoreRecord,
        known: &mut Traces,
    ) -> Result<Option<Arc<TraceRecord>>, ServiceError> {
        let (ScoreTarget::Trace { trace } | ScoreTarget::Observation { trace, .. }) = &record.score.target else {
            return Ok(None);
        };
        if let Some(found) = known.get(trace) {
            return Ok(found.clone());
        }
        let found = self.context.events.trace(project, *trace).await?.map(Arc::new);
        known.insert(*trace, found.clone());
        Ok(found)
    }
}

fn missing(id: &str) -> ServiceError {
    ServiceError::NotFound { entity: "score", id: id.chars().take(200).collect() }
}

/// Whether nothing was asked, or this is among it.
fn one_of<T: PartialEq<U>, U>(asked: &[T], value: &U) -> bool {
    asked.is_empty() || asked.iter().any(|one| one == value)
}

impl ScoreFilter {
    fn admits(&self, record: &ScoreRecord) -> bool {
        let score = &record.score;
        let (trace, span, session) = match &score.target {
            ScoreTarget::Observation { trace, span } => (Some(*trace), Some(*span), None),
            ScoreTarget::Trace { trace } => (Some(*trace), None, None),
            ScoreTarget::Session { session } => (None, None, Some(session)),
        };
        let said = match &score.value {
            ScoreValue::Numeric(_) => None,
            ScoreValue::Boolean(yes) => Some(if *yes { "true" } else { "false" }),
            ScoreValue::Categorical(text) | ScoreValue::Text(text) => Some(text.as_str()),
        };
        let number = score.value.number();
        one_of(&self.ids, &score.id.as_str())
            && one_of(&self.names, &score.name.as_str())
            && one_of(&self.kinds, &score.value.kind())
            && one_of(&self.environments, &score.environment)
            && one_of(&self.sources, &score.source)
            && (self.traces.is_empty() || trace.is_some_and(|trace| self.traces.contains(&trace)))
            && (self.spans.is_empty() || span.is_some_and(|span| self.spans.contains(&span)))
            && (self.sessions.is_empty() || session.is_some_and(|session| self.sessions.contains(session)))
            && (self.configs.is_empty() || score.config_id.as_ref().is_some_and(|id| self.configs.contains(id)))
            && self.from.is_none_or(|from| score.at_us >= from)
            && self.to.is_none_or(|to| score.at_us < to)
            && self.numbers.iter().all(|(sign, than)| number.is_some_and(|number| sign.holds(number, *than)))
            && (self.words.is_empty()
                || self
                    .words
                    .iter()
                    .any(|word| said == Some(word) || (number.is_some() && word.parse().ok() == number)))
    }

    fn admits_trace(&self, trace: &TraceRecord) -> bool {
        self.user.as_ref().is_none_or(|user| trace.user_id.as_ref() == Some(user))
            && self.tags.iter().all(|tag| trace.tags.contains(tag))
    }
}
