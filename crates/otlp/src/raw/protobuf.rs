//! OTLP in protobuf. Field numbers are those of `opentelemetry/proto/{collector/,}trace/v1` and `common/v1`; the tests hold
//! this reader against `opentelemetry-proto`.

use std::borrow::Cow;

use base64::Engine as _;
use domain::ids::{SpanId, TraceId};
use serde_json::{Map, Value};

use super::{
    Any, Attribute, Event, Notes, RawScope, RawSpan, StatusCode,
    value::Budget,
    wire::{Damage, Slice},
};
use crate::{DecodeError, intake::Intake, limits};

impl From<Damage> for DecodeError {
    fn from(damage: Damage) -> Self {
        Self::Protobuf { offset: damage.offset, reason: damage.reason }
    }
}

/// Hands every span of the request to `intake`.
pub(crate) fn read<'a>(body: &'a [u8], intake: &mut Intake<'_, 'a>) -> Result<(), DecodeError> {
    let request = Slice::new(body);
    let found = count_spans(request)?;
    if found > limits::SPANS {
        return Err(DecodeError::TooManySpans { found, limit: limits::SPANS });
    }
    for resource_spans in messages(request, 1) {
        let resource_spans = resource_spans?;
        // The resource may stand behind the spans it describes.
        let mut notes = Notes::default();
        let mut attributes = Vec::new();
        for resource in messages(resource_spans, 1) {
            read_attributes(resource?, 1, &mut attributes, &mut notes, intake.budget());
        }
        intake.resource(attributes, notes);
        for scope_spans in messages(resource_spans, 2) {
            let scope_spans = scope_spans?;
            intake.scope(&read_scope(scope_spans)?);
            for span in messages(scope_spans, 2) {
                let (message, mut span) = (span?, RawSpan::new());
                match read_span(message, &mut span, intake.budget()) {
                    Ok(()) => intake.span(span),
                    Err(damage) => intake.damaged(&span, format!("{} at byte {}", damage.reason, damage.offset)),
                }
            }
        }
    }
    Ok(())
}

/// Walks the frame of the request, so that nothing is read or kept of one that is cut short or too large.
fn count_spans(request: Slice<'_>) -> Result<usize, Damage> {
    let mut found = 0;
    for resource_spans in messages(request, 1) {
        for scope_spans in messages(resource_spans?, 2) {
            for span in messages(scope_spans?, 2) {
                span?;
                found += 1;
            }
        }
    }
    Ok(found)
}

/// The sub-messages in field `number`.
pub(super) fn messages(message: Slice<'_>, number: u64) -> impl Iterator<Item = Result<Slice<'_>, Damage>> {
    message.fields().filter_map(move |field| match field {
        Ok(field) if field.number == number => Some(field.bytes()),
        Ok(_) => None,
        Err(damage) => Some(Err(damage)),
    })
}

fn read_scope(scope_spans: Slice<'_>) -> Result<RawScope<'_>, Damage> {
    let mut scope = RawScope::default();
    for message in messages(scope_spans, 1) {
        for field in message?.fields().map_while(Result::ok) {
            match (field.number, field.bytes()) {
                (1, Ok(text)) => scope.name = String::from_utf8_lossy(text.bytes),
                (2, Ok(text)) => scope.version = String::from_utf8_lossy(text.bytes),
                _ => {}
            }
        }
    }
    Ok(scope)
}

/// Fills in `span`; on damage it holds what was readable before.
fn read_span<'a>(message: Slice<'a>, span: &mut RawSpan<'a>, budget: &Budget) -> Result<(), Damage> {
    let mut attributes = Gather::default();
    for field in message.fields() {
        let field = field?;
        match field.number {
            1 => span.trace_id = TraceId::from_slice(field.bytes()?.bytes),
            2 => span.span_id = SpanId::from_slice(field.bytes()?.bytes),
            4 => span.parent_id = read_parent(field.bytes()?.bytes, &mut span.notes),
            5 => span.name = text(field.bytes()?, "name", &mut span.notes),
            7 => span.start_ns = field.fixed64()?,
            8 => span.end_ns = field.fixed64()?,
            9 => attributes.add(field.bytes()?, &mut span.attributes, &mut span.notes, budget),
            11 => read_event(field.bytes()?, span, budget),
            15 => read_status(field.bytes()?, span),
            _ => {}
        }
    }
    attributes.finish(&mut span.notes);
    Ok(())
}

fn read_parent(bytes: &[u8], notes: &mut Notes) -> Option<SpanId> {
    // Roots are sent without a parent, with an empty one, or with zeros.
    if bytes.iter().all(|byte| *byte == 0) {
        return None;
    }
    SpanId::from_slice(bytes).map_err(|invalid| notes.add("parentSpanId", invalid.to_string())).ok()
}

fn read_status<'a>(message: Slice<'a>, span: &mut RawSpan<'a>) {
    for field in message.fields() {
        let content = field.and_then(|field| {
            match field.number {
                2 => span.status_message = text(field.bytes()?, "status.message", &mut span.notes),
                3 => span.status = StatusCode::from_number(field.varint()?),
                _ => {}
            }
            Ok(())
        });
        if let Err(damage) = content {
            span.notes.add("status", left_out(&damage));
        }
    }
}

