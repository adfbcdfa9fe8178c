//! Before an experiment: how long it would take, what it would cost, whom it would reach.

use axum::{Json, extract::State};
use domain::{
    experiment::{ArmKey, Design, MetricKey, MetricRole},
    ids::TraceId,
    problem::FieldProblem,
    time::TimeUs,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use services::planning::{
    ArmSpend, Baseline, Days, Detectable, DryRun, Example, LeftOut, MetricPlan, Plan, PlanQuery, Sample, Traffic, Why,
};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::experiments::in_request;
use crate::{
    extract::{Body, Caller},
    refusal::Refusal,
    state::ApiState,
};

pub(super) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(plan)).routes(routes!(dry_run))
}

/// What is to be planned. An experiment by its key, or a prompt with a design; of an experiment all but the key may be given to
/// see it otherwise.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PlanQuestion {
    /// The key of an experiment.
    experiment: Option<String>,
    /// The prompt's name.
    prompt: Option<String>,
    /// The label; `production` unless said.
    label: Option<String>,
    /// As an experiment's design. Arms, coverage, holdout, exclusion, unit, metrics and plan have to be right; versions may be
    /// missing.
    #[schema(value_type = Option<Object>)]
    design: Option<Design>,
    /// How far to look back, 1 to 28; a plan looks at 14 days, a dry run at one.
    days: Option<u32>,
}

impl From<PlanQuestion> for PlanQuery {
    fn from(asked: PlanQuestion) -> Self {
        let PlanQuestion { experiment, prompt, label, design, days } = asked;
        Self { experiment, prompt, label, design, days }
    }
}

#[derive(Serialize, ToSchema)]
struct PlanView {
    traffic: TrafficView,
    /// Goals and guardrails, in the order of the design.
    metrics: Vec<MetricView>,
    /// Days until the slowest goal is decided; none when that cannot be told.
    days: Option<DaysView>,
    /// No verdict before that many days, for the least duration and the least units.
    least_days: f64,
    /// Units an arm to tune the sequence to, the `tuning_units` of the plan.
    tuning_units: Option<u64>,
    spend: SpendView,
    /// What is better known before, each at its field.
    #[schema(value_type = Vec<Object>)]
    warnings: Vec<FieldProblem>,
}

/// What a plan rests on.
#[derive(Serialize, ToSchema)]
struct TrafficView {
    /// The earliest instant it covers.
    #[schema(value_type = String, format = DateTime)]
    from: TimeUs,
    #[schema(value_type = String, format = DateTime)]
    to: TimeUs,
    /// Days between the two.
    days: f64,
    /// Traces with a generation on the prompt.
    traces: u64,
    /// Those that name no unit.
    without_unit: u64,
    /// Different units.
    units: u64,
    /// Units the variances rest on.
    sampled: u64,
    /// The share of units the audience takes in.
    eligible: f64,
    /// Units looked at that lack an attribute the audience is chosen by.
    unknown: u64,
    /// The share of all units that would take part.
    share: f64,
    /// Whether there were more traces than are looked at.
    cut: bool,
}

#[derive(Serialize, ToSchema)]
struct MetricView {
    #[schema(value_type = String)]
    key: MetricKey,
    name: String,
    /// `goal` or `guardrail`.
    #[schema(value_type = String)]
    role: MetricRole,
    baseline: Option<BaselineView>,
    /// The difference planned for, in the metric's own unit.
    difference: Option<f64>,
    sample: Option<SampleView>,
    days: Option<DaysView>,
    /// What can be found after 7, 14 and 28 days; goals only.
    detectable: Vec<DetectableView>,
    /// Why something is missing above.
    why: Option<String>,
}

/// The metric of late, by unit. Times in nanoseconds, cost in nano-dollars.
#[derive(Serialize, ToSchema)]
struct BaselineView {
    value: f64,
    standard_error: f64,
    /// The variance of the value times the units.
    unit_variance: f64,
    units: u64,
    rows: u64,
}

/// Units of all arms together.
#[derive(Serialize, ToSchema)]
struct SampleView {
    /// For one look at the end.
    fixed: u64,
    /// By which half of all experiments that are watched all along are decided, if the difference is the one planned for.
    typical: Option<u64>,
    /// Likewise, as many as the power says.
    planned: Option<u64>,
    /// Likewise, nine of ten.
    unlucky: Option<u64>,
}

/// The same in days.
#[derive(Serialize, ToSchema)]
struct DaysView {
    fixed: f64,
    typical: f64,
    planned: f64,
    unlucky: Option<f64>,
}

