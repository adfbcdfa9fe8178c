//! What is asked of the store for one range, and what came back.

use std::collections::BTreeMap;

use domain::{
    ids::ProjectId,
    metric::{Dimension, Filter, Measure, MetricQuery, Quantity, Subject},
    prompt::PromptName,
    time::{TimeRange, TimeUs},
};
use store::event::{SpreadQuestion, TotalsQuestion};

use super::{
    Metrics,
    combine::{Place, Seen, combine},
    effect::Spreads,
    labels::{self, Held},
    notice::OTHER_NAMES,
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
    /// Where the label stands in a key, when it splits.
    label: Option<usize>,
}

impl Part {
    /// The part of a row's key that tells spreads apart.
    pub(super) fn key(&self, place: &Place) -> Vec<String> {
        let mut row = place.key.clone();
        if let Some(at) = self.label {
            row.remove(at);
        }
        self.spreads.as_ref().map(|spreads| spreads.key(&row)).unwrap_or_default()
    }
}

/// A question of the store, and the label its answer belongs to.
struct Piece {
    label: Option<String>,
    filters: Vec<Filter>,
    range: TimeRange,
}

impl Metrics {
    /// Asks everything a question needs about one range.
    pub(super) async fn part(
        &self,
        project: ProjectId,
        question: &MetricQuery,
        range: TimeRange,
        steps: Vec<TimeUs>,
    ) -> Result<Part, ServiceError> {
        let label = question.dimensions.iter().position(|dimension| *dimension == Dimension::Label);
        let mut dimensions = question.dimensions.clone();
        if let Some(at) = label {
            dimensions.remove(at);
        }
        let about_scores = |subject: &Subject| subject.is_score();
        let scores = question.measures.iter().any(Measure::is_score) || question.distributions.iter().any(about_scores);
        let spans = question.measures.iter().any(|measure| !measure.is_score())
            || question.distributions.iter().any(|subject| !subject.is_score());
        let mut answered =
            Part { range, steps: steps.clone(), places: BTreeMap::new(), spreads: None, partial: None, label };
        for piece in self.pieces(project, question, range).await? {
            let totals = TotalsQuestion {
                range: piece.range,
                steps: steps.clone(),
                dimensions: dimensions.clone(),
                filters: piece.filters,
                spans,
                bins: sketched(question, false),
                scores,
            };
            let answer = self.context.events.totals(project, &totals).await?;
            if piece.range == range {
                answered.range = answer.range;
            }
            answered.partial = answered.partial.or_else(|| answer.partial.clone());
            combine(&mut answered.places, answer, &question.dimensions, |mut key| {
                if let (Some(at), Some(label)) = (label, &piece.label) {
                    key.insert(at.min(key.len()), label.clone());
                }
                for (held, dimension) in key.iter_mut().zip(&question.dimensions) {
                    if *dimension == Dimension::ScoreName && held.is_empty() {
                        OTHER_NAMES.clone_into(held);
                    }
                }
                key
            });
        }
        answered.spreads = self.spreads(project, question, &answered, &dimensions).await?;
        Ok(answered)
    }

    /// How the totals spread, when something asked for has an interval.
    async fn spreads(
        &self,
        project: ProjectId,
        question: &MetricQuery,
        part: &Part,
        dimensions: &[Dimension],
    ) -> Result<Option<Spreads>, ServiceError> {
        let of_measures = |scores: bool| {
            let wanted = |measure: &&Measure| statistic::has_interval(measure) && measure.is_score() == scores;
            question.measures.iter().any(|measure| wanted(&measure))
        };
        let categories = question.distributions.iter().any(|subject| matches!(subject, Subject::Score(Some(_))));
        let (spans, scores) = (of_measures(false), of_measures(true) || categories);
        if !spans && !scores || part.places.is_empty() {
            return Ok(None);
        }
        let without_label = |filter: &&Filter| filter.dimension != Dimension::Label;
        let by_label = part.label.is_some() || question.filters.iter().any(|filter| !without_label(&filter));
        let mut range = part.range;
        // Nothing lies in the future: today up to now is today as a whole.
        if range.to >= self.context.clock.now() {
            range.to = TimeUs(range.to.0.saturating_add(DAY_US - 1).div_euclid(DAY_US).saturating_mul(DAY_US));
        }
        let asked = SpreadQuestion {
            range,
            dimensions: dimensions.to_vec(),
            filters: question.filters.iter().filter(without_label).cloned().collect(),
            spans,
            bins: sketched(question, true),
            scores,
        };
        let answer = self.context.events.spread(project, &asked).await?;
        Ok(Some(Spreads::new(&asked, answer, dimensions, !by_label)))
    }

    /// The question itself, or one for each stretch in which a label held a version.
    async fn pieces(
        &self,
        project: ProjectId,
        question: &MetricQuery,
        range: TimeRange,
    ) -> Result<Vec<Piece>, ServiceError> {
        let wanted: Vec<&Filter> = question.filters.iter().filter(|of| of.dimension == Dimension::Label).collect();
        let splits = question.dimensions.contains(&Dimension::Label);
        let filters: Vec<Filter> =
            question.filters.iter().filter(|filter| filter.dimension != Dimension::Label).cloned().collect();
        if wanted.is_empty() && !splits {
            return Ok(vec![Piece { label: None, filters, range }]);
        }
        let name: PromptName =
            question.only(Dimension::Prompt).unwrap_or_default().parse().map_err(ServiceError::of("filters"))?;
        let moves = self.context.control.label_moves(project, &name, MOVES).await?;
        let mut timeline = labels::timeline(&moves, range);
        timeline.retain(|label, _| wanted.iter().all(|filter| filter.values.contains(label)));
        let all: Vec<String> = timeline.keys().cloned().collect();
        let held: Vec<(Option<String>, Held)> = if splits {
            timeline
                .into_iter()
                .flat_map(|(label, held)| held.into_iter().map(move |one| (Some(label.clone()), one)))
                .collect()
        } else {
            labels::union(&timeline, &all).into_iter().map(|one| (None, one)).collect()
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
