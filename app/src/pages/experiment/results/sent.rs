//! What a result is made of, as it goes with the page: plain, because domain types skip fields, which the pages' encoding cannot.
//! Read only by the statistics' own chunk.

use domain::experiment::{
    Aggregation, Cap, Correction, DecisionRule, Difference, Direction, ExperimentMetric, Margin, Method,
    MetricDefinition, MetricKey, MetricRole, MetricSource, OnHarm, Plan,
};
use experiment::{ArmUnits, Block, Corrected, Sheet};
use serde::{Deserialize, Serialize};

/// Everything a table can be made of.
#[derive(Clone, Debug, PartialEq)]
pub struct Material {
    /// All units.
    pub whole: Sheet,
    /// Units of the largest segments.
    pub parts: Vec<(String, Sheet)>,
    /// What is split, in the plural.
    pub units: String,
    /// Whether it is too early to judge: then nothing has a colour.
    pub early: bool,
}

#[derive(Serialize, Deserialize)]
struct Sent {
    plan: SentPlan,
    metrics: Vec<SentMetric>,
    whole: SentUnits,
    parts: Vec<(String, SentUnits)>,
    units: String,
    early: bool,
}

#[derive(Serialize, Deserialize)]
struct SentPlan {
    method: Method,
    alpha: f64,
    power: f64,
    correction: Correction,
    tuning_units: u64,
    difference: Difference,
    minimum_units: u64,
    maximum_units: Option<u64>,
    on_harm: OnHarm,
}

#[derive(Serialize, Deserialize)]
struct SentMetric {
    key: MetricKey,
    name: String,
    source: MetricSource,
    aggregation: Aggregation,
    direction: Direction,
    cap: Option<Cap>,
    window_hours: Option<u32>,
    role: MetricRole,
    margin: Option<Margin>,
}

#[derive(Serialize, Deserialize)]
struct SentUnits {
    arms: Vec<ArmUnits>,
    blocks: Vec<Vec<Block>>,
    uncapped: Vec<Option<Vec<Block>>>,
    corrected: Vec<[Option<Corrected>; 2]>,
    past: Vec<Vec<[f64; 2]>>,
}

/// Writes it.
///
/// # Errors
/// Never for what a server made.
#[cfg(feature = "ssr")]
pub fn write(material: &Material) -> Result<Vec<u8>, postcard::Error> {
    let Material { whole, parts, units, early } = material;
    let plan = &whole.plan;
    let metric = |metric: &ExperimentMetric| {
        let ExperimentMetric { metric, role, margin } = metric.clone();
        let MetricDefinition { key, name, source, aggregation, direction, cap, window_hours } = metric;
        SentMetric { key, name, source, aggregation, direction, cap, window_hours, role, margin }
    };
    let units_of = |sheet: &Sheet| SentUnits {
        arms: sheet.arms.clone(),
        blocks: sheet.blocks.clone(),
        uncapped: sheet.uncapped.clone(),
        corrected: sheet.corrected.clone(),
        past: sheet.past.clone(),
    };
    let sent = Sent {
        plan: SentPlan {
            method: plan.method,
            alpha: plan.alpha,
            power: plan.power,
            correction: plan.correction,
            tuning_units: plan.tuning_units,
            difference: plan.difference,
            minimum_units: plan.rule.minimum_units,
            maximum_units: plan.rule.maximum_units,
            on_harm: plan.rule.on_harm,
        },
        metrics: whole.metrics.iter().map(metric).collect(),
        whole: units_of(whole),
        parts: parts.iter().map(|(segment, sheet)| (segment.clone(), units_of(sheet))).collect(),
        units: units.clone(),
        early: *early,
    };
    postcard::to_allocvec(&sent)
}

/// Reads it; `None` if another build wrote it.
pub fn read(bytes: &[u8]) -> Option<Material> {
    let Sent { plan, metrics, whole, parts, units, early } = postcard::from_bytes(bytes).ok()?;
    let plan = Plan {
        method: plan.method,
        alpha: plan.alpha,
        power: plan.power,
        correction: plan.correction,
        tuning_units: plan.tuning_units,
        difference: plan.difference,
        rule: DecisionRule {
            minimum_units: plan.minimum_units,
            maximum_units: plan.maximum_units,
            on_harm: plan.on_harm,
        },
    };
    let metric = |sent: SentMetric| {
        let SentMetric { key, name, source, aggregation, direction, cap, window_hours, role, margin } = sent;
        let metric = MetricDefinition { key, name, source, aggregation, direction, cap, window_hours };
        ExperimentMetric { metric, role, margin }
    };
    let metrics: Vec<ExperimentMetric> = metrics.into_iter().map(metric).collect();
    let sheet = |units: SentUnits| Sheet {
        plan: plan.clone(),
        metrics: metrics.clone(),
        arms: units.arms,
        blocks: units.blocks,
        uncapped: units.uncapped,
        corrected: units.corrected,
        past: units.past,
        // The verdict is the server's: looking otherwise does not change it.
        checks: Vec::new(),
        least_days: 0.0,
        days: 0.0,
        forecast: None,
    };
    let whole = sheet(whole);
    let parts = parts.into_iter().map(|(segment, units)| (segment, sheet(units))).collect();
    Some(Material { whole, parts, units, early })
}
