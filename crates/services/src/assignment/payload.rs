//! What clients that assign by themselves are given: GrowthBook's features, and the offline bundle.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    ids::ProjectId,
    prompt::{FlagKey, LabelName, PromptAtVersion, PromptName, VersionChoice},
    time::TimeUs,
};
use serde::Serialize;
use serde_json::Value;

use super::{
    Assignment,
    rules::{Rule, Ruleset},
};
use crate::ServiceError;

/// The features of a project as GrowthBook's clients read them. Forced units are never in it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FeaturesPayload {
    status: u16,
    date_updated: TimeUs,
    experiments: [(); 0],
    features: BTreeMap<FlagKey, Feature>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Feature {
    default_value: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    rules: Vec<Value>,
}

impl FeaturesPayload {
    pub(super) fn of(rules: &Ruleset) -> Result<Self, ServiceError> {
        let mut features = BTreeMap::new();
        for rule in rules.iter() {
            let feature = Feature { default_value: rule.version.to_string(), rules: client_rules(rule)? };
            features.insert(rule.slot.flag_key.clone(), feature);
        }
        Ok(Self { status: 200, date_updated: rules.updated_us(), experiments: [], features })
    }

    /// Whether clients would decide the same by both.
    #[must_use]
    pub fn decides_as(&self, other: &Self) -> bool {
        self.features == other.features
    }

    /// When something changed last.
    #[must_use]
    pub fn updated_us(&self) -> TimeUs {
        self.date_updated
    }
}

fn client_rules(rule: &Rule) -> Result<Vec<Value>, ServiceError> {
    // Where only the server can assign, clients get the label's version.
    let Some(client) = rule.split.as_ref().and_then(|split| split.engine.growthbook_rule().ok()) else {
        return Ok(Vec::new());
    };
    Ok(vec![serde_json::to_value(client).map_err(|error| ServiceError::Internal(Box::new(error)))?])
}

/// Everything to resolve without asking: each slot with its rule, and every version a slot can answer. Forced units are
/// never in it.
#[derive(Clone, Debug, Serialize)]
pub struct Bundle {
    /// The form of this document.
    pub format: u32,
    /// When what it says changed last.
    pub updated_at: TimeUs,
    /// Slots by flag key.
    pub slots: Vec<BundleSlot>,
    /// The versions named by slots, by prompt and number.
    pub versions: Vec<BundleVersion>,
}

/// A slot in a bundle.
#[derive(Clone, Debug, Serialize)]
pub struct BundleSlot {
    /// The key flag clients use.
    pub flag_key: FlagKey,
    /// The prompt.
    pub prompt: PromptName,
    /// The label.
    pub label: LabelName,
    /// The version for whoever takes part in no experiment.
    pub version: u32,
    /// The experiment, where a client can assign by itself: the definition as `assign` reads it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub experiment: Option<assign::Definition>,
}

/// A version in a bundle.
#[derive(Clone, Debug, Serialize)]
pub struct BundleVersion {
    /// The prompt.
    pub prompt: PromptName,
    /// The number.
    pub version: u32,
    /// `text` or `chat`.
    #[serde(rename = "type")]
    pub kind: domain::prompt::PromptType,
    /// The text or messages.
    pub body: domain::prompt::PromptBody,
    /// Model and parameters.
    pub config: Value,
}

impl From<&PromptAtVersion> for BundleVersion {
    fn from(found: &PromptAtVersion) -> Self {
        Self {
            prompt: found.prompt.name.clone(),
            version: found.version.number,
            kind: found.prompt.kind,
            body: found.version.body.clone(),
            config: found.version.config.clone(),
        }
    }
}

impl Assignment {
    pub(super) async fn bundle_of(&self, project: ProjectId, rules: &Ruleset) -> Result<Bundle, ServiceError> {
        let mut slots = Vec::new();
        let mut wanted: BTreeSet<(PromptName, u32)> = BTreeSet::new();
        for rule in rules.iter() {
            let name = &rule.slot.prompt_name;
            wanted.insert((name.clone(), rule.version));
            let client = rule.split.as_ref().filter(|split| split.engine.growthbook_rule().is_ok());
            let experiment =
                client.map(|split| assign::Definition { forced: BTreeMap::new(), ..split.engine.definition().clone() });
            if let Some(split) = client {
                wanted.extend(split.versions().map(|version| (name.clone(), version)));
            }
            slots.push(BundleSlot {
                flag_key: rule.slot.flag_key.clone(),
                prompt: name.clone(),
                label: rule.slot.label.clone(),
                version: rule.version,
                experiment,
            });
        }
        let mut versions = Vec::with_capacity(wanted.len());
        for (name, number) in wanted {
            let found = self.prompts.load(project, name.as_str(), &VersionChoice::Number(number)).await?;
            versions.push(BundleVersion::from(&*found));
        }
        Ok(Bundle { format: 1, updated_at: rules.updated_us(), slots, versions })
    }
}
