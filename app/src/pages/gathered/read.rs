//! Between the lists' addresses and `services`. Server only.

use domain::page::PageSize;
use services::traces::{Gather, Gathered};

use super::model::{GatheredLine, GatheredLines, GatheredQuery, Kind};
use crate::{
    context::{self, Visit},
    error::AppError,
};

pub(super) async fn lines(visit: &Visit, kind: Kind, query: &GatheredQuery) -> Result<GatheredLines, AppError> {
    let said = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    let (prefix, cursor) = (said(&query.q), said(&query.cursor));
    let found = visit
        .services
        .traces
        .gathered(&visit.actor, visit.project.id, by(kind), prefix.as_deref(), cursor.as_deref(), PageSize::default())
        .await
        .map_err(context::refusal)?;
    Ok(GatheredLines {
        lines: found.page.items.into_iter().map(line).collect(),
        next: found.page.next,
        looked_back_to_us: found.looked_back_to.map(|at| at.to_us().0),
        now_us: visit.now.0,
    })
}

/// What the store calls it.
pub fn by(kind: Kind) -> Gather {
    match kind {
        Kind::Session => Gather::Session,
        Kind::User => Gather::User,
    }
}

/// A session or user as a line.
pub fn line(gathered: Gathered) -> GatheredLine {
    let totals = gathered.totals;
    GatheredLine {
        id: gathered.id,
        first_us: gathered.first_ns.to_us().0,
        last_us: gathered.newest.start_ns.to_us().0,
        last_name: gathered.newest.name,
        last_trace: gathered.newest.trace_id.to_string(),
        user: gathered.newest.user_id,
        environment: gathered.newest.environment,
        traces: totals.traces,
        failed: totals.failed,
        generations: totals.generations,
        tokens: (totals.input_tokens, totals.output_tokens),
        cost: totals.cost.map(|cost| cost.0),
        more: totals.more,
    }
}
