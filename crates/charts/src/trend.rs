//! A metric over time, one line a group (a prompt's versions), with its interval as a band and label moves as marks.

use charming::{
    datatype::{CompositeValue, DataPoint},
    element::{AreaStyle, ItemStyle, Label, LineStyle, LineStyleType, MarkLine, MarkLineData, MarkLineVariant, Symbol},
    series::Line,
};
use domain::{
    chart::{ChartSpec, DataTable},
    time::{TimeRange, TimeUs},
};
use serde_json::json;

use crate::{
    option::{Ends, milliseconds, time_chart, to_json},
    unit::{Unit, grouped, moment},
};

/// What to draw.
#[derive(Clone, Debug)]
pub struct Trend {
    /// Name of the metric: `Thumbs up`.
    pub metric: String,
    /// What its values are.
    pub unit: Unit,
    /// What the time axis spans, whether or not there is data everywhere in it.
    pub range: TimeRange,
    /// Width of a bucket. Where a bucket is missing, the line has a gap.
    pub bucket_us: i64,
    /// The zone whose clocks show the times, all of which are given as those clocks show them: `UTC`, `Europe/Berlin`.
    pub zone: String,
    /// The lines, in legend order.
    pub groups: Vec<Group>,
    /// What happened meanwhile.
    pub markers: Vec<Marker>,
    /// Whether the chart says itself which line is which. Small charts side by side share one legend beside them.
    pub legend: bool,
}

/// One line.
#[derive(Clone, Debug)]
pub struct Group {
    /// `v8`.
    pub name: String,
    /// Index of the colour token; 0 is the control.
    pub series: u32,
    /// Its buckets, oldest first.
    pub points: Vec<Point>,
}

/// One bucket.
#[derive(Clone, Copy, Debug)]
pub struct Point {
    /// Start of the bucket.
    pub at: TimeUs,
    /// The estimate.
    pub value: f64,
    /// Its interval.
    pub interval: Option<(f64, f64)>,
    /// How many values it rests on.
    pub n: Option<i64>,
}

/// Something that happened: a label moved, an experiment began.
#[derive(Clone, Debug)]
pub struct Marker {
    /// When.
    pub at: TimeUs,
    /// `v7 → production`.
    pub text: String,
}

const LINE_STYLES: [LineStyleType; 3] = [LineStyleType::Solid, LineStyleType::Dashed, LineStyleType::Dotted];
/// Up to this many buckets each one has a dot.
const DOTTED_UP_TO: usize = 16;
/// Up to this many lines each has its name at its end; the names of more would hide one another.
const NAMED_UP_TO: usize = 5;
/// Width of a letter of a mark's text, as a part of the range.
const LETTER: f64 = 0.008;
/// From this part of the range on, the text of a mark stands before its line.
const LATE: f64 = 0.7;
const DAY_US: i64 = 86_400_000_000;

/// Builds the chart.
///
/// # Errors
/// When the option cannot be serialised, which does not happen with finite or missing numbers.
pub fn trend(data: &Trend) -> Result<ChartSpec, serde_json::Error> {
    // Buckets start on whole hours or days, so the first one may begin before the range.
    let from = TimeUs(data.range.from.0.div_euclid(data.bucket_us.max(1)) * data.bucket_us);
    let axis = TimeRange { from, to: data.range.to };
    let legend = data.groups.iter().map(|group| group.name.clone()).collect::<Vec<_>>();
    let mut chart = time_chart(data.unit, data.legend.then_some(legend), axis, ends(data), &data.zone);
    for (index, group) in data.groups.iter().enumerate() {
        let color = format!("token:arm-{}", group.series % 5);
        if group.points.iter().any(|point| point.interval.is_some()) {
            let (floor, band) = band(group, index, data.bucket_us);
            chart = chart.series(floor).series(band);
        }
        // Five colours, then the line style tells them apart too.
        let style =
            LINE_STYLES.get(group.series as usize / 5 % LINE_STYLES.len()).copied().unwrap_or(LineStyleType::Solid);
        let mut line = Line::new()
            .id(format!("line:{index}"))
            .name(group.name.clone())
            .data(lines(group, data.bucket_us))
            .show_symbol(group.points.len() <= DOTTED_UP_TO)
            .symbol(Symbol::Circle)
            .symbol_size(4)
            .connect_nulls(false)
            .item_style(ItemStyle::new().color(color.as_str()))
            .line_style(LineStyle::new().color(color.as_str()).width(1.75).type_(style))
            .z(3);
        if index == 0 && !data.markers.is_empty() {
            line = line.mark_line(marks(&data.markers));
        }
        chart = chart.series(line);
    }
    let option = to_json(&chart, |id, series| {
        if id.starts_with("floor:") || id.starts_with("band:") {
            // Without this a band below zero would be stacked on zero instead of on its lower end.
            series.insert("stackStrategy".into(), json!("all"));
            series.insert("tooltip".into(), json!({"show": false}));
            series.insert("emphasis".into(), json!({"disabled": true}));
        } else if id.starts_with("line:") {
            let color = series.get("itemStyle").and_then(|style| style.get("color")).cloned().unwrap_or_default();
            series.insert(
                "endLabel".into(),
                json!({"show": data.legend && data.groups.len() <= NAMED_UP_TO, "formatter": "{a}", "color": color, "fontSize": 11, "fontWeight": 600, "width": 48, "overflow": "truncate"}),
            );
            series.insert("labelLayout".into(), json!({"moveOverlap": "shiftY"}));
            series.insert("emphasis".into(), json!({"focus": "series", "lineStyle": {"width": 2.25}}));
            if let Some(line) = series.get_mut("markLine").and_then(|marks| marks.get_mut("lineStyle")) {
                // The named styles of a hairline look solid.
                line["type"] = json!([2, 3]);
            }
            if let Some(label) = series.get_mut("markLine").and_then(|marks| marks.get_mut("label")) {
                label["position"] = json!("end");
                label["distance"] = json!(6);
                label["rotate"] = json!(0);
                label["align"] = json!("left");
            }
            let marks = series.get_mut("markLine").and_then(|marks| marks.get_mut("data")?.as_array_mut());
            for (mark, text) in marks.into_iter().flatten().zip(mark_texts(&data.markers, axis)) {
                match text {
                    MarkText::After => {}
                    MarkText::Before => mark["label"] = json!({"align": "right"}),
                    MarkText::Hidden => mark["label"] = json!({"show": false}),
                }
            }
        }
    })?;
    Ok(ChartSpec { option, summary: summary(data), table: table(data) })
}

