//! Trends as charts. Server only.

use charts::{ChartSpec, Group, Marker, Point, Trend, Unit};
use domain::{
    metric::{self, Granularity, Measure, MetricRow},
    prompt::LabelMove,
    time::{TimeRange, TimeUs},
};
use services::{ServiceError, metrics::local_time};

use super::catalogue;
use crate::{context, error::AppError};

/// What all charts of a page have in common.
pub(super) struct Charts<'a> {
    pub(super) range: TimeRange,
    pub(super) granularity: Granularity,
    pub(super) zone: Option<&'a str>,
    /// Keys of the rows drawn, their names, and their places in the palette.
    pub(super) palette: &'a [(String, String, u32)],
    pub(super) moves: &'a [LabelMove],
    /// Whether they stand side by side under one legend.
    pub(super) small: bool,
}

impl Charts<'_> {
    /// A measure over time; `value` is its place among the values of the rows.
    pub(super) fn trend<'r>(
        &self,
        measure: &Measure,
        value: usize,
        rows: impl Iterator<Item = &'r MetricRow> + Clone,
    ) -> Result<ChartSpec, AppError> {
        // Charts speak milliseconds and dollars; totals nanoseconds and nano-dollars.
        let (unit, per_unit) = match measure.unit() {
            metric::Unit::Nanoseconds => (Unit::Milliseconds, 1e6),
            metric::Unit::NanoUsd => (Unit::Usd, 1e9),
            metric::Unit::Share => (Unit::Percent, 1.0),
            metric::Unit::Score => (Unit::Score, 1.0),
            metric::Unit::Count | metric::Unit::Tokens => (Unit::Count, 1.0),
            metric::Unit::Rate | metric::Unit::TimeUs => (Unit::Number, 1.0),
        };
        let mut groups = Vec::with_capacity(self.palette.len());
        for (key, name, series) in self.palette {
            let mut points = Vec::new();
            for row in rows.clone().filter(|row| row.group.first() == Some(key)) {
                let Some((found, at)) = row.values.get(value).zip(row.at_us) else { continue };
                let Some(number) = found.value else { continue };
                points.push(Point {
                    at: self.local(at)?,
                    value: number / per_unit,
                    interval: found.interval.map(|interval| (interval.lower / per_unit, interval.upper / per_unit)),
                    n: i64::try_from(found.n).ok(),
                });
            }
            groups.push(Group { name: name.clone(), series: *series, points });
        }
        let mut markers = Vec::new();
        for moved in self.moves.iter().filter(|moved| moved.at_us >= self.range.from && moved.at_us < self.range.to) {
            let text = match moved.to {
                Some(version) => format!("v{version} → {}", moved.label),
                None => format!("{} removed", moved.label),
            };
            markers.push(Marker { at: self.local(moved.at_us)?, text });
        }
        let range = TimeRange { from: self.local(self.range.from)?, to: self.local(self.range.to)? };
        let trend = Trend {
            metric: catalogue::title(measure),
            unit,
            range,
            bucket_us: self.granularity.width_us(),
            zone: self.zone.unwrap_or("UTC").to_owned(),
            groups,
            markers,
            legend: !self.small,
        };
        charts::trend(&trend).map_err(|cause| context::refusal(ServiceError::Internal(Box::new(cause))))
    }

    /// An instant as clocks of the page's zone show it.
    fn local(&self, at: TimeUs) -> Result<TimeUs, AppError> {
        local_time(self.zone, at).map_err(context::refusal)
    }
}
