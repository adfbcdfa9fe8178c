//! Suite of the event plane: a store is right when it agrees with a model, which works everything out afresh from the set of
//! events, the slow and obvious way.

mod build;

pub use build::{Build, Random};

use super::super::event::EventStore;

/// Folds until nothing waits.
///
/// # Panics
/// When the store fails.
pub async fn fold_all(store: &dyn EventStore) {
    while store.fold().await.expect("fold") {}
}
