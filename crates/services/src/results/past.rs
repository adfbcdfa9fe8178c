//! What the looks so far add up to. `STATS.md` §2.3: the anytime p-value is the smallest of all looks, the interval shown the present
//! one; looks whose intervals have nothing in common contradict each other. A look is the end of a day, by the time of events:
//! what comes late counts for the day it happened on, so the order of arrival changes nothing.

use domain::{
    experiment::{Experiment, Method, MetricRole, Phase},
    time::TimeUs,
};
use experiment::{Check, CheckKind, CheckStatus, Choices, Sheet};
use stats::{Interval, anytime::History, guard::Status};
use store::event::Watch;

use super::{DAY_US, MOST_LOOKS, ServiceError, gather::Gathered, internal, moved, sheet};

/// Puts what earlier looks at the goals found into a sheet of everybody, and a check when they contradict each other.
pub(super) fn remember(
    sheet_now: &mut Sheet,
    experiment: &Experiment,
    phase: &Phase,
    watch: &Watch,
    gathered: &Gathered,
    at_us: TimeUs,
) -> Result<(), ServiceError> {
    if moved::is_adaptive(phase) {
        // What units of a batch had come to by an earlier day is not kept. The present p-value holds by itself.
        return Ok(());
    }
    let planned = Choices { method: Method::Anytime, ..Choices::of(&sheet_now.plan) };
    let mut goals_only = experiment.clone();
    goals_only.design.metrics.retain(|metric| metric.role == MetricRole::Goal);
    let last = at_us.0.div_euclid(DAY_US);
    let first = phase.from_us.0.div_euclid(DAY_US).max(last - MOST_LOOKS + 1);
    let treatments = sheet_now.arms.len().saturating_sub(1);
    let mut histories = vec![vec![History::new(); treatments]; goals_only.design.metrics.len()];
    let mut then = gathered.until(first - 1);
    for day in first..=last {
        gathered.pass(&mut then, day);
        let end = TimeUs((day + 1) * DAY_US).min(at_us);
        let rows = sheet(&goals_only, phase, watch, &then, end).rows(&planned).map_err(internal)?;
        for (row, histories) in rows.iter().zip(&mut histories) {
            for (comparison, history) in row.comparisons.iter().zip(histories) {
                if let (Some(p), Some([low, high])) = (comparison.p, comparison.interval) {
                    history.look(p, Interval::new(low, high).map_err(internal)?).map_err(internal)?;
                }
            }
        }
    }
    let contradicting = histories.iter().flatten().map(History::finding).find(|own| own.status != Status::Ok);
    // Something to look into, not a reason to throw the numbers away: an effect may well change with time.
    sheet_now.checks.extend(
        contradicting
            .map(|finding| Check { status: CheckStatus::Warn, ..Check::of(CheckKind::EarlyAgainstLate, finding) }),
    );
    let mut histories = histories.into_iter();
    let sides = |history: History| [history.p_value_towards(1.0), history.p_value_towards(-1.0)];
    sheet_now.past = sheet_now
        .metrics
        .iter()
        .map(|metric| match metric.role {
            MetricRole::Goal => histories.next().unwrap_or_default().into_iter().map(sides).collect(),
            MetricRole::Guardrail | MetricRole::Secondary => Vec::new(),
        })
        .collect();
    Ok(())
}
