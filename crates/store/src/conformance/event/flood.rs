//! Whoever is noted has their turn.

use domain::{experiment::UnitKind, time::HOUR_NS};

use super::{
    Build, START_NS,
    experiments::{append, event, exposure, exposures, outcomes, user, watch},
};
use crate::event::EventStore;

/// Whatever comes meanwhile, a unit is worked out within as many steps as there were notes before its own.
pub async fn a_unit_has_its_turn_while_others_flood(store: &dyn EventStore) {
    /// As many as are looked at in one step.
    const FLOOD: u64 = 2_000;
    const STEPS: u64 = 4;
    let project = Build::project(1);
    let watch = watch(UnitKind::User, None);
    store.watch(project, watch.clone()).await.expect("watched");
    let flood = async |round: u64| {
        let span = |number: u64| {
            let mut span = Build::span(round * FLOOD + number + 1, 1);
            span.trace.user_id = Some(format!("any {}", number % 50));
            span
        };
        append(store, Build::batch(project, (0..FLOOD).map(span).collect(), vec![])).await;
    };
    for round in 0..STEPS - 2 {
        flood(round).await;
    }
    append(store, exposures(vec![exposure(0, "zoe", "a", START_NS)])).await;
    append(store, outcomes(vec![event("one", "buy", user("zoe"), Some(2.0), START_NS + HOUR_NS)])).await;
    let mut looked_at = false;
    for round in STEPS..2 * STEPS {
        flood(round).await;
        store.fold().await.expect("fold");
        let units = store.units(project, watch.experiment, 0, None, 10).await.expect("units");
        looked_at |= units.iter().any(|unit| unit.state.is_some());
    }
    assert!(looked_at, "nobody looked at the unit in {STEPS} steps");
}
