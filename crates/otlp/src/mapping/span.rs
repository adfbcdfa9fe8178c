use domain::{
    ids::{SpanId, TraceId},
    time::TimeNs,
    trace::{Cost, Level, PromptLink, Span, SpanKind, TraceFields, Usage},
};
use serde_json::{Map, Value};

use super::{
    Context,
    cost::cost,
    environment, evaluation, messages,
    slots::{Part, Slots, text},
    table::{Field, Group, NOT_PARAMETERS, USAGE_COST},
    text::{MetadataText, json, payload, structure, unquote_mlflow},
    tier,
    unlinked::{BadLink, link},
    usage::{Convention, usage},
    words,
};
use crate::{
    langfuse::ScoreDraft,
    limits,
    raw::{Any, Attribute, Event, Note, Notes, RawSpan, StatusCode, shown, value::Budget},
};

/// A span understood.
pub(crate) struct Mapped {
    /// The canonical span.
    pub(crate) span: Span,
    /// Evaluations that came as its events.
    pub(crate) scores: Vec<ScoreDraft>,
    /// What was lost or changed.
    pub(crate) notes: Vec<Note>,
}

impl Context {
    /// The canonical span, with notes on what was lost or changed.
    ///
    /// # Errors
    /// The reason, when it lacks an id or a start a span cannot be without.
    pub(crate) fn map(&self, raw: RawSpan<'_>, budget: &Budget) -> Result<Mapped, String> {
        let trace_id = raw.trace_id.map_err(|invalid| invalid.to_string())?;
        let span_id = raw.span_id.map_err(|invalid| invalid.to_string())?;
        let mut notes = raw.notes;
        let (start_ns, end_ns) = times(raw.start_ns, raw.end_ns)?;
        let mut attributes = raw.attributes;
        unquote_mlflow(&mut attributes);
        let slots = Slots::sort(attributes, &mut notes);
        let mut reader = Reader { context: self, budget, notes, slots };
        let mut metadata = Map::new();

        reader.metadata(Field::SpanMetadata, Group::SpanMetadata, &mut metadata);
        let trace = reader.trace(raw.parent_id.is_none());
        let model = reader.short(Field::Model);
        let kind = reader.kind(model.is_some());
        let completion_start_ns = reader.completion_start(start_ns).or_else(|| first_chunk(&raw.events, start_ns));
        let (level, status_message) = reader.level(raw.status, &raw.status_message, &raw.events, &mut metadata);
        let (told_input, told_output) = messages::from_events(&raw.events, budget);
        let scores = reader.evaluations(&raw.events, (trace_id, span_id));
        let span = Span {
            trace_id,
            span_id,
            parent_id: raw.parent_id.filter(|parent| *parent != span_id),
            name: cut(&raw.name, &mut reader.notes),
            kind,
            start_ns,
            end_ns,
            level,
            status_message,
            model,
            provider: reader.short(Field::Provider),
            model_parameters: reader.parameters(),
            usage: reader.usage(&mut metadata),
            cost: reader.cost(),
            completion_start_ns,
            prompt: reader.prompt(),
            environment: reader.environment(),
            release: reader.short(Field::Release).or_else(|| self.resource.release().cloned()),
            version: reader.short(Field::Version),
            input: reader.input(told_input),
            output: reader.output(told_output),
            metadata: Map::new(),
            trace,
            app_root: reader.slots.take(Field::AppRoot).is_some_and(|mark| truth(&mark.value) == Some(true)),
            scope: self.scope.clone(),
        };
        let notes = reader.keep_rest(&mut metadata);
        Ok(Mapped { span: Span { metadata, ..span }, scores, notes: notes.into_vec() })
    }
}

/// Start and end; an end before the start, as clocks of different precision give, is the start.
fn times(start: u64, end: u64) -> Result<(TimeNs, TimeNs), String> {
    if start == 0 {
        return Err("it has no start time; `startTimeUnixNano` is needed".to_owned());
    }
    let fit = |time: u64, what: &str| {
        i64::try_from(time)
            .map_err(|_| format!("its {what} `{time}` lies beyond the year 2262; times are nanoseconds since 1970"))
    };
    let start_ns = fit(start, "start")?;
    Ok((TimeNs(start_ns), TimeNs(fit(end, "end")?.max(start_ns))))
}

