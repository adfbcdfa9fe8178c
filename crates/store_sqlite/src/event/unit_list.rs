//! Exposed units, read back.

use std::collections::BTreeSet;

use async_trait::async_trait;
use domain::{
    ids::{ExperimentId, ProjectId},
    time::TimeUs,
};
use sqlx::{Row as _, sqlite::SqliteRow};
use store::{
    StoreError,
    event::{
        ExposureRecord, Slice, SliceKind, SlicedBins, SlicedBlock, UnitRecord, UnitState, UnitStore, UnitsVersion,
        Watch,
    },
};

use super::{
    SqliteEvents,
    dictionary::{WordKind, without_set},
    exposure,
    fold_block::{self, Counted},
    read::Reader,
    trial, unit,
    writer::Order,
};
use crate::error::from_sqlx;

const TRIAL: &str = "SELECT id, revision, version, units, kind, prompt, until_us, measures, readings FROM trial \
     WHERE project = ? AND experiment = ? AND phase = ?";
const EXPOSURES: &str = "SELECT trial.phase, unit.exposure, unit.multiple FROM trial \
     CROSS JOIN unit ON unit.trial = trial.id AND unit.unit = ?3 \
     WHERE trial.project = ?1 AND trial.experiment = ?2 ORDER BY trial.phase";
const UNIT: &str = "SELECT unit, exposure, multiple, revision, state FROM unit WHERE trial = ? AND unit = ?";
const UNITS: &str =
    "SELECT unit, exposure, multiple, revision, state FROM unit WHERE trial = ? AND unit > ? ORDER BY unit LIMIT ?";
const BLOCKS: &str = "SELECT place, arm, data FROM unit_block WHERE trial = ? AND kind = ?";
const BINS: &str = "SELECT place, arm, data, unit_group FROM unit_bins WHERE trial = ? AND kind = ?";

/// The questions of this module, for the test that looks at their plans.
#[cfg(test)]
pub(super) const QUESTIONS: [&str; 6] = [TRIAL, EXPOSURES, UNIT, UNITS, BLOCKS, BINS];

/// A phase in the file.
struct Trial {
    id: i64,
    revision: i64,
    row: SqliteRow,
}

impl Reader {
    async fn trial(
        &self,
        project: ProjectId,
        experiment: ExperimentId,
        phase: u32,
    ) -> Result<Option<Trial>, StoreError> {
        let Some(project) = self.project(project).await? else { return Ok(None) };
        let row = sqlx::query(TRIAL)
            .bind(project)
            .bind(experiment.0.as_bytes().to_vec())
            .bind(i64::from(phase))
            .fetch_optional(&self.pool)
            .await
            .map_err(from_sqlx)?;
        let Some(row) = row else { return Ok(None) };
        let (id, revision) = (row.try_get(0).map_err(from_sqlx)?, row.try_get(1).map_err(from_sqlx)?);
        Ok(Some(Trial { id, revision, row }))
    }

    async fn unit_records(
        &self,
        experiment: ExperimentId,
        phase: u32,
        trial: &Trial,
        rows: &[SqliteRow],
    ) -> Result<Vec<UnitRecord>, StoreError> {
        let mut records = Vec::with_capacity(rows.len());
        let mut segments = BTreeSet::new();
        for row in rows {
            let name: &str = row.try_get(0).map_err(from_sqlx)?;
            let exposure = exposure::unpack(row.try_get(1).map_err(from_sqlx)?, experiment, phase, name)?;
            let exposed = ExposureRecord { exposure, multiple: row.try_get(2).map_err(from_sqlx)? };
            let state: Option<&[u8]> = row.try_get(4).map_err(from_sqlx)?;
            // What was summed under another watch says nothing about this one.
            let current = row.try_get::<i64, _>(3).map_err(from_sqlx)? == trial.revision;
            let state = state.filter(|_| current).map(unit::unpack).transpose()?;
            segments.extend(state.as_ref().map(|state| state.segment).filter(|segment| *segment != 0));
            records.push((exposed, state));
        }
        let names = self.names(&segments).await?;
        let named = |counted: Counted| {
            let name = names.get(&counted.segment).map(|text| without_set(WordKind::Segment, text).to_owned());
            UnitState { segment: name, ..counted.state }
        };
        Ok(records.into_iter().map(|(exposed, state)| UnitRecord { exposed, state: state.map(named) }).collect())
    }
}