/// The smallest difference found with the planned power, in the metric's own unit.
#[derive(Serialize, ToSchema)]
struct DetectableView {
    days: u32,
    /// Units that take part by then.
    units: u64,
    /// By one look then.
    fixed: f64,
    /// By looking all along.
    sequential: f64,
    /// The latter as a share of the baseline.
    relative: Option<f64>,
}

/// What it is likely to cost, nano-dollars.
#[derive(Serialize, ToSchema)]
struct SpendView {
    /// Days it is counted for.
    days: f64,
    arms: Vec<ArmSpendView>,
    /// What it costs more than without it; none while the cost of an arm's calls is unknown.
    extra: Option<f64>,
}

#[derive(Serialize, ToSchema)]
struct ArmSpendView {
    #[schema(value_type = String)]
    key: ArmKey,
    version: u32,
    /// Calls expected.
    generations: u64,
    /// What a call of this version cost of late.
    per_generation: Option<f64>,
    /// Calls with a price that rests on.
    seen: u64,
    /// At its own price, else at the control's.
    total: Option<f64>,
    /// More than the control's calls would cost.
    extra: Option<f64>,
}

#[derive(Serialize, ToSchema)]
struct DryRunView {
    /// The earliest instant it covers.
    #[schema(value_type = String, format = DateTime)]
    from: TimeUs,
    #[schema(value_type = String, format = DateTime)]
    to: TimeUs,
    /// Units that used the prompt.
    units: u64,
    /// Those looked at: all, or some chosen by their ids where the audience has rules.
    looked_at: u64,
    /// Traces that name no unit.
    without_unit: u64,
    arms: Vec<ArmCountView>,
    /// Units that would not take part, by what keeps them out, most first.
    left_out: Vec<LeftOutView>,
    /// Some units of each outcome.
    examples: Vec<PlacedUnitView>,
    /// Whether the arms split as planned: `status` (`ok`, `warn`, `broken`) and a `sentence`; none when nobody takes part.
    #[schema(value_type = Option<Object>)]
    split: Option<experiment::Check>,
    /// Whether it is the hash the experiment will have; before it is saved only shares can be told.
    settled: bool,
}

#[derive(Serialize, ToSchema)]
struct ArmCountView {
    #[schema(value_type = String)]
    key: ArmKey,
    version: u32,
    units: u64,
    /// The share it should have of those who take part.
    share: f64,
}

#[derive(Serialize, ToSchema)]
struct LeftOutView {
    #[serde(flatten)]
    why: WhyView,
    units: u64,
}

/// What keeps a unit out.
#[derive(Serialize, ToSchema)]
struct WhyView {
    /// `forced`, `held_out`, `excluded`, `outside_coverage`, `not_targeted`, or `unknown` when the trace lacks an attribute the
    /// audience is chosen by.
    #[schema(value_type = String)]
    reason: Value,
    /// Which part of the audience does not hold, such as `targeting.and[1]`.
    #[serde(skip_serializing_if = "Option::is_none")]
    condition: Option<String>,
    /// That part.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    rule: Option<Value>,
    /// The attribute that is missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    attribute: Option<String>,
}

#[derive(Serialize, ToSchema)]
struct PlacedUnitView {
    unit: String,
    /// The first of its traces.
    #[schema(value_type = String)]
    trace: TraceId,
    /// The arm it would get.
    #[schema(value_type = Option<String>)]
    arm: Option<ArmKey>,
    /// Why it has none.
    left_out: Option<WhyView>,
}

/// Plan an experiment
///
/// From this prompt's own traffic: what each goal was of late, how many units and days telling a difference takes, what could be
/// found after some days, what it costs. Nothing is saved.
#[utoipa::path(post, path = "/api/v1/plan", tag = "Experiments", operation_id = "plan_experiment", request_body = PlanQuestion,
    responses((status = 200, body = PlanView)))]
async fn plan(
    State(state): State<ApiState>,
    caller: Caller,
    Body(asked): Body<PlanQuestion>,
) -> Result<Json<PlanView>, Refusal> {
    let plan = state.services.planning.plan(&caller.actor, caller.project, asked.into()).await;
    Ok(Json(plan.map_err(in_request)?.into()))
}

/// Try an experiment on past units
///
/// Which units of the last day would have got which arm, and what would have kept the others out. Nobody is exposed, nothing is
/// saved.
#[utoipa::path(post, path = "/api/v1/dry-run", tag = "Experiments", operation_id = "dry_run_experiment",
    request_body = PlanQuestion, responses((status = 200, body = DryRunView)))]
