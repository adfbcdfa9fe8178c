//! What a reader has to know to understand the numbers of an answer.

use std::collections::BTreeMap;

use domain::metric::{Dimension, Measure, MetricQuery, Subject};
use stats::sketch::ScoreBins;
use store::event::ScoreTotals;

use super::combine::Seen;

/// The name scores are counted under once a project has as many names as are kept apart.
pub(super) const OTHER_NAMES: &str = "(other)";

/// Notices on what was asked and found.
pub(super) fn notices<'a>(
    question: &MetricQuery,
    seen: impl Iterator<Item = &'a Seen>,
    segmented: bool,
) -> Vec<String> {
    let mut by_name: BTreeMap<&str, ScoreTotals> = BTreeMap::new();
    for (name, totals) in seen.flat_map(|seen| &seen.scores) {
        let held = by_name.entry(name).or_default();
        held.n += totals.n;
        held.bins.extend_from_slice(&totals.bins);
    }
    let mut notices = Vec::new();
    if mixes_scores(question) {
        notices.extend(scales(&by_name));
    }
    if by_name.contains_key(OTHER_NAMES) {
        notices.push(format!(
            "this project has more than 50 names of scores: the 51st and all after it are counted together as `{OTHER_NAMES}`"
        ));
    }
    let by_segment = question.dimensions.contains(&Dimension::Segment)
        || question.filters.iter().any(|filter| filter.dimension == Dimension::Segment);
    if by_segment && !segmented {
        notices.push("no attribute to segment by is chosen: set `segment` in the project's settings".to_owned());
    }
    notices
}

/// Whether scores of all names are counted together: then their least and greatest tell whether they should be.
pub(super) fn mixes_scores(question: &MetricQuery) -> bool {
    let all_together = question.measures.iter().any(|measure| matches!(measure, Measure::Score(None, _)))
        || question.distributions.contains(&Subject::Score(None));
    all_together && !question.dimensions.contains(&Dimension::ScoreName)
}

/// Says so when scores of different scales are counted together: shares beside stars or percentages.
fn scales(by_name: &BTreeMap<&str, ScoreTotals>) -> Option<String> {
    let mut small = Vec::new();
    let mut large = Vec::new();
    for (name, totals) in by_name.iter().filter(|(_, totals)| totals.n > 0) {
        let bins = ScoreBins::new(totals.bins.iter().copied()).ok()?;
        let (least, most) = (bins.min().ok()?.value, bins.max().ok()?.value);
        let shown = format!("`{name}` ({least} to {most})");
        if least >= -1.0 && most <= 1.0 { small.push(shown) } else { large.push(shown) }
    }
    if small.is_empty() || large.is_empty() {
        return None;
    }
    small.append(&mut large);
    Some(format!("scores of different scales are counted together: {}", small.join(", ")))
}

#[cfg(test)]
mod tests {
    use domain::time::{TimeRange, TimeUs};

    use super::*;

    fn totals(values: &[f64]) -> ScoreTotals {
        let bins = values.iter().map(|value| (stats::sketch::score_bin(*value).unwrap(), 1)).collect();
        ScoreTotals { n: values.len() as u64, bins, ..ScoreTotals::default() }
    }

    #[test]
    fn stars_and_thumbs_together_are_told_of() {
        let scores = [("correct".to_owned(), totals(&[0.0, 1.0])), ("stars".to_owned(), totals(&[1.0, 5.0]))];
        let seen = Seen { scores: scores.into_iter().collect(), ..Seen::default() };
        let range = TimeRange { from: TimeUs(0), to: TimeUs(1) };
        let mut question = MetricQuery { measures: vec!["score.mean".parse().unwrap()], ..MetricQuery::over(range) };
        let told = notices(&question, [&seen].into_iter(), true);
        assert_eq!(told, ["scores of different scales are counted together: `correct` (0 to 1), `stars` (1 to 5)"]);
        question.dimensions = vec![Dimension::ScoreName];
        assert!(notices(&question, [&seen].into_iter(), true).is_empty());
    }
}
