//! The attributes of one span sorted by what they mean.

use std::borrow::Cow;

use serde_json::Value;

use super::table::{Field, Group, Meaning, meaning};
use super::words;
use crate::raw::{Any, Attribute, Notes, shown};

struct Held<'a> {
    rank: usize,
    attribute: Attribute<'a>,
}

/// A part of a group: the whole key, and where the part's own name starts in it.
pub(super) struct Part<'a> {
    pub(super) group: Group,
    pub(super) name_at: usize,
    pub(super) attribute: Attribute<'a>,
}

impl Part<'_> {
    pub(super) fn name(&self) -> &str {
        self.attribute.key.get(self.name_at..).unwrap_or_default()
    }
}

/// The best attribute for each field, the parts of groups, and what means nothing here.
pub(super) struct Slots<'a> {
    best: [Option<Held<'a>>; Field::COUNT],
    parts: Vec<Part<'a>>,
    pub(super) rest: Vec<Attribute<'a>>,
    /// Whether an output came that is the empty text.
    pub(super) empty_output: bool,
}

impl<'a> Slots<'a> {
    pub(super) fn sort(attributes: Vec<Attribute<'a>>, notes: &mut Notes) -> Self {
        let mut slots =
            Self { best: [const { None }; Field::COUNT], parts: Vec::new(), rest: Vec::new(), empty_output: false };
        for attribute in attributes {
            match meaning(&attribute.key) {
                // An empty text says nothing, except as an output: then a model gave nothing back.
                Meaning::Field(Field::Output, _) if attribute.value == Any::Text(Cow::Borrowed("")) => {
                    slots.empty_output = true;
                }
                Meaning::Part(Group::OutputMessages, name_at) if matches!(attribute.value, Any::Text(_)) => {
                    slots.parts.push(Part { group: Group::OutputMessages, name_at, attribute });
                }
                _ if attribute.value.is_empty() => {}
                Meaning::Field(field, rank) => slots.offer(field, rank, attribute, notes),
                Meaning::Part(group, name_at) => slots.parts.push(Part { group, name_at, attribute }),
                Meaning::Unknown => slots.rest.push(attribute),
            }
        }
        slots
    }

    /// Keeps the attribute if none of a lower rank is there; of two with the same key the later stands.
    fn offer(&mut self, field: Field, rank: usize, attribute: Attribute<'a>, notes: &mut Notes) {
        if field == Field::Kind && text(&attribute.value).and_then(|word| words::kind(&word)).is_none() {
            if rank == 0 {
                let word = shown(&text(&attribute.value).unwrap_or_default()).to_owned();
                notes.add(&attribute.key, format!("`{word}` is not an observation type; kept in the metadata"));
            }
            self.rest.push(attribute);
            return;
        }
        let Some(slot) = self.best.get_mut(field as usize) else { return };
        let loser = match slot {
            Some(held) if held.rank < rank => Some(attribute),
            _ => slot.replace(Held { rank, attribute }).map(|held| held.attribute),
        };
        // Another spelling of the input or output is the same content again; anything else may differ and is kept.
        let content = matches!(field, Field::Input | Field::Output | Field::Kind);
        let same = slot
            .as_ref()
            .zip(loser.as_ref())
            .is_some_and(|(held, loser)| held.attribute.value == loser.value || held.attribute.key == loser.key);
        if !content && !same {
            self.rest.extend(loser);
        }
    }

    pub(super) fn take(&mut self, field: Field) -> Option<Attribute<'a>> {
        self.best.get_mut(field as usize)?.take().map(|held| held.attribute)
    }

    /// A field that is a text; numbers and booleans count as their text.
    pub(super) fn take_text(&mut self, field: Field) -> Option<String> {
        self.take(field).and_then(|attribute| into_text(attribute.value))
    }

    /// The parts of a group, as name and JSON.
    pub(super) fn take_parts(&mut self, group: Group) -> Vec<Part<'a>> {
        self.parts.extract_if(.., |part| part.group == group).collect()
    }

    /// What is left when everything was taken.
    pub(super) fn into_rest(self) -> impl Iterator<Item = Attribute<'a>> {
        let held = self.best.into_iter().flatten().map(|held| held.attribute);
        self.rest.into_iter().chain(held).chain(self.parts.into_iter().map(|part| part.attribute))
    }
}

/// A scalar as text.
pub(super) fn text<'v>(value: &'v Any<'_>) -> Option<Cow<'v, str>> {
    match value {
        Any::Text(text) => Some(Cow::Borrowed(text)),
        Any::Json(Value::String(text)) => Some(Cow::Borrowed(text)),
        Any::Json(value @ (Value::Number(_) | Value::Bool(_))) => Some(Cow::Owned(value.to_string())),
        Any::Json(_) => None,
    }
}

fn into_text(value: Any<'_>) -> Option<String> {
    match value {
        Any::Text(text) => Some(text.into_owned()),
        other @ Any::Json(_) => text(&other).map(Cow::into_owned),
    }
}
