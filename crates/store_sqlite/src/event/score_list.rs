//! Scores one by one, by arrival, and away.

use async_trait::async_trait;
use domain::{
    ids::{ProjectId, ScoreId},
    score::ScoreValue,
    time::TimeUs,
};
use serde_json::Value;
use sqlx::{Connection as _, Row as _, SqliteConnection};
use store::{
    StoreError,
    event::{ScoreList, ScorePlace, ScoreRecord, ScoreWrite, ScoresOf},
};

use super::{
    SqliteEvents,
    append::{Memory, unit_of},
    prepare,
    writer::Order,
};
use crate::error::from_sqlx;

const ONE: &str = "SELECT data FROM score WHERE project = ? AND id = ? AND removed = 0";
const OF_PROJECT: &str = "SELECT seq, data FROM score INDEXED BY score_arrival \
     WHERE project = ?1 AND seq < ?2 AND removed = 0 ORDER BY seq DESC LIMIT ?3";
const OF_TRACE: &str = "SELECT seq, data FROM score INDEXED BY score_trace \
     WHERE project = ?1 AND trace_id = ?4 AND seq < ?2 AND removed = 0 ORDER BY seq DESC LIMIT ?3";
const OF_SESSION: &str = "SELECT seq, data FROM score INDEXED BY score_session \
     WHERE project = ?1 AND session_id = ?4 AND seq < ?2 AND removed = 0 ORDER BY seq DESC LIMIT ?3";

/// The questions of this module, for the test that looks at their plans.
#[cfg(test)]
pub(super) const QUESTIONS: [&str; 4] = [ONE, OF_PROJECT, OF_TRACE, OF_SESSION];

#[async_trait]
impl ScoreList for SqliteEvents {
    async fn score(&self, project: ProjectId, id: &ScoreId) -> Result<Option<ScoreRecord>, StoreError> {
        let Some(project) = self.reader.project(project).await? else { return Ok(None) };
        let data: Option<Vec<u8>> = sqlx::query_scalar(ONE)
            .bind(project)
            .bind(id.as_str())
            .fetch_optional(&self.reader.pool)
            .await
            .map_err(from_sqlx)?;
        data.map(|data| Ok(prepare::unpack_score(&data)?.0)).transpose()
    }

    async fn scores_by_arrival(
        &self,
        project: ProjectId,
        of: &ScoresOf,
        before: Option<ScorePlace>,
        limit: u16,
    ) -> Result<Vec<(ScorePlace, ScoreRecord)>, StoreError> {
        let Some(project) = self.reader.project(project).await? else { return Ok(Vec::new()) };
        let before = before.map_or(i64::MAX, |place| i64::try_from(place.0).unwrap_or(i64::MAX));
        let ask = |question: &'static str| sqlx::query(question).bind(project).bind(before).bind(i64::from(limit));
        let rows = match of {
            ScoresOf::Project => ask(OF_PROJECT),
            ScoresOf::Trace(trace) => ask(OF_TRACE).bind(trace.as_bytes().to_vec()),
            ScoresOf::Session(session) => ask(OF_SESSION).bind(session.clone()),
        }
        .fetch_all(&self.reader.pool)
        .await
        .map_err(from_sqlx)?;
        let mut scores = Vec::with_capacity(rows.len());
        for row in &rows {
            let seq: i64 = row.try_get(0).map_err(from_sqlx)?;
            let (score, _) = prepare::unpack_score(row.try_get(1).map_err(from_sqlx)?)?;
            scores.push((ScorePlace(seq.unsigned_abs()), score));
        }
        Ok(scores)
    }

    async fn remove_score(&self, project: ProjectId, id: &ScoreId, at: TimeUs) -> Result<(), StoreError> {
        self.order_now(|answer| Order::RemoveScore(project, id.clone(), at, answer)).await
    }
}

/// Replaces a score's content by one that counts nowhere, with a version that wins over all sent of it so far.
pub(super) async fn remove(
    connection: &mut SqliteConnection,
    memory: &mut Memory,
    project: ProjectId,
    id: &ScoreId,
    at: TimeUs,
) -> Result<(), StoreError> {
    let mut transaction = connection.begin().await.map_err(from_sqlx)?;
    let number = memory.dictionary.project(&mut transaction, project).await?;
    let found =
        sqlx::query("SELECT seq, data, trace_id, session_id FROM score WHERE project = ? AND id = ? AND removed = 0")
            .bind(number)
            .bind(id.as_str())
            .fetch_optional(&mut *transaction)
            .await
            .map_err(from_sqlx)?;
    let Some(found) = found else {
        return Err(StoreError::NotFound { entity: "score", id: id.to_string() });
    };
    let seq: i64 = found.try_get(0).map_err(from_sqlx)?;
    let stored: &[u8] = found.try_get(1).map_err(from_sqlx)?;
    let (_, (sent_us, _)) = prepare::score_version(stored)?;
    let ScoreRecord { mut score, received_us, .. } = prepare::unpack_score(stored)?.0;
    (score.value, score.comment, score.metadata) = (ScoreValue::Text(String::new()), None, Value::Null);
    let version = (at.0.max(sent_us), u64::MAX);
    let mut data = prepare::pack_score(&ScoreWrite { score, bin: None }, version, at)?;
    prepare::set_first_received(&mut data, received_us.0);
    sqlx::query("UPDATE score SET data = ?, removed = 1 WHERE seq = ?")
        .bind(data)
        .bind(seq)
        .execute(&mut *transaction)
        .await
        .map_err(from_sqlx)?;
    sqlx::query("INSERT OR IGNORE INTO dirty_score (seq) VALUES (?)")
        .bind(seq)
        .execute(&mut *transaction)
        .await
        .map_err(from_sqlx)?;
    let trace: Option<&[u8]> = found.try_get(2).map_err(from_sqlx)?;
    let about = unit_of(trace.and_then(|id| id.try_into().ok()), found.try_get(3).map_err(from_sqlx)?);
    if let Some((kind, unit)) = about.filter(|_| memory.watched.contains(&number)) {
        sqlx::query("INSERT OR IGNORE INTO dirty_unit (project, kind, unit) VALUES (?, ?, ?)")
            .bind(number)
            .bind(kind)
            .bind(unit)
            .execute(&mut *transaction)
            .await
            .map_err(from_sqlx)?;
    }
    transaction.commit().await.map_err(from_sqlx)?;
    memory.waiting = true;
    Ok(())
}
