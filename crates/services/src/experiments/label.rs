//! Moving a label that an experiment owns: the experiment ends, or the new version becomes its control.

use domain::{
    auth::{Actor, Permission},
    experiment::{ActivityKind, DecisionKind, Experiment, ExperimentKey, FieldChange, Outcome, State},
    ids::ProjectId,
    prompt::{Label, LabelName},
};
use store::control::ExperimentFilter;

use super::{
    Experiments,
    life::{Ending, end},
    save::Told,
    stage,
};
use crate::{
    ServiceError,
    access::author,
    context::authorize,
    prompts::{known_name, parse_note},
};

/// What becomes of the experiment that owns a label when the label moves.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Takeover {
    /// It ends.
    Stop,
    /// The new version becomes its control, which opens a phase.
    Rebase,
}

/// A label that moved.
#[derive(Clone, Debug, PartialEq)]
pub struct TakenLabel {
    /// The label where it is now.
    pub label: Label,
    /// The experiment that owned it and made way; none where none did.
    pub from: Option<ExperimentKey>,
}

/// A move of a label, whoever owns it.
#[derive(Clone, Copy, Debug)]
pub struct TakeLabel<'t> {
    /// The prompt's name.
    pub prompt: &'t str,
    /// The label.
    pub label: &'t str,
    /// The version it goes to.
    pub to: u32,
    /// Why, for the record.
    pub reason: Option<&'t str>,
    /// What becomes of an experiment that owns it.
    pub takeover: Takeover,
}

impl Experiments {
    /// Points a label at a version; if an experiment owns the label, does with it what `takeover` says.
    ///
    /// # Errors
    /// As [`crate::prompts::Prompts::move_label`]; [`ServiceError::Invalid`] when the experiment could not go on with the new
    /// control.
    pub async fn move_label(
        &self,
        actor: &Actor,
        project: ProjectId,
        take: TakeLabel<'_>,
    ) -> Result<TakenLabel, ServiceError> {
        authorize(actor, project, Permission::WritePrompts)?;
        let TakeLabel { prompt: name, label, to, reason, takeover } = take;
        let Some(mut experiment) = self.owner(project, name, label).await? else {
            let label = self.prompts.move_label(actor, project, name, label, to, reason).await?;
            return Ok(TakenLabel { label, from: None });
        };
        authorize(actor, project, Permission::WriteExperiments)?;
        let note = parse_note("reason", reason).map_err(|problem| ServiceError::Invalid(vec![problem]))?;
        let note = note.unwrap_or_default();
        let mut changes = Vec::new();
        let now = self.context.clock.now();
        let kind = match takeover {
            Takeover::Stop => {
                let before = experiment.state;
                let by = author(&self.context, actor).await?;
                experiment.state = State::Decided(Outcome::Stop);
                let evidence = self.evidence(project, &experiment, now).await;
                let ending = Ending { kind: DecisionKind::Stop, arm: None, before, note: note.clone(), by, evidence };
                end(&mut experiment, ending, now);
                ActivityKind::Stopped
            }
            Takeover::Rebase => {
                if let Some(control) = experiment.design.arms.first_mut() {
                    changes.push(FieldChange {
                        field: "arms[0].version".to_owned(),
                        before: control.version.into(),
                        after: to.into(),
                    });
                    control.version = to;
                }
                if !experiment.phases.is_empty() {
                    stage::bring_up(&mut experiment, project, now, &format!("the control became version {to}"), false)?;
                }
                ActivityKind::Rebased
            }
        };
        let told = Told { label: Some(to), changes, ..Told::new(kind, note) };
        let from = Some(experiment.key.clone());
        self.save(actor, project, experiment, now, told).await?;
        let prompt = self.context.control.prompt(project, &known_name(name)?).await?;
        let moved = prompt.and_then(|prompt| prompt.labels.into_iter().find(|known| known.name.as_str() == label));
        let label =
            moved.ok_or_else(|| ServiceError::Internal("the store moved a label and does not return it".into()))?;
        Ok(TakenLabel { label, from })
    }

    /// The experiment that owns a slot.
    async fn owner(&self, project: ProjectId, name: &str, label: &str) -> Result<Option<Experiment>, ServiceError> {
        let name = known_name(name)?;
        let label: LabelName = label.parse().map_err(ServiceError::of("label"))?;
        let filter = ExperimentFilter {
            states: State::ALL.into_iter().filter(|state| state.owns_slot()).collect(),
            prompt: Some(name),
        };
        // As many as a prompt has labels at most.
        let owners = self.context.control.experiments(project, &filter, None, u16::MAX).await?;
        Ok(owners.into_iter().find(|owner| owner.slot.label == label))
    }
}
