//! What stands around spans: little of the resource, and of the scope its name and version. Hosts, processes and scope
//! attributes (where ABV puts the secret key) are not kept.

use domain::Invalid;

use super::text::MetadataText;
use crate::{
    Sender,
    raw::{Any, Attribute, RawScope},
};

/// The resource's few facts.
#[derive(Clone, Debug, Default)]
pub(crate) struct Resource {
    pub(super) environment: Option<String>,
    pub(super) deployment: Option<String>,
    pub(super) release: Option<String>,
    service_version: Option<String>,
    pub(super) service: Option<String>,
    pub(super) language: Option<String>,
}

impl Resource {
    pub(crate) fn new(attributes: Vec<Attribute<'_>>) -> Self {
        let mut resource = Self::default();
        let mut old_deployment = None;
        for Attribute { key, value } in attributes {
            let Any::Text(text) = value else { continue };
            if text.is_empty() {
                continue;
            }
            let slot = match key.as_ref() {
                "langfuse.environment" | "abv.environment" => &mut resource.environment,
                "deployment.environment.name" => &mut resource.deployment,
                "deployment.environment" => &mut old_deployment,
                "langfuse.release" | "abv.release" => &mut resource.release,
                "service.version" => &mut resource.service_version,
                // What an SDK calls a program nobody named.
                "service.name" if !text.starts_with("unknown_service") => &mut resource.service,
                "telemetry.sdk.language" => &mut resource.language,
                _ => continue,
            };
            *slot = Some(text.into_owned());
        }
        resource.deployment = resource.deployment.or(old_deployment);
        resource
    }

    /// The release to use where the span names none.
    pub(super) fn release(&self) -> Option<&String> {
        self.release.as_ref().or(self.service_version.as_ref())
    }
}

/// What spans of one scope share.
#[derive(Clone, Debug, Default)]
pub(crate) struct Context {
    pub(super) resource: Resource,
    /// Name and version: `langfuse-sdk 5.0.4`.
    pub(super) scope: String,
    pub(super) metadata_text: MetadataText,
    /// Whether a Langfuse or ABV SDK made the spans, and not some other library in the same program.
    pub(super) own_sdk: bool,
}

impl Context {
    pub(crate) fn new(resource: &Resource, scope: &RawScope<'_>, sender: &Sender) -> Self {
        let own_sdk = matches!(scope.name.as_ref(), "langfuse-sdk" | "abv-sdk");
        let said = |word: &str| sender.sdk_name.as_deref().is_some_and(|name| name.eq_ignore_ascii_case(word));
        let language = resource.language.as_deref().unwrap_or_default();
        let major = scope.version.split('.').next().and_then(|major| major.parse::<u32>().ok()).unwrap_or(0);
        let python = said("python") || (!said("javascript") && language == "python");
        let javascript = said("javascript") || matches!(language, "nodejs" | "webjs");
        let metadata_text = if own_sdk && python && scope.name == "langfuse-sdk" && major >= 5 {
            MetadataText::Json
        } else if own_sdk && !python && javascript {
            MetadataText::JavaScript
        } else {
            MetadataText::Plain
        };
        let named: String = scope.name.chars().chain([' ']).chain(scope.version.chars()).take(200).collect();
        let resource = resource.clone();
        Self { resource, scope: named.trim().to_owned(), metadata_text, own_sdk }
    }
}

/// An environment: lower-case letters, digits, `-` and `_`, at most 40, not starting with `langfuse`.
pub(crate) fn environment(text: &str) -> Result<String, Invalid> {
    let allowed = text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_');
    if text.is_empty() || text.len() > 40 || !allowed || text.starts_with("langfuse") {
        return Err(Invalid::new(format!(
            "`{}` is not an environment; it has 1 to 40 lower-case letters, digits, `-` and `_` and does not start with `langfuse`",
            crate::raw::shown(text)
        )));
    }
    Ok(text.to_owned())
}
