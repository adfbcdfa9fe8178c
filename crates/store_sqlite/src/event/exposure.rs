//! Exposures: who met which phase of an experiment first, and with which arm.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    experiment::{Eligibility, Exposure, ExposureDoor},
    ids::{ExperimentId, ProjectId},
    time::TimeUs,
};
use sqlx::{Connection as _, Row as _, SqliteConnection};
use store::{
    StoreError,
    event::{Appended, Watch, is_earlier},
};

use super::{
    append::Memory,
    codec::{Packer, Unpacker},
    dictionary::WordKind,
    fold_block,
    prepare::Prepared,
    statement::Statement,
    writes::{UnitPut, Writes},
};
use crate::error::from_sqlx;

const FORMAT: u8 = 1;

static FIND: Statement = Statement::new(
    // CROSS JOIN: the keys drive, each finds its row through the index.
    "WITH wanted (trial, unit) AS (VALUES ",
    "(?,?)",
    ") SELECT unit.trial, unit.unit, unit.exposure, unit.multiple FROM wanted \
     CROSS JOIN unit ON unit.trial = wanted.trial AND unit.unit = wanted.unit",
);

/// Exposure, format 1: everything but what the row is found by.
pub(super) fn pack(exposure: &Exposure) -> Vec<u8> {
    let mut packer = Packer::new(FORMAT);
    packer.natural(u64::from(exposure.epoch));
    packer.text(exposure.arm.as_str());
    packer.fixed(exposure.propensity.to_bits());
    packer.natural(u64::from(exposure.bucket));
    packer.byte(match exposure.eligibility {
        Eligibility::Untargeted => 0,
        Eligibility::Matched => 1,
        Eligibility::Unknown => 2,
    });
    packer.byte(match exposure.door {
        ExposureDoor::Resolve => 0,
        ExposureDoor::Ofrep => 1,
        ExposureDoor::Tracking => 2,
        ExposureDoor::Generation => 3,
    });
    packer.integer(exposure.first_us.0);
    packer.finish()
}

/// An exposure of a unit in a phase.
pub(super) fn unpack(record: &[u8], experiment: ExperimentId, phase: u32, unit: &str) -> Result<Exposure, StoreError> {
    let mut reader = Unpacker::new(record, FORMAT, "an exposure")?;
    let epoch = u32::try_from(reader.natural()?).map_err(|_| reader.damaged())?;
    let arm = reader.text()?.parse().map_err(|_| reader.damaged())?;
    let propensity = f64::from_bits(reader.fixed()?);
    let bucket = u16::try_from(reader.natural()?).map_err(|_| reader.damaged())?;
    let eligibility = match reader.byte()? {
        0 => Eligibility::Untargeted,
        1 => Eligibility::Matched,
        2 => Eligibility::Unknown,
        _ => return Err(reader.damaged()),
    };
    let door = match reader.byte()? {
        0 => ExposureDoor::Resolve,
        1 => ExposureDoor::Ofrep,
        2 => ExposureDoor::Tracking,
        3 => ExposureDoor::Generation,
        _ => return Err(reader.damaged()),
    };
    let first_us = TimeUs(reader.integer()?);
    Ok(Exposure {
        experiment,
        phase,
        epoch,
        unit: unit.to_owned(),
        arm,
        propensity,
        bucket,
        eligibility,
        door,
        first_us,
    })
}

/// An experiment's id as the file has it.
pub(super) fn experiment(column: &[u8]) -> Result<ExperimentId, StoreError> {
    let bytes = <[u8; 16]>::try_from(column)
        .map_err(|_| StoreError::Corrupt("an experiment's id cannot be read".to_owned()))?;
    Ok(ExperimentId(uuid::Uuid::from_bytes(bytes)))
}

/// A phase in the file.
struct Trial {
    id: i64,
    kind: Option<String>,
}

/// A unit's row as the group leaves it.
struct Work {
    exposure: Exposure,
    multiple: bool,
    new: bool,
    changed: bool,
}