fn cut(name: &str, notes: &mut Notes) -> String {
    match name.char_indices().nth(limits::NAME_CHARS) {
        None => name.to_owned(),
        Some((end, _)) => {
            notes.add("name", format!("cut off after {} characters", limits::NAME_CHARS));
            name.get(..end).unwrap_or_default().to_owned()
        }
    }
}

/// When the first piece of a stream came, by the events instrumentations mark it with.
fn first_chunk(events: &[Event<'_>], start_ns: TimeNs) -> Option<TimeNs> {
    const MARKS: [&str; 3] =
        ["First Token Stream Event", "llm.content.completion.chunk", "gen_ai.content.completion.chunk"];
    let chunks = events.iter().filter(|event| event.at_ns > 0 && MARKS.contains(&event.name.as_ref()));
    let first = chunks.map(|event| event.at_ns).min()?;
    i64::try_from(first).ok().filter(|at| *at >= start_ns.0).map(TimeNs)
}

fn truth(value: &Any<'_>) -> Option<bool> {
    match value {
        Any::Json(Value::Bool(value)) => Some(*value),
        other => text(other).and_then(|word| word.parse().ok()),
    }
}

/// Takes one span's attributes apart.
struct Reader<'c, 'b, 'a> {
    context: &'c Context,
    budget: &'b Budget,
    notes: Notes,
    slots: Slots<'a>,
}