fn read_event<'a>(message: Slice<'a>, span: &mut RawSpan<'a>, budget: &Budget) {
    if span.events.len() >= limits::EVENTS {
        if span.events.len() == limits::EVENTS {
            span.notes.add("events", format!("left out: a span has at most {} events", limits::EVENTS));
        }
        return;
    }
    let mut event = Event { name: Cow::Borrowed(""), at_ns: 0, attributes: Vec::new() };
    for field in message.fields().map_while(Result::ok).filter(|field| field.number == 1) {
        event.at_ns = field.fixed64().unwrap_or(0);
    }
    for name in messages(message, 2) {
        match name {
            Ok(name) => event.name = text(name, "event.name", &mut span.notes),
            Err(damage) => {
                span.notes.add("events", left_out(&damage));
                return;
            }
        }
    }
    read_attributes(message, 3, &mut event.attributes, &mut span.notes, budget);
    span.events.push(event);
}

fn left_out(damage: &Damage) -> String {
    format!("left out: {} at byte {}", damage.reason, damage.offset)
}

/// Collects attributes up to the limit and counts the rest.
#[derive(Default)]
struct Gather {
    beyond: usize,
}

impl Gather {
    fn add<'a>(&mut self, message: Slice<'a>, attributes: &mut Vec<Attribute<'a>>, notes: &mut Notes, budget: &Budget) {
        if attributes.len() >= limits::ATTRIBUTES {
            self.beyond += 1;
            return;
        }
        let mut key = Cow::Borrowed("");
        match read_attribute(message, &mut key, notes, budget) {
            Ok(Some(value)) => attributes.push(Attribute { key, value }),
            Ok(None) => {}
            Err(damage) => notes.add(if key.is_empty() { "attributes" } else { &key }, left_out(&damage)),
        }
    }

    fn finish(self, notes: &mut Notes) {
        if self.beyond > 0 {
            let (limit, beyond) = (limits::ATTRIBUTES, self.beyond);
            notes.add("attributes", format!("{beyond} left out: at most {limit} are read"));
        }
    }
}

pub(super) fn read_attributes<'a>(
    message: Slice<'a>,
    number: u64,
    attributes: &mut Vec<Attribute<'a>>,
    notes: &mut Notes,
    budget: &Budget,
) {
    let mut gather = Gather::default();
    for attribute in messages(message, number) {
        match attribute {
            Ok(attribute) => gather.add(attribute, attributes, notes, budget),
            Err(damage) => notes.add("attributes", left_out(&damage)),
        }
    }
    gather.finish(notes);
}

