//! Whether an experiment can be launched, each obstacle at its field.

use domain::{
    experiment::{Allocation, Design, Experiment, Share, State},
    ids::ProjectId,
    problem::FieldProblem,
    prompt::{Prompt, VersionChoice},
    time::TimeUs,
};
use store::control::ExperimentFilter;

use super::{Experiments, definition};
use crate::ServiceError;

/// How long buckets of an exclusion group rest after their experiment ended: its units carry its effect along.
pub const REST_US: i64 = 14 * 24 * 3_600_000_000;
const PAGE: u16 = 200;

/// What stands against a launch, and what should be known before it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Report {
    /// Each keeps the experiment from being launched.
    pub problems: Vec<FieldProblem>,
    /// Each is allowed, and better known.
    pub warnings: Vec<FieldProblem>,
}

impl Experiments {
    /// Looks at everything a launch depends on.
    pub(super) async fn look_at(
        &self,
        project: ProjectId,
        experiment: &Experiment,
        now: TimeUs,
    ) -> Result<Report, ServiceError> {
        let mut report = Report { problems: experiment.design.problems(), warnings: warnings(&experiment.design) };
        report.problems.extend(engine_problems(project, experiment));
        report.problems.extend(dealt_in_part(experiment));
        if let Some(end) = experiment.design.schedule.end
            && end <= now
        {
            let message = format!("{end} is past; end later, or leave it out");
            report.problems.push(FieldProblem::new("schedule.end", message));
        }
        self.look_at_slot(project, experiment, &mut report.problems).await?;
        self.look_at_neighbours(project, experiment, now, &mut report.problems).await?;
        // The same field may be found at fault here and by the engine: the first to speak is the more specific.
        let mut seen: Vec<String> = Vec::new();
        report.problems.retain(|problem| {
            let first = !seen.contains(&problem.field);
            seen.push(problem.field.clone());
            first
        });
        Ok(report)
    }

    async fn look_at_slot(
        &self,
        project: ProjectId,
        experiment: &Experiment,
        problems: &mut Vec<FieldProblem>,
    ) -> Result<(), ServiceError> {
        let control = &self.context.control;
        let name = &experiment.slot.prompt_name;
        let Some(prompt) = control.prompt(project, name).await?.filter(|found| found.id == experiment.slot.prompt)
        else {
            problems.push(FieldProblem::new("prompt", format!("there is no prompt `{name}` any more")));
            return Ok(());
        };
        for (index, arm) in experiment.design.arms.iter().enumerate() {
            let there = arm.version == 0
                || control.prompt_at(project, name, &VersionChoice::Number(arm.version)).await?.is_some();
            if !there {
                let message = format!("`{name}` has no version `{}`; the newest is {}", arm.version, prompt.latest);
                problems.push(FieldProblem::new(format!("arms[{index}].version"), message));
            }
        }
        problems.extend(control_problem(experiment, &prompt));
        Ok(())
    }

    async fn look_at_neighbours(
        &self,
        project: ProjectId,
        experiment: &Experiment,
        now: TimeUs,
        problems: &mut Vec<FieldProblem>,
    ) -> Result<(), ServiceError> {
        let filter = ExperimentFilter {
            states: State::ALL.into_iter().filter(|state| *state != State::Draft).collect(),
            prompt: None,
        };
        let mut before = None;
        loop {
            let page = self.context.control.experiments(project, &filter, before, PAGE).await?;
            for other in page.iter().filter(|other| other.id != experiment.id) {
                problems.extend(same_slot(experiment, other));
                problems.extend(shared_buckets(experiment, other, now));
            }
            before = page.last().map(|last| last.id);
            if page.len() < usize::from(PAGE) {
                return Ok(());
            }
        }
    }
}

/// Who met a fixed split keeps their arm, and is no longer among those a moving split deals; where only a part of the places was
/// dealt, the arms of the rest would not come by their weights.
fn dealt_in_part(experiment: &Experiment) -> Option<FieldProblem> {
    let last = experiment.phases.last()?;
    let before = experiment.phases.iter().filter(|phase| {
        phase.definition.seed == last.definition.seed && phase.definition.allocation != Allocation::Adaptive
    });
    let part = |share: Share| Share::NONE < share && share < Share::ALL;
    let in_part = before.flat_map(|phase| &phase.epochs).any(|epoch| part(epoch.coverage));
    let message =
        "it ran at a part of the traffic with a fixed split; end it and begin an adaptive one, or stay at `fixed`";
    (experiment.design.allocation == Allocation::Adaptive && in_part).then(|| FieldProblem::new("allocation", message))
}

