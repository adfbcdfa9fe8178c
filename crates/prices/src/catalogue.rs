use std::{collections::HashMap, sync::LazyLock};

use domain::time::TimeUs;

use crate::{
    entry::Entry,
    error::CatalogueError,
    provider::{is_bedrock_name, provider_id},
    read::File,
    rule::Rule,
};

/// How many leading `part/` of a model's name are tried without.
const PREFIXES: usize = 4;

static EMBEDDED: LazyLock<Result<Catalogue, CatalogueError>> =
    LazyLock::new(|| Catalogue::read(include_str!("../data/model-prices.json")));

/// Published prices by provider and model.
#[derive(Debug)]
pub struct Catalogue {
    edition: TimeUs,
    providers: Vec<Provider>,
    /// Models known by their exact name only, in lower case.
    exact: HashMap<String, Entry>,
}

#[derive(Debug)]
struct Provider {
    id: String,
    /// Names that are this provider's when the span does not name one.
    names: Option<Rule>,
    /// Providers whose models it serves too.
    fallback: Vec<String>,
    models: Vec<Entry>,
}

impl Catalogue {
    /// The catalogue that comes with Assay, read once.
    ///
    /// # Errors
    /// Never in a build whose tests pass.
    pub fn embedded() -> Result<&'static Self, &'static CatalogueError> {
        EMBEDDED.as_ref()
    }

    /// Reads a catalogue.
    ///
    /// # Errors
    /// When anything in it is not understood.
    pub fn read(json: &str) -> Result<Self, CatalogueError> {
        let file: File = serde_json::from_str(json)?;
        let edition = file.edition()?;
        let mut providers = Vec::with_capacity(file.providers.len());
        for provider in file.providers {
            let names = provider.model_match.as_ref().map(Rule::read).transpose();
            let names = names.map_err(|why| CatalogueError::part(&provider.id, why))?;
            let models = provider.models.into_iter().map(|model| model.entry(&provider.id));
            let models = models.collect::<Result<_, _>>()?;
            providers.push(Provider { id: provider.id, names, fallback: provider.fallback, models });
        }
        let exact = file.exact.into_iter().map(|exact| Ok((exact.id.to_lowercase(), exact.entry()?)));
        let exact = exact.collect::<Result<_, CatalogueError>>()?;
        Ok(Self { edition, providers, exact })
    }

    /// The day it was made.
    pub fn edition(&self) -> TimeUs {
        self.edition
    }

    /// Every model, by provider, then by name.
    pub fn entries(&self) -> Vec<&Entry> {
        let listed = self.providers.iter().flat_map(|provider| &provider.models);
        let mut entries: Vec<&Entry> = listed.chain(self.exact.values()).collect();
        entries.sort_by(|a, b| (a.provider(), a.model()).cmp(&(b.provider(), b.model())));
        entries
    }

    /// The price of a model: at the provider named, then at the one whose names look like this, then by its exact name; then the
    /// same without each leading `part/`, which may name the provider as LiteLLM writes it; then by Bedrock's form of names, else
    /// among OpenAI's, whose wrapper names no provider and whose embeddings look like nobody's.
    ///
    /// Goes through all rules: [`crate::PriceList`] remembers what it found.
    pub fn find(&self, provider: Option<&str>, model: &str) -> Option<&Entry> {
        let model = model.trim().to_lowercase();
        let mut provider = provider.and_then(provider_id);
        let mut name = model.as_str();
        for _ in 0..=PREFIXES {
            if let Some(entry) = self.find_as_named(provider, name) {
                return Some(entry);
            }
            let Some((prefix, rest)) = name.split_once('/') else { break };
            provider = provider_id(prefix).or(provider);
            name = rest;
        }
        self.models_of(if is_bedrock_name(name) { "aws" } else { "openai" }, name)
    }

    fn find_as_named(&self, provider: Option<&str>, name: &str) -> Option<&Entry> {
        let named = provider.and_then(|id| self.models_of(id, name));
        let by_names = || {
            let looks_like = |provider: &&Provider| provider.names.as_ref().is_some_and(|names| names.matches(name));
            self.providers.iter().filter(looks_like).find_map(|provider| provider.model(name))
        };
        named.or_else(by_names).or_else(|| self.exact.get(name))
    }

    /// At a provider, else at those whose models it serves too.
    fn models_of(&self, id: &str, name: &str) -> Option<&Entry> {
        let provider = |id: &str| self.providers.iter().find(|provider| provider.id == id);
        let first = provider(id)?;
        let others = || first.fallback.iter().filter_map(|id| provider(id)).find_map(|provider| provider.model(name));
        first.model(name).or_else(others)
    }
}

impl Provider {
    fn model(&self, name: &str) -> Option<&Entry> {
        self.models.iter().find(|entry| entry.rule.matches(name))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_embedded_catalogue_is_understood_whole() {
        let catalogue = Catalogue::embedded().unwrap();
        assert_eq!(catalogue.edition().to_string(), "2026-11-21T00:00:00.000000Z");
        let entries = catalogue.entries();
        assert_eq!(entries.len(), 1593 + 772);
        let keys: BTreeSet<&str> = entries.iter().map(|entry| entry.key()).collect();
        // The same model may stand under one id twice, with other names each time; a key then means the first.
        assert!(entries.len() - keys.len() < 5, "{} keys of {}", keys.len(), entries.len());
        let known: BTreeSet<&str> = crate::provider::known().collect();
        let ids: BTreeSet<&str> = catalogue.providers.iter().map(|provider| provider.id.as_str()).collect();
        assert_eq!(ids, known, "every provider has names");
        for fallback in catalogue.providers.iter().flat_map(|provider| &provider.fallback) {
            assert!(ids.contains(fallback.as_str()), "{fallback}");
        }
    }

    /// Through floats and back: no digit of the file is lost.
    #[test]
    fn every_number_in_the_file_is_read_exactly() {
        let text = include_str!("../data/model-prices.json");
        let mut numbers = 0;
        for word in text.split([',', ':', '[', ']', '{', '}', ' ', '\n']) {
            if !word.starts_with(|c: char| c.is_ascii_digit()) || word.contains('"') {
                continue;
            }
            let float: f64 = word.parse().unwrap();
            if float >= 18.0 {
                continue;
            }
            let shortest = serde_json::Number::from_f64(float).unwrap().to_string();
            let read = |text: &str| domain::price::Rate::per_one(text).unwrap();
            assert_eq!(read(word), read(&shortest), "{word}");
            numbers += 1;
        }
        assert!(numbers > 4000, "{numbers}");
    }
}
