//! The tables of numbers. Server only.

use domain::metric::{MetricAnswer, MetricRow};
use ui::format;

use super::{
    catalogue::{self, By, Family, MAIN_SCORES},
    cells::{Links, between, cell},
    known::Known,
    model::{Cell, Change, Row, ScoreLine, Table},
    read::{Page, ROWS, measure, said},
};
use crate::{
    error::AppError,
    routes::{project_href, prompt_href},
};

/// Columns of the table of scores: the first so many measures asked of scores.
const SCORE_COLUMNS: usize = 7;

/// What was found, as far as the table is made of it.
#[derive(Clone, Copy)]
pub(super) struct Found<'a> {
    /// Keys of the rows in order.
    pub(super) ordered: &'a [String],
    pub(super) numbers: &'a MetricAnswer,
    pub(super) scores: &'a MetricAnswer,
    pub(super) volume: &'a MetricAnswer,
    /// Names of scores.
    pub(super) names: &'a [String],
    pub(super) known: &'a Known,
    /// Keys, names and colours of the rows drawn.
    pub(super) palette: &'a [(String, String, u32)],
}

impl Page<'_> {
    /// The numbers of every row.
    pub(super) fn table(&self, found: &Found<'_>) -> Result<Table, AppError> {
        let Found { ordered, numbers, scores, volume, names, known, palette } = *found;
        let links = self.links();
        let main: &[String] = match self.family {
            Family::Overview | Family::Quality => names.get(..names.len().min(MAIN_SCORES)).unwrap_or(names),
            _ => &[],
        };
        let mut columns: Vec<(String, String)> = numbers.measures.iter().map(catalogue::heading).collect();
        for (place, name) in main.iter().enumerate() {
            let heading = catalogue::heading(&measure(&format!("score:{name}.mean"))?);
            columns.insert((1 + place).min(columns.len()), heading);
        }
        let all: f64 = numbers.rows.iter().filter_map(|row| row.values.first()?.value).sum();
        let mut rows = Vec::new();
        for key in ordered.iter().take(ROWS) {
            let Some(found) = numbers.rows.iter().find(|row| row.group.first() == Some(key)) else { continue };
            let of_row = links.of(self.by.dimension().as_str(), key);
            let written = numbers.measures.iter().zip(&found.values);
            let mut cells: Vec<Cell> =
                written.map(|(measure, value)| cell(measure, value, &of_row, self.visit.now.0)).collect();
            if let Some(first) = cells.first_mut() {
                let count = found.values.first().and_then(|value| value.value).unwrap_or_default();
                first.n = (all > 0.0).then(|| format!("{} of traffic", format::percent(count / all)));
            }
            for (place, name) in main.iter().enumerate() {
                let score =
                    scores.rows.iter().find(|row| row.group.first() == Some(key) && row.group.get(1) == Some(name));
                let score = score.map(|row| score_mean(scores, row, name, &of_row)).transpose()?.unwrap_or_default();
                cells.insert((1 + place).min(cells.len()), score);
            }
            let version = key.parse::<u32>().ok().filter(|_| self.by == By::Version);
            let series = palette.iter().find(|(drawn, ..)| drawn == key).map(|(.., series)| *series);
            rows.push(Row {
                name: self.by.name(key),
                href: self.row_href(key),
                series,
                change: version.map(|version| known.versions.get(&version).cloned().unwrap_or(Change::Unknown)),
                volume: volume
                    .rows
                    .iter()
                    .filter(|step| step.group.first() == Some(key))
                    .filter_map(|step| step.values.first()?.value)
                    .collect(),
                cells,
            });
        }
        let hidden = ordered.len().saturating_sub(rows.len()) as u64;
        Ok(Table { columns, rows, hidden })
    }

    /// A version's page; of all else the page with the row as its filter, by version.
    fn row_href(&self, key: &str) -> String {
        let project = self.visit.project.slug.as_str();
        if self.by == By::Version {
            return format!("{}?v={key}", prompt_href(project, self.name));
        }
        if self.by == By::User && !key.is_empty() {
            return format!("{}/traces{}", project_href(project), ui::Query::from_pairs([("user", key)]).href());
        }
        let query = self.query;
        let said = [
            ("range", said(query.range.as_ref())),
            ("from", said(query.from.as_ref())),
            ("to", said(query.to.as_ref())),
            ("zone", said(query.zone.as_ref())),
            ("environment", query.environment.as_deref()),
            ("model", query.model.as_deref()),
            ("segment", query.segment.as_deref()),
        ];
        let pairs = said.into_iter().filter_map(|(name, value)| Some((name, value?)));
        let page = ui::Query::from_pairs(std::iter::once(("tab", "metrics")).chain(pairs));
        page.set(self.by.dimension().as_str(), key).href()
    }

    /// The scores of every row, by name.
    pub(super) fn scores(
        &self,
        ordered: &[String],
        scores: &MetricAnswer,
        links: &Links,
    ) -> Result<Vec<ScoreLine>, AppError> {
        let mut lines = Vec::new();
        for key in ordered.iter().take(ROWS) {
            let of_row = links.of(self.by.dimension().as_str(), key);
            for row in scores.rows.iter().filter(|row| row.group.first() == Some(key)) {
                let Some(name) = row.group.get(1) else { continue };
                let mut cells: Vec<Cell> = scores
                    .measures
                    .iter()
                    .zip(&row.values)
                    .take(SCORE_COLUMNS)
                    .map(|(measure, value)| Cell { n: None, href: None, ..cell(measure, value, &of_row, 0) })
                    .collect();
                if let Some(mean) = cells.first_mut() {
                    *mean = score_mean(scores, row, name, &of_row)?;
                }
                lines.push(ScoreLine { group: self.by.name(key), name: name.clone(), cells });
            }
        }
        Ok(lines)
    }
}

/// The mean of one name's scores; of yes and no the count says more: "286 of 1,319".
fn score_mean(scores: &MetricAnswer, row: &MetricRow, name: &str, links: &Links) -> Result<Cell, AppError> {
    let measure = measure(&format!("score:{name}.mean"))?;
    let value = |word: &str| {
        let place = scores.measures.iter().position(|measure| measure.to_string() == word)?;
        row.values.get(place)
    };
    let Some(mean) = value("score.mean") else { return Ok(Cell::default()) };
    let found = cell(&measure, mean, links, 0);
    let number = |word: &str| value(word).and_then(|value| value.value);
    let bit = |value: f64| value.abs() < f64::EPSILON || (value - 1.0).abs() < f64::EPSILON;
    let parts = number("score.min").zip(number("score.max")).zip(number("score.p50")).zip(number("score.sum"));
    let Some((((least, most), middle), sum)) = parts else { return Ok(found) };
    // Only zeros and ones have all of this; a whole sum tells them from shares.
    let is_share = bit(least) && bit(most) && bit(middle) && (sum - sum.round()).abs() < 1e-9;
    if !is_share {
        return Ok(found);
    }
    let n = i64::try_from(mean.n).unwrap_or(i64::MAX);
    Ok(Cell {
        text: mean.value.map_or(found.text, format::percent),
        interval: mean.interval.map(|interval| {
            between(&format::percent(interval.lower.max(0.0)), &format::percent(interval.upper.min(1.0)))
        }),
        n: Some(format!("{} of {}", format::count(sum.round() as i64), format::count(n))),
        ..found
    })
}
