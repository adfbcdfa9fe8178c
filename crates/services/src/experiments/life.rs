//! What is done to an experiment, from launch to archive.

use domain::{
    auth::{Actor, Permission},
    experiment::{Action, ActivityKind, ArmKey, Decision, DecisionKind, Experiment, RampProgress, State},
    ids::ProjectId,
    time::TimeUs,
};

use super::{Experiments, save::Told, stage};
use crate::{ServiceError, access::author, context::authorize, prompts::parse_note, results::Moment};

/// How long an ending can be taken back. Pages offer it for 10 s, as for label moves; programs and slow networks have longer.
pub const REOPEN_US: i64 = 60_000_000;

/// What comes with every action.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Act {
    /// The revision it was decided on; whatever it is if absent.
    pub revision: Option<u32>,
    /// Why, for the log.
    pub note: Option<String>,
}

/// An action that is possible, with what it needs.
struct Step {
    experiment: Experiment,
    /// The state before.
    before: State,
    note: String,
    now: TimeUs,
}

impl Experiments {
    /// Authorises, loads, and says no where the action means nothing.
    async fn step(
        &self,
        actor: &Actor,
        project: ProjectId,
        key: &str,
        action: Action,
        act: &Act,
    ) -> Result<Step, ServiceError> {
        authorize(actor, project, Permission::WriteExperiments)?;
        let note = parse_note("note", act.note.as_deref()).map_err(|problem| ServiceError::Invalid(vec![problem]))?;
        let mut experiment = self.load(project, key).await?;
        self.unless_changed(project, &experiment, act.revision).await?;
        let before = experiment.state;
        let after = before.after(action).map_err(|invalid| {
            let sentence = invalid.to_string();
            ServiceError::Conflict(format!("{}.", capital(&sentence)))
        })?;
        experiment.state = after;
        Ok(Step { experiment, before, note: note.unwrap_or_default(), now: self.context.clock.now() })
    }

    /// Launches a draft: it owns its slot from now on, and splits at once or from its scheduled start.
    ///
    /// # Errors
    /// [`ServiceError::Invalid`] with everything that stands against it; [`ServiceError::Conflict`] when it is no draft.
    pub async fn launch(
        &self,
        actor: &Actor,
        project: ProjectId,
        key: &str,
        act: &Act,
    ) -> Result<Experiment, ServiceError> {
        let Step { mut experiment, note, now, .. } = self.step(actor, project, key, Action::Launch, act).await?;
        let report = self.look_at(project, &experiment, now).await?;
        if !report.problems.is_empty() {
            return Err(ServiceError::Invalid(report.problems));
        }
        experiment.launched_us = Some(now);
        if experiment.design.schedule.start.is_some_and(|start| now < start) {
            experiment.state = State::Scheduled;
        } else {
            begin(&mut experiment, project, now, "launched")?;
        }
        self.save(actor, project, experiment, now, Told::new(ActivityKind::Launched, note)).await
    }

    /// Begins to split a scheduled experiment, before its time if a person asks.
    ///
    /// # Errors
    /// [`ServiceError::Conflict`] when it is not scheduled; [`ServiceError::Invalid`] with what stands against it by now.
    pub async fn start(
        &self,
        actor: &Actor,
        project: ProjectId,
        key: &str,
        act: &Act,
    ) -> Result<Experiment, ServiceError> {
        let Step { mut experiment, note, now, .. } = self.step(actor, project, key, Action::Start, act).await?;
        let report = self.look_at(project, &experiment, now).await?;
        if !report.problems.is_empty() {
            return Err(ServiceError::Invalid(report.problems));
        }
        begin(&mut experiment, project, now, "started")?;
        self.save(actor, project, experiment, now, Told::new(ActivityKind::Started, note)).await
    }

