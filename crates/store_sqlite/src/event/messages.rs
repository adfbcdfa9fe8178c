//! Messages beside spans: kept by the ids of their span, put into its payload when that is read.

use async_trait::async_trait;
use domain::{
    ids::{ProjectId, SpanId, TraceId},
    time::TimeNs,
    trace::{Extent, Side, SpanMessage},
};
use sqlx::{Connection as _, Row as _, SqliteConnection};
use store::{
    StoreError,
    event::{MessageStore, message_digest},
};

use super::{
    SqliteEvents,
    append::Memory,
    payload::{self, Press},
    read::Reader,
    record::{self, span_column, span_from_column, span_number},
    statement::Statement,
    writer::Order,
};
use crate::error::from_sqlx;

static PUT: Statement = Statement::new(
    "INSERT INTO message (project, trace_id, span_id, at_ns, digest, place, side, extent, data) VALUES ",
    "(?,?,?,?,?,?,?,?,?)",
    // Whichever copy comes first, the smaller place stands.
    " ON CONFLICT (project, trace_id, span_id, at_ns, digest) DO UPDATE SET place = excluded.place \
     WHERE excluded.place < message.place",
);
static FIND: Statement = Statement::new(
    "SELECT span_id, at_ns, place, side, extent, data FROM message WHERE project = ? AND trace_id = ? AND span_id IN (",
    "?",
    ")",
);

/// A message in the form it is stored.
pub(super) struct PreparedMessage {
    trace_id: [u8; 16],
    span: u64,
    at_ns: i64,
    digest: u64,
    place: u32,
    side: Side,
    extent: Extent,
    data: Vec<u8>,
}

fn prepare(messages: &[SpanMessage]) -> Result<Vec<PreparedMessage>, StoreError> {
    let mut press = Press::new();
    let prepared = messages.iter().map(|message| {
        Ok(PreparedMessage {
            trace_id: *message.trace_id.as_bytes(),
            span: span_number(message.span_id),
            at_ns: message.at_ns.0,
            digest: message_digest(message).map_err(StoreError::backend)?,
            place: message.place,
            side: message.side,
            extent: message.extent,
            data: press.pack(&serde_json::to_vec(&message.content).map_err(StoreError::backend)?),
        })
    });
    prepared.collect()
}

/// Stores prepared messages in one transaction.
pub(super) async fn add(
    connection: &mut SqliteConnection,
    memory: &mut Memory,
    project: ProjectId,
    messages: Vec<PreparedMessage>,
) -> Result<(), StoreError> {
    let mut transaction = connection.begin().await.map_err(from_sqlx)?;
    let project = memory.dictionary.project(&mut transaction, project).await?;
    PUT.run(&mut transaction, messages, |binds, message| {
        binds
            .add(project)
            .add(&message.trace_id[..])
            .add(span_column(message.span))
            .add(message.at_ns)
            .add(message.digest.cast_signed())
            .add(i64::from(message.place))
            .add(i64::from(message.side == Side::Output))
            .add(i64::from(message.extent == Extent::Whole))
            .add(message.data);
    })
    .await?;
    transaction.commit().await.map_err(from_sqlx)
}

#[async_trait]
impl MessageStore for SqliteEvents {
    async fn add_messages(&self, project: ProjectId, messages: Vec<SpanMessage>) -> Result<(), StoreError> {
        if messages.is_empty() {
            return Ok(());
        }
        let prepared = tokio::task::spawn_blocking(move || prepare(&messages)).await.map_err(StoreError::backend)??;
        self.order_now(|answer| Order::AddMessages(project, prepared, answer)).await
    }
}

impl Reader {
    /// Messages of some spans of one trace.
    pub(super) async fn messages(
        &self,
        project: ProjectId,
        trace: TraceId,
        spans: &[SpanId],
    ) -> Result<Vec<SpanMessage>, StoreError> {
        let Some(project) = self.project(project).await? else { return Ok(Vec::new()) };
        let mut connection = self.pool.acquire().await.map_err(from_sqlx)?;
        let rows = FIND
            .fetch(
                &mut connection,
                spans.iter().map(|span| span_column(span_number(*span))).collect(),
                |binds| {
                    binds.add(project).add(trace.as_bytes().to_vec());
                },
                |binds, span| {
                    binds.add(span);
                },
            )
            .await?;
        drop(connection);
        let mut messages = Vec::with_capacity(rows.len());
        for row in &rows {
            let get = |column: usize| row.try_get::<i64, _>(column).map_err(from_sqlx);
            let span_id = record::span_id(span_from_column(get(0)?))?;
            let content = payload::unpack(row.try_get(5).map_err(from_sqlx)?)?;
            messages.push(SpanMessage {
                trace_id: trace,
                span_id,
                at_ns: TimeNs(get(1)?),
                place: u32::try_from(get(2)?).unwrap_or(u32::MAX),
                side: if get(3)? == 1 { Side::Output } else { Side::Input },
                extent: if get(4)? == 1 { Extent::Whole } else { Extent::Piece },
                content: serde_json::from_slice(&content)
                    .map_err(|error| StoreError::Corrupt(format!("a message of span `{span_id}`: {error}")))?,
            });
        }
        Ok(messages)
    }
}