/// Stores the exposures of a group of batches.
pub(super) async fn append(
    connection: &mut SqliteConnection,
    batches: &[&Prepared],
    projects: &[i64],
    answers: &mut [Appended],
    writes: &mut Writes,
) -> Result<(), StoreError> {
    let phases: BTreeSet<(i64, ExperimentId, u32)> = batches
        .iter()
        .zip(projects)
        .flat_map(|(batch, project)| batch.exposures.iter().map(|one| (*project, one.experiment, one.phase)))
        .collect();
    let mut trials = BTreeMap::new();
    for key in phases {
        trials.insert(key, trial(connection, key).await?);
    }
    let of = |project: i64, exposure: &Exposure| trials.get(&(project, exposure.experiment, exposure.phase));
    let mut wanted = BTreeSet::new();
    let mut ids = BTreeMap::new();
    for (batch, project) in batches.iter().zip(projects) {
        for exposure in &batch.exposures {
            let Some(trial) = of(*project, exposure) else { continue };
            wanted.insert((trial.id, exposure.unit.clone()));
            ids.insert(trial.id, (exposure.experiment, exposure.phase));
        }
    }
    if wanted.is_empty() {
        return Ok(());
    }
    let found = FIND
        .fetch(
            connection,
            wanted.into_iter().collect(),
            |_| {},
            |binds, (trial, unit)| {
                binds.add(trial).add(unit);
            },
        )
        .await?;
    let mut works: BTreeMap<(i64, String), Work> = BTreeMap::new();
    for row in found {
        let trial: i64 = row.try_get(0).map_err(from_sqlx)?;
        let unit: String = row.try_get(1).map_err(from_sqlx)?;
        let Some((experiment, phase)) = ids.get(&trial) else { continue };
        let exposure = unpack(row.try_get(2).map_err(from_sqlx)?, *experiment, *phase, &unit)?;
        let multiple = row.try_get(3).map_err(from_sqlx)?;
        works.insert((trial, unit), Work { exposure, multiple, new: false, changed: false });
    }
    for ((batch, project), answer) in batches.iter().zip(projects).zip(answers) {
        for exposure in &batch.exposures {
            let Some(trial) = of(*project, exposure) else { continue };
            match works.get_mut(&(trial.id, exposure.unit.clone())) {
                None => {
                    let work = Work { exposure: exposure.clone(), multiple: false, new: true, changed: true };
                    works.insert((trial.id, exposure.unit.clone()), work);
                    answer.new += 1;
                }
                Some(held) => {
                    // Until a second arm comes all exposures had the arm of the earliest, so comparing with that is enough.
                    let second = !held.multiple && held.exposure.arm != exposure.arm;
                    let earlier = is_earlier(exposure, &held.exposure);
                    held.multiple |= second;
                    if earlier {
                        held.exposure = exposure.clone();
                    }
                    if second || earlier {
                        held.changed = true;
                        answer.replaced += 1;
                    } else {
                        answer.unchanged += 1;
                    }
                }
            }
        }
    }
    let kinds: BTreeMap<i64, (i64, Option<&str>)> =
        trials.iter().map(|((project, ..), trial)| (trial.id, (*project, trial.kind.as_deref()))).collect();
    for ((trial, unit), work) in works {
        if !work.changed {
            continue;
        }
        let count = writes.trials.entry(trial).or_default();
        *count += i64::from(work.new);
        if let Some((project, Some(kind))) = kinds.get(&trial) {
            writes.dirty_units.push((*project, (*kind).to_owned(), unit.clone()));
        }
        writes.units.push(UnitPut { trial, unit, exposure: pack(&work.exposure), multiple: work.multiple });
    }
    Ok(())
}

/// A phase, made when it is new.
async fn trial(
    connection: &mut SqliteConnection,
    (project, experiment, phase): (i64, ExperimentId, u32),
) -> Result<Trial, StoreError> {
    let found: Option<(i64, Option<String>)> =
        sqlx::query_as("SELECT id, kind FROM trial WHERE project = ? AND experiment = ? AND phase = ?")
            .bind(project)
            .bind(experiment.0.as_bytes().as_slice())
            .bind(i64::from(phase))
            .fetch_optional(&mut *connection)
            .await
            .map_err(from_sqlx)?;
    if let Some((id, kind)) = found {
        return Ok(Trial { id, kind });
    }
    let id = sqlx::query_scalar("INSERT INTO trial (project, experiment, phase) VALUES (?, ?, ?) RETURNING id")
        .bind(project)
        .bind(experiment.0.as_bytes().as_slice())
        .bind(i64::from(phase))
        .fetch_one(connection)
        .await
        .map_err(from_sqlx)?;
    Ok(Trial { id, kind: None })
}

/// Says what is summed of a phase's units; where that is news, all of them are worked out again.
pub(super) async fn watch(
    connection: &mut SqliteConnection,
    memory: &mut Memory,
    project: ProjectId,
    watch: &Watch,
) -> Result<(), StoreError> {
    let measures: Vec<_> =
        watch.measures.iter().map(|measure| (measure.source.to_string(), measure.window_hours, measure.bins)).collect();
    let measures = serde_json::to_string(&measures).map_err(StoreError::backend)?;
    let readings = super::trial::readings_text(&watch.readings)?;
    let kind = watch.unit.to_string();
    let mut transaction = connection.begin().await.map_err(from_sqlx)?;
    let project = memory.dictionary.project(&mut transaction, project).await?;
    let prompt = memory.dictionary.word(&mut transaction, project, WordKind::Prompt, &watch.prompt).await?;
    let trial = trial(&mut transaction, (project, watch.experiment, watch.phase)).await?;
    let otherwise = sqlx::query(
        "UPDATE trial SET kind = ?2, prompt = ?3, measures = ?4, readings = ?5, revision = revision + 1, \
         version = version + 1 WHERE id = ?1 \
         AND (kind IS NOT ?2 OR prompt IS NOT ?3 OR measures IS NOT ?4 OR readings IS NOT ?5)",
    )
    .bind(trial.id)
    .bind(&kind)
    .bind(prompt)
    .bind(measures)
    .bind(readings)
    .execute(&mut *transaction)
    .await
    .map_err(from_sqlx)?;
    // Another end leaves what was worked out standing until each unit is looked at: for nearly all of them nothing changes,
    // and a result does not go blank when its experiment ends.
    let until =
        sqlx::query("UPDATE trial SET until_us = ?2, version = version + 1 WHERE id = ?1 AND until_us IS NOT ?2")
            .bind(trial.id)
            .bind(watch.until_us.map(|until| until.0))
            .execute(&mut *transaction)
            .await
            .map_err(from_sqlx)?;
    if otherwise.rows_affected() > 0 {
        fold_block::forget(&mut transaction, trial.id).await?;
    }
    if otherwise.rows_affected() + until.rows_affected() > 0 {
        sqlx::query(
            "INSERT OR IGNORE INTO dirty_unit (project, kind, unit) SELECT ?, ?, unit FROM unit WHERE trial = ?",
        )
        .bind(project)
        .bind(&kind)
        .bind(trial.id)
        .execute(&mut *transaction)
        .await
        .map_err(from_sqlx)?;
    }
    transaction.commit().await.map_err(from_sqlx)?;
    memory.watched.insert(project);
    memory.waiting = true;
    Ok(())
}
