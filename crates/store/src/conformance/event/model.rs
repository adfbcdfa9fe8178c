//! The slow and obvious way: keep every event, work everything out afresh when asked.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    ids::{ProjectId, SpanId, TraceId},
    money::NanoUsd,
    price::CostOrigin,
    score::ScoreTarget,
    segment::SegmentAttribute,
    time::TimeRange,
    trace::{Level, PromptLink},
};

use super::RECEIVED;
use crate::event::{
    Amounts, ChargedSpan, EventBatch, PastCost, RechargeBatch, ResolvedLink, ScoreWrite, SpanWrite, TraceFilter,
    TraceKey, TraceRecord, UnpricedModel,
};

/// Every event that stands.
#[derive(Clone, Debug, Default)]
pub struct Model {
    pub(super) spans: BTreeMap<(ProjectId, TraceId, SpanId), SpanWrite>,
    pub(super) scores: BTreeMap<(ProjectId, String), ScoreWrite>,
    pub(super) segmented_by: BTreeMap<ProjectId, SegmentAttribute>,
    pub(super) past_costs: BTreeMap<(ProjectId, TraceId, SpanId), Vec<PastCost>>,
}

impl Model {
    /// Tells generations of a project apart by an attribute, or by none.
    pub fn segment_by(&mut self, project: ProjectId, attribute: Option<SegmentAttribute>) {
        match attribute {
            Some(attribute) => self.segmented_by.insert(project, attribute),
            None => self.segmented_by.remove(&project),
        };
    }

    /// Forgets a project.
    pub fn remove(&mut self, project: ProjectId) {
        self.spans.retain(|(of, ..), _| *of != project);
        self.scores.retain(|(of, _), _| *of != project);
        self.past_costs.retain(|(of, ..), _| *of != project);
        self.segmented_by.remove(&project);
    }

    /// Takes a batch.
    pub fn take(&mut self, batch: &EventBatch) {
        for span in &batch.spans {
            let held = self.spans.entry((batch.project, span.row.trace_id, span.row.span_id)).or_insert(span.clone());
            if span.version > held.version {
                *held = span.clone();
            }
        }
        for score in &batch.scores {
            let key = (batch.project, score.score.id.as_str().to_owned());
            let held = self.scores.entry(key).or_insert(score.clone());
            if score.version().expect("JSON") > held.version().expect("JSON") {
                *held = score.clone();
            }
        }
    }

    /// Changes what spans cost.
    pub fn recharge(&mut self, batch: &RechargeBatch) {
        for change in &batch.changes {
            let key = (batch.project, change.trace_id, change.span_id);
            let Some(span) = self.spans.get_mut(&key).filter(|span| span.version == change.version) else { continue };
            let row = &mut span.row;
            let amounts = Amounts { total: row.cost, input: row.input_cost, output: row.output_cost };
            if amounts == change.amounts && row.derived.charge == change.charge {
                continue;
            }
            let past = self.past_costs.entry(key).or_default();
            if past.iter().all(|past| past.job != batch.job) {
                let charge = row.derived.charge.clone();
                past.push(PastCost { job: batch.job, at_us: batch.at_us, amounts, charge });
            }
            (row.cost, row.input_cost, row.output_cost) =
                (change.amounts.total, change.amounts.input, change.amounts.output);
            row.derived.charge = change.charge.clone();
            let keys = &mut row.derived.keys;
            (keys.cost, keys.input_cost, keys.output_cost) =
                (change.keys.cost, change.keys.input_cost, change.keys.output_cost);
        }
    }

    /// What a span cost before, oldest first.
    pub fn past_costs(&self, project: ProjectId, trace: TraceId, span: SpanId) -> Vec<PastCost> {
        let mut past = self.past_costs.get(&(project, trace, span)).cloned().unwrap_or_default();
        past.sort_by_key(|past| (past.at_us, past.job));
        past
    }

    /// Spans with tokens that began inside a range.
    pub fn charged(&self, project: ProjectId, range: TimeRange) -> Vec<ChargedSpan> {
        let of_project = self.spans.iter().filter(|((of, ..), _)| *of == project).map(|(_, span)| span);
        let inside =
            |span: &&SpanWrite| range.from.to_ns() <= span.row.start_ns && span.row.start_ns < range.to.to_ns();
        of_project
            .filter(inside)
            .filter_map(|span| {
                let row = &span.row;
                Some(ChargedSpan {
                    trace_id: row.trace_id,
                    span_id: row.span_id,
                    version: span.version,
                    kind: row.kind,
                    start_ns: row.start_ns,
                    model: row.model.clone(),
                    tokens: row.tokens?,
                    amounts: Amounts { total: row.cost, input: row.input_cost, output: row.output_cost },
                    charge: row.derived.charge.clone(),
                })
            })
            .collect()
    }

