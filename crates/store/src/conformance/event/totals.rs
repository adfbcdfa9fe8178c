//! Totals worked out afresh from every event.

use std::collections::BTreeMap;

use domain::{
    ids::{ProjectId, TraceId},
    metric::{Dimension, Filter, Quantity},
    score::{ScoreTarget, ScoreValue},
    time::{TimeNs, TimeRange, TimeUs},
    trace::Level,
};

use super::Model;
use crate::event::{
    Group, ResolvedLink, ScoreGroup, ScoreSpread, ScoreTotals, ScoreWrite, SpanPayload, SpanSpread, SpanTotals,
    SpanWrite, SpreadAnswer, SpreadQuestion, TotalsAnswer, TotalsQuestion, UnitGroups, segment_of,
};

/// Where a generation counts, as texts.
#[derive(Clone)]
struct Place {
    prompt: String,
    version: String,
    model: String,
    environment: String,
    segment: String,
    user: String,
    group: u8,
    start_ns: i64,
}

/// A score's name and level.
type ScoreWords<'a> = Option<(&'a str, &'a str)>;

impl Place {
    fn value(&self, score: ScoreWords<'_>, dimension: Dimension) -> Option<String> {
        match dimension {
            Dimension::Prompt => Some(self.prompt.clone()),
            Dimension::Version => Some(self.version.clone()),
            Dimension::Model => Some(self.model.clone()),
            Dimension::Environment => Some(self.environment.clone()),
            Dimension::Segment => Some(self.segment.clone()),
            Dimension::User => Some(self.user.clone()),
            Dimension::ScoreName => score.map(|(name, _)| name.to_owned()),
            Dimension::ScoreLevel => score.map(|(_, level)| level.to_owned()),
            Dimension::Label | Dimension::PromptType => None,
        }
    }

    fn kept(&self, score: ScoreWords<'_>, range: TimeRange, filters: &[Filter]) -> bool {
        let at = TimeNs(self.start_ns).to_us();
        range.from <= at
            && at < range.to
            && filters
                .iter()
                .all(|filter| self.value(score, filter.dimension).is_some_and(|value| filter.values.contains(&value)))
    }

    fn key(&self, score: ScoreWords<'_>, dimensions: &[Dimension]) -> Vec<String> {
        dimensions.iter().map(|dimension| self.value(score, *dimension).unwrap_or_default()).collect()
    }
}

impl Model {
    fn place(&self, project: ProjectId, span: &SpanWrite, link: Option<&ResolvedLink>) -> Place {
        let version = |link: &ResolvedLink| Some(link.link.version).filter(|number| *number > 0);
        let ranked = self.by_rank(project, span.row.trace_id);
        let said = |get: fn(&SpanWrite) -> Option<u8>| ranked.iter().find_map(|span| get(span));
        let unit = said(|span| span.row.derived.groups.user)
            .or_else(|| said(|span| span.row.derived.groups.session))
            .unwrap_or(span.row.derived.groups.trace);
        Place {
            prompt: link.map(|link| link.link.name.clone()).unwrap_or_default(),
            version: link.and_then(version).map(|number| number.to_string()).unwrap_or_default(),
            model: span.row.model.clone().unwrap_or_default(),
            environment: span.row.environment.clone(),
            segment: self.segment(project, span, &ranked).unwrap_or_default(),
            user: ranked.iter().find_map(|span| span.row.trace.user_id.clone()).unwrap_or_default(),
            group: unit % UnitGroups::SPREAD,
            start_ns: span.row.start_ns.0,
        }
    }

    /// What the generation says itself, else what the strongest span says of the whole trace; a root speaks for its trace.
    fn segment(&self, project: ProjectId, span: &SpanWrite, ranked: &[&SpanWrite]) -> Option<String> {
        let attribute = self.segmented_by.get(&project)?;
        let said = |span: &SpanWrite| {
            let payload: SpanPayload = serde_json::from_slice(&span.payload).expect("JSON");
            segment_of(attribute, &span.row, &payload)
        };
        let of_trace = |span: &&SpanWrite| {
            let said = said(span)?;
            (said.of_trace || span.row.app_root || span.row.parent_id.is_none()).then_some(said.value)
        };
        said(span).map(|said| said.value).or_else(|| ranked.iter().find_map(of_trace))
    }

