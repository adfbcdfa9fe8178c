//! A prompt's past traffic, by unit.

use assign::Condition;
use domain::{
    experiment::{ExperimentMetric, UnitKind},
    ids::{ExperimentId, ProjectId},
    time::{TimeRange, TimeUs},
};
use serde_json::{Map, Value};
use stats::{hash::h3, power::UnitCurve};
use store::event::{Meeting, Meetings, UnitState, Watch};

use super::{DAY_US, Subject};
use crate::{
    Context, ServiceError,
    results::{measures, summed},
};

/// Traces looked at.
pub(super) const TRACES: u32 = 200_000;
/// Units worked out, chosen by a hash of their id: enough for a variance to some percent.
const SAMPLE: usize = 1_000;
/// Likewise, where each unit's attributes have to be opened.
pub(super) const OPENED: usize = 500;
/// Keeps this choice apart from everything else that hashes units.
const SALT: &str = "assay planning sample";
/// Spans of a trace looked through for its attributes.
const SPANS: u32 = 50;
/// Days of traffic from which on the curve of new units is fitted.
pub(super) const FITTED_DAYS: f64 = 3.0;
/// Days nobody can foresee.
const UNFORESEEN_DAYS: f64 = 3_650.0;

/// What a plan rests on.
#[derive(Clone, Debug, PartialEq)]
pub struct Traffic {
    /// The earliest instant it covers: the start of the range asked for, or of the traffic.
    pub from: TimeUs,
    /// The present.
    pub to: TimeUs,
    /// Days between the two.
    pub days: f64,
    /// Traces with a generation on the prompt.
    pub traces: u64,
    /// Those that name no unit of the kind that is split.
    pub without_unit: u64,
    /// Different units in them.
    pub units: u64,
    /// Units the variances rest on.
    pub sampled: u64,
    /// The share of units the audience takes in, by those whose attributes are on their traces.
    pub eligible: f64,
    /// Units looked at that lack an attribute the audience is chosen by.
    pub unknown: u64,
    /// The share of all units that would take part: the audience, less holdout and other experiments' places, by coverage.
    pub share: f64,
    /// Whether there were more traces than are looked at, so that it covers less time than was asked for.
    pub cut: bool,
}

/// Traffic with the units worked out.
pub(super) struct Past {
    pub(super) traffic: Traffic,
    pub(super) watch: Watch,
    /// Units of the sample the audience takes in.
    pub(super) units: summed::Past,
    /// How new units come.
    pub(super) curve: Option<Curve>,
}

/// New units over time, in days.
#[derive(Clone, Copy, Debug)]
pub(super) struct Curve {
    fitted: UnitCurve,
    step_days: f64,
}

impl Curve {
    /// Different units within so many days from now on.
    pub(super) fn units_by(&self, days: f64) -> Option<f64> {
        self.fitted.units_by(days / self.step_days).ok()
    }

    /// Days until a share of the units is so many; none beyond ten years.
    pub(super) fn day_of(&self, units: f64, share: f64) -> Option<f64> {
        let days = self.fitted.day_of(units, share).ok()? * self.step_days;
        (days <= UNFORESEEN_DAYS).then_some(days)
    }

    /// Fits it to first meetings, day by day since the traffic began. Where that was less than three days ago a curve would say
    /// anything: then as many new units are expected each day as came a day, and what came in a part of a day counts as a day's.
    fn fit(firsts: &[Meeting], from: TimeUs, to: TimeUs) -> Option<Self> {
        let days = (to.0 - from.0) as f64 / DAY_US as f64;
        if days < FITTED_DAYS {
            let each = (firsts.len() as f64 / days.max(1.0)).round() as u64;
            let fitted = UnitCurve::fit(&[each, 2 * each, 3 * each]).ok()?;
            return Some(Self { fitted, step_days: 1.0 });
        }
        let steps = days.ceil() as usize;
        let step_us = (to.0 - from.0) / steps as i64;
        if step_us <= 0 {
            return None;
        }
        let mut cumulative = vec![0_u64; steps];
        for first in firsts {
            let step = usize::try_from((first.first_us.0 - from.0) / step_us).unwrap_or(0);
            if let Some(count) = cumulative.get_mut(step.min(steps - 1)) {
                *count += 1;
            }
        }
        let mut sum = 0;
        for count in &mut cumulative {
            sum += *count;
            *count = sum;
        }
        let fitted = UnitCurve::fit(&cumulative).ok()?;
        Some(Self { fitted, step_days: days / steps as f64 })
    }
}

