//! Past traffic as an experiment would have met it.

use std::collections::BTreeMap;

use async_trait::async_trait;
use domain::{
    experiment::UnitKind,
    ids::{ProjectId, TraceId},
    time::{TimeNs, TimeRange, TimeUs},
};
use sqlx::Row as _;
use store::{
    StoreError,
    event::{Meeting, Meetings, PastStore, UnitState, Watch},
};

use super::{SqliteEvents, dictionary::WordKind, trial::Trial, unit::Tally, unit_sums};
use crate::error::from_sqlx;

macro_rules! met {
    ($unit:literal) => {
        concat!(
            "SELECT trace_link.start_ns, trace_link.trace_id, ",
            $unit,
            " FROM trace_link CROSS JOIN trace ON trace.id = trace_link.trace \
             WHERE trace_link.prompt = ?1 AND trace_link.version = ?2 AND trace_link.start_ns >= ?3 \
             AND trace_link.start_ns < ?4 AND trace.project = ?5 \
             ORDER BY trace_link.start_ns DESC, trace_link.trace_id DESC LIMIT ?6"
        )
    };
}

const BY_USER: &str = met!("trace.user_id");
const BY_SESSION: &str = met!("trace.session_id");
const BY_TRACE: &str = met!("NULL");

/// The questions of this module, for the test that looks at their plans.
#[cfg(test)]
pub(super) const QUESTIONS: [&str; 3] = [BY_USER, BY_SESSION, BY_TRACE];

#[async_trait]
impl PastStore for SqliteEvents {
    async fn meetings(
        &self,
        project: ProjectId,
        prompt: &str,
        versions: Option<&[u32]>,
        unit: &UnitKind,
        range: TimeRange,
        limit: u32,
    ) -> Result<Meetings, StoreError> {
        let question = match unit {
            UnitKind::User => BY_USER,
            UnitKind::Session => BY_SESSION,
            UnitKind::Trace => BY_TRACE,
            UnitKind::Attribute(_) => return Ok(Meetings::default()),
        };
        let reader = &self.reader;
        let Some(project) = reader.project(project).await? else { return Ok(Meetings::default()) };
        let Some(prompt) = reader.word(project, WordKind::Prompt, prompt).await? else {
            return Ok(Meetings::default());
        };
        let versions = match versions {
            Some(asked) => asked.to_vec(),
            None => reader.versions(prompt).await?,
        };
        // By trace: one that used two versions is one meeting.
        let mut traces: BTreeMap<(i64, TraceId), Option<String>> = BTreeMap::new();
        let most = limit as usize;
        // The newest that was too much: nothing is said of its instant and what came before.
        let mut cut: Option<i64> = None;
        let mut from_ns = range.from.to_ns().0;
        for version in versions {
            let rows = sqlx::query(question)
                .bind(prompt)
                .bind(i64::from(version))
                .bind(from_ns)
                .bind(range.to.to_ns().0)
                .bind(project)
                .bind(i64::from(limit).saturating_add(1))
                .fetch_all(&reader.pool)
                .await
                .map_err(from_sqlx)?;
            for row in &rows {
                let start_ns: i64 = row.try_get(0).map_err(from_sqlx)?;
                let trace = TraceId::from_slice(row.try_get(1).map_err(from_sqlx)?).map_err(StoreError::backend)?;
                traces.insert((start_ns, trace), row.try_get(2).map_err(from_sqlx)?);
            }
            while traces.len() > most {
                let Some(((start_ns, _), _)) = traces.pop_first() else { break };
                cut = Some(start_ns);
                from_ns = start_ns.saturating_add(1);
            }
        }
        // Whole microseconds, as ranges are given: the next one after what was cut.
        let reached = cut.map(|start_ns| TimeUs(start_ns.div_euclid(1000).saturating_add(1)));
        let mut met = Meetings { reached, ..Meetings::default() };
        let mut units: BTreeMap<String, Meeting> = BTreeMap::new();
        let all_since = reached.map_or(i64::MIN, |reached| reached.to_ns().0);
        for ((start_ns, trace), named) in traces.iter().filter(|((start_ns, _), _)| *start_ns >= all_since) {
            met.traces += 1;
            let id = if *unit == UnitKind::Trace { Some(trace.to_string()) } else { named.clone() };
            let Some(id) = id else {
                met.without_unit += 1;
                continue;
            };
            let first = Meeting { unit: id.clone(), first_us: TimeNs(*start_ns).to_us(), trace: *trace };
            units.entry(id).or_insert(first);
        }
        met.units = units.into_values().collect();
        Ok(met)
    }

    async fn would_have_become(
        &self,
        project: ProjectId,
        watch: &Watch,
        exposed: &[(String, TimeUs)],
    ) -> Result<Vec<UnitState>, StoreError> {
        let nothing = || vec![UnitState::default(); exposed.len()];
        let reader = &self.reader;
        let Some(project) = reader.project(project).await? else { return Ok(nothing()) };
        let Some(prompt) = reader.word(project, WordKind::Prompt, &watch.prompt).await? else { return Ok(nothing()) };
        let trial = Trial::asked(watch, prompt);
        let mut connection = reader.pool.acquire().await.map_err(from_sqlx)?;
        let exposed: Vec<(&str, i64)> = exposed.iter().map(|(id, first_us)| (id.as_str(), first_us.0)).collect();
        let tallies = unit_sums::work_out(&mut connection, project, &trial, &exposed).await?;
        Ok(tallies.iter().map(Tally::state).collect())
    }
}
