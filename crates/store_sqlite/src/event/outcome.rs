//! Outcome events: stored, counted by name, listed.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use async_trait::async_trait;
use domain::{
    experiment::UnitKind,
    ids::{EventId, ProjectId},
    outcome::{EventUnit, OutcomeEvent},
    time::TimeUs,
};
use sqlx::{Row as _, SqliteConnection};
use store::{
    StoreError,
    event::{Appended, OutcomeCount, OutcomePlace, OutcomeRecord, OutcomeStore, outcome_version},
};

use super::{
    SqliteEvents,
    append::Memory,
    codec::{Packer, Unpacker},
    prepare::{self, Prepared},
    statement::Statement,
    writes::{OutcomePut, Writes},
};
use crate::error::from_sqlx;

const FORMAT: u8 = 1;

const ONE: &str = "SELECT data FROM outcome WHERE project = ? AND id = ?";
const OF_PROJECT: &str = "SELECT seq, data FROM outcome INDEXED BY outcome_arrival \
     WHERE project = ?1 AND seq < ?2 ORDER BY seq DESC LIMIT ?3";
const COUNTS: &str = "SELECT name, events, last_us FROM outcome_name WHERE project = ? ORDER BY name LIMIT ?";

/// The questions of this module, for the test that looks at their plans.
#[cfg(test)]
pub(super) const QUESTIONS: [&str; 3] = [ONE, OF_PROJECT, COUNTS];

static FIND: Statement = Statement::new("SELECT id, seq, data FROM outcome WHERE project = ? AND id IN (", "?", ")");

/// An event ready for the writer.
pub(super) struct PreparedOutcome {
    id: String,
    name: String,
    kind: String,
    unit: String,
    at_us: i64,
    version: (i64, u64),
    data: Vec<u8>,
}

/// Event, format 1: first receipt (8 bytes, so that it can be put back in place), version, then the content.
pub(super) fn prepare(event: &OutcomeEvent, received: TimeUs) -> Result<PreparedOutcome, StoreError> {
    let version = outcome_version(event).map_err(StoreError::backend)?;
    let mut packer = Packer::new(FORMAT);
    packer.fixed(received.0 as u64);
    packer.integer(version.0);
    packer.fixed(version.1);
    packer.text(event.id.as_str());
    packer.text(event.name.as_str());
    packer.text(&event.unit.kind.to_string());
    packer.text(&event.unit.id);
    match event.value {
        None => packer.byte(0),
        Some(value) => {
            packer.byte(1);
            packer.fixed(value.to_bits());
        }
    }
    packer.integer(event.at_us.0);
    packer.text(&serde_json::to_string(&event.properties).map_err(StoreError::backend)?);
    Ok(PreparedOutcome {
        id: event.id.as_str().to_owned(),
        name: event.name.as_str().to_owned(),
        kind: event.unit.kind.to_string(),
        unit: event.unit.id.clone(),
        at_us: event.at_us.0,
        version,
        data: packer.finish(),
    })
}

/// What a record begins with: first receipt, version, name, whom it is about.
struct Head<'a> {
    received_us: i64,
    version: (i64, u64),
    name: &'a str,
    kind: &'a str,
    unit: &'a str,
}

fn head(record: &[u8]) -> Result<Head<'_>, StoreError> {
    let mut reader = Unpacker::new(record, FORMAT, "an event")?;
    let received_us = reader.fixed()? as i64;
    let version = (reader.integer()?, reader.fixed()?);
    reader.text()?;
    Ok(Head { received_us, version, name: reader.text()?, kind: reader.text()?, unit: reader.text()? })
}

/// A stored event.
pub(super) fn unpack(record: &[u8]) -> Result<OutcomeRecord, StoreError> {
    let mut reader = Unpacker::new(record, FORMAT, "an event")?;
    let received_us = TimeUs(reader.fixed()? as i64);
    reader.integer()?;
    reader.fixed()?;
    let damaged = || StoreError::Corrupt("an event cannot be read".to_owned());
    let id = reader.text()?.parse().map_err(|_| damaged())?;
    let name = reader.text()?.parse().map_err(|_| damaged())?;
    let kind: UnitKind = reader.text()?.parse().map_err(|_| damaged())?;
    let unit = EventUnit { kind, id: reader.text()?.to_owned() };
    let value = match reader.byte()? {
        0 => None,
        _ => Some(f64::from_bits(reader.fixed()?)),
    };
    let at_us = TimeUs(reader.integer()?);
    let properties = serde_json::from_str(reader.text()?).map_err(|_| damaged())?;
    Ok(OutcomeRecord { event: OutcomeEvent { id, name, unit, value, properties, at_us }, received_us })
}

/// An event as the group leaves it.
struct Work<'a> {
    seq: i64,
    received_us: i64,
    version: (i64, u64),
    /// What it was stored as, for the counts and the units it leaves.
    before: Option<[String; 3]>,
    now: Option<&'a PreparedOutcome>,
}

