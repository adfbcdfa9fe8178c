//! The metrics of the form, read: a row a metric.

use domain::{
    experiment::{
        Aggregation, Cap, Design, Direction, ExperimentMetric, Margin, MetricDefinition, MetricKey, MetricRole,
        MetricSource,
    },
    metric::Quantity,
};

use super::{
    draft::MetricDraft,
    parse::{Reader, blank, number},
};

/// What one of the unit people type counts in the unit stored: milliseconds, dollars, points.
pub fn scale(source: &MetricSource, how: Aggregation) -> (f64, &'static str) {
    match (source, how) {
        (_, Aggregation::Rate) => (0.01, "points"),
        (_, Aggregation::Count) => (1.0, "count"),
        (MetricSource::Quantity(Quantity::Latency | Quantity::TimeToFirstToken), _) => (1e6, "ms"),
        (MetricSource::Quantity(Quantity::Cost | Quantity::InputCost | Quantity::OutputCost), _) => (1e9, "$"),
        (MetricSource::Quantity(_), _) => (1.0, "tokens"),
        (MetricSource::Errors | MetricSource::NullResponses, _) => (0.01, "points"),
        (MetricSource::Generations | MetricSource::Score(_) | MetricSource::Event(_), _) => (1.0, "value"),
    }
}

/// What a unit counts for at most unless something else is said: single requests may dwarf all others.
pub fn usual_cap(source: &MetricSource, how: Aggregation) -> Option<Cap> {
    let capped = matches!(source, MetricSource::Quantity(_)) && how.is_of_amounts();
    capped.then_some(Cap::Percentile(0.999))
}

/// Reads the rows. A row that reads what a metric of `base` reads is that metric, key and name included.
pub(super) fn metrics(drafts: &[MetricDraft], base: &Design, reader: &mut Reader) -> Vec<ExperimentMetric> {
    let rows: Vec<Option<Row>> = drafts.iter().enumerate().map(|(index, draft)| row(index, draft, reader)).collect();
    let mut left: Vec<&MetricDefinition> = base.metrics.iter().map(|known| &known.metric).collect();
    // Those that are the same within the same time first, so that a changed window takes no other's key.
    let mut take = |row: &Row, exact: bool| {
        let place = left.iter().position(|known| {
            let same = known.source == row.source && known.aggregation == row.how;
            same && (!exact || known.window_hours == row.window_hours)
        })?;
        Some(left.remove(place))
    };
    let exact: Vec<_> = rows.iter().map(|row| take(row.as_ref()?, true)).collect();
    let read = rows.into_iter().zip(exact).filter_map(|(row, exact)| {
        let row = row?;
        let known = exact.or_else(|| take(&row, false));
        row.metric(known)
    });
    read.collect()
}

/// A row as it was read.
struct Row {
    source: MetricSource,
    how: Aggregation,
    direction: Direction,
    role: MetricRole,
    margin: Option<Margin>,
    cap: Option<Cap>,
    window_hours: Option<u32>,
}

fn row(index: usize, draft: &MetricDraft, reader: &mut Reader) -> Option<Row> {
    let field = format!("metrics[{index}]");
    let (source, how) = draft.what.rsplit_once(' ').unwrap_or((&draft.what, ""));
    let source: MetricSource = reader.take(&format!("{field}.metric.source"), source.parse())?;
    let how: Aggregation = reader.take(&format!("{field}.metric.aggregation"), how.parse())?;
    let (unit, _) = scale(&source, how);
    let role = match draft.role.as_str() {
        "goal" => MetricRole::Goal,
        "guardrail" => MetricRole::Guardrail,
        _ => MetricRole::Secondary,
    };
    let direction = if draft.direction == "lower" { Direction::Lower } else { Direction::Higher };
    let margin = if blank(&draft.margin) || role == MetricRole::Secondary {
        None
    } else {
        let read = number(&draft.margin);
        if read.is_none() {
            reader.wrong(format!("{field}.margin"), format!("`{}` is no number", draft.margin));
        }
        let of = |number: f64| match draft.margin_of.as_str() {
            "absolute" => Margin::Absolute(number * unit),
            _ => Margin::Relative(number / 100.0),
        };
        Some(of(read?))
    };
    let cap = match draft.cap_of.as_str() {
        "none" => None,
        "percentile" => typed_cap(&field, draft, reader).map(|percent| Cap::Percentile((percent * 1e7).round() / 1e9)),
        "value" => typed_cap(&field, draft, reader).map(|value| Cap::Value(value * unit)),
        _ => usual_cap(&source, how),
    };
    let window_hours = window(&field, draft, reader);
    Some(Row { source, how, direction, role, margin, cap, window_hours })
}

