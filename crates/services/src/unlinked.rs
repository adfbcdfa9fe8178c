//! Generations that count for no prompt version, and what each of them lacks.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    sync::Arc,
};

use domain::{
    auth::Actor,
    ids::{ProjectId, SpanId, TraceId},
    metric::{Dimension, Measure, MetricQuery},
    prompt::PromptName,
    time::TimeRange,
    trace::PromptLink,
};
use otlp::{NoLink, why_unlinked};
use store::{
    control::PromptFilter,
    event::{SpanPayload, SpanRecord},
};

use crate::{Context, ServiceError, metrics::Metrics};

/// Unlinked generations whose attributes are read; totals count all of them.
const LOOKED_AT: u16 = 1_000;
/// Reasons told apart in one answer, and prompt versions likewise.
const REASONS: usize = 50;
/// Newest generations named for each reason.
const EXAMPLES: usize = 5;
/// Linked versions whose generations' names are read, to recognise a fallback.
const LINKS: usize = 50;
/// Generations of each.
const NAMES: u16 = 20;
/// Prompts read at once.
const PAGE: u16 = 500;
/// Spans of one trace whose payloads are read at once.
const PAYLOADS: usize = 200;

/// What a generation lacks to count for a prompt version.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Missing {
    /// Neither a prompt nor a version is named.
    NoAttributes,
    /// Likewise, by an SDK that links prompts, under the name of calls that are linked elsewhere in the range: it is what an SDK
    /// sends that could not fetch the prompt and used its fallback.
    FallbackSuspected {
        /// The generations' name.
        name: String,
    },
    /// A prompt is named, and no version of it.
    NoVersion {
        /// The attribute that names it.
        attribute: String,
        /// The prompt.
        value: String,
    },
    /// A version is given, and no prompt.
    NoName {
        /// The attribute that gives it.
        attribute: String,
        /// The version as it was sent.
        value: String,
    },
    /// Both are given and cannot be used.
    Unusable {
        /// The attribute at fault.
        attribute: String,
        /// Its value.
        value: String,
        /// What is wrong with it, and what would be right.
        problem: String,
    },
}

/// Generations that lack the same.
#[derive(Clone, Debug, PartialEq)]
pub struct Unlinked {
    /// What.
    pub missing: Missing,
    /// The attributes that would link them, as their instrumentation writes them; empty where they are there already.
    pub absent: Vec<&'static str>,
    /// How many of those looked at.
    pub count: u64,
    /// The instrumentations that sent them, sorted.
    pub scopes: BTreeSet<String>,
    /// The newest of them, from different traces; at most five.
    pub examples: Vec<(TraceId, SpanId)>,
}

/// Which half of a link the registry does not know.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum UnknownPart {
    /// The prompt; it may have been deleted.
    Prompt,
    /// The version of a prompt that exists.
    Version,
}

/// Generations that count for a version the registry does not have.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct UnknownVersion {
    /// The version.
    pub link: PromptLink,
    /// What is not known of it.
    pub unknown: UnknownPart,
    /// How many.
    pub count: u64,
}

/// What is not linked in a range.
#[derive(Clone, Debug, PartialEq)]
pub struct UnlinkedReport {
    /// The range really answered.
    pub range: TimeRange,
    /// All generations.
    pub generations: u64,
    /// Those that count for no version.
    pub unlinked: u64,
    /// How many of these, the newest, were looked at for reasons.
    pub looked_at: u64,
    /// The reasons, most frequent first.
    pub reasons: Vec<Unlinked>,
    /// Linked generations of versions nobody knows, most frequent first. They are counted under the link they carry.
    pub unknown: Vec<UnknownVersion>,
    /// Why the counts are not whole, when a bound was hit.
    pub partial: Option<String>,
    /// Milliseconds the counts may be behind.
    pub lag_ms: u64,
}

/// Tells what is not linked.
#[derive(Clone)]
pub struct UnlinkedGenerations {
    context: Arc<Context>,
    metrics: Metrics,
}