/// What the assignment engine itself would refuse.
fn engine_problems(project: ProjectId, experiment: &Experiment) -> Vec<FieldProblem> {
    let design = &experiment.design;
    let question = definition::frozen(project, design, definition::first_seed(experiment.id));
    let weights: Vec<u16> = design.arms.iter().map(|arm| arm.weight).collect();
    let stage = assign::Stage::default();
    let made = definition::definition(experiment, &question, design.coverage, &weights, stage);
    match made.map(assign::Experiment::new) {
        Ok(Err(problems)) => definition::refusals(&problems),
        Err(ServiceError::Invalid(problems)) => problems,
        Ok(Ok(_)) | Err(_) => Vec::new(),
    }
}

/// Whoever does not take part gets the label's version; only if that is the control's are they alike.
fn control_problem(experiment: &Experiment, prompt: &Prompt) -> Option<FieldProblem> {
    let slot = &experiment.slot;
    let Some(label) = prompt.labels.iter().find(|label| label.name == slot.label) else {
        return Some(FieldProblem::new("label", format!("`{}` has no label `{}`", slot.prompt_name, slot.label)));
    };
    let control = experiment.design.arms.first()?;
    (control.version != label.version).then(|| {
        let message = format!(
            "`{}` points at version {}; the first arm is the control, which serves what everybody else gets, so give {}",
            slot.label, label.version, label.version,
        );
        FieldProblem::new("arms[0].version", message)
    })
}

fn same_slot(experiment: &Experiment, other: &Experiment) -> Option<FieldProblem> {
    let (ours, theirs) = (&experiment.slot, &other.slot);
    (other.state.owns_slot() && ours.prompt == theirs.prompt && ours.label == theirs.label).then(|| {
        let message = format!(
            "`{}` of `{}` is split by the experiment `{}` already; end that one first, or take another label",
            ours.label, ours.prompt_name, other.key,
        );
        FieldProblem::new("label", message)
    })
}

fn shared_buckets(experiment: &Experiment, other: &Experiment, now: TimeUs) -> Option<FieldProblem> {
    let rests = other.ended_us.is_some_and(|ended| now.0.saturating_sub(ended.0) < REST_US);
    // An experiment that never served anybody left nothing behind.
    if !(other.state.owns_slot() || (rests && other.started_us.is_some())) {
        return None;
    }
    let (ours, theirs) = (experiment.design.exclusion.as_ref()?, other.design.exclusion.as_ref()?);
    let (own, taken) = ours.overlap(theirs)?;
    let index = ours.ranges.iter().position(|range| *range == own)?;
    let why = if other.state.owns_slot() { "which owns it" } else { "which ended less than 14 days ago" };
    let message = format!(
        "`{}..{}` shares buckets with `{}..{}` of the experiment `{}`, {why}; take buckets nobody has in `{}`",
        own.start, own.end, taken.start, taken.end, other.key, ours.group,
    );
    Some(FieldProblem::new(format!("exclusion.ranges[{index}]"), message))
}

/// What is allowed, and better known before a launch.
pub(crate) fn warnings(design: &Design) -> Vec<FieldProblem> {
    let mut found = Vec::new();
    for (index, arm) in design.arms.iter().enumerate() {
        if let Some(other) = design.arms.iter().take(index).find(|other| other.version == arm.version)
            && arm.version != 0
        {
            let message = format!("serves the same version as `{}`: both arms should come out alike", other.key);
            found.push(FieldProblem::new(format!("arms[{index}].version"), message));
        }
    }
    if design.schedule.minimum_hours == 0 {
        let message = "a verdict may come before every weekday was seen; 168 hours are a week";
        found.push(FieldProblem::new("schedule.minimum_hours", message));
    }
    if design.sticky || design.allocation == Allocation::Adaptive {
        let (field, message) = if design.allocation == Allocation::Adaptive {
            (
                "allocation",
                "only resolve and single OFREP evaluations deal arms and note exposures: clients that decide by themselves, the \
                 bundle, and evaluations of all flags at once serve the control to units that did not meet the experiment",
            )
        } else {
            (
                "sticky",
                "only the server can assign: clients that decide by themselves, and the bundle, serve the control",
            )
        };
        found.push(FieldProblem::new(field, message));
    }
    if design.coverage < Share::ALL && design.arms.len() > 1 && design.ramp.is_none() && design.coverage.steps() < 100 {
        let message = format!("only {} of the traffic takes part; this may take long", design.coverage);
        found.push(FieldProblem::new("coverage", message));
    }
    found
}
