//! Writing an experiment: the draft, and changes while it runs.

use domain::{
    auth::{Actor, Permission},
    experiment::{Activity, ActivityKind, Design, Experiment, ExperimentKey, FieldChange, Slot, State},
    ids::{ActivityId, ExperimentId, ProjectId},
    problem::FieldProblem,
    prompt::LabelName,
    time::TimeUs,
};

use super::{Experiments, definition, save::Told, stage};
use crate::{ServiceError, access::author, context::authorize, prompts::parse_note};

/// Longest text of a design stored, as JSON: a thousand forced units with long ids fit.
const MOST_BYTES: usize = 256 * 1024;

/// A new experiment.
#[derive(Clone, Debug, PartialEq)]
pub struct NewExperiment {
    /// Its key; unique in the project.
    pub key: String,
    /// The prompt's name.
    pub prompt: String,
    /// The label; `production` if absent.
    pub label: Option<String>,
    /// What is known of it already.
    pub design: Design,
}

/// A change of an experiment's design, which is sent whole.
#[derive(Clone, Debug, PartialEq)]
pub struct Edit {
    /// The revision it was made from.
    pub revision: u32,
    /// The design from now on.
    pub design: Design,
    /// Why, for the log.
    pub note: Option<String>,
    /// Whether units are dealt anew, which opens a phase.
    pub reshuffle: bool,
}

impl Experiments {
    /// Makes a draft. It may be incomplete; [`Self::report`] says what is missing.
    ///
    /// # Errors
    /// [`ServiceError::Invalid`] (`key`, `prompt`, `label`, `targeting…`); [`ServiceError::Conflict`] when the key is taken.
    pub async fn create(
        &self,
        actor: &Actor,
        project: ProjectId,
        new: NewExperiment,
    ) -> Result<Experiment, ServiceError> {
        authorize(actor, project, Permission::WriteExperiments)?;
        self.draft(actor, project, new, self.context.clock.now()).await
    }

    /// Makes a draft as of a moment.
    pub(super) async fn draft(
        &self,
        actor: &Actor,
        project: ProjectId,
        new: NewExperiment,
        now: TimeUs,
    ) -> Result<Experiment, ServiceError> {
        let key: ExperimentKey = new.key.parse().map_err(ServiceError::of("key"))?;
        let slot = self.slot(project, &new.prompt, new.label.as_deref()).await?;
        check_storable(&new.design)?;
        let context = &*self.context;
        let by = author(context, actor).await?;
        let experiment = Experiment {
            id: ExperimentId(context.new_id()?),
            key,
            slot,
            state: State::Draft,
            revision: 1,
            design: new.design,
            phases: Vec::new(),
            ramp: None,
            decision: None,
            created_by: by.clone(),
            created_us: now,
            updated_us: now,
            launched_us: None,
            started_us: None,
            ended_us: None,
        };
        let first = Activity {
            id: ActivityId(context.new_id()?),
            at_us: now,
            by,
            kind: ActivityKind::Created,
            note: String::new(),
            changes: Vec::new(),
            revision: 1,
        };
        context.control.create_experiment(project, &experiment, &first).await?;
        tracing::info!(project.id = %project, experiment.id = %experiment.id, "made experiment `{}`", experiment.key);
        Ok(experiment)
    }

    pub(crate) async fn slot(
        &self,
        project: ProjectId,
        prompt: &str,
        label: Option<&str>,
    ) -> Result<Slot, ServiceError> {
        let name = prompt.parse().map_err(ServiceError::of("prompt"))?;
        let label: LabelName = label.unwrap_or(LabelName::PRODUCTION).parse().map_err(ServiceError::of("label"))?;
        let found = self.context.control.prompt(project, &name).await?;
        let found = found.ok_or_else(|| ServiceError::field("prompt", format!("there is no prompt `{name}`")))?;
        let Some(known) = found.labels.iter().find(|known| known.name == label) else {
            let labels: Vec<String> = found.labels.iter().map(|known| format!("`{}`", known.name)).collect();
            let right =
                if labels.is_empty() { "it has none yet".to_owned() } else { format!("it has {}", labels.join(", ")) };
            return Err(ServiceError::field("label", format!("`{name}` has no label `{label}`; {right}")));
        };
        Ok(Slot { prompt: found.id, prompt_name: found.name, label, flag_key: known.flag_key.clone() })
    }

