use axum::{Json, extract::State};
use domain::{
    ids::{SpanId, TraceId},
    time::TimeUs,
};
use serde::{Deserialize, Serialize};
use services::unlinked::{Missing, UnknownPart, UnknownVersion, Unlinked, UnlinkedReport};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::range;
use crate::{
    extract::{Caller, Query},
    refusal::Refusal,
    state::ApiState,
};

pub(super) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(report))
}

/// When the generations began; the last `24h` when nothing is said.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct UnlinkedQuery {
    /// `24h` and the like; or between `from` and `to`.
    range: Option<String>,
    #[param(value_type = Option<String>)]
    from: Option<TimeUs>,
    #[param(value_type = Option<String>)]
    to: Option<TimeUs>,
}

/// What is not linked in a range.
#[derive(Serialize, ToSchema)]
struct UnlinkedView {
    #[schema(value_type = String, format = DateTime)]
    from: TimeUs,
    #[schema(value_type = String, format = DateTime)]
    to: TimeUs,
    /// All generations.
    generations: u64,
    /// Those that count for no prompt version.
    unlinked: u64,
    /// How many of these, the newest, the reasons speak of.
    looked_at: u64,
    /// Most frequent first.
    reasons: Vec<ReasonView>,
    /// Linked generations of versions the registry does not have; they are counted under the link they carry.
    unknown: Vec<UnknownView>,
    /// Why the counts are not whole.
    partial: Option<String>,
    /// Milliseconds the counts may be behind.
    lag_ms: u64,
}

/// Generations that lack the same.
#[derive(Serialize, ToSchema)]
struct ReasonView {
    /// `no_attributes`, `fallback_suspected`, `no_version`, `no_name` or `unusable`.
    reason: &'static str,
    /// How many of those looked at.
    count: u64,
    /// The attribute that was sent.
    attribute: Option<String>,
    /// Its value; the generations' name where a fallback is suspected.
    value: Option<String>,
    /// What is wrong with it, and what would be right.
    problem: Option<String>,
    /// The attributes that would link them.
    absent: Vec<&'static str>,
    /// The instrumentations that sent them.
    scopes: Vec<String>,
    /// The newest of them, from different traces; at most five.
    examples: Vec<ExampleView>,
}

/// A generation.
#[derive(Serialize, ToSchema)]
struct ExampleView {
    #[schema(value_type = String)]
    trace: TraceId,
    #[schema(value_type = String)]
    span: SpanId,
}

/// Generations of a version the registry does not have.
#[derive(Serialize, ToSchema)]
struct UnknownView {
    /// `unknown_prompt` or `unknown_version`.
    reason: &'static str,
    prompt: String,
    version: u32,
    count: u64,
}

impl From<Unlinked> for ReasonView {
    fn from(of: Unlinked) -> Self {
        let (reason, attribute, value, problem) = match of.missing {
            Missing::NoAttributes => ("no_attributes", None, None, None),
            Missing::FallbackSuspected { name } => ("fallback_suspected", None, Some(name), None),
            Missing::NoVersion { attribute, value } => ("no_version", Some(attribute), Some(value), None),
            Missing::NoName { attribute, value } => ("no_name", Some(attribute), Some(value), None),
            Missing::Unusable { attribute, value, problem } => {
                ("unusable", Some(attribute), Some(value), Some(problem))
            }
        };
        Self {
            reason,
            count: of.count,
            attribute,
            value,
            problem,
            absent: of.absent,
            scopes: of.scopes.into_iter().collect(),
            examples: of.examples.into_iter().map(|(trace, span)| ExampleView { trace, span }).collect(),
        }
    }
}

impl From<UnknownVersion> for UnknownView {
    fn from(of: UnknownVersion) -> Self {
        let reason = match of.unknown {
            UnknownPart::Prompt => "unknown_prompt",
            UnknownPart::Version => "unknown_version",
        };
        Self { reason, prompt: of.link.name, version: of.link.version, count: of.count }
    }
}

impl From<UnlinkedReport> for UnlinkedView {
    fn from(of: UnlinkedReport) -> Self {
        Self {
            from: of.range.from,
            to: of.range.to,
            generations: of.generations,
            unlinked: of.unlinked,
            looked_at: of.looked_at,
            reasons: of.reasons.into_iter().map(ReasonView::from).collect(),
            unknown: of.unknown.into_iter().map(UnknownView::from).collect(),
            partial: of.partial,
            lag_ms: of.lag_ms,
        }
    }
}

/// Generations without a prompt version
///
/// How many count for none and what each of them lacks: which attribute is absent or unusable, or that a fallback is suspected;
/// and those that name a prompt or version the registry does not have.
#[utoipa::path(get, path = "/api/v1/unlinked", tag = "Query", operation_id = "unlinked", params(UnlinkedQuery),
    responses((status = 200, body = UnlinkedView)))]
async fn report(
    State(state): State<ApiState>,
    caller: Caller,
    Query(query): Query<UnlinkedQuery>,
) -> Result<Json<UnlinkedView>, Refusal> {
    let now = state.services.now();
    let range = match range::of_query(query.range.as_deref(), query.from, query.to, now)? {
        Some(range) => range,
        None => range::RangeText::Relative("24h".to_owned()).resolve(now)?,
    };
    let unlinked = &state.services.unlinked;
    Ok(Json(unlinked.report(&caller.actor, caller.project, range).await?.into()))
}
