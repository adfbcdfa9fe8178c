//! The yardstick: the rows a file of ours holds, put into a new file with the same tables, indexes and pragmas by multi-row
//! statements, and nothing else: no decoding, no looking for what is there, no compression.

use std::{path::Path, time::Instant};

use sqlx::{
    AssertSqlSafe, ConnectOptions as _, Connection as _, Row as _, SqliteConnection, TypeInfo as _, ValueRef as _,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteRow, SqliteSynchronous},
};

/// Rows a statement, where SQLite is fastest through sqlx.
const STATEMENT: usize = 100;
/// Spans a transaction, as the writer groups them.
const GROUP: i64 = 4096;

/// What spans are stored in, and by which column a stretch of rows is found: of `span`, or of the traces it began.
const TABLES: [(&str, By, &str); 4] = [
    ("span", By::Span, "seq"),
    ("payload", By::Span, "seq"),
    ("trace", By::Trace, "id"),
    ("trace_link", By::Trace, "trace"),
];

#[derive(Clone, Copy)]
enum By {
    Span,
    Trace,
}

enum Value {
    Nothing,
    Integer(i64),
    Text(String),
    Bytes(Vec<u8>),
}

/// Spans a second of the loop over the `events.db` in a folder. The copy is made beside it and removed.
pub(crate) async fn spans_per_second(folder: &Path) -> f64 {
    let beside = tempfile::tempdir_in(folder).unwrap();
    let mut source = open(&folder.join("events.db")).await;
    let mut target = open(&beside.path().join("bare.db")).await;
    let tables = TABLES.map(|(table, ..)| format!("'{table}'")).join(", ");
    let schema =
        format!("SELECT sql FROM sqlite_schema WHERE tbl_name IN ({tables}) AND sql IS NOT NULL ORDER BY rowid");
    for statement in sqlx::query_scalar::<_, String>(AssertSqlSafe(schema)).fetch_all(&mut source).await.unwrap() {
        sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut target).await.unwrap();
    }
    let spans: i64 = sqlx::query_scalar("SELECT max(seq) FROM span").fetch_one(&mut source).await.unwrap();
    let mut seconds = 0.0;
    let (mut at, mut last_trace) = (0, 0);
    while at < spans {
        let to = at + GROUP;
        let newest: Option<i64> = sqlx::query_scalar("SELECT max(trace) FROM span WHERE seq > ? AND seq <= ?")
            .bind(at)
            .bind(to)
            .fetch_one(&mut source)
            .await
            .unwrap();
        let until = newest.unwrap_or(last_trace).max(last_trace);
        // Read before the clock starts.
        let mut stretch = Vec::new();
        for (table, by, column) in TABLES {
            let (from, until) = match by {
                By::Span => (at, to),
                By::Trace => (last_trace, until),
            };
            let rows = format!("SELECT * FROM {table} WHERE {column} > ? AND {column} <= ? ORDER BY {column}");
            let rows = sqlx::query(AssertSqlSafe(rows)).bind(from).bind(until).fetch_all(&mut source).await.unwrap();
            stretch.push((table, rows.iter().map(values).collect::<Vec<_>>()));
        }
        (at, last_trace) = (to, until);
        let began = Instant::now();
        let mut transaction = target.begin().await.unwrap();
        for (table, rows) in &stretch {
            for piece in rows.chunks(STATEMENT) {
                insert(&mut transaction, table, piece).await;
            }
        }
        transaction.commit().await.unwrap();
        seconds += began.elapsed().as_secs_f64();
    }
    spans as f64 / seconds
}

async fn open(path: &Path) -> SqliteConnection {
    SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .pragma("cache_size", "-65536")
        .pragma("wal_autocheckpoint", "8192")
        .disable_statement_logging()
        .connect()
        .await
        .unwrap()
}

async fn insert(connection: &mut SqliteConnection, table: &str, rows: &[Vec<Value>]) {
    let row = format!("({})", vec!["?"; rows[0].len()].join(","));
    let sql = format!("INSERT INTO {table} VALUES {}", vec![row.as_str(); rows.len()].join(","));
    let mut query = sqlx::query(AssertSqlSafe(sql));
    for value in rows.iter().flatten() {
        query = match value {
            Value::Nothing => query.bind(None::<i64>),
            Value::Integer(value) => query.bind(*value),
            Value::Text(value) => query.bind(value.as_str()),
            Value::Bytes(value) => query.bind(value.as_slice()),
        };
    }
    query.execute(connection).await.unwrap();
}

fn values(row: &SqliteRow) -> Vec<Value> {
    (0..row.len())
        .map(|column| match row.try_get_raw(column).unwrap().type_info().name() {
            "NULL" => Value::Nothing,
            "INTEGER" => Value::Integer(row.get(column)),
            "TEXT" => Value::Text(row.get(column)),
            _ => Value::Bytes(row.get(column)),
        })
        .collect()
}
