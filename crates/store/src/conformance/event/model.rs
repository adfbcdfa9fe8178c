//! The slow and obvious way: keep every event, work everything out afresh when asked.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    ids::{ProjectId, SpanId, TraceId},
    metric::{Dimension, Granularity},
    money::NanoUsd,
    score::ScoreTarget,
    time::{HOUR_NS, TimeNs, TimeUs},
    trace::{Level, PromptLink},
};

use crate::event::{
    EventBatch, Group, ResolvedLink, ScoreGroup, ScoreTotals, ScoreWrite, SpanTotals, SpanWrite, TotalsAnswer,
    TotalsQuestion, TraceFilter, TraceKey, TraceRecord,
};

/// Every event that stands.
#[derive(Clone, Debug, Default)]
pub struct Model {
    spans: BTreeMap<(ProjectId, TraceId, SpanId), SpanWrite>,
    scores: BTreeMap<(ProjectId, String), ScoreWrite>,
}

/// Where a generation counts, as texts.
struct Place {
    prompt: String,
    version: String,
    model: String,
    environment: String,
    start_ns: i64,
}

impl Model {
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

    fn link(&self, project: ProjectId, span: &SpanWrite) -> Option<ResolvedLink> {
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

    /// A trace's summary.
    pub fn trace(&self, project: ProjectId, trace_id: TraceId) -> Option<TraceRecord> {
        let spans = self.spans(project, trace_id);
        let all = || spans.iter().map(|(span, _)| *span);
        let by_rank = {
            let mut ranked: Vec<&SpanWrite> = all().collect();
            ranked.sort_by_key(|span| std::cmp::Reverse((span.row.app_root, span.row.end_ns, span.row.span_id)));
            ranked
        };
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

    fn place(span: &SpanWrite, link: Option<&ResolvedLink>) -> Place {
        let version = |link: &ResolvedLink| Some(link.link.version).filter(|number| *number > 0);
        Place {
            prompt: link.map(|link| link.link.name.clone()).unwrap_or_default(),
            version: link.and_then(version).map(|number| number.to_string()).unwrap_or_default(),
            model: span.row.model.clone().unwrap_or_default(),
            environment: span.row.environment.clone(),
            start_ns: span.row.start_ns.0,
        }
    }

    /// Where a score counts: once for each version linked, else for none, by the earliest generation.
    fn places(&self, project: ProjectId, target: &ScoreTarget) -> Vec<Place> {
        let generations = |trace: TraceId| {
            self.spans(project, trace)
                .into_iter()
                .filter(|(span, _)| span.row.kind.is_generation())
                .map(|(span, link)| (span.row.start_ns, span.row.span_id, Self::place(span, link.as_ref())))
        };
        let mut about: Vec<_> = match target {
            ScoreTarget::Observation { trace, span } => {
                return generations(*trace).filter(|(_, id, _)| id == span).map(|(.., place)| place).collect();
            }
            ScoreTarget::Trace { trace } => generations(*trace).collect(),
            ScoreTarget::Session { session } => self
                .trace_ids(project)
                .into_iter()
                .filter_map(|trace| self.trace(project, trace))
                .filter(|trace| trace.session_id.as_ref() == Some(session))
                .flat_map(|trace| generations(trace.trace_id).collect::<Vec<_>>())
                .collect(),
        };
        about.sort_by_key(|(start_ns, id, _)| (*start_ns, *id));
        let mut by_version = BTreeMap::new();
        for (.., place) in about {
            by_version.entry((place.prompt.clone(), place.version.clone())).or_insert(place);
        }
        if by_version.len() > 1 {
            by_version.remove(&(String::new(), String::new()));
        }
        by_version.into_values().collect()
    }

    /// Answers a question; groups sorted by key, then step, then name.
    pub fn totals(&self, project: ProjectId, question: &TotalsQuestion) -> TotalsAnswer {
        let mut answer = TotalsAnswer::default();
        let hour_us = HOUR_NS / 1000;
        let step = |start_ns: i64| {
            let hour = TimeNs(start_ns).hour();
            question.granularity.map(|granularity| match granularity {
                Granularity::Hour => TimeUs(hour * hour_us),
                Granularity::Day => TimeUs(hour.div_euclid(24) * 24 * hour_us),
            })
        };
        let inside = |start_ns: i64| {
            let hour = TimeNs(start_ns).hour() * hour_us;
            question.range.from.0 <= hour && hour < question.range.to.0
        };
        let value = |place: &Place, score: Option<(&str, &str)>, dimension: Dimension| match dimension {
            Dimension::Prompt => Some(place.prompt.clone()),
            Dimension::Version => Some(place.version.clone()),
            Dimension::Model => Some(place.model.clone()),
            Dimension::Environment => Some(place.environment.clone()),
            Dimension::ScoreName => score.map(|(name, _)| name.to_owned()),
            Dimension::ScoreLevel => score.map(|(_, level)| level.to_owned()),
        };
        let kept = |place: &Place, score: Option<(&str, &str)>| {
            inside(place.start_ns)
                && question.filters.iter().all(|filter| {
                    value(place, score, filter.dimension).is_some_and(|value| filter.values.contains(&value))
                })
        };
        let key = |place: &Place, score: Option<(&str, &str)>| {
            let texts = question.dimensions.iter().map(|dimension| value(place, score, *dimension).unwrap_or_default());
            texts.collect::<Vec<_>>()
        };
        if question.spans {
            let mut groups: BTreeMap<_, SpanTotals> = BTreeMap::new();
            for ((of, ..), span) in &self.spans {
                let place = Self::place(span, self.link(project, span).as_ref());
                if *of == project && span.row.kind.is_generation() && kept(&place, None) {
                    add_span(groups.entry((key(&place, None), step(place.start_ns))).or_default(), span);
                }
            }
            answer.spans = groups.into_iter().map(|((key, at_us), totals)| Group { key, at_us, totals }).collect();
        }
        if question.scores {
            let mut groups: BTreeMap<_, ScoreTotals> = BTreeMap::new();
            for ((of, _), write) in &self.scores {
                let score = &write.score;
                let Some(number) = score.value.number().filter(|_| *of == project) else { continue };
                let words = Some((score.name.as_str(), score.target.level()));
                for place in self.places(project, &score.target).iter().filter(|place| kept(place, words)) {
                    let name = score.name.as_str().to_owned();
                    let totals = groups.entry((key(place, words), step(place.start_ns), name)).or_default();
                    let fixed = (number * 1e9).round_ties_even() as i128;
                    totals.n += 1;
                    totals.sum += fixed;
                    totals.squares += fixed * fixed;
                    if let Some(bin) = write.bin {
                        add_bin(&mut totals.bins, bin);
                    }
                }
            }
            let group = |((key, at_us, name), totals)| ScoreGroup { key, at_us, name, totals };
            answer.scores = groups.into_iter().map(group).collect();
        }
        answer
    }
}

fn add_bin<K: Ord + Copy>(bins: &mut Vec<(K, u64)>, key: K) {
    let mut counts: BTreeMap<K, u64> = bins.iter().copied().collect();
    *counts.entry(key).or_default() += 1;
    *bins = counts.into_iter().collect();
}

fn add_span(totals: &mut SpanTotals, span: &SpanWrite) {
    let row = &span.row;
    let since_start = |at: TimeNs| at.0.saturating_sub(row.start_ns.0).max(0);
    let whole = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    totals.count += 1;
    totals.errors += u64::from(row.level == Level::Error);
    totals.null_responses += u64::from(row.null_response);
    totals.first_ns = Some(totals.first_ns.map_or(row.start_ns.0, |first| first.min(row.start_ns.0)));
    totals.last_ns = Some(totals.last_ns.map_or(row.start_ns.0, |last| last.max(row.start_ns.0)));
    let tokens = row.tokens.as_ref();
    let values = [
        (Some(since_start(row.end_ns)), row.keys.latency),
        (row.completion_start_ns.map(since_start), row.keys.time_to_first_token),
        (row.cost.map(|cost| cost.0), row.keys.cost),
        (row.input_cost.map(|cost| cost.0), None),
        (row.output_cost.map(|cost| cost.0), None),
        (tokens.map(|tokens| whole(tokens.all_input())), row.keys.input_tokens),
        (tokens.map(|tokens| whole(tokens.all_output())), row.keys.output_tokens),
        (tokens.map(|tokens| whole(tokens.total())), None),
    ];
    for (quantity, (value, key)) in totals.quantities.iter_mut().zip(values) {
        if let Some(value) = value.map(i128::from) {
            quantity.n += 1;
            quantity.sum += value;
            quantity.squares += value * value;
        }
        if let Some(key) = key {
            add_bin(&mut quantity.bins, key);
        }
    }
}
