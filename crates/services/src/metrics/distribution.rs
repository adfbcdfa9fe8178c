//! How values are spread, in at most so many bins.

use domain::metric::{Bin, Category, Distribution, IntervalMethod, Subject};
use stats::sketch::{GAMMA, score_bin_value, value};

use super::{
    combine::Seen,
    effect::Spreads,
    statistic::{Around, pooled, share, totals_of},
};

/// Most bins of a distribution.
const BINS: usize = 64;
/// Score bins from here on are single values, see `stats::sketch::score_bin`.
const SINGLE: i32 = 500_000;

/// The distribution of a subject among what was seen.
pub(super) fn of(subject: &Subject, seen: &Seen, spreads: Option<&Spreads>, key: &[String]) -> Distribution {
    match subject {
        Subject::Of(quantity) => {
            let totals = totals_of(&seen.spans, *quantity);
            let bins: Vec<Bin> = totals.bins.iter().map(|(key, count)| sketched(*key, *count)).collect();
            Distribution {
                subject: subject.clone(),
                n: totals.n,
                bins: joined(bins),
                categories: Vec::new(),
                approximate: true,
            }
        }
        Subject::Score(name) => {
            let totals = pooled(seen, name.as_ref());
            let mut bins: Vec<Bin> = totals.bins.iter().map(|(bin, count)| scored(*bin, *count)).collect();
            bins.sort_by(|a, b| {
                (a.upper, a.lower).partial_cmp(&(b.upper, b.lower)).unwrap_or(std::cmp::Ordering::Equal)
            });
            let categories =
                name.as_ref().map(|name| categories(seen, name.as_str(), spreads, key)).unwrap_or_default();
            Distribution {
                subject: subject.clone(),
                n: totals.n,
                approximate: bins.iter().any(|bin| bin.lower < bin.upper),
                bins: joined(bins),
                categories,
            }
        }
    }
}

/// The stretch a sketch key stands for. Its representative is 0.99 of its outer end, see `stats::sketch`.
fn sketched(key: i16, count: u64) -> Bin {
    let outer = value(key) / 0.99;
    match key {
        0 => Bin { lower: 0.0, upper: 0.0, count },
        _ if key > 0 => Bin { lower: if key == 1 { 0.0 } else { outer / GAMMA }, upper: outer, count },
        _ => Bin { lower: outer, upper: if key == -1 { 0.0 } else { outer / GAMMA }, count },
    }
}

fn scored(bin: i32, count: u64) -> Bin {
    let single = score_bin_value(bin);
    match i16::try_from(bin) {
        Ok(key) if bin < SINGLE => sketched(key, count),
        _ => Bin { lower: single, upper: single, count },
    }
}

/// Joins neighbours until there are few enough: the same number of neighbours each on the scale they lie on, so that joined bins
/// of a sketch stay evenly wide in the logarithm, and joined single values evenly wide.
fn joined(mut bins: Vec<Bin>) -> Vec<Bin> {
    bins.dedup_by(|next, last| {
        let same = next.lower.to_bits() == last.lower.to_bits() && next.upper.to_bits() == last.upper.to_bits();
        if same {
            last.count += next.count;
        }
        same
    });
    let (Some(first), Some(last)) = (bins.first().copied(), bins.last().copied()) else { return bins };
    if bins.len() <= BINS {
        return bins;
    }
    let logarithmic = first.lower > 0.0 && bins.iter().all(|bin| bin.lower < bin.upper);
    let scale = |at: f64| if logarithmic { at.ln() } else { at };
    let (from, width) = (scale(first.lower), scale(last.upper) - scale(first.lower));
    let place = |bin: &Bin| (((scale(bin.upper) - from) / width * BINS as f64).ceil() as usize).clamp(1, BINS);
    let mut wide: Vec<(usize, Bin)> = Vec::with_capacity(BINS);
    for bin in bins {
        let at = place(&bin);
        match wide.last_mut() {
            Some((held, open)) if *held == at => {
                open.upper = bin.upper;
                open.count += bin.count;
            }
            _ => wide.push((at, bin)),
        }
    }
    wide.into_iter().map(|(_, bin)| bin).collect()
}

fn categories(seen: &Seen, name: &str, spreads: Option<&Spreads>, key: &[String]) -> Vec<Category> {
    let Some(totals) = seen.scores.get(name) else { return Vec::new() };
    let whole = totals.categories.iter().map(|(_, count)| count).sum();
    let mut categories: Vec<Category> = totals
        .categories
        .iter()
        .map(|(category, count)| {
            let missing = Err(super::effect::reason(stats::Undefined::NoVariation));
            let around = Around {
                observed_us: 0,
                beside: 0,
                effect: spreads.map_or(missing, |spreads| spreads.category(key, name, category)),
                method: match spreads {
                    Some(spreads) if spreads.exact => IntervalMethod::UnitGroups,
                    _ => IntervalMethod::DesignEffect,
                },
            };
            Category { name: category.clone(), count: *count, share: share(*count, whole, &around).value }
        })
        .collect();
    categories.sort_by(|a, b| (b.count, &a.name).cmp(&(a.count, &b.name)));
    categories
}

#[cfg(test)]
mod tests {
    use stats::sketch::KEY_OFFSET;
    use store::event::ScoreTotals;

    use super::*;

    #[test]
    fn stars_are_single_bins_and_latencies_are_joined() {
        let stars = [(1.0, 3), (4.5, 2)].map(|(star, n)| (stats::sketch::score_bin(star).unwrap(), n)).to_vec();
        let totals = ScoreTotals { n: 5, bins: stars, ..ScoreTotals::default() };
        let mut seen = Seen { scores: [("stars".to_owned(), totals)].into_iter().collect(), ..Seen::default() };
        let found = of(&"score:stars".parse().unwrap(), &seen, None, &[]);
        assert!(!found.approximate);
        let single = |at: f64, count| Bin { lower: at, upper: at, count };
        assert_eq!(found.bins, [single(1.0, 3), single(4.5, 2)]);

        let keys = 0..700_i16;
        seen.spans.quantities[0].bins = keys.map(|step| (KEY_OFFSET + step, 2)).collect();
        seen.spans.quantities[0].n = 1400;
        let found = of(&"latency".parse().unwrap(), &seen, None, &[]);
        assert!(found.bins.len() <= BINS && found.bins.len() > BINS / 2, "{}", found.bins.len());
        assert_eq!(found.bins.iter().map(|bin| bin.count).sum::<u64>(), 1400);
        for pair in found.bins.windows(2) {
            assert!((pair[0].upper / pair[1].lower - 1.0).abs() < 1e-9, "{pair:?}");
        }
    }
}