impl Reader {
    /// What rows that begin with a place are of.
    async fn slices(&self, kind: SliceKind, rows: &[SqliteRow]) -> Result<Vec<Slice>, StoreError> {
        let place = |row: &SqliteRow| row.try_get::<i64, _>(0).map_err(from_sqlx);
        let names = match kind {
            SliceKind::Segments => self.names(&rows.iter().map(place).collect::<Result<_, _>>()?).await?,
            SliceKind::Days | SliceKind::Epochs => std::collections::HashMap::new(),
        };
        let slice = |row: &SqliteRow| {
            let place = place(row)?;
            Ok(match kind {
                SliceKind::Days => Slice::Day(place),
                SliceKind::Epochs => Slice::Epoch(u32::try_from(place).map_err(StoreError::backend)?),
                SliceKind::Segments => {
                    let name = names.get(&place).map(|text| without_set(WordKind::Segment, text).to_owned());
                    Slice::Segment(name.unwrap_or_default())
                }
            })
        };
        rows.iter().map(slice).collect()
    }
}

/// A kind of slices as the file has it.
fn number(kind: SliceKind) -> i64 {
    match kind {
        SliceKind::Days => fold_block::DAY,
        SliceKind::Segments => fold_block::SEGMENT,
        SliceKind::Epochs => fold_block::EPOCH,
    }
}

fn arm(row: &SqliteRow) -> Result<domain::experiment::ArmKey, StoreError> {
    let arm: &str = row.try_get(1).map_err(from_sqlx)?;
    arm.parse().map_err(|_| StoreError::Corrupt("an arm's key cannot be read".to_owned()))
}

#[async_trait]
impl UnitStore for SqliteEvents {
    async fn watch(&self, project: ProjectId, watch: Watch) -> Result<(), StoreError> {
        self.order(|answer| Order::Watch(project, watch, answer)).await
    }

    async fn watched(
        &self,
        project: ProjectId,
        experiment: ExperimentId,
        phase: u32,
    ) -> Result<Option<Watch>, StoreError> {
        let Some(trial) = self.reader.trial(project, experiment, phase).await? else { return Ok(None) };
        let row = &trial.row;
        let Some(kind) = row.try_get::<Option<&str>, _>(4).map_err(from_sqlx)? else { return Ok(None) };
        let prompt: i64 = row.try_get(5).map_err(from_sqlx)?;
        let names = self.reader.names(&BTreeSet::from([prompt])).await?;
        Ok(Some(Watch {
            experiment,
            phase,
            unit: kind.parse().map_err(|_| StoreError::Corrupt("a phase's unit cannot be read".to_owned()))?,
            prompt: names.get(&prompt).map(|name| name.as_ref().to_owned()).unwrap_or_default(),
            until_us: row.try_get::<Option<i64>, _>(6).map_err(from_sqlx)?.map(TimeUs),
            measures: trial::measures(row.try_get(7).map_err(from_sqlx)?)?,
            readings: trial::readings(row.try_get(8).map_err(from_sqlx)?)?,
        }))
    }

    async fn exposures(
        &self,
        project: ProjectId,
        experiment: ExperimentId,
        unit: &str,
    ) -> Result<Vec<ExposureRecord>, StoreError> {
        let Some(project) = self.reader.project(project).await? else { return Ok(Vec::new()) };
        let rows = sqlx::query(EXPOSURES)
            .bind(project)
            .bind(experiment.0.as_bytes().to_vec())
            .bind(unit.to_owned())
            .fetch_all(&self.reader.pool)
            .await
            .map_err(from_sqlx)?;
        let record = |row: &SqliteRow| {
            let phase: i64 = row.try_get(0).map_err(from_sqlx)?;
            let phase = u32::try_from(phase).map_err(StoreError::backend)?;
            let exposure = exposure::unpack(row.try_get(1).map_err(from_sqlx)?, experiment, phase, unit)?;
            Ok(ExposureRecord { exposure, multiple: row.try_get(2).map_err(from_sqlx)? })
        };
        rows.iter().map(record).collect()
    }