/// Stores the events of a group of batches.
pub(super) async fn append(
    connection: &mut SqliteConnection,
    memory: &mut Memory,
    batches: &[&Prepared],
    projects: &[i64],
    answers: &mut [Appended],
    writes: &mut Writes,
) -> Result<(), StoreError> {
    if batches.iter().all(|batch| batch.outcomes.is_empty()) {
        return Ok(());
    }
    let mut works = find(connection, batches, projects).await?;
    let mut order = Vec::new();
    for ((batch, project), answer) in batches.iter().zip(projects).zip(answers) {
        for event in &batch.outcomes {
            let key = (*project, event.id.as_str());
            match works.get_mut(&key) {
                None => {
                    memory.last_outcome += 1;
                    let work = Work {
                        seq: memory.last_outcome,
                        received_us: batch.received_us,
                        version: event.version,
                        before: None,
                        now: Some(event),
                    };
                    works.insert(key, work);
                    answer.new += 1;
                    order.push(key);
                }
                Some(work) if event.version > work.version => {
                    if work.now.is_none() {
                        order.push(key);
                    }
                    (work.now, work.version) = (Some(event), event.version);
                    answer.replaced += 1;
                }
                Some(_) => answer.unchanged += 1,
            }
        }
    }
    let mut counts: BTreeMap<(i64, String), (i64, i64)> = BTreeMap::new();
    for key in order {
        let Some(Work { seq, received_us, before, now: Some(now), .. }) = works.remove(&key) else { continue };
        let project = key.0;
        if let Some([name, kind, unit]) = before {
            counts.entry((project, name)).or_insert((0, received_us)).0 -= 1;
            writes.dirty_units.push((project, kind, unit));
        }
        let count = counts.entry((project, now.name.clone())).or_insert((0, received_us));
        *count = (count.0 + 1, count.1.max(received_us));
        writes.dirty_units.push((project, now.kind.clone(), now.unit.clone()));
        let mut data = now.data.clone();
        prepare::set_first_received(&mut data, received_us);
        writes.outcomes.push(OutcomePut {
            seq,
            project,
            id: now.id.clone(),
            kind: now.kind.clone(),
            unit: now.unit.clone(),
            at_us: now.at_us,
            data,
        });
    }
    writes.outcome_names.extend(counts.into_iter().map(|((project, name), (by, last))| (project, name, by, last)));
    Ok(())
}

async fn find<'a>(
    connection: &mut SqliteConnection,
    batches: &[&'a Prepared],
    projects: &[i64],
) -> Result<HashMap<(i64, &'a str), Work<'a>>, StoreError> {
    let mut works = HashMap::new();
    let distinct: BTreeSet<i64> = projects.iter().copied().collect();
    for project in distinct {
        let ids: BTreeSet<&str> = batches
            .iter()
            .zip(projects)
            .filter(|(_, of)| **of == project)
            .flat_map(|(batch, _)| batch.outcomes.iter().map(|event| event.id.as_str()))
            .collect();
        let found = FIND
            .fetch(
                connection,
                ids.iter().copied().collect(),
                |binds| {
                    binds.add(project);
                },
                |binds, id: &str| {
                    binds.add(id);
                },
            )
            .await?;
        for row in found {
            let id: &str = row.try_get(0).map_err(from_sqlx)?;
            let seq = row.try_get(1).map_err(from_sqlx)?;
            let Head { received_us, version, name, kind, unit } = head(row.try_get(2).map_err(from_sqlx)?)?;
            if let Some(id) = ids.get(id) {
                let before = Some([name, kind, unit].map(str::to_owned));
                works.insert((project, *id), Work { seq, received_us, version, before, now: None });
            }
        }
    }
    Ok(works)
}

#[async_trait]
impl OutcomeStore for SqliteEvents {
    async fn outcome(&self, project: ProjectId, id: &EventId) -> Result<Option<OutcomeRecord>, StoreError> {
        let Some(project) = self.reader.project(project).await? else { return Ok(None) };
        let data: Option<Vec<u8>> = sqlx::query_scalar(ONE)
            .bind(project)
            .bind(id.as_str())
            .fetch_optional(&self.reader.pool)
            .await
            .map_err(from_sqlx)?;
        data.map(|data| unpack(&data)).transpose()
    }

    async fn outcomes(
        &self,
        project: ProjectId,
        before: Option<OutcomePlace>,
        limit: u16,
    ) -> Result<Vec<(OutcomePlace, OutcomeRecord)>, StoreError> {
        let Some(project) = self.reader.project(project).await? else { return Ok(Vec::new()) };
        let rows = sqlx::query(OF_PROJECT)
            .bind(project)
            .bind(before.map_or(i64::MAX, |place| i64::try_from(place.0).unwrap_or(i64::MAX)))
            .bind(i64::from(limit))
            .fetch_all(&self.reader.pool)
            .await
            .map_err(from_sqlx)?;
        let mut events = Vec::with_capacity(rows.len());
        for row in &rows {
            let seq: i64 = row.try_get(0).map_err(from_sqlx)?;
            events.push((OutcomePlace(seq.unsigned_abs()), unpack(row.try_get(1).map_err(from_sqlx)?)?));
        }
        Ok(events)
    }

    async fn outcome_counts(&self, project: ProjectId, limit: u16) -> Result<Vec<OutcomeCount>, StoreError> {
        let Some(project) = self.reader.project(project).await? else { return Ok(Vec::new()) };
        let rows = sqlx::query(COUNTS)
            .bind(project)
            .bind(i64::from(limit))
            .fetch_all(&self.reader.pool)
            .await
            .map_err(from_sqlx)?;
        let mut counts = Vec::with_capacity(rows.len());
        for row in &rows {
            let name: &str = row.try_get(0).map_err(from_sqlx)?;
            let events: i64 = row.try_get(1).map_err(from_sqlx)?;
            counts.push(OutcomeCount {
                name: name
                    .parse()
                    .map_err(|_| StoreError::Corrupt("the name of an event cannot be read".to_owned()))?,
                events: u64::try_from(events).unwrap_or(0),
                last_us: TimeUs(row.try_get(2).map_err(from_sqlx)?),
            });
        }
        Ok(counts)
    }
}