    /// Gives everybody the control until it is resumed.
    ///
    /// # Errors
    /// [`ServiceError::Conflict`] when it does not run.
    pub async fn pause(
        &self,
        actor: &Actor,
        project: ProjectId,
        key: &str,
        act: &Act,
    ) -> Result<Experiment, ServiceError> {
        let Step { mut experiment, note, now, .. } = self.step(actor, project, key, Action::Pause, act).await?;
        stage::bring_up(&mut experiment, project, now, why(&note, "paused"), false)?;
        self.save(actor, project, experiment, now, Told::new(ActivityKind::Paused, note)).await
    }

    /// Splits again. A ramp holds its step from now on.
    ///
    /// # Errors
    /// [`ServiceError::Conflict`] when it is not paused.
    pub async fn resume(
        &self,
        actor: &Actor,
        project: ProjectId,
        key: &str,
        act: &Act,
    ) -> Result<Experiment, ServiceError> {
        let Step { mut experiment, note, now, .. } = self.step(actor, project, key, Action::Resume, act).await?;
        experiment.ramp = experiment.ramp.map(|ramp| RampProgress { since_us: now, ..ramp });
        stage::bring_up(&mut experiment, project, now, why(&note, "resumed"), false)?;
        self.save(actor, project, experiment, now, Told::new(ActivityKind::Resumed, note)).await
    }

    /// Climbs the next step of the ramp, whatever it waits for.
    ///
    /// # Errors
    /// [`ServiceError::Conflict`] when it does not run, has no ramp, or has climbed it.
    pub async fn advance(
        &self,
        actor: &Actor,
        project: ProjectId,
        key: &str,
        act: &Act,
    ) -> Result<Experiment, ServiceError> {
        let Step { mut experiment, note, now, .. } = self.step(actor, project, key, Action::Advance, act).await?;
        let steps = experiment.design.ramp.as_ref().map_or(0, |ramp| ramp.steps.len());
        let Some(ramp) = experiment.ramp.filter(|ramp| usize::try_from(ramp.step).is_ok_and(|step| step < steps))
        else {
            return Err(ServiceError::Conflict(format!(
                "The experiment `{key}` has no step left to climb: it takes {} of the traffic.",
                experiment.design.coverage,
            )));
        };
        let ramp = RampProgress { step: ramp.step.saturating_add(1), since_us: now };
        experiment.ramp = Some(ramp);
        let reached = format!("step {} of {} of the ramp", ramp.step.saturating_add(1), steps.saturating_add(1));
        stage::bring_up(&mut experiment, project, now, why(&note, &reached), false)?;
        self.save(actor, project, experiment, now, Told::new(ActivityKind::Advanced, note)).await
    }

    /// Moves the label to an arm's version and ends, in one step.
    ///
    /// # Errors
    /// [`ServiceError::Invalid`] (`arm`); [`ServiceError::Conflict`] when it neither runs nor is paused;
    /// [`ServiceError::Protected`] for a label only owners move.
    pub async fn ship(
        &self,
        actor: &Actor,
        project: ProjectId,
        key: &str,
        arm: &str,
        act: &Act,
    ) -> Result<Experiment, ServiceError> {
        let mut step = self.step(actor, project, key, Action::Ship, act).await?;
        let known: Option<ArmKey> = arm.parse().ok();
        let Some(arm) = known.and_then(|key| step.experiment.design.arm(&key)).cloned() else {
            let keys: Vec<String> = step.experiment.design.arms.iter().map(|arm| format!("`{}`", arm.key)).collect();
            let shown: String = arm.chars().take(60).collect();
            return Err(ServiceError::field("arm", format!("no arm `{shown}`; arms: {}", keys.join(", "))));
        };
        self.end(actor, project, &mut step, DecisionKind::Ship, Some(arm.key)).await?;
        let told = Told { label: Some(arm.version), ..Told::new(ActivityKind::Shipped, step.note) };
        self.save(actor, project, step.experiment, step.now, told).await
    }