impl UnlinkedGenerations {
    pub(crate) fn new(context: Arc<Context>, metrics: Metrics) -> Self {
        Self { context, metrics }
    }

    /// The report of a range.
    ///
    /// # Errors
    /// [`ServiceError::Forbidden`] for who may not read.
    pub async fn report(
        &self,
        actor: &Actor,
        project: ProjectId,
        range: TimeRange,
    ) -> Result<UnlinkedReport, ServiceError> {
        let question = MetricQuery {
            measures: vec![Measure::Count],
            dimensions: vec![Dimension::Prompt, Dimension::Version],
            ..MetricQuery::over(range)
        };
        // Also asks whether the actor may read.
        let counted = self.metrics.query(actor, project, &question).await?;
        let (mut generations, mut unlinked) = (0, 0);
        let mut linked: Vec<(PromptLink, u64)> = Vec::new();
        for row in counted.rows {
            let count = row.values.first().map_or(0, |count| count.n);
            generations += count;
            match row.group.as_slice() {
                [name, version] if !name.is_empty() => {
                    let version = version.parse().unwrap_or_default();
                    linked.push((PromptLink { name: name.clone(), version }, count));
                }
                _ => unlinked += count,
            }
        }
        linked.sort_by(|(a, of_a), (b, of_b)| of_b.cmp(of_a).then_with(|| a.cmp(b)));

        let sample = self.context.events.generations(project, None, range, LOOKED_AT).await?;
        let payloads = self.payloads(project, &sample).await?;
        let names = if sample.is_empty() { HashSet::new() } else { self.names(project, &linked, range).await? };
        // The newest may be stored and not counted yet.
        let unlinked = unlinked.max(count(sample.len()));
        Ok(UnlinkedReport {
            range: counted.range,
            generations: generations.max(unlinked),
            unlinked,
            looked_at: count(sample.len()),
            reasons: reasons(&sample, &payloads, &names),
            unknown: self.unknown(project, linked).await?,
            partial: counted.partial,
            lag_ms: counted.lag_ms,
        })
    }

    async fn payloads(
        &self,
        project: ProjectId,
        sample: &[SpanRecord],
    ) -> Result<HashMap<(TraceId, SpanId), SpanPayload>, ServiceError> {
        let mut traces: BTreeMap<TraceId, Vec<SpanId>> = BTreeMap::new();
        for record in sample {
            traces.entry(record.row.trace_id).or_default().push(record.row.span_id);
        }
        let mut payloads = HashMap::new();
        for (trace, spans) in traces {
            for some in spans.chunks(PAYLOADS) {
                let read = self.context.events.payloads(project, trace, some).await?;
                payloads.extend(read.into_iter().map(|(span, payload)| ((trace, span), payload)));
            }
        }
        Ok(payloads)
    }

    /// What linked generations are called.
    async fn names(
        &self,
        project: ProjectId,
        linked: &[(PromptLink, u64)],
        range: TimeRange,
    ) -> Result<HashSet<String>, ServiceError> {
        let mut names = HashSet::new();
        for (link, _) in linked.iter().take(LINKS) {
            let newest = self.context.events.generations(project, Some(link), range, NAMES).await?;
            names.extend(newest.into_iter().map(|record| record.row.name));
        }
        Ok(names)
    }

