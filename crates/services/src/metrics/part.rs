//! What is asked of the store for the ranges of questions, and what came back.

use std::collections::BTreeMap;

use domain::{
    ids::ProjectId,
    metric::{Dimension, Filter, Measure, MetricQuery, Quantity, Statistic, Subject},
    prompt::PromptName,
    time::{TimeRange, TimeUs},
};
use store::event::{SpreadQuestion, TotalsAnswer, TotalsQuestion};

use super::{
    Metrics,
    combine::{Place, Seen, combine},
    effect::Spreads,
    labels::{self, Held},
    notice::mixes_scores,
    registry::{Kinds, is_of_registry},
    statistic,
};
use crate::ServiceError;

/// Stretches of time in which labels held a version that one question may fall into.
const HELD: usize = 100;
/// Moves of labels read for one question.
const MOVES: u16 = 5_000;
const DAY_US: i64 = 86_400_000_000;

/// Everything one range holds.
pub(super) struct Part {
    /// The range really answered.
    pub(super) range: TimeRange,
    /// Starts of the steps.
    pub(super) steps: Vec<TimeUs>,
    pub(super) places: BTreeMap<Place, Seen>,
    /// How its totals spread, when an interval or share needs it.
    pub(super) spreads: Option<Spreads>,
    pub(super) partial: Option<String>,
    /// Where in a key the words of the registry stand, which events do not know.
    of_registry: Vec<usize>,
}

impl Part {
    /// The part of a row's key that tells spreads apart.
    pub(super) fn key(&self, place: &Place) -> Vec<String> {
        let known = place.key.iter().enumerate().filter(|(at, _)| !self.of_registry.contains(at));
        let row: Vec<String> = known.map(|(_, word)| word.clone()).collect();
        self.spreads.as_ref().map(|spreads| spreads.key(&row)).unwrap_or_default()
    }
}

/// A question of the store, and the label its answer belongs to.
struct Piece {
    label: Option<String>,
    filters: Vec<Filter>,
    range: TimeRange,
}

/// A question about one range.
pub(super) struct Asked<'q> {
    pub(super) question: &'q MetricQuery,
    pub(super) range: TimeRange,
    /// Starts of the steps.
    pub(super) steps: Vec<TimeUs>,
}

/// The same with what the registry says to it.
struct Prepared<'q> {
    asked: Asked<'q>,
    kinds: Kinds,
    filters: Vec<Filter>,
    /// What events are split by.
    dimensions: Vec<Dimension>,
    pieces: Vec<Piece>,
}

impl Metrics {
    /// Asks everything some questions need, together: a store answers questions about the same things in one pass.
    pub(super) async fn parts(&self, project: ProjectId, asked: Vec<Asked<'_>>) -> Result<Vec<Part>, ServiceError> {
        let mut prepared = Vec::with_capacity(asked.len());
        for asked in asked {
            let question = asked.question;
            let kinds = Kinds::of(&self.context, project, question).await?;
            let filters = kinds.filters(&question.filters);
            let pieces = self.pieces(project, question, &filters, asked.range).await?;
            let dimensions = of_events(&question.dimensions);
            prepared.push(Prepared { asked, kinds, filters, dimensions, pieces });
        }
        let questions: Vec<TotalsQuestion> = prepared.iter().flat_map(Prepared::questions).collect();
        let mut answers = self.context.events.totals(project, &questions).await?.into_iter();
        let mut parts = Vec::with_capacity(prepared.len());
        for prepared in &prepared {
            parts.push(prepared.part(answers.by_ref().take(prepared.pieces.len())));
        }
        let spreads: Vec<Option<SpreadQuestion>> =
            prepared.iter().zip(&parts).map(|(prepared, part)| self.spread(prepared, part)).collect();
        let questions: Vec<SpreadQuestion> = spreads.iter().flatten().cloned().collect();
        if questions.is_empty() {
            return Ok(parts);
        }
        let mut answers = self.context.events.spread(project, &questions).await?.into_iter();
        for ((part, prepared), asked) in parts.iter_mut().zip(&prepared).zip(spreads) {
            let Some(asked) = asked else { continue };
            let exact = !prepared.by_label() && part.of_registry.is_empty();
            part.spreads = answers.next().map(|answer| Spreads::new(&asked, answer, exact));
        }
        Ok(parts)
    }

    /// What tells how the totals spread, when something asked for has an interval.
    fn spread(&self, prepared: &Prepared<'_>, part: &Part) -> Option<SpreadQuestion> {
        let question = prepared.asked.question;
        if !question.intervals {
            return None;
        }
        let sure = |scores: bool| {
            let wanted = |measure: &Measure| statistic::has_interval(measure) && measure.is_score() == scores;
            question.measures.iter().any(wanted)
        };
        let categories = question.distributions.iter().any(|subject| matches!(subject, Subject::Score(Some(_))));
        let (spans, scores) = (sure(false), sure(true) || categories);
        if !spans && !scores || part.places.is_empty() {
            return None;
        }
        let mut filters = prepared.filters.clone();
        filters.retain(|filter| filter.dimension != Dimension::Label);
        let mut range = part.range;
        // Nothing lies in the future: today up to now is today as a whole.
        if range.to >= self.context.clock.now() {
            range.to = TimeUs(range.to.0.saturating_add(DAY_US - 1).div_euclid(DAY_US).saturating_mul(DAY_US));
        }
        let dimensions: Vec<Dimension> =
            question.dimensions.iter().copied().filter(|dimension| !is_of_registry(*dimension)).collect();
        let (sums, bins, score_bins) = (averaged(question), sketched(question, true), ranks_scores(question, true));
        Some(SpreadQuestion { range, dimensions, filters, spans, sums, bins, scores, score_bins })
    }