    /// Where a score counts: once for each version linked, else for none, by the earliest generation.
    fn places(&self, project: ProjectId, target: &ScoreTarget) -> Vec<Place> {
        let generations = |trace: TraceId| {
            self.spans(project, trace)
                .into_iter()
                .filter(|(span, _)| span.row.kind.is_generation())
                .map(|(span, link)| (span.row.start_ns, span.row.span_id, self.place(project, span, link.as_ref())))
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

    /// Every generation of a project and where it counts.
    fn generations(&self, project: ProjectId) -> impl Iterator<Item = (&SpanWrite, Place)> {
        self.spans
            .iter()
            .filter(move |((of, ..), span)| *of == project && span.row.kind.is_generation())
            .map(move |(_, span)| (span, self.place(project, span, self.link(project, span).as_ref())))
    }

    /// Every score of a project that is counted, and where.
    fn counted(&self, project: ProjectId) -> impl Iterator<Item = (&ScoreWrite, Place)> {
        self.scores
            .iter()
            .filter(move |((of, _), write)| *of == project && !matches!(write.score.value, ScoreValue::Text(_)))
            .flat_map(move |(_, write)| {
                self.places(project, &write.score.target).into_iter().map(move |place| (write, place))
            })
    }

    /// Answers a question.
    pub fn totals(&self, project: ProjectId, question: &TotalsQuestion) -> TotalsAnswer {
        let TotalsQuestion { range, dimensions, filters, .. } = question;
        let step = |place: &Place| question.step_of(TimeNs(place.start_ns).to_us());
        let mut spans: BTreeMap<_, SpanTotals> = BTreeMap::new();
        for (span, place) in self.generations(project).filter(|_| question.spans) {
            if place.kept(None, *range, filters) {
                add_span(spans.entry((place.key(None, dimensions), step(&place))).or_default(), span);
            }
        }
        let mut scores: BTreeMap<_, ScoreTotals> = BTreeMap::new();
        for (write, place) in self.counted(project).filter(|_| question.scores) {
            let (name, words) = words(write);
            if place.kept(words, *range, filters) {
                let held = scores.entry((place.key(words, dimensions), step(&place), name)).or_default();
                add_score(held, write, question.score_bins);
            }
        }
        TotalsAnswer {
            range: *range,
            spans: spans.into_iter().map(|((key, at_us), totals)| Group { key, at_us, totals }).collect(),
            scores: scores
                .into_iter()
                .map(|((key, at_us, name), totals)| ScoreGroup { key, at_us, name, totals })
                .collect(),
            partial: None,
        }
    }

    /// Answers how totals spread, exactly as asked.
    pub fn spread(&self, project: ProjectId, question: &SpreadQuestion) -> SpreadAnswer {
        let SpreadQuestion { range, dimensions, filters, .. } = question;
        let mut spans: BTreeMap<_, BTreeMap<u8, SpanTotals>> = BTreeMap::new();
        for (span, place) in self.generations(project).filter(|_| question.spans) {
            if place.kept(None, *range, filters) {
                let groups = spans.entry(place.key(None, dimensions)).or_default();
                let totals = groups.entry(place.group).or_default();
                add_span(totals, span);
                (totals.first_ns, totals.last_ns) = (None, None);
                for (held, quantity) in totals.quantities.iter_mut().zip(Quantity::ALL) {
                    if !question.sums.contains(&quantity) {
                        (held.n, held.sum, held.squares) = (0, 0, 0);
                    }
                }
            }
        }
        let mut scores: BTreeMap<_, BTreeMap<u8, ScoreTotals>> = BTreeMap::new();
        for (write, place) in self.counted(project).filter(|_| question.scores) {
            let (name, words) = words(write);
            if place.kept(words, *range, filters) {
                let groups = scores.entry((place.key(words, dimensions), name)).or_default();
                add_score(groups.entry(place.group).or_default(), write, question.score_bins);
            }
        }
        SpreadAnswer {
            answered: question.clone(),
            spans: spans
                .into_iter()
                .map(|(key, groups)| SpanSpread { key, groups: groups.into_iter().collect() })
                .collect(),
            scores: scores
                .into_iter()
                .map(|((key, name), groups)| ScoreSpread { key, name, groups: groups.into_iter().collect() })
                .collect(),
        }
    }
}

fn words(write: &ScoreWrite) -> (String, ScoreWords<'_>) {
    let name = write.score.name.as_str();
    (name.to_owned(), Some((name, write.score.target.level())))
}

fn add_bin<K: Ord + Clone>(bins: &mut Vec<(K, u64)>, key: K) {
    let mut counts: BTreeMap<K, u64> = bins.drain(..).collect();
    *counts.entry(key).or_default() += 1;
    *bins = counts.into_iter().collect();
}

fn add_score(totals: &mut ScoreTotals, write: &ScoreWrite, with_bins: bool) {
    if let ScoreValue::Categorical(category) = &write.score.value {
        return add_bin(&mut totals.categories, category.clone());
    }
    let fixed = (write.score.value.number().expect("a number") * 1e9).round_ties_even() as i128;
    totals.n += 1;
    totals.sum += fixed;
    totals.squares += fixed * fixed;
    if let Some(bin) = write.bin.filter(|_| with_bins) {
        add_bin(&mut totals.bins, bin);
    }
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
    let keys = &row.derived.keys;
    let values = [
        (Some(since_start(row.end_ns)), keys.latency),
        (row.completion_start_ns.map(since_start), keys.time_to_first_token),
        (row.cost.map(|cost| cost.0), keys.cost),
        (row.input_cost.map(|cost| cost.0), keys.input_cost),
        (row.output_cost.map(|cost| cost.0), keys.output_cost),
        (tokens.map(|tokens| whole(tokens.all_input())), keys.input_tokens),
        (tokens.map(|tokens| whole(tokens.all_output())), keys.output_tokens),
        (tokens.map(|tokens| whole(tokens.total())), keys.total_tokens),
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

/// Whether one question asks for everything another asks for.
pub(super) fn covers(wider: &SpreadQuestion, narrower: &SpreadQuestion) -> bool {
    let within = |at: TimeUs| wider.range.from <= at && at <= wider.range.to;
    within(narrower.range.from)
        && within(narrower.range.to)
        && wider.filters.iter().all(|filter| narrower.filters.contains(filter))
        && wider.dimensions.iter().all(|dimension| narrower.dimensions.contains(dimension))
}
