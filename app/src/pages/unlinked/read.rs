//! Between the report of `services` and the page. Server only.

use services::{
    ServiceError,
    unlinked::{Missing, UnknownPart, UnknownVersion, Unlinked},
};

use super::model::{DEFAULT_RANGE, Lack, ReasonLine, UnknownLine, UnlinkedPage, UnlinkedQuery};
use crate::{
    context::{self, Visit},
    error::AppError,
    range,
};

pub(super) async fn page(visit: &Visit, query: UnlinkedQuery) -> Result<UnlinkedPage, AppError> {
    let choice = range::choose(query.range.as_deref(), query.from.as_deref(), query.to.as_deref(), DEFAULT_RANGE)
        .map_err(|error| context::refusal(ServiceError::of("range")(error)))?;
    let (services, actor, project) = (&visit.services, &visit.actor, visit.project.id);
    let report = services.unlinked.report(actor, project, choice.resolve(visit.now)).await.map_err(context::refusal)?;
    let any = report.generations > 0
        || services.traces.activity(actor, project).await.map_err(context::refusal)?.last_span_us.is_some();
    Ok(UnlinkedPage {
        range: choice.into(),
        now_us: visit.now.0,
        generations: report.generations,
        unlinked: report.unlinked,
        looked_at: report.looked_at,
        reasons: report.reasons.into_iter().map(reason).collect(),
        unknown: report.unknown.into_iter().map(unknown).collect(),
        partial: report.partial,
        any,
    })
}

fn reason(of: Unlinked) -> ReasonLine {
    ReasonLine {
        lack: match of.missing {
            Missing::NoAttributes => Lack::Everything,
            Missing::FallbackSuspected { name } => Lack::Fallback { name },
            Missing::NoVersion { attribute, value } => Lack::Version { attribute, prompt: value },
            Missing::NoName { attribute, value } => Lack::Name { attribute, version: value },
            Missing::Unusable { attribute, value, problem } => Lack::Use { attribute, value, problem },
        },
        absent: of.absent.into_iter().map(str::to_owned).collect(),
        count: of.count,
        scopes: of.scopes.into_iter().collect(),
        examples: of.examples.into_iter().map(|(trace, span)| (trace.to_string(), span.to_string())).collect(),
    }
}

fn unknown(of: UnknownVersion) -> UnknownLine {
    UnknownLine {
        prompt: of.link.name,
        version: of.link.version,
        prompt_known: of.unknown == UnknownPart::Version,
        count: of.count,
    }
}
