//! What experiments say: the table with everything it was worked out from, its course, its health, one unit.

use axum::{
    Json,
    extract::State,
    http::{
        HeaderName,
        header::{CONTENT_DISPOSITION, CONTENT_TYPE},
    },
};
use domain::{
    experiment::{Correction, ExposureDoor, Method, MetricKey},
    time::TimeUs,
};
use experiment::{Check, Comparison, Sheet, Table};
use serde::{Deserialize, Serialize};
use services::results::{Explained, ResultQuery};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    extract::{Caller, Path, Query},
    refusal::Refusal,
    state::ApiState,
};

pub(super) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(results))
        .routes(routes!(results_csv))
        .routes(routes!(timeseries))
        .routes(routes!(health))
        .routes(routes!(explain))
}

/// How to look at the numbers; the plan's way when nothing is said. The verdict is always the plan's.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ResultsQuery {
    /// Counted from 0; the present or last one when absent.
    phase: Option<u32>,
    /// `anytime`, `fixed_horizon` or `bayesian`.
    #[param(value_type = Option<String>)]
    method: Option<Method>,
    /// 0.001 to 0.2.
    alpha: Option<f64>,
    /// `holm`, `bonferroni` or `none`.
    #[param(value_type = Option<String>)]
    correction: Option<Correction>,
    /// Only units of this segment.
    segment: Option<String>,
}

/// Which phase.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct PhaseQuery {
    /// Counted from 0; the present or last one when absent.
    phase: Option<u32>,
}

/// Which unit.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct UnitQuery {
    /// Its id, as the application names it.
    unit: String,
    /// The time whose rule is asked for; now when absent.
    #[param(value_type = Option<String>, format = DateTime)]
    at: Option<TimeUs>,
}

#[derive(Serialize, ToSchema)]
struct ResultsView {
    /// The experiment's key.
    #[schema(value_type = String)]
    experiment: domain::experiment::ExperimentKey,
    phase: u32,
    #[schema(value_type = String, format = DateTime)]
    at: TimeUs,
    /// Every unit exposed, also those left out of the analysis.
    exposed: u64,
    /// Why it is not the whole truth yet.
    partial: Option<String>,
    /// Segments with how many units each has, the largest first.
    segments: Vec<SegmentView>,
    /// Values by arm, comparisons with intervals, verdicts.
    #[schema(value_type = Object)]
    table: Table,
    /// What the table was worked out from: plan, metrics, blocks by arm, checks.
    #[schema(value_type = Object)]
    sheet: Sheet,
}

#[derive(Serialize, ToSchema)]
struct SegmentView {
    segment: String,
    units: u64,
}

#[derive(Serialize, ToSchema)]
struct Timeseries {
    /// One for each day, oldest first; at most the last 120.
    looks: Vec<LookView>,
}

#[derive(Serialize, ToSchema)]
struct LookView {
    /// The day's start, UTC.
    #[schema(value_type = String, format = DateTime)]
    day: TimeUs,
    /// Units in the analysis by the end of it.
    units: u64,
    metrics: Vec<LookMetric>,
}

#[derive(Serialize, ToSchema)]
struct LookMetric {
    #[schema(value_type = String)]
    key: MetricKey,
    /// Each treatment against the control.
    #[schema(value_type = Vec<Object>)]
    comparisons: Vec<Comparison>,
}

#[derive(Serialize, ToSchema)]
struct HealthView {
    /// `sample_ratio`, `self_check` and the like, each `ok`, `warn`, `broken` or `not_applicable`, with a sentence.
    #[schema(value_type = Vec<Object>)]
    checks: Vec<Check>,
    partial: Option<String>,
}

#[derive(Serialize, ToSchema)]
struct UnitView {
    /// Oldest phase first.
    exposures: Vec<ExposureView>,
    /// Sums of the present phase; none until they are folded.
    sums: Vec<SumView>,
    /// Whether the unit is in the analysis.
    counts: bool,
    /// What the rule of the time asked for gives such a unit; none at a time the experiment did not run.
    rule: Option<RuleView>,
}