fn typed_cap(field: &str, draft: &MetricDraft, reader: &mut Reader) -> Option<f64> {
    let read = number(&draft.cap);
    if read.is_none() {
        reader.wrong(format!("{field}.metric.cap"), format!("`{}` is no number", draft.cap));
    }
    read
}

fn window(field: &str, draft: &MetricDraft, reader: &mut Reader) -> Option<u32> {
    if blank(&draft.window) {
        return None;
    }
    let of_one: u32 = if draft.window_of == "hours" { 1 } else { 24 };
    let hours: Option<u32> = reader.whole(&format!("{field}.metric.window_hours"), &draft.window);
    // What is beyond any window is refused as such.
    hours.map(|whole| whole.saturating_mul(of_one))
}

impl Row {
    fn metric(self, known: Option<&MetricDefinition>) -> Option<ExperimentMetric> {
        let Self { source, how, direction, role, margin, cap, window_hours } = self;
        let metric = match known {
            Some(known) => MetricDefinition { direction, cap, window_hours, ..known.clone() },
            None => MetricDefinition {
                key: key(&source, how, window_hours)?,
                name: title(&source, how),
                source,
                aggregation: how,
                direction,
                cap,
                window_hours,
            },
        };
        Some(ExperimentMetric { metric, role, margin })
    }
}

/// A key made of what is read.
fn key(source: &MetricSource, how: Aggregation, window_hours: Option<u32>) -> Option<MetricKey> {
    const MOST: usize = 60;
    let plain = |letter: char| if letter.is_ascii_alphanumeric() { letter.to_ascii_lowercase() } else { '-' };
    let within = window_hours.map(|hours| format!("-{hours}h")).unwrap_or_default();
    let how = format!("-{how}{within}").replace('_', "-");
    let read: String = source.to_string().chars().map(plain).take(MOST.saturating_sub(how.len())).collect();
    format!("{read}{how}").parse().ok()
}

/// What a metric is called.
pub fn title(source: &MetricSource, aggregation: Aggregation) -> String {
    let name = match source {
        MetricSource::Quantity(quantity) => {
            let words = quantity.as_str().replace('_', " ");
            let mut letters = words.chars();
            letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
        }
        MetricSource::Generations => "Generations".to_owned(),
        MetricSource::Errors => "Errors".to_owned(),
        MetricSource::NullResponses => "Null responses".to_owned(),
        MetricSource::Score(name) => name.as_str().to_owned(),
        MetricSource::Event(name) => name.to_string(),
    };
    let how = match aggregation {
        Aggregation::Mean if matches!(source, MetricSource::Event(_)) => "sum a unit".to_owned(),
        Aggregation::Mean => "a unit".to_owned(),
        Aggregation::Rate => "share of units".to_owned(),
        Aggregation::Count => "count a unit".to_owned(),
        Aggregation::Ratio => "mean".to_owned(),
        Aggregation::UnitMean => "mean of units’ means".to_owned(),
        Aggregation::Quantile(_) => aggregation.to_string(),
    };
    format!("{name}, {how}")
}