/// How a unit stands to an audience.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Standing {
    Eligible,
    NotTargeted,
    /// It lacks an attribute the audience is chosen by.
    Unknown,
}

/// The first attribute a condition looks at that nobody told.
pub(crate) fn missing(condition: &Condition, attributes: &Map<String, Value>) -> Option<String> {
    let mut missing = None;
    condition.visit_attributes(&mut |path| {
        if assign::Attributes::get(attributes, path).is_none() {
            missing.get_or_insert_with(|| path.to_owned());
        }
    });
    missing
}

fn standing(condition: Option<&Condition>, attributes: &Map<String, Value>) -> Standing {
    let Some(condition) = condition else { return Standing::Eligible };
    if missing(condition, attributes).is_some() {
        Standing::Unknown
    } else if condition.matches(attributes) {
        Standing::Eligible
    } else {
        Standing::NotTargeted
    }
}

/// Some of the units, chosen by their ids alone: the same ones whenever it is asked.
pub(super) fn sample(met: &[Meeting], most: usize) -> Vec<&Meeting> {
    let mut chosen: Vec<(f64, &Meeting)> = met.iter().map(|one| (h3(SALT, &one.unit), one)).collect();
    chosen.sort_by(|one, other| one.0.total_cmp(&other.0).then_with(|| one.1.unit.cmp(&other.1.unit)));
    chosen.into_iter().take(most).map(|(_, meeting)| meeting).collect()
}

/// What a trace tells of its unit: the ids, and metadata of the trace and of its first generation on the prompt, which stands
/// for what a program would send when it asks for a version.
pub(crate) async fn attributes(
    context: &Context,
    project: ProjectId,
    prompt: &str,
    meeting: &Meeting,
) -> Result<Map<String, Value>, ServiceError> {
    let mut told = Map::new();
    let spans = context.events.spans(project, meeting.trace, None, SPANS).await?;
    let of_prompt = |span: &&store::event::SpanRecord| span.link.as_ref().is_some_and(|link| link.link.name == prompt);
    let own = spans.iter().find(of_prompt).map(|span| span.row.span_id);
    let mut ids: Vec<_> = spans.first().map(|span| span.row.span_id).into_iter().chain(own).collect();
    ids.dedup();
    let payloads = context.events.payloads(project, meeting.trace, &ids).await?;
    for (_, payload) in &payloads {
        told.extend(payload.trace_metadata.clone());
    }
    for (_, payload) in payloads.into_iter().filter(|(id, _)| Some(*id) == own) {
        told.extend(payload.metadata);
    }
    let trace = context.events.trace(project, meeting.trace).await?;
    let (user, session) = trace.map(|trace| (trace.user_id, trace.session_id)).unwrap_or_default();
    told.extend(user.map(|id| (UnitKind::User.attribute().to_owned(), Value::String(id))));
    told.extend(session.map(|id| (UnitKind::Session.attribute().to_owned(), Value::String(id))));
    told.insert(UnitKind::Trace.attribute().to_owned(), Value::String(meeting.trace.to_string()));
    Ok(told)
}

/// Units of a prompt's traffic, as an experiment on these metrics would have met them.
pub(crate) struct PastUnits<'a> {
    pub(crate) project: ProjectId,
    pub(crate) prompt: &'a str,
    pub(crate) unit: &'a UnitKind,
    pub(crate) metrics: &'a [ExperimentMetric],
}