/// Reads a key and value; the key is there even when the value is damaged.
fn read_attribute<'a>(
    message: Slice<'a>,
    key: &mut Cow<'a, str>,
    notes: &mut Notes,
    budget: &Budget,
) -> Result<Option<Any<'a>>, Damage> {
    let mut value = None;
    let mut broken_text = false;
    for field in message.fields() {
        let field = field?;
        match field.number {
            1 => *key = lossy(field.bytes()?, &mut broken_text),
            2 => value = Some(field.bytes()?),
            _ => {}
        }
    }
    if key.is_empty() {
        return Err(Damage::new(message.offset, "it has no key"));
    }
    if key.len() > limits::KEY_BYTES {
        let limit = limits::KEY_BYTES;
        return Err(Damage::new(message.offset, format!("its key has more than {limit} bytes")));
    }
    let Some(value) = value else { return Ok(None) };
    let value = read_any(value, limits::DEPTH, budget, &mut broken_text)?;
    if broken_text {
        notes.add(key, "invalid UTF-8 was replaced");
    }
    Ok(value)
}

pub(super) fn text<'a>(slice: Slice<'a>, field: &str, notes: &mut Notes) -> Cow<'a, str> {
    let mut broken = false;
    let text = lossy(slice, &mut broken);
    if broken {
        notes.add(field, "invalid UTF-8 was replaced");
    }
    text
}

/// The text; what is not UTF-8 in it is replaced.
fn lossy<'a>(slice: Slice<'a>, broken: &mut bool) -> Cow<'a, str> {
    // Checking first is several times faster than `from_utf8_lossy` alone, and nearly every text is sound.
    if let Ok(text) = std::str::from_utf8(slice.bytes) {
        return Cow::Borrowed(text);
    }
    *broken = true;
    String::from_utf8_lossy(slice.bytes)
}

/// The value of an attribute; `None` when the sender left it unset.
pub(super) fn read_any<'a>(
    message: Slice<'a>,
    depth: usize,
    budget: &Budget,
    broken: &mut bool,
) -> Result<Option<Any<'a>>, Damage> {
    if !budget.spend() {
        return Err(Damage::new(message.offset, "the request holds too many values"));
    }
    let deeper = || {
        depth
            .checked_sub(1)
            .ok_or_else(|| Damage::new(message.offset, format!("it nests deeper than {} levels", limits::DEPTH)))
    };
    let mut value = None;
    for field in message.fields() {
        let field = field?;
        value = Some(match field.number {
            1 => Any::Text(lossy(field.bytes()?, broken)),
            2 => Any::Json(Value::Bool(field.varint()? != 0)),
            // Protobuf writes negative numbers as their two's complement.
            3 => Any::Json(Value::from(field.varint()?.cast_signed())),
            4 => Any::Json(Any::double(f64::from_bits(field.fixed64()?))),
            5 => {
                let depth = deeper()?;
                let mut items = Vec::new();
                for item in messages(field.bytes()?, 1) {
                    items.push(nested(read_any(item?, depth, budget, broken)?));
                }
                Any::Json(Value::Array(items))
            }
            6 => {
                let depth = deeper()?;
                let mut map = Map::new();
                for pair in messages(field.bytes()?, 1) {
                    let (key, value) = read_pair(pair?, depth, budget, broken)?;
                    map.insert(key, value);
                }
                Any::Json(Value::Object(map))
            }
            7 => {
                let bytes = field.bytes()?.bytes;
                Any::Json(Value::String(base64::engine::general_purpose::STANDARD.encode(bytes)))
            }
            _ => continue,
        });
    }
    Ok(value)
}

fn read_pair(message: Slice<'_>, depth: usize, budget: &Budget, broken: &mut bool) -> Result<(String, Value), Damage> {
    let mut key = String::new();
    let mut value = Value::Null;
    for field in message.fields() {
        let field = field?;
        match field.number {
            1 => key = lossy(field.bytes()?, broken).into_owned(),
            2 => value = nested(read_any(field.bytes()?, depth, budget, broken)?),
            _ => {}
        }
    }
    Ok((key, value))
}

fn nested(value: Option<Any<'_>>) -> Value {
    value.map_or(Value::Null, Any::into_value)
}