#[derive(Serialize, ToSchema)]
struct RuleView {
    #[schema(value_type = String, format = DateTime)]
    at: TimeUs,
    phase: u32,
    epoch: u32,
    /// `assigned`, `kept`, `forced`, `held_out`, `excluded`, `outside_coverage` or `missing_unit`.
    #[schema(value_type = String)]
    reason: serde_json::Value,
    /// Its place in the hash, 0 to 9,999.
    bucket: Option<u16>,
    /// None for whoever gets what the control's units get.
    #[schema(value_type = Option<String>)]
    arm: Option<domain::experiment::ArmKey>,
    version: Option<u32>,
    /// The arm it had until that was removed, where units keep theirs.
    #[schema(value_type = Option<String>)]
    lost: Option<domain::experiment::ArmKey>,
    /// Whether it holds only for units that belong to the experiment's audience.
    if_targeted: bool,
}

#[derive(Serialize, ToSchema)]
struct ExposureView {
    phase: u32,
    epoch: u32,
    #[schema(value_type = String)]
    arm: domain::experiment::ArmKey,
    /// The probability of this arm.
    propensity: f64,
    /// Its place in the hash, 0 to 9,999.
    bucket: u16,
    /// `untargeted`, `matched` or `unknown`.
    #[schema(value_type = String)]
    eligibility: domain::experiment::Eligibility,
    /// `resolve`, `ofrep`, `tracking` or `generation`.
    #[schema(value_type = String)]
    door: ExposureDoor,
    #[schema(value_type = String, format = DateTime)]
    first: TimeUs,
    /// Whether the unit saw a second arm, too: then it is left out.
    multiple: bool,
}

#[derive(Serialize, ToSchema)]
struct SumView {
    /// Such as `cost` or `score:thumbs`.
    source: String,
    window_hours: Option<u32>,
    rows: u64,
    /// In the source's own unit.
    sum: f64,
}

/// Get the result of an experiment
#[utoipa::path(get, path = "/api/v1/experiments/{key}/results", tag = "Experiments",
    operation_id = "experiment_results", params(("key" = String, Path, description = "The experiment's key"), ResultsQuery),
    responses((status = 200, body = ResultsView)))]
async fn results(
    State(state): State<ApiState>,
    caller: Caller,
    Path(key): Path<String>,
    Query(query): Query<ResultsQuery>,
) -> Result<Json<ResultsView>, Refusal> {
    let asked = ResultQuery::from(query);
    let result = state.services.results.result(&caller.actor, caller.project, &key, &asked).await?;
    let segment = |(segment, units): (String, u64)| SegmentView { segment, units };
    Ok(Json(ResultsView {
        experiment: result.experiment.key,
        phase: result.phase,
        at: result.at_us,
        exposed: result.exposed,
        partial: result.partial,
        segments: result.segments.into_iter().map(segment).collect(),
        table: result.table,
        sheet: result.sheet,
    }))
}

impl From<ResultsQuery> for ResultQuery {
    fn from(query: ResultsQuery) -> Self {
        Self {
            phase: query.phase,
            method: query.method,
            alpha: query.alpha,
            correction: query.correction,
            segment: query.segment,
            ..Self::default()
        }
    }
}

/// Get the result of an experiment as a table
///
/// Comma-separated values: a line for each metric and treatment, numbers in the metric's own unit.
#[utoipa::path(get, path = "/api/v1/experiments/{key}/results.csv", tag = "Experiments",
    operation_id = "experiment_results_csv", params(("key" = String, Path, description = "The experiment's key"), ResultsQuery),
    responses((status = 200, content_type = "text/csv", body = String)))]
async fn results_csv(
    State(state): State<ApiState>,
    caller: Caller,
    Path(key): Path<String>,
    Query(query): Query<ResultsQuery>,
) -> Result<([(HeaderName, &'static str); 2], String), Refusal> {
    let asked = ResultQuery::from(query);
    let result = state.services.results.result(&caller.actor, caller.project, &key, &asked).await?;
    let csv = result.sheet.csv(&result.table.choices, &result.table.rows);
    let headers =
        [(CONTENT_TYPE, "text/csv; charset=utf-8"), (CONTENT_DISPOSITION, "attachment; filename=\"results.csv\"")];
    Ok((headers, csv))
}

/// Get the result at the end of each day
#[utoipa::path(get, path = "/api/v1/experiments/{key}/timeseries", tag = "Experiments",
    operation_id = "experiment_timeseries", params(("key" = String, Path, description = "The experiment's key"), PhaseQuery),
    responses((status = 200, body = Timeseries)))]