    async fn unit(
        &self,
        project: ProjectId,
        experiment: ExperimentId,
        phase: u32,
        unit: &str,
    ) -> Result<Option<UnitRecord>, StoreError> {
        let Some(trial) = self.reader.trial(project, experiment, phase).await? else { return Ok(None) };
        let rows = sqlx::query(UNIT)
            .bind(trial.id)
            .bind(unit.to_owned())
            .fetch_all(&self.reader.pool)
            .await
            .map_err(from_sqlx)?;
        Ok(self.reader.unit_records(experiment, phase, &trial, &rows).await?.pop())
    }

    async fn units(
        &self,
        project: ProjectId,
        experiment: ExperimentId,
        phase: u32,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<UnitRecord>, StoreError> {
        let Some(trial) = self.reader.trial(project, experiment, phase).await? else { return Ok(Vec::new()) };
        // No unit has an empty id.
        let rows = sqlx::query(UNITS)
            .bind(trial.id)
            .bind(after.unwrap_or_default().to_owned())
            .bind(i64::from(limit))
            .fetch_all(&self.reader.pool)
            .await
            .map_err(from_sqlx)?;
        self.reader.unit_records(experiment, phase, &trial, &rows).await
    }

    async fn unit_blocks(
        &self,
        project: ProjectId,
        experiment: ExperimentId,
        phase: u32,
        kinds: &[SliceKind],
    ) -> Result<Vec<SlicedBlock>, StoreError> {
        let Some(trial) = self.reader.trial(project, experiment, phase).await? else { return Ok(Vec::new()) };
        // One transaction, so that the kinds are of one instant.
        let mut snapshot = self.reader.pool.begin().await.map_err(from_sqlx)?;
        let mut read = Vec::with_capacity(kinds.len());
        for kind in kinds {
            let rows = sqlx::query(BLOCKS)
                .bind(trial.id)
                .bind(number(*kind))
                .fetch_all(&mut *snapshot)
                .await
                .map_err(from_sqlx)?;
            read.push((kind, rows));
        }
        // Names are asked for on a connection of their own: whoever held one meanwhile could wait for itself.
        snapshot.rollback().await.map_err(from_sqlx)?;
        let mut blocks = Vec::new();
        for (kind, rows) in read {
            for (row, slice) in rows.iter().zip(self.reader.slices(*kind, &rows).await?) {
                let block = fold_block::unpack(row.try_get(2).map_err(from_sqlx)?)?;
                blocks.push(SlicedBlock { slice, arm: arm(row)?, block });
            }
        }
        Ok(blocks)
    }

    async fn unit_bins(
        &self,
        project: ProjectId,
        experiment: ExperimentId,
        phase: u32,
        kind: SliceKind,
    ) -> Result<Vec<SlicedBins>, StoreError> {
        let Some(trial) = self.reader.trial(project, experiment, phase).await? else { return Ok(Vec::new()) };
        let rows = sqlx::query(BINS)
            .bind(trial.id)
            .bind(number(kind))
            .fetch_all(&self.reader.pool)
            .await
            .map_err(from_sqlx)?;
        let mut bins = Vec::with_capacity(rows.len());
        for (row, slice) in rows.iter().zip(self.reader.slices(kind, &rows).await?) {
            let group = row.try_get::<i64, _>(3).map_err(from_sqlx)?;
            bins.push(SlicedBins {
                slice,
                arm: arm(row)?,
                group: u8::try_from(group).map_err(StoreError::backend)?,
                readings: fold_block::unpack_bins(row.try_get(2).map_err(from_sqlx)?)?,
            });
        }
        Ok(bins)
    }

    async fn units_version(
        &self,
        project: ProjectId,
        experiment: ExperimentId,
        phase: u32,
    ) -> Result<UnitsVersion, StoreError> {
        let Some(trial) = self.reader.trial(project, experiment, phase).await? else {
            return Ok(UnitsVersion::default());
        };
        let get = |column: usize| trial.row.try_get::<i64, _>(column).map(i64::unsigned_abs).map_err(from_sqlx);
        Ok(UnitsVersion { version: get(2)?, units: get(3)? })
    }
}