    /// The versions among these that the registry does not have.
    async fn unknown(
        &self,
        project: ProjectId,
        linked: Vec<(PromptLink, u64)>,
    ) -> Result<Vec<UnknownVersion>, ServiceError> {
        if linked.is_empty() {
            return Ok(Vec::new());
        }
        let mut known: HashMap<String, Vec<u32>> = HashMap::new();
        let mut after: Option<PromptName> = None;
        loop {
            let control = &self.context.control;
            let page = control.prompts(project, &PromptFilter::default(), after.as_ref(), PAGE).await?;
            let ids: Vec<_> = page.iter().map(|prompt| prompt.id).collect();
            let mut versions: HashMap<_, _> = control
                .prompt_outlines(project, &ids)
                .await?
                .into_iter()
                .map(|outline| (outline.prompt, outline.versions))
                .collect();
            let whole = page.len() < usize::from(PAGE);
            for prompt in page {
                known.insert(prompt.name.as_str().to_owned(), versions.remove(&prompt.id).unwrap_or_default());
                after = Some(prompt.name);
            }
            if whole {
                break;
            }
        }
        let unknown = linked.into_iter().filter_map(|(link, count)| {
            let unknown = match known.get(&link.name) {
                None => UnknownPart::Prompt,
                Some(versions) if !versions.contains(&link.version) => UnknownPart::Version,
                Some(_) => return None,
            };
            Some(UnknownVersion { link, unknown, count })
        });
        Ok(unknown.take(REASONS).collect())
    }
}

/// The reasons of a sample that is newest first.
fn reasons(
    sample: &[SpanRecord],
    payloads: &HashMap<(TraceId, SpanId), SpanPayload>,
    linked_names: &HashSet<String>,
) -> Vec<Unlinked> {
    let mut found: BTreeMap<Missing, Unlinked> = BTreeMap::new();
    for SpanRecord { row, .. } in sample {
        let id = (row.trace_id, row.span_id);
        let Some(payload) = payloads.get(&id) else { continue };
        let dialect = Dialect::of(&payload.scope);
        let missing = match why_unlinked(&payload.metadata) {
            NoLink::NoAttributes if dialect != Dialect::GenAi && linked_names.contains(&row.name) => {
                Missing::FallbackSuspected { name: row.name.clone() }
            }
            NoLink::NoAttributes => Missing::NoAttributes,
            NoLink::NoVersion { attribute, name } => Missing::NoVersion { attribute, value: name },
            NoLink::NoName { attribute, version } => Missing::NoName { attribute, value: version },
            NoLink::Unusable { attribute, value, problem } => Missing::Unusable { attribute, value, problem },
        };
        let [name, version] = dialect.attributes();
        let absent = match &missing {
            Missing::NoAttributes | Missing::FallbackSuspected { .. } => vec![name, version],
            Missing::NoVersion { .. } => vec![version],
            Missing::NoName { .. } => vec![name],
            Missing::Unusable { .. } => Vec::new(),
        };
        let reason = found.entry(missing.clone()).or_insert_with(|| Unlinked {
            missing,
            absent: Vec::new(),
            count: 0,
            scopes: BTreeSet::new(),
            examples: Vec::new(),
        });
        reason.count += 1;
        if reason.examples.len() < EXAMPLES && reason.examples.iter().all(|(trace, _)| *trace != row.trace_id) {
            reason.examples.push(id);
        }
        for attribute in absent {
            if !reason.absent.contains(&attribute) {
                reason.absent.push(attribute);
            }
        }
        if !payload.scope.is_empty() {
            reason.scopes.insert(payload.scope.clone());
        }
    }
    let mut reasons: Vec<Unlinked> = found.into_values().collect();
    // A stable sort: equally frequent ones stay in their own order.
    reasons.sort_by_key(|reason| std::cmp::Reverse(reason.count));
    reasons.truncate(REASONS);
    reasons
}

/// Whose words a generation is told in.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Dialect {
    Langfuse,
    Abv,
    GenAi,
}

impl Dialect {
    /// By the instrumentation's name.
    fn of(scope: &str) -> Self {
        if scope.starts_with("langfuse") {
            Self::Langfuse
        } else if scope.starts_with("abv") {
            Self::Abv
        } else {
            Self::GenAi
        }
    }

    /// The attributes of name and version.
    fn attributes(self) -> [&'static str; 2] {
        match self {
            Self::Langfuse => ["langfuse.observation.prompt.name", "langfuse.observation.prompt.version"],
            Self::Abv => ["abv.observation.prompt.name", "abv.observation.prompt.version"],
            Self::GenAi => ["gen_ai.prompt.name", "gen_ai.prompt.version"],
        }
    }
}

fn count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}
