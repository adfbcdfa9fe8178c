//! The numbers of a moment: what the harm rule judges, and what is kept with a decision.

use domain::{
    experiment::{Experiment, Method, Phase},
    ids::ProjectId,
    time::TimeUs,
};
use experiment::{ArmUnits, Check, Choices, MetricRow, Sheet, Table, TreatmentVerdict};
use serde::Serialize;

use super::{
    checks,
    gather::{Gathered, Wanted},
    internal, moved, past, sheet, watch, watch_of,
};
use crate::{Context, ServiceError};

/// How evidence is written; goes up when what it says can no longer be read as before.
pub(super) const FORMAT: u8 = 1;

/// The present phase of an experiment as the plan looks at it.
pub(crate) struct Moment {
    pub(crate) sheet: Sheet,
    /// By the plan's choices.
    pub(crate) table: Table,
    /// Units in the analysis that came in the present epoch.
    pub(crate) newest: u64,
    phase: u32,
    exposed: u64,
    partial: Option<String>,
}

/// What is kept with a decision: what was told then, not what it was worked out from.
#[derive(Serialize)]
struct Evidence<'m> {
    format: u8,
    at: TimeUs,
    phase: u32,
    days: f64,
    exposed: u64,
    partial: Option<&'m str>,
    arms: &'m [ArmUnits],
    checks: &'m [Check],
    rows: &'m [MetricRow],
    verdicts: &'m [TreatmentVerdict],
}

impl Moment {
    /// Works the present phase out; nothing before the start. `own_data` is what the self-check said last.
    pub(crate) async fn of(
        context: &Context,
        project: ProjectId,
        experiment: &Experiment,
        own_data: Option<Check>,
        now: TimeUs,
    ) -> Result<Option<Self>, ServiceError> {
        Self::since(context, project, experiment, own_data, now, 0).await
    }

    /// The same of those who came from an epoch on. What earlier looks found is of everybody, so of less than that nothing is known
    /// from before.
    pub(crate) async fn since(
        context: &Context,
        project: ProjectId,
        experiment: &Experiment,
        own_data: Option<Check>,
        now: TimeUs,
        first_epoch: u32,
    ) -> Result<Option<Self>, ServiceError> {
        let Some(phase) = experiment.phase() else { return Ok(None) };
        // What was added up for another watch, such as an older version's, would read as nothing.
        watch(context, project, experiment).await?;
        let watch = watch_of(experiment, phase);
        let mut gathered = Gathered::read(context, project, experiment, phase, &watch, Wanted::Whole).await?;
        if first_epoch > 0 {
            gathered.only_since(context, project, experiment, phase, &watch, first_epoch).await?;
        }
        let (experiment, phase): (Experiment, Phase) = (experiment.clone(), phase.clone());
        let work = move || {
            let at_us = phase.to_us.unwrap_or(now);
            let mut sheet = sheet(&experiment, &phase, &watch, &gathered.whole, at_us);
            moved::correct(&mut sheet, &experiment, &phase, &watch, &gathered, i64::MAX);
            sheet.checks = checks::all(&experiment, &phase, &watch, &gathered)?;
            sheet.checks.extend(own_data);
            if first_epoch == 0 {
                past::remember(&mut sheet, &experiment, &phase, &watch, &gathered, at_us)?;
            }
            let table = sheet.table(&Choices::of(&sheet.plan)).map_err(internal)?;
            let (exposed, partial) = (gathered.exposed, gathered.partial());
            let newest = phase.epoch().map_or(0, |epoch| gathered.units_of_epoch(epoch.number));
            Ok::<_, ServiceError>(Self { sheet, table, newest, phase: phase.number, exposed, partial })
        };
        let done = tokio::task::spawn_blocking(work).await;
        done.map_err(|cause| ServiceError::Internal(Box::new(cause)))?.map(Some)
    }

    /// The rows as the sequence sees them, which may be judged at any time.
    pub(crate) fn anytime_rows(&self) -> Result<Vec<MetricRow>, ServiceError> {
        let choices = Choices { method: Method::Anytime, ..Choices::of(&self.sheet.plan) };
        Ok(self.sheet.table(&choices).map_err(internal)?.rows)
    }

    /// For the record.
    pub(crate) fn evidence(&self, at: TimeUs) -> Result<serde_json::Value, ServiceError> {
        let evidence = Evidence {
            format: FORMAT,
            at,
            phase: self.phase,
            days: self.sheet.days,
            exposed: self.exposed,
            partial: self.partial.as_deref(),
            arms: &self.sheet.arms,
            checks: &self.sheet.checks,
            rows: &self.table.rows,
            verdicts: &self.table.verdicts,
        };
        serde_json::to_value(evidence).map_err(|cause| ServiceError::Internal(Box::new(cause)))
    }
}
