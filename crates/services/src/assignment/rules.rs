//! Everything assignment needs of a project, in memory: its slots and the experiments that split them.

use std::collections::BTreeMap;

use domain::{
    experiment::{ArmKey, Experiment, ExperimentKey, Keeping, Slot, State},
    ids::{ExperimentId, ProjectId},
    prompt::{FlagKey, LabelName, PromptName},
    time::TimeUs,
};
use store::control::{ExperimentFilter, PromptFilter};

use crate::{Context, ServiceError, experiments::definition};

const PAGE: u16 = 500;

/// A project's slots by flag key, as of one revision.
#[derive(Debug)]
pub struct Ruleset {
    slots: BTreeMap<FlagKey, Rule>,
    /// Flag keys of each prompt's slots.
    of_prompt: BTreeMap<PromptName, Vec<FlagKey>>,
    /// When a prompt, label or running experiment changed last.
    updated_us: TimeUs,
}

/// One slot: what everybody gets, and the experiment that splits it.
#[derive(Debug)]
pub struct Rule {
    /// The slot.
    pub slot: Slot,
    /// The version its label points at.
    pub version: u32,
    /// The running experiment.
    pub split: Option<Split>,
}

/// A running experiment, ready to assign.
#[derive(Debug)]
pub struct Split {
    /// Its id.
    pub id: ExperimentId,
    /// Its key.
    pub key: ExperimentKey,
    /// The engine, at the present phase and epoch.
    pub engine: assign::Experiment,
    /// Which arms units keep, where they keep theirs.
    pub(super) keeping: Keeping,
    /// Arms in the engine's order, with the version each serves.
    arms: Vec<(ArmKey, u32)>,
}

impl Split {
    /// The versions it can serve.
    pub(super) fn versions(&self) -> impl Iterator<Item = u32> {
        self.arms.iter().map(|(_, version)| *version)
    }

    /// The arm of a key the engine gave, or a unit was given before.
    pub(super) fn arm(&self, key: &str) -> Option<(&ArmKey, u32)> {
        self.arms.iter().find(|(arm, _)| arm.as_str() == key).map(|(arm, version)| (arm, *version))
    }
}

impl Ruleset {
    /// Reads it from the store.
    pub(crate) async fn load(context: &Context, project: ProjectId) -> Result<Self, ServiceError> {
        let mut slots = BTreeMap::new();
        let mut of_prompt: BTreeMap<PromptName, Vec<FlagKey>> = BTreeMap::new();
        let mut updated_us = TimeUs(0);
        let mut after: Option<PromptName> = None;
        loop {
            let page = context.control.prompts(project, &PromptFilter::default(), after.as_ref(), PAGE).await?;
            let full = page.len() == usize::from(PAGE);
            after = page.last().map(|last| last.name.clone());
            for prompt in page {
                updated_us = updated_us.max(prompt.updated_us);
                for label in prompt.labels {
                    let slot = Slot {
                        prompt: prompt.id,
                        prompt_name: prompt.name.clone(),
                        label: label.name,
                        flag_key: label.flag_key,
                    };
                    of_prompt.entry(prompt.name.clone()).or_default().push(slot.flag_key.clone());
                    slots.insert(slot.flag_key.clone(), Rule { slot, version: label.version, split: None });
                }
            }
            if !full {
                break;
            }
        }
        let filter = ExperimentFilter { states: vec![State::Running, State::Paused], prompt: None };
        let mut before = None;
        loop {
            let page = context.control.experiments(project, &filter, before, PAGE).await?;
            for experiment in &page {
                updated_us = updated_us.max(experiment.updated_us);
                let Some(rule) = slots.get_mut(&experiment.slot.flag_key) else { continue };
                rule.split = split(project, experiment);
            }
            before = page.last().map(|last| last.id);
            if page.len() < usize::from(PAGE) {
                return Ok(Self { slots, of_prompt, updated_us });
            }
        }
    }

    /// The slot of a flag key.
    #[must_use]
    pub fn by_flag_key(&self, key: &str) -> Option<&Rule> {
        // A key that breaks the rules belongs to no slot.
        self.slots.get(&key.parse::<FlagKey>().ok()?)
    }

    /// The slot of a prompt and a label.
    #[must_use]
    pub fn by_label(&self, prompt: &str, label: &LabelName) -> Option<&Rule> {
        let keys = self.of_prompt.get(&prompt.parse::<PromptName>().ok()?)?;
        keys.iter().filter_map(|key| self.slots.get(key)).find(|rule| rule.slot.label == *label)
    }

    /// Every slot, by flag key.
    pub fn iter(&self) -> impl Iterator<Item = &Rule> {
        self.slots.values()
    }

    /// When what it says changed last.
    #[must_use]
    pub fn updated_us(&self) -> TimeUs {
        self.updated_us
    }
}

/// The experiment as it splits now. One that cannot be read serves the control and is an error in the log: a page that
/// answers nothing for every slot would be worse.
fn split(project: ProjectId, experiment: &Experiment) -> Option<Split> {
    let phase = experiment.phase().filter(|phase| phase.to_us.is_none())?;
    let epoch = phase.epoch()?;
    let engine = definition::at_stage(experiment, phase, epoch)
        .map_err(|error| error.to_string())
        .and_then(|definition| assign::Experiment::new(definition).map_err(|problems| problems.to_string()));
    match engine {
        Ok(engine) => {
            let arms = phase.definition.arms.iter().map(|arm| (arm.key.clone(), arm.version)).collect();
            let keeping = experiment.keeping(phase);
            Some(Split { id: experiment.id, key: experiment.key.clone(), engine, keeping, arms })
        }
        Err(error) => {
            tracing::error!(
                project.id = %project, experiment.id = %experiment.id, error,
                "experiment `{}` cannot assign and serves its control", experiment.key,
            );
            None
        }
    }
}
