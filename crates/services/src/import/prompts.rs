//! Versions of prompts: kept under their old numbers where those are free.

use std::collections::{BTreeMap, HashMap, btree_map::Entry};

use domain::{
    ids::{LabelMoveId, PromptId},
    prompt::{LabelName, MoveSource, PromptBody, VersionChoice},
    time::TimeUs,
};
use serde_json::Value;
use store::control::{NewVersion, ProtectedLabels};

use super::{Run, record::Fields, source::Place};
use crate::{
    ServiceError,
    prompts::{CheckedVersion, SaveVersion, flag_key},
};

/// Who brought them.
const AUTHOR: &str = "import";
/// Versions of an existing prompt that are looked through for the same content.
const LOOKED_THROUGH: u16 = 500;

/// What the numbers of versions became.
#[derive(Debug, Default)]
pub(super) struct Numbers(HashMap<(String, u32), u32>);

impl Numbers {
    /// The number a version has here.
    pub(super) fn now(&self, prompt: &str, version: u32) -> u32 {
        self.0.get(&(prompt.to_owned(), version)).copied().unwrap_or(version)
    }
}

/// A version as the file has it.
#[derive(Debug)]
pub(super) struct PromptRecord {
    name: String,
    version: u32,
    body: PromptBody,
    config: Value,
    labels: Vec<String>,
    tags: Vec<String>,
    message: Option<String>,
    created: Option<TimeUs>,
}

impl PromptRecord {
    pub(super) fn read(mut fields: Fields) -> Result<Self, String> {
        let name = fields.required("name")?;
        let version = match fields.number("version") {
            Some(version) if version >= 1.0 && version.fract() == 0.0 => version as u32,
            Some(version) => return Err(format!("`version`: `{version}` is no number of a version; use 1, 2, 3…")),
            None => 1,
        };
        let mut body = fields.structure("prompt").ok_or("`prompt` is missing")?;
        // Messages written by Python have no type.
        for item in body.as_array_mut().into_iter().flatten().filter_map(Value::as_object_mut) {
            if item.get("type").is_none_or(Value::is_null) {
                item.insert("type".to_owned(), "chatmessage".into());
            }
        }
        let body = serde_json::from_value(body)
            .map_err(|_| "`prompt`: it is neither a text nor a list of messages with `role` and `content`")?;
        Ok(Self {
            name,
            version,
            body,
            config: Value::Object(fields.object("config")),
            labels: fields.words("labels").into_iter().filter(|label| label != "latest").collect(),
            tags: fields.words("tags"),
            message: fields.text("commitMessage"),
            created: fields.time("createdAt")?.map(domain::time::TimeNs::to_us),
        })
    }
}

impl Run<'_> {
    /// Saves what is not there yet, oldest version first, and remembers every number.
    pub(super) async fn prompts(&mut self, found: Vec<(Place, PromptRecord)>) -> Result<(), ServiceError> {
        let mut by_name: BTreeMap<String, BTreeMap<u32, (Place, PromptRecord)>> = BTreeMap::new();
        for (place, record) in found {
            let versions = by_name.entry(record.name.clone()).or_default();
            match versions.entry(record.version) {
                Entry::Vacant(free) => {
                    free.insert((place, record));
                }
                Entry::Occupied(_) => {
                    let reason =
                        format!("`{}` version {} comes twice; the first one stands", record.name, record.version);
                    self.report.skip_prompt(place, reason);
                }
            }
        }
        for (_, versions) in by_name {
            let mut last = None;
            for (number, (place, record)) in versions {
                last = self.prompt(place, number, record, last).await?.or(last);
            }
        }
        Ok(())
    }

    /// Saves one version and gives the number it has now; `last` is that of the version before it in the file.
    async fn prompt(
        &mut self,
        place: Place,
        number: u32,
        record: PromptRecord,
        last: Option<u32>,
    ) -> Result<Option<u32>, ServiceError> {
        let PromptRecord { name, body, config, labels, tags, message, created, .. } = record;
        let save = SaveVersion {
            config: Some(config),
            tags: last.is_none().then_some(tags).filter(|tags| !tags.is_empty()),
            labels,
            commit_message: message,
            ..SaveVersion::new(name.clone(), body)
        };
        let checked = match save.checked() {
            Ok(checked) => checked,
            Err(error) => {
                self.report.skip_prompt(place, words(error));
                return Ok(None);
            }
        };
        let now = match self.same(&checked, number).await? {
            Some(there) => there,
            // In a dry run nobody knows the number yet; the next free one is what it would get.
            None if self.request.dry_run => last.map_or(number, |last| last + 1),
            None => match self.save(checked, created).await {
                Ok(number) => number,
                Err(ServiceError::Conflict(reason)) => {
                    self.report.skip_prompt(place, reason);
                    return Ok(None);
                }
                Err(error) => return Err(error),
            },
        };
        self.report.prompts.stored += 1;
        if now != number {
            self.report
                .change_prompt(place, format!("`{name}` version {number} is version {now} here; links follow it"));
        }
        self.numbers.0.insert((name, number), now);
        Ok(Some(now))
    }

    /// The number of a version that says the same: the one of the same number, else the newest such.
    async fn same(&self, checked: &CheckedVersion, number: u32) -> Result<Option<u32>, ServiceError> {
        let (control, project) = (&self.context().control, self.request.project);
        let hash = checked.draft.content_hash.as_str();
        let at_number = control.prompt_at(project, &checked.name, &VersionChoice::Number(number)).await?;
        if at_number.is_some_and(|found| found.version.content_hash == hash) {
            return Ok(Some(number));
        }
        if control.prompt(project, &checked.name).await?.is_none() {
            return Ok(None);
        }
        let versions = control.versions(project, &checked.name, None, LOOKED_THROUGH).await?;
        Ok(versions.iter().find(|version| version.content_hash == hash).map(|version| version.number))
    }

    async fn save(&self, checked: CheckedVersion, created: Option<TimeUs>) -> Result<u32, ServiceError> {
        let (context, project) = (self.context(), self.request.project);
        // A label that points somewhere already is somebody's decision: an import does not move traffic.
        let taken =
            context.control.prompt(project, &checked.name).await?.map(|prompt| prompt.labels).unwrap_or_default();
        let free = |label: &LabelName| taken.iter().all(|there| there.name != *label);
        let mut labels = Vec::new();
        for label in checked.labels.into_iter().filter(free) {
            let key = flag_key(&checked.name, &label)?;
            labels.push((label, LabelMoveId(context.new_id()?), key));
        }
        let new = NewVersion {
            prompt_id: PromptId(context.new_id()?),
            name: checked.name,
            draft: checked.draft,
            tags: checked.tags,
            labels,
            expected_latest: None,
            by: AUTHOR.to_owned(),
            source: MoveSource::Api,
            at: created.unwrap_or_else(|| context.clock.now()),
            protected: ProtectedLabels::Keep,
        };
        Ok(context.control.add_version(project, new).await?.version.number)
    }
}

/// What is wrong, in one line.
pub(super) fn words(error: ServiceError) -> String {
    let problem = error.into_problem(None);
    let fields = problem.fields.iter().map(|field| format!("`{}`: {}", field.field, field.message));
    let fields = fields.collect::<Vec<_>>().join("; ");
    if fields.is_empty() { problem.message } else { fields }
}
