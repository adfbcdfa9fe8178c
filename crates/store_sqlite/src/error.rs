//! Engine errors in the words of `store`.

use store::StoreError;

/// Primary result codes of SQLite, from its documentation; extended codes carry them in the low byte.
const FULL: u32 = 13;
const IOERR: u32 = 10;
const CORRUPT: u32 = 11;
const NOTADB: u32 = 26;
const PERM: u32 = 3;
const READONLY: u32 = 8;
const CANTOPEN: u32 = 14;
/// `SQLITE_IOERR_WRITE`, `…_FSYNC`, `…_TRUNCATE`, `…_SHMSIZE`: what a full disk looks like when it is not `SQLITE_FULL`.
const FULL_DISK: [u32; 4] = [IOERR | (3 << 8), IOERR | (4 << 8), IOERR | (6 << 8), IOERR | (19 << 8)];

fn code(error: &sqlx::Error) -> Option<u32> {
    match error {
        sqlx::Error::Database(cause) => cause.code().and_then(|code| code.parse().ok()),
        _ => None,
    }
}

/// Whether it failed because the file, or the folder it is in, may not be written.
pub(crate) fn is_read_only(error: &sqlx::Error) -> bool {
    code(error).is_some_and(|code| [PERM, READONLY, CANTOPEN].contains(&(code & 0xff)))
}

/// Says what an engine error means to callers.
pub(crate) fn from_sqlx(error: sqlx::Error) -> StoreError {
    if matches!(error, sqlx::Error::PoolClosed) {
        return StoreError::Closed;
    }
    match code(&error) {
        Some(code) if code & 0xff == FULL || FULL_DISK.contains(&code) => StoreError::Full,
        Some(code) if code & 0xff == CORRUPT || code & 0xff == NOTADB => StoreError::Corrupt(error.to_string()),
        _ => StoreError::backend(error),
    }
}