    /// Ends and leaves the label where it is: everybody gets the control.
    ///
    /// # Errors
    /// [`ServiceError::Conflict`] when it owns no slot.
    pub async fn stop(
        &self,
        actor: &Actor,
        project: ProjectId,
        key: &str,
        act: &Act,
    ) -> Result<Experiment, ServiceError> {
        self.end_with_control(actor, project, key, act, (Action::Stop, DecisionKind::Stop, ActivityKind::Stopped)).await
    }

    /// Ends without an answer: its time or its units ran out.
    ///
    /// # Errors
    /// [`ServiceError::Conflict`] when it neither runs nor is paused.
    pub async fn conclude(
        &self,
        actor: &Actor,
        project: ProjectId,
        key: &str,
        act: &Act,
    ) -> Result<Experiment, ServiceError> {
        let how = (Action::Conclude, DecisionKind::Inconclusive, ActivityKind::Concluded);
        self.end_with_control(actor, project, key, act, how).await
    }

    /// Ends because it does harm.
    ///
    /// # Errors
    /// [`ServiceError::Conflict`] when it neither runs nor is paused.
    pub async fn roll_back(
        &self,
        actor: &Actor,
        project: ProjectId,
        key: &str,
        act: &Act,
    ) -> Result<Experiment, ServiceError> {
        let how = (Action::RollBack, DecisionKind::RollBack, ActivityKind::RolledBack);
        self.end_with_control(actor, project, key, act, how).await
    }

    /// Takes back an ending of the last minute: the state before comes back, and the label with it.
    ///
    /// # Errors
    /// [`ServiceError::Conflict`] when it has not just ended, the label has moved on since, or another experiment has its slot.
    pub async fn reopen(
        &self,
        actor: &Actor,
        project: ProjectId,
        key: &str,
        act: &Act,
    ) -> Result<Experiment, ServiceError> {
        let Step { mut experiment, note, now, .. } = self.step(actor, project, key, Action::Reopen, act).await?;
        let Some(decision) = experiment.decision.take() else {
            return Err(ServiceError::Conflict(format!("The experiment `{key}` was not decided.")));
        };
        if now.0.saturating_sub(decision.at_us.0) > REOPEN_US {
            return Err(ServiceError::Conflict(format!(
                "The experiment `{key}` ended more than a minute ago. Make a new one to go on."
            )));
        }
        let mut told = Told::new(ActivityKind::Reopened, note);
        if decision.kind == DecisionKind::Ship {
            told.label = self.label_to_put_back(project, &experiment, &decision).await?;
        }
        experiment.state = decision.before;
        experiment.ended_us = None;
        if !experiment.phases.is_empty() {
            experiment.ramp = experiment.ramp.map(|ramp| RampProgress { since_us: now, ..ramp });
            stage::bring_up(&mut experiment, project, now, "the ending was undone", false)?;
        }
        self.save(actor, project, experiment, now, told).await
    }

    /// Puts an experiment away. Its key stays taken.
    ///
    /// # Errors
    /// [`ServiceError::Conflict`] while it owns its slot.
    pub async fn archive(
        &self,
        actor: &Actor,
        project: ProjectId,
        key: &str,
        act: &Act,
    ) -> Result<Experiment, ServiceError> {
        let Step { experiment, note, now, .. } = self.step(actor, project, key, Action::Archive, act).await?;
        self.save(actor, project, experiment, now, Told::new(ActivityKind::Archived, note)).await
    }

    async fn end_with_control(
        &self,
        actor: &Actor,
        project: ProjectId,
        key: &str,
        act: &Act,
        (action, decided, told): (Action, DecisionKind, ActivityKind),
    ) -> Result<Experiment, ServiceError> {
        let mut step = self.step(actor, project, key, action, act).await?;
        self.end(actor, project, &mut step, decided, None).await?;
        self.save(actor, project, step.experiment, step.now, Told::new(told, step.note)).await
    }