    /// Models without a price, the ones with most spans first, then by name. Every made-up event is received at once.
    pub fn unpriced(&self, project: ProjectId) -> Vec<UnpricedModel> {
        let mut counts: BTreeMap<_, u64> = BTreeMap::new();
        for ((of, ..), span) in &self.spans {
            if let (true, CostOrigin::Unpriced(reason)) = (*of == project, &span.row.derived.charge.origin) {
                let names = (span.row.model.clone().unwrap_or_default(), span.row.derived.charge.provider.clone());
                let key = (names.0, names.1.unwrap_or_default(), serde_json::to_string(reason).expect("JSON"));
                *counts.entry(key).or_default() += 1;
            }
        }
        let some = |text: String| Some(text).filter(|text| !text.is_empty());
        let mut models: Vec<_> = counts.into_iter().collect();
        models.sort_by_key(|(key, spans)| (std::cmp::Reverse(*spans), key.clone()));
        let model = |((model, provider, reason), spans): ((String, String, String), u64)| UnpricedModel {
            model: some(model),
            provider: some(provider),
            reason: serde_json::from_str(&reason).expect("JSON"),
            spans,
            last_us: RECEIVED,
        };
        models.into_iter().map(model).collect()
    }

    /// Projects with an event.
    pub fn projects(&self) -> BTreeSet<ProjectId> {
        self.spans.keys().map(|(project, ..)| *project).chain(self.scores.keys().map(|(project, _)| *project)).collect()
    }

    /// Traces of a project.
    pub fn trace_ids(&self, project: ProjectId) -> BTreeSet<TraceId> {
        self.spans.keys().filter(|(of, ..)| *of == project).map(|(_, trace, _)| *trace).collect()
    }

    /// Spans of a trace by start, then id, with what each counts for.
    pub fn spans(&self, project: ProjectId, trace: TraceId) -> Vec<(&SpanWrite, Option<ResolvedLink>)> {
        let mut spans: Vec<_> = self
            .spans
            .iter()
            .filter(|((of, within, _), _)| *of == project && *within == trace)
            .map(|(_, span)| (span, self.link(project, span)))
            .collect();
        spans.sort_by_key(|(span, _)| (span.row.start_ns, span.row.span_id));
        spans
    }

    pub(super) fn link(&self, project: ProjectId, span: &SpanWrite) -> Option<ResolvedLink> {
        if !span.row.kind.is_generation() {
            return None;
        }
        let mut seen = BTreeSet::new();
        let mut at = span;
        loop {
            if let Some(link) = &at.row.prompt {
                return Some(ResolvedLink { link: link.clone(), inherited: at.row.span_id != span.row.span_id });
            }
            if !seen.insert(at.row.span_id) {
                return None;
            }
            at = self.spans.get(&(project, span.row.trace_id, at.row.parent_id?))?;
        }
    }

    /// Spans of a trace, the one whose word counts most first.
    pub(super) fn by_rank(&self, project: ProjectId, trace: TraceId) -> Vec<&SpanWrite> {
        let mut ranked: Vec<&SpanWrite> = self.spans(project, trace).into_iter().map(|(span, _)| span).collect();
        ranked.sort_by_key(|span| std::cmp::Reverse((span.row.app_root, span.row.end_ns, span.row.span_id)));
        ranked
    }