    /// Changes an experiment's design. A draft may stay incomplete. While it runs, the design has to be whole, plan and metrics
    /// stay as launched, and the change opens a phase or an epoch where it changes who gets what.
    ///
    /// # Errors
    /// [`ServiceError::Invalid`] with every field at fault; [`ServiceError::Conflict`] when it was changed since the revision
    /// given, saying what changed, or when it is over.
    pub async fn edit(
        &self,
        actor: &Actor,
        project: ProjectId,
        key: &str,
        edit: Edit,
    ) -> Result<Experiment, ServiceError> {
        authorize(actor, project, Permission::WriteExperiments)?;
        let mut experiment = self.load(project, key).await?;
        self.unless_changed(project, &experiment, Some(edit.revision)).await?;
        if experiment.state.is_over() {
            return Err(ServiceError::Conflict(format!(
                "The experiment `{key}` is over (`{}`) and is not changed any more. Make a new one.",
                experiment.state,
            )));
        }
        check_storable(&edit.design)?;
        let note = parse_note("note", edit.note.as_deref()).map_err(|problem| ServiceError::Invalid(vec![problem]))?;
        let changes = changes(&experiment.design, &edit.design)?;
        if changes.is_empty() && !edit.reshuffle {
            return Ok(experiment);
        }
        let now = self.context.clock.now();
        let launched = experiment.state != State::Draft;
        let mut frozen = if launched { frozen_problems(&experiment.design, &edit.design) } else { Vec::new() };
        if !experiment.phases.is_empty() && experiment.design.ramp.is_none() && edit.design.ramp.is_some() {
            let message =
                "a ramp begins with the experiment, and this one has begun without; leave it out and change `coverage`";
            frozen.push(FieldProblem::new("ramp", message));
        }
        experiment.design = edit.design;
        if launched {
            frozen.extend(self.look_at(project, &experiment, now).await?.problems);
            if !frozen.is_empty() {
                return Err(ServiceError::Invalid(frozen));
            }
            experiment.ramp = experiment.ramp.filter(|_| experiment.design.ramp.is_some());
        }
        if !experiment.phases.is_empty() {
            let why = note.clone().unwrap_or_else(|| fields_of(&changes));
            stage::bring_up(&mut experiment, project, now, &why, edit.reshuffle)?;
        }
        let told = Told { changes, ..Told::new(ActivityKind::Edited, note.unwrap_or_default()) };
        self.save(actor, project, experiment, now, told).await
    }
}

/// What no draft may hold: what could not be read again, or more than is kept.
fn check_storable(design: &Design) -> Result<(), ServiceError> {
    if let Some(targeting) = &design.targeting {
        definition::condition(&targeting.0)?;
    }
    let length = serde_json::to_string(design).map_err(|error| ServiceError::Internal(Box::new(error)))?.len();
    if length > MOST_BYTES {
        return Err(ServiceError::TooLarge(format!(
            "The design has {length} bytes; at most {MOST_BYTES} are kept. Shorten the hypothesis or the list of forced units."
        )));
    }
    Ok(())
}

fn changes(before: &Design, after: &Design) -> Result<Vec<FieldChange>, ServiceError> {
    let json = |design| serde_json::to_value(design).map_err(|error| ServiceError::Internal(Box::new(error)));
    Ok(FieldChange::between(&json(before)?, &json(after)?))
}

/// What was fixed by the launch.
fn frozen_problems(before: &Design, after: &Design) -> Vec<FieldProblem> {
    let mut problems = Vec::new();
    if before.plan != after.plan {
        problems.push(FieldProblem::new(
            "plan",
            "the plan was fixed by the launch; stop this experiment and make another to judge it differently",
        ));
    }
    if before.metrics != after.metrics {
        problems.push(FieldProblem::new(
            "metrics",
            "metrics and margins were fixed by the launch; stop this experiment and make another to measure differently",
        ));
    }
    problems
}

/// Why a phase or epoch began, where nobody said.
fn fields_of(changes: &[FieldChange]) -> String {
    const MOST: usize = 6;
    let mut fields: Vec<&str> = changes.iter().take(MOST).map(|change| change.field.as_str()).collect();
    if changes.len() > MOST {
        fields.push("…");
    }
    if fields.is_empty() { "units dealt anew".to_owned() } else { format!("changed {}", fields.join(", ")) }
}
