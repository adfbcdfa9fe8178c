use domain::{
    ids::TraceId,
    score::{ScoreName, ScoreValue},
    time::{TimeNs, TimeRange},
};

use super::TraceRecord;

/// Where a page of traces ended.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct TraceKey {
    /// Start of the last trace on it.
    pub start_ns: TimeNs,
    /// Its id.
    pub trace_id: TraceId,
}

impl TraceKey {
    /// The place of a trace in the list.
    pub fn of(trace: &TraceRecord) -> Self {
        Self { start_ns: trace.start_ns, trace_id: trace.trace_id }
    }
}

/// Which traces to list. Every condition given has to hold.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TraceFilter {
    /// Began inside this range.
    pub range: Option<TimeRange>,
    /// A generation counts for this prompt.
    pub prompt: Option<String>,
    /// … in this version; only with `prompt`.
    pub version: Option<u32>,
    /// Environment of the trace.
    pub environment: Option<String>,
    /// User.
    pub user_id: Option<String>,
    /// Session.
    pub session_id: Option<String>,
    /// Only traces with a failed span (`true`), or only ones without (`false`).
    pub errors: Option<bool>,
    /// A generation called this model.
    pub model: Option<String>,
    /// It lasted at least this long, from its earliest start to its last end.
    pub min_duration_ns: Option<i64>,
    /// It lasted at most this long.
    pub max_duration_ns: Option<i64>,
    /// A score on it, on one of its observations or on its session says this.
    pub score: Option<ScoreCondition>,
}

/// What a score has to say.
#[derive(Clone, Debug, PartialEq)]
pub struct ScoreCondition {
    /// Its name.
    pub name: ScoreName,
    /// Its value.
    pub test: ScoreTest,
}

/// What a score's value has to be.
#[derive(Clone, Debug, PartialEq)]
pub enum ScoreTest {
    /// Anything: the score is there.
    Any,
    /// A number within both ends; a boolean counts as 1 or 0, as in averages.
    Between {
        /// The least that passes.
        least: f64,
        /// The most that passes.
        most: f64,
    },
    /// This category; `true` and `false` are booleans.
    Is(String),
}

impl ScoreTest {
    /// Whether a value passes.
    ///
    /// ```
    /// # use domain::score::ScoreValue; use store::event::ScoreTest;
    /// let good = ScoreTest::Between { least: 0.5, most: f64::INFINITY };
    /// assert!(good.passes(&ScoreValue::Boolean(true)));
    /// assert!(!good.passes(&ScoreValue::Categorical("good".to_owned())));
    /// assert!(ScoreTest::Is("true".to_owned()).passes(&ScoreValue::Boolean(true)));
    /// ```
    pub fn passes(&self, value: &ScoreValue) -> bool {
        match (self, value) {
            (Self::Any, _) => true,
            (Self::Between { least, most }, value) => {
                value.number().is_some_and(|number| (*least..=*most).contains(&number))
            }
            (Self::Is(word), ScoreValue::Boolean(yes)) => word == if *yes { "true" } else { "false" },
            (Self::Is(word), ScoreValue::Categorical(category)) => word == category,
            (Self::Is(_), ScoreValue::Numeric(_) | ScoreValue::Text(_)) => false,
        }
    }
}

/// Some traces of a list.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TraceSlice {
    /// Newest first.
    pub traces: Vec<TraceRecord>,
    /// Where the store stopped looking before it had found as many as asked for, because a condition has no index and the
    /// bound on what is looked at for one question was reached. There may be more after it.
    pub reached: Option<TraceKey>,
}

impl TraceSlice {
    /// After which key the list goes on, if it may.
    pub fn end(&self) -> Option<TraceKey> {
        self.reached.or_else(|| self.traces.last().map(TraceKey::of))
    }
}

/// The words a project has used so far: what its lists can be filtered by. At most 200 of each, in order.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Words {
    /// Prompts that generations count for.
    pub prompts: Vec<String>,
    /// Models.
    pub models: Vec<String>,
    /// Environments.
    pub environments: Vec<String>,
    /// Names of scores.
    pub scores: Vec<String>,
}