/// Where the axis must end by itself. Shares near or at the whole would get room above 100%, and shares that are all zero an
/// axis up to nowhere. Of values none of which is below zero, an interval may reach there, but the axis does not: a score or a
/// cost of less than nothing is no news.
fn ends(data: &Trend) -> Ends {
    let points = || data.groups.iter().flat_map(|group| &group.points);
    let lowest = points().map(|point| point.value).fold(f64::INFINITY, f64::min);
    let reaches_below = points().any(|point| point.interval.is_some_and(|(low, _)| low < 0.0));
    let largest = points().map(|point| point.interval.map_or(point.value, |(_, high)| high)).fold(0.0, f64::max);
    let is_whole = (0.8..=1.0).contains(&largest) || largest == 0.0;
    Ends {
        floor: (lowest >= 0.0 && reaches_below).then_some(0.0),
        ceiling: (data.unit == Unit::Percent && is_whole && points().next().is_some()).then_some(1.0),
    }
}

/// Where the text of a mark stands.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum MarkText {
    After,
    /// Of late marks, whose text would leave the picture.
    Before,
    /// Where there is no room beside the texts of other marks.
    Hidden,
}

/// Where the texts of marks stand, in their order: the newest first in claiming room, because that is what is looked for.
fn mark_texts(markers: &[Marker], axis: TimeRange) -> Vec<MarkText> {
    let whole = (axis.to.0 - axis.from.0).max(1) as f64;
    let mut order: Vec<usize> = (0..markers.len()).collect();
    order.sort_by_key(|index| std::cmp::Reverse(markers.get(*index).map(|marker| marker.at)));
    let mut texts = vec![MarkText::Hidden; markers.len()];
    let mut taken: Vec<(f64, f64)> = Vec::new();
    for index in order {
        let (Some(marker), Some(text)) = (markers.get(index), texts.get_mut(index)) else { continue };
        let at = (marker.at.0 - axis.from.0) as f64 / whole;
        let width = marker.text.chars().count() as f64 * LETTER;
        let (place, from) = if at > LATE { (MarkText::Before, at - width) } else { (MarkText::After, at) };
        let to = from + width;
        if taken.iter().all(|(start, end)| to <= *start || from >= *end) {
            taken.push((from, to));
            *text = place;
        }
    }
    texts
}

fn row(values: Vec<CompositeValue>) -> DataPoint {
    DataPoint::Value(CompositeValue::Array(values))
}

fn missing() -> CompositeValue {
    CompositeValue::from(None::<f64>)
}

fn finite(value: f64) -> CompositeValue {
    if value.is_finite() { CompositeValue::from(value) } else { missing() }
}

/// Calls `draw` for each point, and `None` with a time in each gap.
fn with_gaps(group: &Group, bucket_us: i64, draw: impl Fn(TimeUs, Option<&Point>) -> DataPoint) -> Vec<DataPoint> {
    let mut rows = Vec::with_capacity(group.points.len());
    let mut before: Option<TimeUs> = None;
    for point in &group.points {
        if let Some(before) = before.filter(|before| point.at.0 - before.0 > bucket_us + bucket_us / 2) {
            rows.push(draw(TimeUs(before.0 + bucket_us), None));
        }
        rows.push(draw(point.at, Some(point)));
        before = Some(point.at);
    }
    rows
}

/// [time, value, low, high, n]: the host's tooltip reads all five.
fn lines(group: &Group, bucket_us: i64) -> Vec<DataPoint> {
    with_gaps(group, bucket_us, |at, point| {
        let Some(point) = point else { return row(vec![milliseconds(at), missing()]) };
        let (low, high) = point.interval.map_or((missing(), missing()), |(low, high)| (finite(low), finite(high)));
        let n = point.n.map_or_else(missing, CompositeValue::from);
        row(vec![milliseconds(at), finite(point.value), low, high, n])
    })
}

