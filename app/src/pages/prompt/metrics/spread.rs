//! Distributions as bars on one axis. Server only.

use domain::metric::{Bin, Distribution, Measure, MetricRow, Statistic, Subject};
use ui::format;

use super::{
    catalogue::{By, subject_title},
    cells::written,
    model::{Choosable, SpreadRow, SpreadView},
};

/// Up to this many different values each has a bar of its own.
const SINGLE: usize = 12;

/// The axis all rows share.
enum Axis {
    /// One place a value, evenly.
    Values(Vec<f64>),
    /// Places by the logarithm, or by the value.
    Scale { from: f64, to: f64, logarithmic: bool },
}

impl Axis {
    fn of<'a>(bins: impl Iterator<Item = &'a Bin> + Clone) -> Option<Self> {
        let single = |bin: &Bin| bin.lower.to_bits() == bin.upper.to_bits();
        if bins.clone().all(single) {
            let mut values: Vec<f64> = bins.clone().map(|bin| bin.lower).collect();
            values.sort_by(f64::total_cmp);
            values.dedup();
            if values.len() <= SINGLE {
                return (!values.is_empty()).then_some(Self::Values(values));
            }
        }
        let low = bins.clone().map(|bin| bin.lower).fold(f64::INFINITY, f64::min);
        let high = bins.clone().map(|bin| bin.upper).fold(f64::NEG_INFINITY, f64::max);
        let logarithmic = low > 0.0 && high / low > 20.0;
        let (from, to) = if logarithmic { (low.ln(), high.ln()) } else { (low, high) };
        (low.is_finite() && to > from).then_some(Self::Scale { from, to, logarithmic })
    }

    /// Place and width in percent.
    fn place(&self, bin: &Bin) -> Option<(f64, f64)> {
        match self {
            Self::Values(values) => {
                let at = values.iter().position(|value| value.to_bits() == bin.lower.to_bits())?;
                let width = 100.0 / values.len() as f64;
                Some((width * (at as f64 + 0.1), width * 0.8))
            }
            Self::Scale { from, to, logarithmic } => {
                let scale = |at: f64| if *logarithmic { at.ln() } else { at };
                let percent = |at: f64| ((scale(at) - from) / (to - from) * 100.0).clamp(0.0, 100.0);
                let (left, right) = (percent(bin.lower), percent(bin.upper));
                // A single value among stretches is drawn as a hairline.
                Some((left, (right - left).max(0.4)))
            }
        }
    }

    fn ticks(&self, write: impl Fn(f64) -> String) -> Vec<(f64, String)> {
        match self {
            Self::Values(values) => {
                let width = 100.0 / values.len() as f64;
                values.iter().enumerate().map(|(at, value)| (width * (at as f64 + 0.5), write(*value))).collect()
            }
            Self::Scale { from, to, logarithmic } => [0.0, 0.25, 0.5, 0.75, 1.0]
                .into_iter()
                .map(|part| {
                    let at = from + (to - from) * part;
                    (part * 100.0, write(if *logarithmic { at.exp() } else { at }))
                })
                .collect(),
        }
    }
}

/// The rows' distributions. `None` when there are no values.
pub(super) fn view<'a>(
    by: By,
    subject: &Subject,
    rows: &[&'a MetricRow],
    palette: &[(String, String, u32)],
    choices: Vec<Choosable>,
) -> Option<SpreadView> {
    let of = |row: &&'a MetricRow| row.distributions.first();
    let write = |value: f64| match subject {
        Subject::Of(quantity) => written(&Measure::Of(*quantity, Statistic::P50), value, 0),
        Subject::Score(_) => format::number(value),
    };
    let all = || rows.iter().filter_map(of);
    let categories = all().any(|found| found.n == 0 && !found.categories.is_empty());
    let (mut drawn, ticks) = if categories { by_category(rows) } else { by_value(rows, write)? };
    let highest = drawn.iter().flat_map(|(_, _, bars)| bars).map(|bar| bar.2).fold(0.0, f64::max);
    let mut shown = Vec::new();
    for (row, words, bars) in &mut drawn {
        let Some(key) = row.group.first() else { continue };
        let n = row.distributions.first().map_or(0, total);
        if highest > 0.0 {
            for bar in bars.iter_mut() {
                bar.2 = bar.2 / highest * 100.0;
            }
        }
        let series = palette.iter().find(|(known, ..)| known == key).map(|(.., series)| *series);
        shown.push(SpreadRow { group: by.name(key), series, n, words: words.clone(), bars: bars.clone() });
    }
    let title = subject_title(subject);
    (!shown.is_empty()).then(|| SpreadView { key: subject.to_string(), title, choices, rows: shown, ticks })
}

fn total(found: &Distribution) -> u64 {
    if found.n > 0 { found.n } else { found.categories.iter().map(|category| category.count).sum() }
}

type Drawn<'a> = (Vec<(&'a MetricRow, String, Vec<(f64, f64, f64)>)>, Vec<(f64, String)>);