impl PastUnits<'_> {
    /// Who met the prompt; of very much traffic the newest.
    pub(crate) async fn meetings(&self, context: &Context, range: TimeRange) -> Result<Meetings, ServiceError> {
        Ok(context.events.meetings(self.project, self.prompt, None, self.unit, range, TRACES).await?)
    }

    /// As many of them as are worked out.
    pub(crate) fn sample(met: &[Meeting]) -> Vec<&Meeting> {
        sample(met, SAMPLE)
    }

    /// What would have become of units by an instant, exposed when they met the prompt first, and how that is summed.
    pub(crate) async fn states(
        &self,
        context: &Context,
        met: &[&Meeting],
        until: TimeUs,
    ) -> Result<(Watch, Vec<UnitState>), ServiceError> {
        let (measures, readings) = measures(self.metrics);
        let watch = Watch {
            experiment: ExperimentId(uuid::Uuid::nil()),
            phase: 0,
            unit: self.unit.clone(),
            prompt: self.prompt.to_owned(),
            until_us: Some(until),
            measures,
            readings,
        };
        let exposed: Vec<(String, TimeUs)> = met.iter().map(|one| (one.unit.clone(), one.first_us)).collect();
        let states = context.events.would_have_become(self.project, &watch, &exposed).await?;
        Ok((watch, states))
    }
}

impl Past {
    pub(super) async fn read(context: &Context, project: ProjectId, subject: &Subject) -> Result<Self, ServiceError> {
        let (design, range) = (&subject.design, subject.range);
        let prompt = subject.slot.prompt_name.as_str();
        let asked = PastUnits { project, prompt, unit: &design.unit, metrics: &design.metrics };
        let Meetings { units: met, traces, without_unit, reached } = asked.meetings(context, range).await?;
        let first = met.iter().map(|one| one.first_us).min();
        let from = reached.or(first).unwrap_or(range.from).max(range.from);
        let condition = subject.engine.definition().condition.as_ref();
        let chosen = sample(&met, if condition.is_some() { OPENED } else { SAMPLE });
        let (mut eligible, mut left_out, mut unknown) = (Vec::new(), 0_u64, 0_u64);
        for one in &chosen {
            let standing = match condition {
                Some(_) => standing(condition, &attributes(context, project, prompt, one).await?),
                None => Standing::Eligible,
            };
            match standing {
                Standing::Eligible => eligible.push(*one),
                Standing::NotTargeted => left_out += 1,
                Standing::Unknown => unknown += 1,
            }
        }
        let known = eligible.len() as u64 + left_out;
        let share_eligible = if known == 0 { 1.0 } else { eligible.len() as f64 / known as f64 };
        if known == 0 {
            // Nobody can be judged: everybody's numbers are nearer to the audience's than none.
            eligible.clone_from(&chosen);
        }
        let (watch, states) = asked.states(context, &eligible, range.to).await?;
        let units = summed::Past::of(&watch, eligible.iter().map(|one| one.unit.as_str()).zip(states));
        let traffic = Traffic {
            from,
            to: range.to,
            days: (range.to.0 - from.0) as f64 / DAY_US as f64,
            traces,
            without_unit,
            units: met.len() as u64,
            sampled: units.units,
            eligible: share_eligible,
            unknown,
            share: share_eligible * admitted(subject),
            cut: reached.is_some(),
        };
        Ok(Self { curve: Curve::fit(&met, from, range.to), traffic, watch, units })
    }

    /// Generations a day on the prompt, of the units in the sample scaled to all.
    pub(super) fn generations_a_day(&self) -> f64 {
        if self.units.units == 0 || self.traffic.days <= 0.0 {
            return 0.0;
        }
        let rows = self.units.generations(&self.watch);
        rows as f64 / self.units.units as f64 * self.traffic.units as f64 / self.traffic.days
    }
}

/// The share of eligible units that take part.
fn admitted(subject: &Subject) -> f64 {
    let design = &subject.design;
    let held = design.holdout.map_or(0.0, |holdout| holdout.share.fraction());
    let places = design.exclusion.as_ref().map_or(1.0, |exclusion| {
        let own: u32 = exclusion.ranges.iter().map(|range| u32::from(range.end.saturating_sub(range.start))).sum();
        f64::from(own) / 10_000.0
    });
    design.coverage.fraction() * (1.0 - held) * places
}
