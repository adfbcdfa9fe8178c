//! Experiments lived through: units are assigned by the rules doors answer by, exposed, do things, and are folded.

use domain::{
    auth::Actor,
    experiment::{Experiment, Exposure, ExposureDoor, UnitKind},
    ids::ProjectId,
    outcome::{EventUnit, OutcomeEvent},
};
use serde_json::{Map, Value, json};
use services::{experiments::Act, results::ExperimentResult};
use store::event::EventStore as _;

use crate::{
    experiments::{design, draft, with_prompt},
    world::World,
};

pub(crate) const KEY: &str = "tone";
const FLAG: &str = "greet.production";

/// A world with one experiment in it at a time.
pub(crate) struct Pipeline {
    pub(crate) world: World,
    pub(crate) actor: Actor,
    pub(crate) project: ProjectId,
    pub(crate) key: String,
}

/// A metric of a design, on an event.
pub(crate) fn metric(key: &str, how: &str, direction: &str, role: &str, margin: Value) -> Value {
    let mut metric = json!({
        "metric": {"key": key, "source": format!("event:{key}"), "aggregation": how, "direction": direction},
        "role": role
    });
    if !margin.is_null() {
        metric["margin"] = margin;
    }
    metric
}

impl Pipeline {
    pub(crate) async fn new() -> Self {
        let world = World::new().await;
        let (actor, project) = with_prompt(&world).await;
        Self { world, actor, project, key: KEY.to_owned() }
    }

    /// Launches an experiment: two arms, half and half, on the metrics given.
    pub(crate) async fn launch(&mut self, key: &str, metrics: &[Value], change: impl FnOnce(&mut Value)) -> Experiment {
        key.clone_into(&mut self.key);
        let mut whole = design();
        whole["metrics"] = json!(metrics);
        change(&mut whole);
        let whole = serde_json::from_value(whole).unwrap();
        draft(&self.world, &self.actor, self.project, key, whole).await;
        self.world.services.experiments.launch(&self.actor, self.project, key, &Act::default()).await.unwrap()
    }

    pub(crate) async fn experiment(&self) -> Experiment {
        self.world.services.experiments.get(&self.actor, self.project, &self.key).await.unwrap()
    }

    /// What each unit is assigned now, without exposing anybody; none for who takes no part.
    pub(crate) async fn assigned(&self, units: &[String]) -> Vec<Option<Exposure>> {
        let assignment = &self.world.services.assignment;
        let rules = assignment.rules(&self.actor, self.project).await.unwrap();
        let rule = rules.by_flag_key(FLAG).unwrap();
        let now = self.world.services.now();
        let mut exposures = Vec::with_capacity(units.len());
        for unit in units {
            let attributes = Map::from_iter([("id".to_owned(), Value::from(unit.as_str()))]);
            exposures.push(rule.resolve(&attributes).exposure(ExposureDoor::Resolve, now));
        }
        exposures
    }

    /// Units come and are exposed; with the arm of each, none for who takes no part.
    pub(crate) async fn meet(&self, units: &[String]) -> Vec<Option<String>> {
        let exposures = self.assigned(units).await;
        let arms = exposures.iter().map(|one| one.as_ref().map(|one| one.arm.to_string())).collect();
        self.expose(exposures.into_iter().flatten().collect()).await;
        arms
    }

    pub(crate) async fn expose(&self, exposures: Vec<Exposure>) {
        self.world.services.ingest.store_exposures(self.project, exposures).await.unwrap();
    }

    /// Things happen to units now: unit, event, value.
    pub(crate) async fn happened(&self, events: impl IntoIterator<Item = (String, &str, f64)>) {
        let at_us = self.world.services.now();
        let event = |(unit, name, value): (String, &str, f64)| OutcomeEvent {
            id: format!("{name}-{unit}-{}", at_us.0).parse().unwrap(),
            name: name.parse().unwrap(),
            unit: EventUnit::new(UnitKind::User, &unit).unwrap(),
            value: Some(value),
            properties: Map::new(),
            at_us,
        };
        let events = events.into_iter().map(event).collect();
        self.world.services.ingest.outcomes(&self.actor, self.project, events).await.unwrap();
    }

    pub(crate) async fn fold(&self) {
        while self.world.events.fold().await.unwrap() {}
    }

    pub(crate) async fn result(&self) -> ExperimentResult {
        let query = services::results::ResultQuery::default();
        let result = self.world.services.results.result(&self.actor, self.project, &self.key, &query).await.unwrap();
        assert_eq!(result.partial, None);
        result
    }

    /// Ends the experiment, so that another can have its slot.
    pub(crate) async fn stop(&self) {
        let act = Act::default();
        self.world.services.experiments.stop(&self.actor, self.project, &self.key, &act).await.unwrap();
    }
}

/// Names of units nobody else has.
pub(crate) fn units(prefix: &str, range: std::ops::Range<u64>) -> Vec<String> {
    range.map(|number| format!("{prefix}-{number}")).collect()
}
