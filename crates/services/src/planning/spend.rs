//! What the arms' calls are likely to cost.

use std::collections::BTreeMap;

use domain::{
    experiment::ArmKey,
    ids::ProjectId,
    metric::{Dimension, Filter, Quantity},
    time::{TimeRange, TimeUs},
};
use store::event::TotalsQuestion;

use super::{Subject, traffic::Past};
use crate::{Context, ServiceError};

/// Days counted where nobody can say how long it takes.
const UNTOLD_DAYS: f64 = 14.0;

/// What an experiment is likely to cost.
#[derive(Clone, Debug, PartialEq)]
pub struct Spend {
    /// Days it is counted for: until the planned decision, or two weeks where that is unknown.
    pub days: f64,
    /// The arms, the control first.
    pub arms: Vec<ArmSpend>,
    /// What it costs more than without it, nano-dollars; `None` while the cost of an arm's calls is unknown.
    pub extra: Option<f64>,
}

/// What an arm is likely to cost. Amounts in nano-dollars.
#[derive(Clone, Debug, PartialEq)]
pub struct ArmSpend {
    /// The arm.
    pub key: ArmKey,
    /// The version it serves.
    pub version: u32,
    /// Calls expected.
    pub generations: u64,
    /// What a call of this version cost of late; `None` when none with a price was seen.
    pub per_generation: Option<f64>,
    /// Calls that rests on.
    pub seen: u64,
    /// What its calls cost: at its own price, else at the control's.
    pub total: Option<f64>,
    /// What they cost more than the control's would.
    pub extra: Option<f64>,
}

/// Calls with a price and what they cost together, by version.
pub(super) struct Costs(BTreeMap<u32, (u64, i128)>);

impl Costs {
    pub(super) async fn read(
        context: &Context,
        project: ProjectId,
        subject: &Subject,
        from: TimeUs,
    ) -> Result<Self, ServiceError> {
        let question = TotalsQuestion {
            range: TimeRange { from, to: subject.range.to },
            steps: Vec::new(),
            dimensions: vec![Dimension::Version],
            filters: vec![Filter::one(Dimension::Prompt, subject.slot.prompt_name.as_str())],
            spans: true,
            bins: Vec::new(),
            scores: false,
            score_bins: false,
        };
        let place = Quantity::ALL.iter().position(|quantity| *quantity == Quantity::Cost);
        let mut costs = BTreeMap::new();
        for answer in context.events.totals(project, &[question]).await? {
            for group in answer.spans {
                let version = group.key.first().and_then(|text| text.parse::<u32>().ok());
                let cost = place.and_then(|place| group.totals.quantities.get(place));
                if let (Some(version), Some(cost)) = (version, cost) {
                    costs.insert(version, (cost.n, cost.sum));
                }
            }
        }
        Ok(Self(costs))
    }

    /// What a call of a version cost, and how many say so.
    fn of(&self, version: u32) -> (Option<f64>, u64) {
        match self.0.get(&version) {
            Some((seen, sum)) if *seen > 0 => (Some(*sum as f64 / *seen as f64), *seen),
            _ => (None, 0),
        }
    }
}

pub(super) fn of(subject: &Subject, past: &Past, costs: &Costs, days: Option<f64>) -> Spend {
    let days = days.unwrap_or(UNTOLD_DAYS);
    let generations = past.generations_a_day() * past.traffic.share * days;
    let control = subject.design.arms.first().and_then(|arm| costs.of(arm.version).0);
    let arms: Vec<ArmSpend> = subject
        .design
        .arms
        .iter()
        .map(|arm| {
            let expected = generations * f64::from(arm.weight) / 10_000.0;
            let (own, seen) = costs.of(arm.version);
            ArmSpend {
                key: arm.key.clone(),
                version: arm.version,
                generations: expected.round() as u64,
                per_generation: own,
                seen,
                total: own.or(control).map(|cost| cost * expected),
                extra: own.zip(control).map(|(own, control)| (own - control) * expected),
            }
        })
        .collect();
    let extra = arms.iter().map(|arm| arm.extra).sum();
    Spend { days, arms, extra }
}
