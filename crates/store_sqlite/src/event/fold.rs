//! Folding events into totals.

use sqlx::SqliteConnection;
use store::StoreError;

use super::append::Memory;

#[expect(clippy::unused_async, reason = "being written")]
pub(super) async fn step(_connection: &mut SqliteConnection, _memory: &mut Memory) -> Result<bool, StoreError> {
    Ok(false)
}

#[expect(clippy::unused_async, reason = "being written")]
pub(super) async fn clear(_connection: &mut SqliteConnection, _memory: &mut Memory) -> Result<(), StoreError> {
    Ok(())
}