    /// A trace's summary.
    pub fn trace(&self, project: ProjectId, trace_id: TraceId) -> Option<TraceRecord> {
        let spans = self.spans(project, trace_id);
        let all = || spans.iter().map(|(span, _)| *span);
        let by_rank = self.by_rank(project, trace_id);
        let said = |get: fn(&SpanWrite) -> Option<String>| by_rank.iter().find_map(|span| get(span));
        let lead = {
            let mut leads: Vec<&SpanWrite> = all().collect();
            leads.sort_by_key(|span| {
                let rank = if span.row.app_root {
                    0
                } else if span.row.parent_id.is_none() {
                    1
                } else {
                    2
                };
                (rank, span.row.start_ns, span.row.span_id)
            });
            leads.into_iter().next()?
        };
        let generations = || all().filter(|span| span.row.kind.is_generation());
        let tokens = |get: fn(&domain::trace::TokenBuckets) -> u64| {
            generations().filter_map(|span| span.row.tokens.as_ref()).map(get).sum()
        };
        let costs: Vec<i64> = all().filter_map(|span| span.row.cost).map(|cost| cost.0).collect();
        let links: BTreeSet<PromptLink> =
            spans.iter().filter_map(|(_, link)| link.as_ref()).map(|resolved| resolved.link.clone()).collect();
        Some(TraceRecord {
            trace_id,
            name: said(|span| span.row.trace.name.clone()).unwrap_or_else(|| lead.row.name.clone()),
            user_id: said(|span| span.row.trace.user_id.clone()),
            session_id: said(|span| span.row.trace.session_id.clone()),
            environment: lead.row.environment.clone(),
            release: said(|span| span.row.trace.release.clone()),
            version: said(|span| span.row.trace.version.clone()),
            tags: all().flat_map(|span| span.row.trace.tags.clone()).collect::<BTreeSet<_>>().into_iter().collect(),
            public: by_rank.iter().find_map(|span| span.row.trace.public).unwrap_or(false),
            start_ns: all().map(|span| span.row.start_ns).min()?,
            end_ns: all().map(|span| span.row.end_ns).max()?,
            spans: all().count() as u32,
            generations: generations().count() as u32,
            errors: all().filter(|span| span.row.level == Level::Error).count() as u32,
            input_tokens: tokens(domain::trace::TokenBuckets::all_input),
            output_tokens: tokens(domain::trace::TokenBuckets::all_output),
            cost: (!costs.is_empty()).then(|| NanoUsd(costs.iter().sum())),
            links: links.into_iter().take(8).collect(),
        })
    }

    /// Traces that pass a filter, newest first, after a key.
    pub fn traces(&self, project: ProjectId, filter: &TraceFilter, after: Option<TraceKey>) -> Vec<TraceRecord> {
        let mut traces: Vec<TraceRecord> =
            self.trace_ids(project).into_iter().filter_map(|trace| self.trace(project, trace)).collect();
        traces.retain(|trace| {
            let linked = filter.prompt.as_ref().is_none_or(|prompt| {
                self.spans(project, trace.trace_id).iter().filter_map(|(_, link)| link.as_ref()).any(|resolved| {
                    resolved.link.name == *prompt
                        && filter.version.is_none_or(|version| resolved.link.version == version)
                })
            });
            linked
                && filter
                    .range
                    .is_none_or(|range| range.from.to_ns() <= trace.start_ns && trace.start_ns < range.to.to_ns())
                && filter.environment.as_ref().is_none_or(|environment| trace.environment == *environment)
                && filter.user_id.as_ref().is_none_or(|user| trace.user_id.as_ref() == Some(user))
                && filter.session_id.as_ref().is_none_or(|session| trace.session_id.as_ref() == Some(session))
                && filter.errors.is_none_or(|errors| (trace.errors > 0) == errors)
                && filter.model.as_ref().is_none_or(|model| {
                    let spans = self.spans(project, trace.trace_id);
                    spans
                        .iter()
                        .any(|(span, _)| span.row.kind.is_generation() && span.row.model.as_ref() == Some(model))
                })
                && filter.min_duration_ns.is_none_or(|least| trace.end_ns.0.saturating_sub(trace.start_ns.0) >= least)
                && filter.max_duration_ns.is_none_or(|most| trace.end_ns.0.saturating_sub(trace.start_ns.0) <= most)
                && filter.score.as_ref().is_none_or(|condition| {
                    let scores = self.scores(project, trace.trace_id);
                    scores
                        .iter()
                        .map(|write| &write.score)
                        .any(|score| score.name == condition.name && condition.test.passes(&score.value))
                })
                && after.is_none_or(|after| (trace.start_ns, trace.trace_id) < (after.start_ns, after.trace_id))
        });
        traces.sort_by_key(|trace| std::cmp::Reverse((trace.start_ns, trace.trace_id)));
        traces
    }

    /// Scores of a trace, its observations and its session, by time, then id.
    pub fn scores(&self, project: ProjectId, trace: TraceId) -> Vec<&ScoreWrite> {
        let session = self.trace(project, trace).and_then(|trace| trace.session_id);
        let mut scores: Vec<&ScoreWrite> = self
            .scores
            .iter()
            .filter(|((of, _), score)| {
                *of == project
                    && match &score.score.target {
                        ScoreTarget::Observation { trace: on, .. } | ScoreTarget::Trace { trace: on } => *on == trace,
                        ScoreTarget::Session { session: on } => session.as_ref() == Some(on),
                    }
            })
            .map(|(_, score)| score)
            .collect();
        scores.sort_by_key(|score| (score.score.at_us, score.score.id.as_str().to_owned()));
        scores
    }
}
