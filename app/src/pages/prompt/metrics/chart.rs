//! The trend of a prompt's versions as a chart. Server only.

use charts::{ChartSpec, Group, Marker, Point, Trend as Lines, Unit};
use domain::{
    metric::{Granularity, MetricAnswer},
    prompt::LabelMove,
};
use services::ServiceError;

use super::model::Trend;
use crate::{context, error::AppError};

pub(super) fn trend(
    trend: &Trend,
    granularity: Granularity,
    series: &MetricAnswer,
    palette: &[(u32, u32)],
    moves: &[LabelMove],
) -> Result<ChartSpec, AppError> {
    // Charts speak milliseconds and dollars; totals nanoseconds and nano-dollars.
    let (unit, per_unit) = match trend {
        Trend::Latency | Trend::LatencyP95 => (Unit::Milliseconds, 1e6),
        Trend::Cost => (Unit::Usd, 1e9),
        Trend::Errors => (Unit::Percent, 1.0),
        Trend::Score(_) => (Unit::Score, 1.0),
        Trend::Volume => (Unit::Count, 1.0),
    };
    let groups = palette
        .iter()
        .map(|(version, colour)| {
            let name = version.to_string();
            let points = series
                .rows
                .iter()
                .filter(|row| row.group.first() == Some(&name))
                .filter_map(|row| {
                    let value = row.values.first()?;
                    Some(Point {
                        at: row.at_us?,
                        value: value.value? / per_unit,
                        interval: value.interval.map(|interval| (interval.lower / per_unit, interval.upper / per_unit)),
                        n: i64::try_from(value.n).ok(),
                    })
                })
                .collect();
            Group { name: format!("v{version}"), series: *colour, points }
        })
        .collect();
    let markers = moves
        .iter()
        .filter(|moved| moved.at_us >= series.range.from && moved.at_us < series.range.to)
        .map(|moved| Marker {
            at: moved.at_us,
            text: match moved.to {
                Some(version) => format!("v{version} → {}", moved.label),
                None => format!("{} removed", moved.label),
            },
        })
        .collect();
    let bucket_us = granularity.width_us();
    charts::trend(&Lines { metric: trend.title(), unit, range: series.range, bucket_us, groups, markers })
        .map_err(|cause| context::refusal(ServiceError::Internal(Box::new(cause))))
}
