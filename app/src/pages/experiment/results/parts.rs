//! One metric in every segment.

use domain::experiment::MetricRole;
use experiment::{CheckStatus, Comparison, MetricRow, Part, Sheet, across};
use ui::format;

use super::{
    draw::{Ink, axis, p_value, why_not},
    look::Look,
    measure::Measure,
    model::{Bar, Mood, SegmentRow, Segments},
    sent::Material,
};

/// The metric whose row is open, else the first goal, in each segment. Nothing where the units have no segments.
pub(super) fn draw(material: &Material, look: &Look, ink: &Ink<'_>) -> Option<Segments> {
    if material.parts.len() < 2 {
        return None;
    }
    let metrics = &material.whole.metrics;
    let open = look.metric.as_ref().and_then(|key| metrics.iter().position(|own| own.metric.key.as_str() == key));
    let at = open.or_else(|| metrics.iter().position(|own| own.role == MetricRole::Goal))?;
    let metric = metrics.get(at)?;
    let measure = Measure::of(&metric.metric);
    let of = |sheet: &Sheet| {
        sheet.rows(&ink.choices).ok().and_then(|mut rows| (at < rows.len()).then(|| rows.swap_remove(at)))
    };
    let whole = of(&material.whole)?;
    let parts: Vec<(&str, &Sheet, MetricRow)> =
        material.parts.iter().filter_map(|(segment, sheet)| Some((segment.as_str(), sheet, of(sheet)?))).collect();
    let several = material.whole.arms.len() > 2;
    let mut rows = Vec::new();
    let (mut same, mut simpson) = (None, None);
    for (place, arm) in material.whole.arms.iter().skip(1).enumerate() {
        let units = |sheet: &Sheet| [0, place + 1].map(|arm| sheet.arms.get(arm).map_or(0, |arm| arm.units));
        let comparisons: Vec<(&str, [u64; 2], &Comparison, &MetricRow)> = parts
            .iter()
            .filter_map(|(segment, sheet, row)| Some((*segment, units(sheet), row.comparisons.get(place)?, row)))
            .collect();
        let all = whole.comparisons.get(place)?;
        let of_parts: Vec<Part<'_>> =
            comparisons.iter().map(|(_, units, comparison, _)| Part { comparison, units: *units }).collect();
        let together = across(all, &of_parts);
        let line = |segment: Option<&str>, units: [u64; 2], row: &MetricRow, comparison: &Comparison, reading| {
            let control = row.values.first().and_then(|value| value.value);
            let total = i64::try_from(units.iter().sum::<u64>()).unwrap_or(i64::MAX);
            let bar = ink.bar(metric, comparison, control);
            SegmentRow {
                segment: segment.map(str::to_owned),
                arm: if several { arm.key.to_string() } else { String::new() },
                units: format::count(total),
                change: ink.change(measure, comparison),
                why_not: why_not(comparison, bar.is_some()),
                bar,
                reading,
            }
        };
        rows.push(line(None, units(&material.whole), &whole, all, ink.reading(metric, all)));
        for (index, (segment, units, comparison, row)) in comparisons.iter().enumerate() {
            let adjusted = together.as_ref().and_then(|own| own.adjusted.get(index).copied().flatten());
            let reading = match adjusted {
                None => (Mood::Plain, "Not enough data".to_owned()),
                Some(p) => (Mood::Plain, format!("corrected p {}", p_value(p))),
            };
            rows.push(line(Some(segment), *units, row, comparison, reading));
        }
        let Some(together) = together else { continue };
        let said = if together.same < 0.05 {
            let spread = format::percent_whole(together.spread);
            (
                Mood::Warn,
                format!(
                    "The effect differs between segments (p {}; {spread} of the spread is not noise): look before you ship to all.",
                    p_value(together.same)
                ),
            )
        } else {
            (
                Mood::Good,
                format!("Nothing says that the effect differs between segments (p {}).", p_value(together.same)),
            )
        };
        // Of several treatments the one that gives cause for thought speaks.
        if same.as_ref().is_none_or(|(held, _)| *held == Mood::Good) {
            same = Some(said);
        }
        let mood = match together.simpson {
            CheckStatus::NotApplicable => Mood::Plain,
            CheckStatus::Ok => Mood::Good,
            CheckStatus::Warn => Mood::Warn,
            CheckStatus::Broken => Mood::Bad,
        };
        if simpson.as_ref().is_none_or(|(held, _)| *held == Mood::Good) {
            simpson = Some((mood, together.sentence));
        }
    }
    let bars = rows.iter().filter_map(|row| Some((row.bar.as_ref()?, row.segment.is_none())));
    let reach = |bar: &Bar| bar.high - bar.low;
    let widest = bars.clone().map(|(bar, _)| reach(bar)).fold(0.0, f64::max);
    let own = bars.clone().find(|(_, whole)| *whole).map_or(widest, |(bar, _)| reach(bar));
    // A tiny segment knows little; its bar may leave the axis.
    let axis = axis(bars.filter(|(bar, whole)| *whole || reach(bar) <= own * 8.0));
    Some(Segments {
        metric: metric.metric.title().to_owned(),
        axis,
        rows,
        same: same.unwrap_or((Mood::Plain, "Too few units in the segments to compare them.".to_owned())),
        simpson: simpson.unwrap_or_default(),
    })
}
