//! Design effects: how many times larger the honest variance of a number is than if all rows were independent, measured on how
//! totals spread over groups of units (`STATS.md` §1.3 and §1.5).

use std::collections::BTreeMap;

use domain::{
    metric::{Dimension, Measure, NoInterval, Quantity, Statistic},
    score::ScoreName,
};
use stats::{
    Undefined, estimate,
    moments::Moments,
    sketch::{DdSketch, ScoreBins, score_bin_value},
};
use store::event::{ScoreTotals, SpanTotals, SpreadAnswer, SpreadQuestion};

use super::statistic::{SCORE_PARTS, centred, totals_of};

/// Fewest groups with something in them whose spread says anything.
const LEAST_GROUPS: u64 = 20;

/// How much wider intervals have to be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Effect {
    /// Variance by groups over variance by rows.
    pub(super) factor: f64,
    /// Groups it rests on.
    pub(super) units: u64,
}

/// Totals of each unit group that has some.
type ByGroup<T> = Vec<(u8, T)>;
/// One group's sum and rows.
type Point = (f64, f64);

/// How the totals of a question, or of a wider one, spread.
pub(super) struct Spreads {
    /// Whether it is the spread of exactly what was asked.
    pub(super) exact: bool,
    /// Where in a row's key the answered dimensions stand.
    places: Vec<usize>,
    version: Option<usize>,
    spans: BTreeMap<Vec<String>, ByGroup<SpanTotals>>,
    scores: BTreeMap<Vec<String>, BTreeMap<String, ByGroup<ScoreTotals>>>,
}

impl Spreads {
    pub(super) fn new(asked: &SpreadQuestion, answer: SpreadAnswer, exact: bool) -> Self {
        let SpreadAnswer { answered, spans, scores } = answer;
        let place = |dimension: &Dimension| asked.dimensions.iter().position(|of| of == dimension);
        let mut by_name: BTreeMap<_, BTreeMap<String, _>> = BTreeMap::new();
        for spread in scores {
            by_name.entry(spread.key).or_default().insert(spread.name, spread.groups);
        }
        Self {
            exact: exact && answered == *asked,
            places: answered.dimensions.iter().filter_map(place).collect(),
            version: answered.dimensions.iter().position(|dimension| *dimension == Dimension::Version),
            spans: spans.into_iter().map(|spread| (spread.key, spread.groups)).collect(),
            scores: by_name,
        }
    }

    /// The part of a row's key that tells spreads apart.
    pub(super) fn key(&self, row: &[String]) -> Vec<String> {
        self.places.iter().filter_map(|place| row.get(*place).cloned()).collect()
    }

    /// The design effect of a measure under a key of [`Self::key`].
    pub(super) fn effect(&self, key: &[String], measure: &Measure) -> Result<Effect, NoInterval> {
        self.measured(key, measure).map_err(reason)
    }

    fn measured(&self, key: &[String], measure: &Measure) -> Result<Effect, Undefined> {
        let groups = || self.spans.get(key).into_iter().flatten().map(|(_, totals)| totals);
        match measure {
            Measure::ErrorRate => shares(groups().map(|totals| (totals.errors, totals.count))),
            Measure::NullRate => shares(groups().map(|totals| (totals.null_responses, totals.count))),
            Measure::Adoption => shares(self.adoption(key).into_iter()),
            Measure::Of(quantity, Statistic::Mean) => {
                let totals = groups().map(|totals| totals_of(totals, *quantity));
                means(totals.map(|totals| (totals.n, totals.sum, totals.squares)), 1.0)
            }
            Measure::Of(quantity, statistic) => match inner(*statistic) {
                Some(nu) => self.quantile(key, *quantity, nu),
                None => Err(Undefined::NoVariation),
            },
            Measure::Score(name, Statistic::Mean) => {
                let totals = self.of_scores(key, name.as_ref());
                means(totals.values().map(|totals| (totals.n, totals.sum, totals.squares)), SCORE_PARTS)
            }
            Measure::Score(name, statistic) => match inner(*statistic) {
                Some(nu) => self.score_quantile(key, name.as_ref(), nu),
                None => Err(Undefined::NoVariation),
            },
            _ => Err(Undefined::NoVariation),
        }
    }

    /// The design effect of a category's share.
    pub(super) fn category(&self, key: &[String], name: &str, category: &str) -> Result<Effect, NoInterval> {
        let groups = self.scores.get(key).and_then(|names| names.get(name));
        let count = |totals: &ScoreTotals| {
            let of = totals.categories.iter().find(|(held, _)| held == category).map_or(0, |(_, count)| *count);
            (of, totals.categories.iter().map(|(_, count)| count).sum())
        };
        shares(groups.into_iter().flatten().map(|(_, totals)| count(totals))).map_err(reason)
    }

