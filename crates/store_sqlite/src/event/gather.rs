//! What is gathered for one answer, from cells and from single generations, until its numbers become texts.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use domain::{
    metric::Dimension,
    time::{TimeNs, TimeUs},
};
use store::{
    StoreError,
    event::{Group, ScoreGroup, SpanTotals, TotalsAnswer, TotalsQuestion},
};

use super::{
    cell::{self, Wanted},
    cell_score::ScoreCell,
    dictionary::{WordKind, without_set},
    division::Answered,
    question::{Conditions, Groups, StepKey, Words, texts},
    read::Reader,
    scan::{Seen, SeenScore},
    tally::{ScoreTally, SpanTally},
    totals::HOUR_US,
};

/// Key of numbers and step, before numbers become texts.
type Place = (Words, Option<TimeUs>);

/// What is gathered for one answer.
pub(super) struct Gathered<'q> {
    pub(super) question: &'q TotalsQuestion,
    /// Whether totals of generations are wanted, and can be: scores' names and levels keep none.
    pub(super) wants_spans: bool,
    pub(super) binned: Wanted,
    spans: BTreeMap<Place, SpanTally>,
    scores: BTreeMap<Place, ScoreTally>,
    /// Of single generations, by keys that are texts already.
    span_groups: Groups<SpanTotals>,
    score_groups: BTreeMap<(StepKey, i64), ScoreCell>,
}

impl<'q> Gathered<'q> {
    pub(super) fn new(question: &'q TotalsQuestion, conditions: &Conditions) -> Self {
        let of_scores = conditions.names.is_some() || conditions.levels.is_some();
        Self {
            question,
            wants_spans: question.spans && !of_scores,
            binned: if question.spans { Wanted::of(&question.bins) } else { Wanted::NONE },
            spans: BTreeMap::new(),
            scores: BTreeMap::new(),
            span_groups: BTreeMap::new(),
            score_groups: BTreeMap::new(),
        }
    }

    /// Adds a cell of generations.
    pub(super) fn add_cell(&mut self, words: Words, hour: i64, cell: &SpanTotals) {
        if self.wants_spans {
            let (place, binned) = (self.place(words, hour), self.binned);
            self.spans.entry(place).or_default().add(cell, binned);
        }
    }

    /// Adds a cell of scores.
    pub(super) fn add_score_cell(&mut self, words: Words, hour: i64, cell: &ScoreCell) {
        if self.question.scores {
            let place = self.place(words, hour);
            self.scores.entry(place).or_default().add(cell, self.question.score_bins);
        }
    }

    fn place(&self, words: Words, hour: i64) -> Place {
        (self.split(words), self.question.step_of(TimeUs(hour.saturating_mul(HOUR_US)).max(self.question.range.from)))
    }

    /// The words that split the answer; all others are the same for all.
    fn split(&self, words: Words) -> Words {
        let has = |dimension| self.question.dimensions.contains(&dimension);
        let kept = |dimension, value| if has(dimension) { value } else { -1 };
        Words {
            prompt: kept(Dimension::Prompt, words.prompt),
            version: kept(Dimension::Version, words.version),
            model: kept(Dimension::Model, words.model),
            environment: kept(Dimension::Environment, words.environment),
            segment: kept(Dimension::Segment, words.segment),
            // The name always splits.
            score: words.score.map(|(name, level)| (name, kept(Dimension::ScoreLevel, level))),
        }
    }

    fn key(&self, words: &Words, user: Option<&str>, names: &HashMap<i64, Arc<str>>) -> Vec<String> {
        let dimensions = &self.question.dimensions;
        let numbers: Vec<i64> = dimensions.iter().map(|dimension| words.in_dimension(*dimension)).collect();
        texts(dimensions, &numbers, user, names)
    }

    /// Adds single generations and scores, whose words `names` knows.
    pub(super) fn add_single(&mut self, spans: &[Seen], scores: &[SeenScore], names: &HashMap<i64, Arc<str>>) {
        if self.wants_spans {
            for seen in spans {
                self.add_span(seen, names);
            }
        }
        if self.question.scores {
            for seen in scores {
                self.add_score(seen, names);
            }
        }
    }

    fn add_span(&mut self, seen: &Seen, names: &HashMap<i64, Arc<str>>) {
        let key = self.key(&seen.words, seen.user.as_deref(), names);
        let at = self.question.step_of(TimeNs(seen.one.start_ns).to_us());
        seen.one.count_binned(self.span_groups.entry((key, at)).or_default(), self.binned);
    }

    fn add_score(&mut self, seen: &SeenScore, names: &HashMap<i64, Arc<str>>) {
        let key = self.key(&seen.words, seen.user.as_deref(), names);
        let at = self.question.step_of(TimeNs(seen.start_ns).to_us());
        let name = seen.words.score.map_or(-1, |(name, _)| name);
        let counted = if self.question.score_bins { seen.counted } else { seen.counted.unbinned() };
        self.score_groups.entry(((key, at), name)).or_default().count(counted, 1);
    }
}

impl Reader {
    /// Turns numbers into texts and joins what was gathered either way.
    pub(super) async fn name(&self, gathered: Gathered<'_>, answered: &Answered) -> Result<TotalsAnswer, StoreError> {
        let Gathered { question, spans, scores, mut span_groups, mut score_groups, .. } = gathered;
        let words = spans.keys().chain(scores.keys()).map(|(words, _)| *words);
        let names = self.names_in(words, &question.dimensions).await?;
        let key = |words: &Words| -> Vec<i64> {
            question.dimensions.iter().map(|dimension| words.in_dimension(*dimension)).collect()
        };
        for ((words, at), totals) in spans {
            let key = texts(&question.dimensions, &key(&words), None, &names);
            cell::merge_totals(span_groups.entry((key, at)).or_default(), &totals.finish());
        }
        for ((words, at), cell) in scores {
            let key = texts(&question.dimensions, &key(&words), None, &names);
            let name = words.score.map_or(-1, |(name, _)| name);
            score_groups.entry(((key, at), name)).or_default().merge(&cell.finish());
        }
        let mut wanted: BTreeSet<i64> = score_groups.keys().map(|(_, name)| *name).collect();
        wanted.extend(score_groups.values().flat_map(|cell| cell.categories.iter().map(|(word, _)| *word)));
        let names = self.names(&wanted).await?;
        let text = |word: i64| names.get(&word).map(|name| name.as_ref().to_owned()).unwrap_or_default();
        let spans = span_groups.into_iter().map(|((key, at_us), totals)| Group { key, at_us, totals }).collect();
        let scores = score_groups
            .into_iter()
            .map(|(((key, at_us), name), cell)| ScoreGroup {
                key,
                at_us,
                name: text(name),
                totals: cell.named(|word| without_set(WordKind::Category, &text(word)).to_owned()),
            })
            .collect();
        Ok(TotalsAnswer { range: answered.range, spans, scores, partial: answered.partial.clone() })
    }
}