    async fn end(
        &self,
        actor: &Actor,
        project: ProjectId,
        step: &mut Step,
        kind: DecisionKind,
        arm: Option<ArmKey>,
    ) -> Result<(), ServiceError> {
        let by = author(&self.context, actor).await?;
        let evidence = self.evidence(project, &step.experiment, step.now).await;
        let ending = Ending { kind, arm, before: step.before, note: step.note.clone(), by, evidence };
        end(&mut step.experiment, ending, step.now);
        Ok(())
    }

    /// The numbers an experiment ends on. An ending never waits for the other plane: without its numbers it ends without them.
    pub(super) async fn evidence(
        &self,
        project: ProjectId,
        experiment: &Experiment,
        now: TimeUs,
    ) -> Option<serde_json::Value> {
        let own_data = experiment.phase().and_then(|phase| self.self_checks.of(experiment, phase.number));
        let moment = Moment::of(&self.context, project, experiment, own_data, now).await;
        let evidence = moment.and_then(|moment| moment.map(|moment| moment.evidence(now)).transpose());
        evidence.unwrap_or_else(|error| {
            tracing::error!(error = &error as &dyn std::error::Error, experiment.id = %experiment.id,
                "the experiment `{}` ends without its numbers", experiment.key);
            None
        })
    }

    /// Where the label goes when shipping is undone: nowhere when it stands there already.
    async fn label_to_put_back(
        &self,
        project: ProjectId,
        experiment: &Experiment,
        decision: &Decision,
    ) -> Result<Option<u32>, ServiceError> {
        let slot = &experiment.slot;
        let shipped = decision.arm.as_ref().and_then(|arm| experiment.design.arm(arm)).map(|arm| arm.version);
        let prompt = self.context.control.prompt(project, &slot.prompt_name).await?;
        let stands = prompt.as_ref().and_then(|prompt| prompt.labels.iter().find(|label| label.name == slot.label));
        if stands.map(|label| label.version) != shipped {
            return Err(ServiceError::Conflict(format!(
                "The label `{}` has moved since `{}` was shipped, so shipping cannot be undone.",
                slot.label, experiment.key,
            )));
        }
        Ok(decision.label_before.filter(|before| Some(*before) != shipped))
    }
}

/// How an experiment ends.
pub(super) struct Ending {
    pub(super) kind: DecisionKind,
    pub(super) arm: Option<ArmKey>,
    pub(super) before: State,
    pub(super) note: String,
    pub(super) by: String,
    /// The numbers it ends on.
    pub(super) evidence: Option<serde_json::Value>,
}

/// Closes what is served and writes the decision down.
pub(super) fn end(experiment: &mut Experiment, ending: Ending, now: TimeUs) {
    stage::close(experiment, now);
    experiment.ended_us = Some(now);
    // While it owned the slot, the label stood where the control is.
    let label_before = experiment.design.arms.first().map(|control| control.version);
    experiment.decision = Some(Decision {
        kind: ending.kind,
        arm: ending.arm,
        note: ending.note,
        at_us: now,
        by: ending.by,
        before: ending.before,
        label_before: label_before.filter(|_| ending.kind == DecisionKind::Ship),
        evidence: ending.evidence,
    });
}

pub(super) fn begin(
    experiment: &mut Experiment,
    project: ProjectId,
    now: TimeUs,
    why: &str,
) -> Result<(), ServiceError> {
    experiment.started_us = Some(now);
    experiment.ramp = experiment.design.ramp.as_ref().map(|_| RampProgress { step: 0, since_us: now });
    stage::bring_up(experiment, project, now, why, false)?;
    Ok(())
}

fn why<'w>(note: &'w str, otherwise: &'w str) -> &'w str {
    if note.is_empty() { otherwise } else { note }
}

fn capital(sentence: &str) -> String {
    let mut letters = sentence.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