async fn dry_run(
    State(state): State<ApiState>,
    caller: Caller,
    Body(asked): Body<PlanQuestion>,
) -> Result<Json<DryRunView>, Refusal> {
    let run = state.services.planning.dry_run(&caller.actor, caller.project, asked.into()).await;
    Ok(Json(run.map_err(in_request)?.into()))
}

impl From<Plan> for PlanView {
    fn from(plan: Plan) -> Self {
        Self {
            traffic: plan.traffic.into(),
            metrics: plan.metrics.into_iter().map(MetricView::from).collect(),
            days: plan.days.map(DaysView::from),
            least_days: plan.least_days,
            tuning_units: plan.tuning_units,
            spend: SpendView {
                days: plan.spend.days,
                arms: plan.spend.arms.into_iter().map(ArmSpendView::from).collect(),
                extra: plan.spend.extra,
            },
            warnings: plan.warnings,
        }
    }
}

impl From<Traffic> for TrafficView {
    fn from(traffic: Traffic) -> Self {
        let Traffic { from, to, days, traces, without_unit, units, sampled, eligible, unknown, share, cut } = traffic;
        Self { from, to, days, traces, without_unit, units, sampled, eligible, unknown, share, cut }
    }
}

impl From<MetricPlan> for MetricView {
    fn from(plan: MetricPlan) -> Self {
        Self {
            key: plan.key,
            name: plan.name,
            role: plan.role,
            baseline: plan.baseline.map(BaselineView::from),
            difference: plan.difference,
            sample: plan.sample.map(SampleView::from),
            days: plan.days.map(DaysView::from),
            detectable: plan.detectable.into_iter().map(DetectableView::from).collect(),
            why: plan.why,
        }
    }
}

impl From<Baseline> for BaselineView {
    fn from(baseline: Baseline) -> Self {
        let Baseline { value, standard_error, unit_variance, units, rows } = baseline;
        Self { value, standard_error, unit_variance, units, rows }
    }
}

impl From<Sample> for SampleView {
    fn from(sample: Sample) -> Self {
        let Sample { fixed, typical, planned, unlucky } = sample;
        Self { fixed, typical, planned, unlucky }
    }
}

impl From<Days> for DaysView {
    fn from(days: Days) -> Self {
        let Days { fixed, typical, planned, unlucky } = days;
        Self { fixed, typical, planned, unlucky }
    }
}

impl From<Detectable> for DetectableView {
    fn from(found: Detectable) -> Self {
        let Detectable { days, units, fixed, sequential, relative } = found;
        Self { days, units, fixed, sequential, relative }
    }
}

impl From<ArmSpend> for ArmSpendView {
    fn from(spend: ArmSpend) -> Self {
        let ArmSpend { key, version, generations, per_generation, seen, total, extra } = spend;
        Self { key, version, generations, per_generation, seen, total, extra }
    }
}

impl From<DryRun> for DryRunView {
    fn from(run: DryRun) -> Self {
        let arm = |arm: services::planning::ArmCount| ArmCountView {
            key: arm.key,
            version: arm.version,
            units: arm.units,
            share: arm.share,
        };
        Self {
            from: run.from,
            to: run.to,
            units: run.units,
            looked_at: run.looked_at,
            without_unit: run.without_unit,
            arms: run.arms.into_iter().map(arm).collect(),
            left_out: run.left_out.into_iter().map(LeftOutView::from).collect(),
            examples: run.examples.into_iter().map(PlacedUnitView::from).collect(),
            split: run.split,
            settled: run.settled,
        }
    }
}

impl From<LeftOut> for LeftOutView {
    fn from(left: LeftOut) -> Self {
        Self { why: left.why.into(), units: left.units }
    }
}

impl From<Why> for WhyView {
    fn from(why: Why) -> Self {
        let of = |reason: &str| Self { reason: Value::from(reason), condition: None, rule: None, attribute: None };
        match why {
            Why::Reason(reason) => Self { reason: serde_json::to_value(reason).unwrap_or_default(), ..of("") },
            Why::Condition(path, rule) => {
                Self { condition: Some(path), rule: serde_json::from_str(&rule).ok(), ..of("not_targeted") }
            }
            Why::Attribute(attribute) => Self { attribute: Some(attribute), ..of("unknown") },
        }
    }
}

impl From<Example> for PlacedUnitView {
    fn from(example: Example) -> Self {
        let Example { unit, trace, outcome } = example;
        let (arm, left_out) = match outcome {
            Ok(arm) => (Some(arm), None),
            Err(why) => (None, Some(why.into())),
        };
        Self { unit, trace, arm, left_out }
    }
}