    /// A version's generations and those of all versions, by unit group.
    fn adoption(&self, key: &[String]) -> Vec<(u64, u64)> {
        let Some(version) = self.version else { return Vec::new() };
        let same = |other: &[String]| {
            other.len() == key.len()
                && (0..key.len()).all(|place| place == version || other.get(place) == key.get(place))
        };
        let mut groups: BTreeMap<u8, (u64, u64)> = BTreeMap::new();
        for (other, spread) in self.spans.iter().filter(|(other, _)| same(other)) {
            for (group, totals) in spread {
                let held = groups.entry(*group).or_default();
                held.1 += totals.count;
                if other.as_slice() == key {
                    held.0 += totals.count;
                }
            }
        }
        groups.into_values().collect()
    }

    fn of_scores(&self, key: &[String], name: Option<&ScoreName>) -> BTreeMap<u8, ScoreTotals> {
        let mut groups: BTreeMap<u8, ScoreTotals> = BTreeMap::new();
        let names = self.scores.get(key).into_iter().flatten();
        for (_, spread) in names.filter(|(of, _)| name.is_none_or(|name| name.as_str() == of.as_str())) {
            for (group, totals) in spread {
                let held = groups.entry(*group).or_default();
                held.n += totals.n;
                held.sum = held.sum.saturating_add(totals.sum);
                held.squares = held.squares.saturating_add(totals.squares);
                held.bins.extend_from_slice(&totals.bins);
            }
        }
        groups
    }

    fn quantile(&self, key: &[String], quantity: Quantity, nu: f64) -> Result<Effect, Undefined> {
        let mut sketches = Vec::new();
        for (_, totals) in self.spans.get(key).into_iter().flatten() {
            let bins = totals_of(totals, quantity).bins.iter().copied();
            sketches.push(DdSketch::from_bins(bins).map_err(|_| Undefined::Overflow)?);
        }
        let whole = DdSketch::merged(&sketches).map_err(|_| Undefined::Overflow)?;
        let at = whole.quantile(nu)?;
        let points = sketches.iter().map(|sketch| Ok((sketch.rank(at)?, sketch.count() as f64)));
        measure(points.collect::<Result<Vec<_>, Undefined>>()?, nu * (1.0 - nu))
    }

    fn score_quantile(&self, key: &[String], name: Option<&ScoreName>, nu: f64) -> Result<Effect, Undefined> {
        let groups = self.of_scores(key, name);
        let at = ScoreBins::new(groups.values().flat_map(|totals| totals.bins.iter().copied()))?.quantile(nu)?;
        let point = |totals: &ScoreTotals| {
            let below = totals.bins.iter().filter(|(bin, _)| score_bin_value(*bin) <= at).map(|(_, count)| count);
            (below.sum::<u64>() as f64, totals.n as f64)
        };
        measure(groups.values().map(point).collect(), nu * (1.0 - nu))
    }
}

/// The share a quantile stands for; extremes have no interval.
pub(super) fn inner(statistic: Statistic) -> Option<f64> {
    statistic.quantile().filter(|nu| *nu > 0.0 && *nu < 1.0)
}

fn shares(groups: impl Iterator<Item = (u64, u64)>) -> Result<Effect, Undefined> {
    let points: Vec<Point> = groups.map(|(part, whole)| (part as f64, whole as f64)).collect();
    let (part, whole) = points.iter().fold((0.0, 0.0), |sum, point| (sum.0 + point.0, sum.1 + point.1));
    let share = if whole > 0.0 { part / whole } else { 0.0 };
    measure(points, share * (1.0 - share))
}

fn means(groups: impl Iterator<Item = (u64, i128, i128)>, parts: f64) -> Result<Effect, Undefined> {
    let (mut n, mut sum, mut squares) = (0_u64, 0_i128, 0_i128);
    let mut points = Vec::new();
    for (of_group, of_sum, of_squares) in groups {
        n = n.saturating_add(of_group);
        sum = sum.saturating_add(of_sum);
        squares = squares.saturating_add(of_squares);
        points.push((of_sum as f64 / parts, of_group as f64));
    }
    let spread = centred(n, sum, squares).ok_or(Undefined::PrecisionLost)?;
    measure(points, if n > 0 { spread / parts / parts / n as f64 } else { 0.0 })
}

fn measure(points: Vec<Point>, row_variance: f64) -> Result<Effect, Undefined> {
    let mut block = Moments::new();
    for (sum, rows) in points.into_iter().filter(|(_, rows)| *rows > 0.0) {
        block.insert(sum, rows)?;
    }
    let units = block.units();
    if units < LEAST_GROUPS {
        return Err(Undefined::TooFewUnits { have: units, need: LEAST_GROUPS });
    }
    let ratio = estimate::ratio(&block)?;
    let factor = estimate::design_effect(&ratio, row_variance, block.rows())?;
    if factor > 0.0 { Ok(Effect { factor, units }) } else { Err(Undefined::NoVariation) }
}

/// What people are told; anything else that keeps a number from being known is no variation to speak of.
pub(super) fn reason(undefined: Undefined) -> NoInterval {
    match undefined {
        Undefined::TooFewUnits { have, need } => NoInterval::TooFewUnits { have, need },
        Undefined::QuantileOutOfReach => NoInterval::TooFewBeyond,
        Undefined::TooFewDistinctValues => NoInterval::TooFewDistinctValues,
        _ => NoInterval::NoVariation,
    }
}