    /// The question itself, or one for each stretch in which a label held a version.
    async fn pieces(
        &self,
        project: ProjectId,
        question: &MetricQuery,
        filters: &[Filter],
        range: TimeRange,
    ) -> Result<Vec<Piece>, ServiceError> {
        let (wanted, filters): (Vec<Filter>, Vec<Filter>) =
            filters.iter().cloned().partition(|filter| filter.dimension == Dimension::Label);
        let splits = question.dimensions.contains(&Dimension::Label);
        if wanted.is_empty() && !splits {
            return Ok(vec![Piece { label: None, filters, range }]);
        }
        let name: PromptName =
            question.only(Dimension::Prompt).unwrap_or_default().parse().map_err(ServiceError::of("filters"))?;
        let moves = self.context.control.label_moves(project, &name, MOVES).await?;
        let mut timeline = labels::timeline(&moves, range);
        timeline.retain(|label, _| wanted.iter().all(|filter| filter.values.contains(label)));
        let held: Vec<(Option<String>, Held)> = if splits {
            let of_label =
                |(label, held): (String, Vec<Held>)| held.into_iter().map(move |one| (Some(label.clone()), one));
            timeline.into_iter().flat_map(of_label).collect()
        } else {
            labels::union(&timeline).into_iter().map(|one| (None, one)).collect()
        };
        if held.len() > HELD {
            return Err(ServiceError::field(
                "range",
                format!("labels of this prompt moved {} times in the range; at most {HELD}: narrow it", held.len()),
            ));
        }
        let piece = |(label, one): (Option<String>, Held)| {
            let mut filters = filters.clone();
            filters.push(Filter::one(Dimension::Version, one.version.to_string()));
            Piece { label, filters, range: one.range }
        };
        Ok(held.into_iter().map(piece).collect())
    }
}

impl Prepared<'_> {
    fn by_label(&self) -> bool {
        self.filters.iter().any(|filter| filter.dimension == Dimension::Label)
    }

    /// One a piece.
    fn questions(&self) -> impl Iterator<Item = TotalsQuestion> {
        let question = self.asked.question;
        self.pieces.iter().map(move |piece| TotalsQuestion {
            range: piece.range,
            steps: self.asked.steps.clone(),
            dimensions: self.dimensions.clone(),
            filters: piece.filters.clone(),
            spans: wants(question, false),
            bins: sketched(question, false),
            scores: wants(question, true),
            score_bins: ranks_scores(question, false) || mixes_scores(question),
        })
    }

    /// Puts the answers to the pieces together.
    fn part(&self, answers: impl Iterator<Item = TotalsAnswer>) -> Part {
        let Asked { question, range, steps } = &self.asked;
        let of_registry =
            (0..).zip(&question.dimensions).filter(|(_, of)| is_of_registry(**of)).map(|(at, _)| at).collect();
        let mut part = Part {
            range: *range,
            steps: steps.clone(),
            places: BTreeMap::new(),
            spreads: None,
            partial: None,
            of_registry,
        };
        for (piece, answer) in self.pieces.iter().zip(answers) {
            if piece.range == *range {
                part.range = answer.range;
            }
            part.partial = part.partial.or_else(|| answer.partial.clone());
            let label = piece.label.as_deref();
            combine(&mut part.places, answer, &question.dimensions, |key| {
                self.kinds.completed(&question.dimensions, &self.dimensions, &key, label)
            });
        }
        part
    }
}

/// What events are split by: the question's dimensions, the prompt instead of its type, and no label.
fn of_events(dimensions: &[Dimension]) -> Vec<Dimension> {
    let mut asked = Vec::with_capacity(dimensions.len());
    for dimension in dimensions {
        let known = match dimension {
            Dimension::Label => continue,
            Dimension::PromptType => Dimension::Prompt,
            known => *known,
        };
        if !asked.contains(&known) {
            asked.push(known);
        }
    }
    asked
}

/// Whether anything of scores, or of generations, is asked for.
fn wants(question: &MetricQuery, scores: bool) -> bool {
    question.measures.iter().any(|measure| measure.is_score() == scores)
        || question.distributions.iter().any(|subject| subject.is_score() == scores)
}

/// Quantities whose mean has an interval: how it spreads is told by sums.
fn averaged(question: &MetricQuery) -> Vec<Quantity> {
    let of_mean = |measure: &Measure| match measure {
        Measure::Of(quantity, Statistic::Mean) => Some(*quantity),
        _ => None,
    };
    question.measures.iter().filter_map(of_mean).collect()
}

/// Whether bins of scores are needed: for quantiles and distributions, and for spreads only for quantiles with an interval.
fn ranks_scores(question: &MetricQuery, for_spread: bool) -> bool {
    let ranked = |measure: &Measure| {
        matches!(measure, Measure::Score(_, statistic) if statistic.quantile().is_some())
            && (!for_spread || statistic::has_interval(measure))
    };
    question.measures.iter().any(ranked) || (!for_spread && question.distributions.iter().any(Subject::is_score))
}

/// Quantities whose bins are needed: for quantiles, and for spreads only for those with an interval.
fn sketched(question: &MetricQuery, for_spread: bool) -> Vec<Quantity> {
    let mut wanted = Vec::new();
    for measure in &question.measures {
        if let Measure::Of(quantity, statistic) = measure
            && statistic.quantile().is_some()
            && (!for_spread || statistic::has_interval(measure))
        {
            wanted.push(*quantity);
        }
    }
    for subject in question.distributions.iter().filter(|_| !for_spread) {
        if let Subject::Of(quantity) = subject {
            wanted.push(*quantity);
        }
    }
    wanted.sort_unstable();
    wanted.dedup();
    wanted
}