async fn timeseries(
    State(state): State<ApiState>,
    caller: Caller,
    Path(key): Path<String>,
    Query(query): Query<PhaseQuery>,
) -> Result<Json<Timeseries>, Refusal> {
    let looks = state.services.results.looks(&caller.actor, caller.project, &key, query.phase).await?;
    let metric = |(key, comparisons): (MetricKey, Vec<Comparison>)| LookMetric { key, comparisons };
    let looks = looks.into_iter().map(|look| LookView {
        day: look.day,
        units: look.units,
        metrics: look.metrics.into_iter().map(metric).collect(),
    });
    Ok(Json(Timeseries { looks: looks.collect() }))
}

/// Get the health of an experiment
#[utoipa::path(get, path = "/api/v1/experiments/{key}/health", tag = "Experiments",
    operation_id = "experiment_health", params(("key" = String, Path, description = "The experiment's key"), PhaseQuery),
    responses((status = 200, body = HealthView)))]
async fn health(
    State(state): State<ApiState>,
    caller: Caller,
    Path(key): Path<String>,
    Query(query): Query<PhaseQuery>,
) -> Result<Json<HealthView>, Refusal> {
    let asked = ResultQuery { phase: query.phase, ..ResultQuery::default() };
    let result = state.services.results.result(&caller.actor, caller.project, &key, &asked).await?;
    Ok(Json(HealthView { checks: result.sheet.checks, partial: result.partial }))
}

/// Explain one unit
///
/// When it met the experiment, which arm it was given and why, what came of it; what the rule of a time gives such a unit.
#[utoipa::path(get, path = "/api/v1/experiments/{key}/explain", tag = "Experiments",
    operation_id = "explain_unit", params(("key" = String, Path, description = "The experiment's key"), UnitQuery),
    responses((status = 200, body = UnitView)))]
async fn explain(
    State(state): State<ApiState>,
    caller: Caller,
    Path(key): Path<String>,
    Query(query): Query<UnitQuery>,
) -> Result<Json<UnitView>, Refusal> {
    let explained = state.services.results.explain(&caller.actor, caller.project, &key, &query.unit, query.at).await?;
    Ok(Json(UnitView::from(explained)))
}

impl From<Explained> for UnitView {
    fn from(explained: Explained) -> Self {
        let exposures = explained.exposures.into_iter().map(|record| ExposureView {
            phase: record.exposure.phase,
            epoch: record.exposure.epoch,
            arm: record.exposure.arm,
            propensity: record.exposure.propensity,
            bucket: record.exposure.bucket,
            eligibility: record.exposure.eligibility,
            door: record.exposure.door,
            first: record.exposure.first_us,
            multiple: record.multiple,
        });
        let totals = explained.unit.as_ref().map(services::results::totals).unwrap_or_default();
        let sums = explained.measures.iter().zip(totals).filter(|(measure, _)| !measure.bins);
        let sums = sums.map(|(measure, sum)| SumView {
            source: measure.source.to_string(),
            window_hours: measure.window_hours,
            rows: sum.rows,
            sum: sum.sum as f64 * experiment::scale(&measure.source),
        });
        let counts = explained.unit.as_ref().is_some_and(|unit| {
            !unit.exposed.multiple && unit.exposed.exposure.eligibility != domain::experiment::Eligibility::Unknown
        });
        let rule = explained.rule.map(|rule| RuleView {
            at: rule.at_us,
            phase: rule.phase,
            epoch: rule.epoch,
            reason: serde_json::to_value(rule.reason).unwrap_or_default(),
            bucket: rule.bucket,
            version: rule.arm.as_ref().map(|arm| arm.version),
            arm: rule.arm.map(|arm| arm.key),
            lost: rule.lost,
            if_targeted: rule.if_targeted,
        });
        Self { exposures: exposures.collect(), sums: sums.collect(), counts, rule }
    }
}