fn by_value<'a>(rows: &[&'a MetricRow], write: impl Fn(f64) -> String) -> Option<Drawn<'a>> {
    let bins = rows.iter().filter_map(|row| row.distributions.first()).flat_map(|found| &found.bins);
    let axis = Axis::of(bins)?;
    let mut drawn = Vec::new();
    for row in rows {
        let Some(found) = row.distributions.first().filter(|found| found.n > 0) else { continue };
        let share = |bin: &Bin| bin.count as f64 / found.n as f64;
        let bars = found.bins.iter().filter_map(|bin| axis.place(bin).map(|(at, width)| (at, width, share(bin))));
        let words = match axis {
            Axis::Values(_) => {
                let parts =
                    found.bins.iter().map(|bin| format!("{}: {}", write(bin.lower), format::percent(share(bin))));
                parts.collect::<Vec<_>>().join(", ")
            }
            Axis::Scale { .. } => {
                format!("half of them lie between {} and {}", write(rank(found, 0.25)), write(rank(found, 0.75)))
            }
        };
        drawn.push((*row, words, bars.collect()));
    }
    Some((drawn, axis.ticks(write)))
}

/// Upper end of the bin a share of the values lies in or below.
fn rank(found: &Distribution, share: f64) -> f64 {
    let wanted = share * found.n as f64;
    let mut below = 0.0;
    for bin in &found.bins {
        below += bin.count as f64;
        if below >= wanted {
            return bin.upper;
        }
    }
    found.bins.last().map_or(0.0, |bin| bin.upper)
}

fn by_category<'a>(rows: &[&'a MetricRow]) -> Drawn<'a> {
    let mut names: Vec<&str> = Vec::new();
    for category in rows.iter().filter_map(|row| row.distributions.first()).flat_map(|found| &found.categories) {
        if !names.contains(&category.name.as_str()) && names.len() < SINGLE {
            names.push(&category.name);
        }
    }
    let width = 100.0 / names.len().max(1) as f64;
    let shown = |name: &str| if name.is_empty() { "(other)".to_owned() } else { name.to_owned() };
    let mut drawn = Vec::new();
    for row in rows {
        let Some(found) = row.distributions.first().filter(|found| !found.categories.is_empty()) else { continue };
        let mut bars = Vec::new();
        let mut words = Vec::new();
        for category in &found.categories {
            let share = category.share.value.unwrap_or_default();
            let sure = category.share.interval.map_or_else(String::new, |interval| {
                format!(" ({} to {})", format::percent(interval.lower), format::percent(interval.upper))
            });
            words.push(format!("{}: {}{sure}", shown(&category.name), format::percent(share)));
            if let Some(at) = names.iter().position(|name| *name == category.name) {
                bars.push((width * (at as f64 + 0.1), width * 0.8, share));
            }
        }
        drawn.push((*row, words.join(", "), bars));
    }
    let ticks = names.iter().enumerate().map(|(at, name)| (width * (at as f64 + 0.5), shown(name))).collect();
    (drawn, ticks)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(version: &str, bins: &[(f64, f64, u64)]) -> MetricRow {
        let bins: Vec<Bin> =
            bins.iter().map(|(lower, upper, count)| Bin { lower: *lower, upper: *upper, count: *count }).collect();
        let n = bins.iter().map(|bin| bin.count).sum();
        let subject = "score:correct".parse().unwrap();
        let distribution = Distribution { subject, n, bins, categories: vec![], approximate: false };
        MetricRow {
            group: vec![version.to_owned()],
            at_us: None,
            values: vec![],
            differences: vec![],
            distributions: vec![distribution],
        }
    }

    #[test]
    fn few_values_have_a_bar_each_on_one_axis() {
        let rows = [row("1", &[(0.0, 0.0, 3), (1.0, 1.0, 1)]), row("2", &[(1.0, 1.0, 2)])];
        let rows: Vec<&MetricRow> = rows.iter().collect();
        let found = view(By::Version, &"score:correct".parse().unwrap(), &rows, &[], vec![]).unwrap();
        assert_eq!(found.ticks.iter().map(|(_, text)| text.as_str()).collect::<Vec<_>>(), ["0", "1"]);
        assert_eq!(found.rows[0].words, "0: 75.0%, 1: 25.0%");
        assert_eq!(found.rows[1].bars.len(), 1);
        assert!((found.rows[1].bars[0].2 - 100.0).abs() < 1e-9, "the highest bar fills the height");
        assert!((found.rows[0].bars[0].2 - 75.0).abs() < 1e-9);
    }

    #[test]
    fn many_values_lie_on_a_scale() {
        let rows = [row("1", &[(1.0, 2.0, 10), (2.0, 100.0, 10)])];
        let rows: Vec<&MetricRow> = rows.iter().collect();
        let found = view(By::Version, &"latency".parse().unwrap(), &rows, &[], vec![]).unwrap();
        assert_eq!(found.ticks.len(), 5);
        let [first, second] = found.rows[0].bars[..] else { panic!("two bars") };
        assert!((first.0 + first.1 - second.0).abs() < 1e-9, "they touch");
        assert!(view(By::Version, &"latency".parse().unwrap(), &[], &[], vec![]).is_none());
    }
}