impl Reader<'_, '_, '_> {
    fn short(&mut self, field: Field) -> Option<String> {
        let Attribute { key, value } = self.slots.take(field)?;
        let Some(text) = text(&value).filter(|text| !text.trim().is_empty()) else {
            self.slots.rest.push(Attribute { key, value });
            return None;
        };
        // MLflow writes texts as JSON.
        let text = if key.starts_with("mlflow.") { text.trim_matches('"') } else { text.as_ref() };
        if text.chars().nth(limits::SHORT_CHARS).is_some() {
            self.notes.add(&key, format!("left out: it has more than {} characters", limits::SHORT_CHARS));
            return None;
        }
        Some(text.to_owned())
    }

    fn kind(&mut self, has_model: bool) -> SpanKind {
        let word = self.slots.take_text(Field::Kind);
        let otherwise = if has_model { SpanKind::Generation } else { SpanKind::Span };
        word.and_then(|word| words::kind(&word)).unwrap_or(otherwise)
    }

    /// Metadata said key by key, and as a whole: an object is merged, anything else stands under `metadata`.
    fn metadata(&mut self, whole: Field, group: Group, metadata: &mut Map<String, Value>) {
        if let Some(Attribute { key, value }) = self.slots.take(whole) {
            // The foreign `metadata` attribute is JSON whoever sends it.
            let encoding = if key == "metadata" { MetadataText::Plain } else { self.context.metadata_text };
            match encoding.decode(value, self.budget) {
                Value::Object(map) => metadata.extend(map),
                other => {
                    metadata.insert("metadata".to_owned(), other);
                }
            }
        }
        for part in self.slots.take_parts(group) {
            let name = part.name().to_owned();
            metadata.insert(name, self.context.metadata_text.decode(part.attribute.value, self.budget));
        }
    }

    fn trace(&mut self, root: bool) -> TraceFields {
        let mut metadata = Map::new();
        self.metadata(Field::TraceMetadata, Group::TraceMetadata, &mut metadata);
        let mut name = self.short(Field::TraceName);
        // An agent inside a trace does not name the trace.
        if name.is_none() && root {
            name = self.short(Field::AgentName);
        }
        let mut whole = |field: Field| self.slots.take(field).map(|attribute| payload(attribute.value, self.budget));
        let (input, output) = (whole(Field::TraceInput), whole(Field::TraceOutput));
        let public = self.slots.take(Field::TracePublic).and_then(|attribute| truth(&attribute.value));
        let (user_id, session_id) = (self.short(Field::User), self.short(Field::Session));
        TraceFields { name, user_id, session_id, tags: self.tags(), public, metadata, input, output }
    }

    fn tags(&mut self) -> Vec<String> {
        let Some(Attribute { key, value }) = self.slots.take(Field::Tags) else { return Vec::new() };
        let values = match value {
            Any::Json(Value::Array(values)) => values,
            Any::Text(text) => match structure(&text, self.budget) {
                Some(Value::Array(values)) => values,
                _ => vec![Value::String(text.into_owned())],
            },
            Any::Json(other) => vec![other],
        };
        if values.len() > limits::TAGS {
            self.notes
                .add(&key, format!("{} left out: at most {} are kept", values.len() - limits::TAGS, limits::TAGS));
        }
        let mut tags: Vec<String> = Vec::new();
        for value in values.into_iter().take(limits::TAGS) {
            let tag = text(&Any::Json(value)).map(|tag| tag.trim().to_owned()).unwrap_or_default();
            if tag.is_empty() || tag.chars().nth(limits::SHORT_CHARS).is_some() {
                self.notes.add(&key, "a tag is left out: it is not a short text");
            } else if !tags.contains(&tag) {
                tags.push(tag);
            }
        }
        tags
    }

    /// Scores among a span's events; one that is none is named.
    fn evaluations(&mut self, events: &[Event<'_>], (trace, span): (TraceId, SpanId)) -> Vec<ScoreDraft> {
        let mut scores = Vec::new();
        for event in events.iter().filter(|event| event.name == evaluation::EVENT) {
            let at = i64::try_from(event.at_ns).ok().filter(|at| *at > 0).map(TimeNs);
            match evaluation::score(&event.attributes, trace, span, at) {
                Ok(score) => scores.push(score),
                Err(reason) => self.notes.add(evaluation::EVENT, format!("left out: {reason}")),
            }
        }
        scores
    }

    fn completion_start(&mut self, start_ns: TimeNs) -> Option<TimeNs> {
        if let Some(Attribute { key, value }) = self.slots.take(Field::CompletionStart) {
            let text = text(&value).unwrap_or_default();
            // The value is a time in JSON: its quotes are part of it. Without an offset it is UTC.
            let time = text.trim_matches('"');
            let parsed = time.parse().or_else(|_| format!("{time}Z").parse());
            if parsed.is_err() {
                self.notes.add(&key, format!("left out: `{}` is not a time in RFC 3339", shown(time)));
            }
            return parsed.ok();
        }
        let seconds = self.number(Field::FirstChunkSeconds);
        let seconds = seconds.or_else(|| self.number(Field::FirstChunkMillis).map(|millis| millis / 1e3))?;
        let wait_ns = (seconds * 1e9).round_ties_even();
        // A wait longer than 31 years is nonsense.
        (0.0..1e18).contains(&wait_ns).then(|| TimeNs(start_ns.0.saturating_add(wait_ns as i64)))
    }

    fn number(&mut self, field: Field) -> Option<f64> {
        let attribute = self.slots.take(field)?;
        let number = text(&attribute.value).and_then(|text| text.parse::<f64>().ok());
        if number.is_none() {
            self.slots.rest.push(attribute);
        }
        number
    }

    /// The level said, else what the status, an error type or an exception says. A failed span's exception is kept.
    fn level(
        &mut self,
        status: StatusCode,
        status_message: &str,
        events: &[Event<'_>],
        metadata: &mut Map<String, Value>,
    ) -> (Level, Option<String>) {
        let said = self.slots.take(Field::Level).and_then(|Attribute { key, value }| {
            let word = text(&value).unwrap_or_default();
            word.parse().map_err(|_| self.notes.add(&key, format!("left out: `{}` is not a level", shown(&word)))).ok()
        });
        let exception = events.iter().rev().find(|event| event.name == "exception");
        let detail = |name: &str| {
            let attribute = exception?.attributes.iter().find(|attribute| attribute.key == name)?;
            text(&attribute.value).filter(|text| !text.is_empty()).map(std::borrow::Cow::into_owned)
        };
        for name in ["exception.type", "exception.stacktrace"] {
            if let Some(text) = detail(name).filter(|text| text.len() <= limits::KEPT_BYTES) {
                metadata.entry(name).or_insert(Value::String(text));
            }
        }
        let error_type = self.slots.take_text(Field::ErrorType);
        let failed = match status {
            StatusCode::Error => true,
            StatusCode::Ok => false,
            StatusCode::Unset => exception.is_some() || error_type.is_some(),
        };
        if let Some(error_type) = &error_type {
            metadata.entry("error.type").or_insert_with(|| Value::from(error_type.as_str()));
        }
        let level = said.unwrap_or(if failed { Level::Error } else { Level::Default });
        let given = self.slots.take_text(Field::StatusMessage);
        let of_status = Some(status_message).filter(|message| !message.is_empty()).map(str::to_owned);
        let of_exception = || match (detail("exception.type"), detail("exception.message")) {
            (Some(kind), Some(message)) => Some(format!("{kind}: {message}")),
            (kind, message) => message.or(kind),
        };
        (level, given.or(of_status).or_else(of_exception).or(error_type))
    }

    fn parameters(&mut self) -> Map<String, Value> {
        let mut parameters = Map::new();
        if let Some(Attribute { key, value }) = self.slots.take(Field::Parameters) {
            match json(value, self.budget) {
                Value::Object(map) => parameters = map,
                other => {
                    self.notes.add(&key, "not a JSON object; kept in the metadata");
                    self.slots.rest.push(Attribute { key, value: Any::Json(other) });
                }
            }
        }
        for part in self.slots.take_parts(Group::Parameters) {
            if NOT_PARAMETERS.contains(&part.name()) {
                self.slots.rest.push(part.attribute);
            } else {
                let name = part.name().to_owned();
                parameters.entry(name).or_insert(part.attribute.value.into_value());
            }
        }
        parameters
    }

    /// An attribute that holds a JSON object.
    fn object(&mut self, field: Field) -> Option<(String, Vec<(String, Value)>)> {
        let Attribute { key, value } = self.slots.take(field)?;
        if let Value::Object(map) = json(value, self.budget) {
            return Some((key.into_owned(), map.into_iter().collect()));
        }
        self.notes.add(&key, "left out: it is not a JSON object");
        None
    }

    /// Counts of tokens; the words providers put among them go to the metadata.
    fn usage(&mut self, metadata: &mut Map<String, Value>) -> Usage {
        let mut found = self.object(Field::UsageDetails).map(|(key, reports)| (key, reports, Convention::Provider));
        for group in [Group::UsageGenAi, Group::UsageOpenInference, Group::UsageVercel] {
            let (money, parts): (Vec<_>, Vec<_>) =
                self.slots.take_parts(group).into_iter().partition(|part| part.attribute.key == USAGE_COST);
            self.slots.rest.extend(money.into_iter().map(|part| part.attribute));
            if found.is_some() {
                // Another spelling of the same counts.
                self.slots.rest.extend(parts.into_iter().map(|part| part.attribute));
            } else if let Some(first) = parts.first() {
                let what =
                    first.attribute.key.get(..first.name_at).unwrap_or_default().trim_end_matches('.').to_owned();
                let reports = parts.into_iter().map(|part| named(part, "_")).collect();
                found = Some((what, reports, Convention::Inclusive));
            }
        }
        let Some((what, mut reports, convention)) = found else { return Usage::default() };
        for (key, name) in tier::AMONG_COUNTS {
            for (_, word) in reports.extract_if(.., |(said, value)| said == key && value.is_string()) {
                metadata.entry(name).or_insert(word);
            }
        }
        usage(reports, convention, &what, &mut self.notes)
    }

    fn cost(&mut self) -> Cost {
        if let Some((what, reports)) = self.object(Field::CostDetails) {
            return cost(reports, |_| false, &what, &mut self.notes);
        }
        let mut reports: Vec<_> = self.slots.take_parts(Group::Cost).into_iter().map(|part| named(part, ".")).collect();
        if reports.is_empty() {
            let money = self.slots.rest.extract_if(.., |attribute| attribute.key == USAGE_COST);
            reports.extend(money.map(|attribute| ("total".to_owned(), attribute.value.into_value())));
        }
        cost(reports, |key| key.contains('.'), "llm.cost", &mut self.notes)
    }

    /// The link, when both halves are there and make sense; otherwise they stay in the metadata.
    fn prompt(&mut self) -> Option<PromptLink> {
        let name = self.slots.take(Field::PromptName);
        let version = self.slots.take(Field::PromptVersion);
        let mut reason = None;
        if let (Some(name), Some(version)) = (&name, &version) {
            match link(&text(&name.value).unwrap_or_default(), &text(&version.value).unwrap_or_default()) {
                Ok(link) => return Some(link),
                Err(BadLink::Name(problem) | BadLink::Version(problem)) => reason = Some(problem),
            }
        }
        for attribute in [name, version].into_iter().flatten() {
            if let Some(reason) = reason.as_ref().filter(|_| attribute.key.ends_with("version")) {
                self.notes.add(&attribute.key, format!("the prompt is not linked: {reason}"));
            }
            self.slots.rest.push(attribute);
        }
        None
    }

    fn environment(&mut self) -> String {
        let mut candidates = Vec::new();
        if let Some(text) = self.slots.take_text(Field::Environment) {
            candidates.push(text);
        }
        candidates.extend(self.context.resource.environment.clone());
        // Others than the SDKs write `Production`.
        let deployment = self.slots.take_text(Field::Deployment).or_else(|| self.context.resource.deployment.clone());
        candidates.extend(deployment.map(|text| text.to_lowercase()));
        let Some(first) = candidates.into_iter().next() else { return DEFAULT_ENVIRONMENT.to_owned() };
        environment(&first).unwrap_or_else(|invalid| {
            self.notes.add("environment", format!("{invalid}; `{DEFAULT_ENVIRONMENT}` is used"));
            DEFAULT_ENVIRONMENT.to_owned()
        })
    }

    fn input(&mut self, told: Option<Value>) -> Option<Value> {
        let input = self.content(Field::Input, Field::InputMime, Group::InputMessages).or(told);
        match self.slots.take(Field::SystemInstructions) {
            None => input,
            Some(instructions) => Some(messages::with_instructions(payload(instructions.value, self.budget), input)),
        }
    }

    /// What came out: what is said of it, else the empty text where that was sent.
    fn output(&mut self, told: Option<Value>) -> Option<Value> {
        let said = self.content(Field::Output, Field::OutputMime, Group::OutputMessages).or(told);
        said.or_else(|| self.slots.empty_output.then(|| Value::String(String::new())))
    }

    fn content(&mut self, field: Field, mime: Field, group: Group) -> Option<Value> {
        let plain = self.slots.take_text(mime).is_some_and(|mime| mime.starts_with("text/"));
        let parts = self.slots.take_parts(group);
        match self.slots.take(field) {
            Some(Attribute { key, value }) if key.starts_with("mlflow.") => Some(json(value, self.budget)),
            Some(Attribute { key, value }) if plain && key.ends_with(".value") => Some(value.into_value()),
            Some(attribute) => Some(payload(attribute.value, self.budget)),
            None => messages::indexed(parts.into_iter().map(|part| named(part, ".")).collect()),
        }
    }

    /// Keeps what means nothing here under its own name, within limits and without secrets.
    fn keep_rest(self, metadata: &mut Map<String, Value>) -> Notes {
        let Self { context, budget: _, mut notes, mut slots } = self;
        slots.take(Field::AgentName).into_iter().for_each(|attribute| slots.rest.push(attribute));
        if !context.own_sdk {
            for (key, text) in
                [("service.name", &context.resource.service), ("telemetry.sdk.language", &context.resource.language)]
            {
                if let Some(text) = text {
                    metadata.entry(key).or_insert_with(|| Value::from(text.as_str()));
                }
            }
        }
        let mut kept = 0;
        for Attribute { key, value } in slots.into_rest() {
            if is_secret(&key) || metadata.contains_key(key.as_ref()) {
                continue;
            }
            let bytes = match &value {
                Any::Text(text) => text.len(),
                Any::Json(value @ (Value::Array(_) | Value::Object(_))) => value.to_string().len(),
                Any::Json(_) => 0,
            };
            if bytes > limits::KEPT_BYTES {
                notes.add(&key, format!("left out: it has more than {} bytes", limits::KEPT_BYTES));
            } else if kept >= limits::KEPT_ATTRIBUTES {
                notes.add(&key, format!("left out: at most {} other attributes are kept", limits::KEPT_ATTRIBUTES));
            } else {
                kept += 1;
                metadata.insert(key.into_owned(), value.into_value());
            }
        }
        notes
    }
}

const DEFAULT_ENVIRONMENT: &str = "default";

fn named(part: Part<'_>, separator: &str) -> (String, Value) {
    let name = part.name().replace('.', separator);
    (name, part.attribute.value.into_value())
}

/// Keys that hold credentials wherever an instrumentation copies headers or settings into attributes.
fn is_secret(key: &str) -> bool {
    let key = key.to_ascii_lowercase().replace('-', "_");
    let last = key.rsplit('.').next().unwrap_or(&key);
    matches!(last, "api_key" | "apikey" | "authorization" | "x_api_key" | "cookie" | "set_cookie")
        || last.contains("secret")
        || last.contains("password")
}
