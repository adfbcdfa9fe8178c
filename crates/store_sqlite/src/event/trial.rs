//! The phases of experiments, and what is said of how their units are summed.

use domain::{experiment::UnitKind, ids::ExperimentId};
use sqlx::{Row as _, SqliteConnection};
use store::{
    StoreError,
    event::{UnitCap, UnitForm, UnitMeasure, UnitReading, Watch},
};

use super::exposure;
use crate::error::from_sqlx;

/// A phase whose units are summed.
pub(super) struct Trial {
    pub(super) id: i64,
    pub(super) experiment: ExperimentId,
    pub(super) phase: u32,
    pub(super) revision: i64,
    pub(super) kind: UnitKind,
    pub(super) prompt: i64,
    pub(super) until_us: Option<i64>,
    pub(super) measures: Vec<UnitMeasure>,
    pub(super) readings: Vec<UnitReading>,
}

impl Trial {
    /// A phase that is not in the file, on a prompt that is.
    pub(super) fn asked(watch: &Watch, prompt: i64) -> Self {
        Self {
            id: 0,
            experiment: watch.experiment,
            phase: watch.phase,
            revision: 0,
            kind: watch.unit.clone(),
            prompt,
            until_us: watch.until_us.map(|until| until.0),
            measures: watch.measures.clone(),
            readings: watch.readings.clone(),
        }
    }
}

/// What is summed, as the file keeps it.
pub(super) fn measures(text: &str) -> Result<Vec<UnitMeasure>, StoreError> {
    let damaged = || StoreError::Corrupt("what is summed of a phase cannot be read".to_owned());
    let parts: Vec<(String, Option<u32>, bool)> = serde_json::from_str(text).map_err(|_| damaged())?;
    let measure = |(source, window_hours, bins): (String, Option<u32>, bool)| {
        Ok(UnitMeasure { source: source.parse().map_err(|_| damaged())?, window_hours, bins })
    };
    parts.into_iter().map(measure).collect()
}

/// How sums are added up, as the file keeps it: measure, form, the other measure of a share, cap.
type PackedReading = (u16, String, Option<u16>, Option<String>);

const FORMS: [(UnitForm, &str); 6] = [
    (UnitForm::Sum, "sum"),
    (UnitForm::Any, "any"),
    (UnitForm::Rows, "rows"),
    (UnitForm::Ratio, "ratio"),
    (UnitForm::Average, "average"),
    (UnitForm::Bins, "bins"),
];
const SHARE: &str = "share";
const LATER: &str = "later";

/// Writes [`readings`].
pub(super) fn readings_text(readings: &[UnitReading]) -> Result<String, StoreError> {
    let packed = |reading: &UnitReading| -> PackedReading {
        let (form, other) = match reading.form {
            UnitForm::Share { of } => (SHARE, Some(of)),
            form => (FORMS.iter().find(|(known, _)| *known == form).map_or("", |(_, name)| *name), None),
        };
        let cap = reading.cap.map(|cap| match cap {
            UnitCap::At(cap) => cap.to_string(),
            UnitCap::Later => LATER.to_owned(),
        });
        (reading.measure, form.to_owned(), other, cap)
    };
    let packed: Vec<PackedReading> = readings.iter().map(packed).collect();
    serde_json::to_string(&packed).map_err(StoreError::backend)
}

/// How sums are added up.
pub(super) fn readings(text: &str) -> Result<Vec<UnitReading>, StoreError> {
    let damaged = || StoreError::Corrupt("how units of a phase are added up cannot be read".to_owned());
    let parts: Vec<PackedReading> = serde_json::from_str(text).map_err(|_| damaged())?;
    let reading = |(measure, form, other, cap): PackedReading| {
        let form = match (form.as_str(), other) {
            (SHARE, Some(of)) => UnitForm::Share { of },
            (name, _) => FORMS.iter().find(|(_, known)| *known == name).map(|(form, _)| *form).ok_or_else(damaged)?,
        };
        let cap = match cap.as_deref() {
            None => None,
            Some(LATER) => Some(UnitCap::Later),
            Some(cap) => Some(UnitCap::At(cap.parse().map_err(|_| damaged())?)),
        };
        Ok(UnitReading { measure, form, cap })
    };
    parts.into_iter().map(reading).collect()
}

/// The phases of a project whose units are summed.
pub(super) async fn of_project(connection: &mut SqliteConnection, project: i64) -> Result<Vec<Trial>, StoreError> {
    let rows = sqlx::query(
        "SELECT id, revision, kind, prompt, until_us, measures, readings, experiment, phase FROM trial \
         WHERE project = ? AND kind IS NOT NULL",
    )
    .bind(project)
    .fetch_all(connection)
    .await
    .map_err(from_sqlx)?;
    let mut trials = Vec::with_capacity(rows.len());
    for row in &rows {
        let kind: &str = row.try_get(2).map_err(from_sqlx)?;
        trials.push(Trial {
            id: row.try_get(0).map_err(from_sqlx)?,
            revision: row.try_get(1).map_err(from_sqlx)?,
            kind: kind.parse().map_err(|_| StoreError::Corrupt("a phase's unit cannot be read".to_owned()))?,
            prompt: row.try_get(3).map_err(from_sqlx)?,
            until_us: row.try_get(4).map_err(from_sqlx)?,
            measures: measures(row.try_get(5).map_err(from_sqlx)?)?,
            readings: readings(row.try_get(6).map_err(from_sqlx)?)?,
            experiment: exposure::experiment(row.try_get(7).map_err(from_sqlx)?)?,
            phase: u32::try_from(row.try_get::<i64, _>(8).map_err(from_sqlx)?).map_err(StoreError::backend)?,
        });
    }
    Ok(trials)
}
