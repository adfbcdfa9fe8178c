//! Reading the catalogue's JSON. Every part has to be understood: a condition that is skipped would be a wrong price.

use domain::{
    price::{PriceItem, Rate, ServiceTier},
    time::TimeUs,
};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::{
    entry::{Dated, Entry, Variant, Window},
    error::CatalogueError,
    rule::Rule,
    table::Table,
};

/// The form of the file this reads.
const SCHEMA: &str = "model-prices/1";

#[derive(Deserialize)]
pub(crate) struct File {
    schema: String,
    currency: String,
    unit: String,
    generated: String,
    pub(crate) providers: Vec<FileProvider>,
    pub(crate) exact: Vec<FileExact>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FileProvider {
    pub(crate) id: String,
    #[serde(rename = "name")]
    _name: String,
    /// Addresses it is called at; spans seldom have them.
    #[serde(rename = "api")]
    _api: String,
    pub(crate) model_match: Option<Value>,
    #[serde(default)]
    pub(crate) fallback: Vec<String>,
    pub(crate) models: Vec<FileModel>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FileModel {
    id: String,
    #[serde(rename = "match")]
    rule: Value,
    ctx: Option<u64>,
    price: Option<Map<String, Value>>,
    #[serde(default)]
    prices: Vec<FileDated>,
    #[serde(default)]
    variants: Vec<FileVariant>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileDated {
    #[serde(default)]
    when: FileTime,
    price: Map<String, Value>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct FileTime {
    from: Option<String>,
    utc_from: Option<String>,
    utc_to: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileVariant {
    when: FileCase,
    price: Map<String, Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileCase {
    processing: Option<String>,
    service_tier: Option<String>,
    speed: Option<String>,
    from: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FileExact {
    provider: String,
    pub(crate) id: String,
    /// What it is for, such as embedding.
    #[serde(rename = "mode")]
    _mode: Option<String>,
    price: Map<String, Value>,
}

impl File {
    /// The day the file was made, once its form is known to be this one.
    pub(crate) fn edition(&self) -> Result<TimeUs, CatalogueError> {
        for (what, found, expected) in
            [("schema", &self.schema, SCHEMA), ("currency", &self.currency, "USD"), ("unit", &self.unit, "per token")]
        {
            if found != expected {
                return Err(CatalogueError::part(what, format!("it is `{found}`, expected `{expected}`")));
            }
        }
        day(&self.generated).map_err(|why| CatalogueError::part("generated", why))
    }
}

impl FileModel {
    pub(crate) fn entry(self, provider: &str) -> Result<Entry, CatalogueError> {
        let key = format!("{provider}/{}", self.id);
        let wrong = |why: String| CatalogueError::part(&key, why);
        let mut schedule = Vec::with_capacity(self.prices.len() + 1);
        if let Some(price) = &self.price {
            schedule.push(Dated { from: None, window: None, table: table(price).map_err(wrong)? });
        }
        for dated in &self.prices {
            schedule.push(dated.read().map_err(wrong)?);
        }
        if schedule.is_empty() {
            return Err(wrong("it has no price".to_owned()));
        }
        let variants = self.variants.iter().map(FileVariant::read).collect::<Result<_, _>>().map_err(wrong)?;
        let rule = Rule::read(&self.rule).map_err(wrong)?;
        Ok(Entry { provider_length: provider.len(), rule, context: self.ctx, schedule, variants, key })
    }
}

impl FileDated {
    fn read(&self) -> Result<Dated, String> {
        let window = match (&self.when.utc_from, &self.when.utc_to) {
            (None, None) => None,
            (Some(from), Some(to)) => Some(Window { from_minute: minute(from)?, to_minute: minute(to)? }),
            _ => return Err("a daily window has both ends".to_owned()),
        };
        Ok(Dated { from: self.when.from.as_deref().map(day).transpose()?, window, table: table(&self.price)? })
    }
}

impl FileVariant {
    fn read(&self) -> Result<Variant, String> {
        let case = &self.when;
        let tier = match (case.processing.as_deref(), case.service_tier.as_deref(), case.speed.as_deref()) {
            (Some("batch"), None, None) => ServiceTier::Batch,
            (None, Some("flex"), None) => ServiceTier::Flex,
            (None, Some("priority"), None) => ServiceTier::Priority,
            (None, Some("fast"), None) | (None, None, Some("fast")) => ServiceTier::Fast,
            (processing, tier, speed) => {
                return Err(format!("no such case: processing {processing:?}, service tier {tier:?}, speed {speed:?}"));
            }
        };
        Ok(Variant { tier, from: case.from.as_deref().map(day).transpose()?, table: table(&self.price)? })
    }
}

impl FileExact {
    pub(crate) fn entry(self) -> Result<Entry, CatalogueError> {
        let key = format!("{}/{}", self.provider, self.id);
        let wrong = |why: String| CatalogueError::part(&key, why);
        let (mut standard, mut batch) = (Map::new(), Map::new());
        let mut above = Map::new();
        for (name, value) in self.price {
            match (name.strip_prefix("batch_"), value) {
                (None, Value::Object(tiers)) if name == "above" => above = tiers,
                (Some(name), value) => drop(batch.insert(name.to_owned(), value)),
                (None, value) => drop(standard.insert(name, value)),
            }
        }
        let mut rates = table(&standard).map_err(wrong)?;
        for (start, price) in &above {
            let start = start.parse().map_err(|_| wrong(format!("`{start}` is not a length")))?;
            let price = price.as_object().ok_or_else(|| wrong(format!("`{price}` is no price")))?;
            for (name, value) in price {
                rates.set_above(start, item(name).map_err(wrong)?, rate(value).map_err(wrong)?);
            }
        }
        let table = table(&batch).map_err(wrong)?;
        let variants =
            if batch.is_empty() { Vec::new() } else { vec![Variant { tier: ServiceTier::Batch, from: None, table }] };
        let rule = Rule::Equals(self.id.to_lowercase().into_boxed_str());
        let schedule = vec![Dated { from: None, window: None, table: rates }];
        Ok(Entry { provider_length: self.provider.len(), rule, context: None, schedule, variants, key })
    }
}

fn table(price: &Map<String, Value>) -> Result<Table, String> {
    let mut table = Table::default();
    for (name, value) in price {
        let item = item(name)?;
        let Value::Object(tiered) = value else {
            table.set(item, rate(value)?);
            continue;
        };
        for (part, value) in tiered {
            match (part.as_str(), value) {
                ("base", value) => table.set(item, rate(value)?),
                ("tiers", Value::Array(tiers)) => {
                    for tier in tiers {
                        match tier.as_array().map(Vec::as_slice) {
                            Some([start, price]) => {
                                let start = start.as_u64().ok_or_else(|| format!("`{start}` is not a length"))?;
                                table.set_above(start, item, rate(price)?);
                            }
                            _ => return Err(format!("`{tier}` is not a tier")),
                        }
                    }
                }
                _ => return Err(format!("`{part}` is not a part of a tiered price")),
            }
        }
        if table.base().get(item).is_none() {
            return Err(format!("`{name}` has no base"));
        }
    }
    Ok(table)
}

/// What the catalogue calls each item.
fn item(name: &str) -> Result<PriceItem, String> {
    match name {
        "cache_audio_read" => Ok(PriceItem::CacheReadAudio),
        "per_request" => Ok(PriceItem::Request),
        // Ours, not the catalogue's.
        "other" | "request" | "cache_read_audio" => Err(format!("`{name}` is not a price item")),
        _ => name.parse().map_err(|_| format!("`{name}` is not a price item")),
    }
}

fn rate(value: &Value) -> Result<Rate, String> {
    let Value::Number(number) = value else { return Err(format!("`{value}` is not a price")) };
    // Written as the shortest decimal that is this float, which for up to 15 digits is the one in the file.
    Rate::per_one(&number.to_string()).map_err(|invalid| invalid.to_string())
}

fn day(text: &str) -> Result<TimeUs, String> {
    format!("{text}T00:00:00Z").parse().map_err(|_| format!("`{text}` is not a day"))
}

fn minute(text: &str) -> Result<u16, String> {
    let (hours, minutes) = text.split_once(':').and_then(|(h, m)| Some((h.parse().ok()?, m.parse().ok()?))).unzip();
    match (hours, minutes) {
        (Some(hours @ 0..24), Some(minutes @ 0..60)) => Ok(hours * 60 + minutes),
        _ => Err(format!("`{text}` is not a time of the day")),
    }
}