/// An invisible line at the lower end, and the width of the interval stacked on it.
fn band(group: &Group, index: usize, bucket_us: i64) -> (Line, Line) {
    let interval = |point: Option<&Point>| {
        let (low, high) = point.and_then(|point| point.interval)?;
        (low.is_finite() && high.is_finite()).then_some((low, high))
    };
    let part = |prefix: &str| {
        Line::new()
            .id(format!("{prefix}:{index}"))
            .name(group.name.clone())
            .stack(format!("band:{index}"))
            .symbol(Symbol::None)
            .show_symbol(false)
            .connect_nulls(false)
            .silent(true)
            .line_style(LineStyle::new().opacity(0))
            .z(1)
    };
    let color = format!("token:arm-{}/15", group.series % 5);
    let solid = format!("token:arm-{}", group.series % 5);
    let floor = part("floor").item_style(ItemStyle::new().color(solid.as_str())).data(with_gaps(
        group,
        bucket_us,
        |at, point| row(vec![milliseconds(at), interval(point).map_or_else(missing, |(low, _)| finite(low))]),
    ));
    let band = part("band")
        .item_style(ItemStyle::new().color(solid.as_str()))
        .area_style(AreaStyle::new().color(color.as_str()).opacity(1))
        .data(with_gaps(group, bucket_us, |at, point| {
            row(vec![milliseconds(at), interval(point).map_or_else(missing, |(low, high)| finite(high - low))])
        }));
    (floor, band)
}

fn marks(markers: &[Marker]) -> MarkLine {
    let data = markers
        .iter()
        .map(|marker| {
            MarkLineVariant::Simple(MarkLineData::new().name(marker.text.as_str()).x_axis(milliseconds(marker.at)))
        })
        .collect::<Vec<_>>();
    MarkLine::new()
        .symbol(vec![Symbol::None, Symbol::None])
        .silent(true)
        .line_style(LineStyle::new().color("token:ink-3").type_(LineStyleType::Dotted).width(1))
        .label(Label::new().show(true).formatter("{b}").color("token:ink-3").font_size(11))
        .data(data)
}

fn summary(data: &Trend) -> String {
    let clock = (data.bucket_us < DAY_US).then_some(data.zone.as_str());
    let drawn: Vec<&Group> = data.groups.iter().filter(|group| !group.points.is_empty()).collect();
    let all_times = || drawn.iter().flat_map(|group| group.points.iter().map(|point| point.at));
    let (Some(first), Some(last)) = (all_times().min(), all_times().max()) else {
        return format!("{}: no data in this range.", data.metric);
    };
    let ends = drawn.iter().filter_map(|group| {
        let (from, to) = (group.points.first()?, group.points.last()?);
        let write = |value| data.unit.write(value);
        if group.points.len() == 1 {
            return Some(format!("{} {}", group.name, write(to.value)));
        }
        Some(format!("{} {} to {}", group.name, write(from.value), write(to.value)))
    });
    let span = if first == last {
        format!("on {}", moment(first, clock))
    } else {
        format!("from {} to {}", moment(first, clock), moment(last, clock))
    };
    let ends: Vec<String> = ends.collect();
    match (ends.as_slice(), drawn.as_slice()) {
        ([_], [group]) if group.points.len() == 1 => {
            let value = group.points.first().map_or_else(String::new, |point| data.unit.write(point.value));
            format!("{} of {}: {value} {span}.", data.metric, group.name)
        }
        _ => format!("{} {span}: {}.", data.metric, ends.join("; ")),
    }
}

fn table(data: &Trend) -> DataTable {
    let clock = (data.bucket_us < DAY_US).then_some(data.zone.as_str());
    let has_interval = data.groups.iter().any(|group| group.points.iter().any(|point| point.interval.is_some()));
    let has_n = data.groups.iter().any(|group| group.points.iter().any(|point| point.n.is_some()));
    let mut columns = vec!["When".to_owned(), "Series".to_owned(), data.metric.clone()];
    if has_interval {
        columns.push("Interval".to_owned());
    }
    if has_n {
        columns.push("n".to_owned());
    }
    let mut points: Vec<(TimeUs, &Group, &Point)> =
        data.groups.iter().flat_map(|group| group.points.iter().map(move |point| (point.at, group, point))).collect();
    points.sort_by_key(|(at, ..)| *at);
    let rows = points
        .into_iter()
        .map(|(at, group, point)| {
            let mut row = vec![moment(at, clock), group.name.clone(), data.unit.write(point.value)];
            if has_interval {
                row.push(point.interval.map_or_else(String::new, |(low, high)| {
                    format!("{} to {}", data.unit.write(low), data.unit.write(high))
                }));
            }
            if has_n {
                row.push(point.n.map_or_else(String::new, grouped));
            }
            row
        })
        .collect();
    DataTable { columns, rows }
}

#[cfg(test)]
#[path = "trend_tests.rs"]
mod tests;
