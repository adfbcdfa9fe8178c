//! The packed form of a span's narrow part.
//!
//! Ids and start are columns of the row; everything else is here. Format 3:
//! received (8 bytes, so that it can be put back in place), version, kind, level, flags, parent, end, texts, numbers, and what
//! was derived. Format 2 ends before the rarer buckets of tokens and the charge; format 1 also before unit groups and segment,
//! and has five keys instead of eight. Both are still read.

use domain::{
    ids::{SpanId, TraceId},
    money::NanoUsd,
    price::{Charge, CostOrigin},
    segment::Said,
    time::{TimeNs, TimeUs},
    trace::{Level, PromptLink, SpanKind, SpanVersion, TokenBuckets},
};
use store::{
    StoreError,
    event::{Derived, SketchKeys, SpanRow, TraceWords, UnitGroups, UnpricedModel},
};

use super::{
    charge,
    codec::{Packer, Unpacker},
};

const FORMAT: u8 = 3;

/// A link as written in a record.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(super) struct LinkText<'a> {
    pub(super) name: &'a str,
    pub(super) version: u32,
}

/// A record read without copying its texts.
#[derive(Clone, Debug)]
pub(super) struct Narrow<'a> {
    pub(super) received_us: i64,
    pub(super) version: SpanVersion,
    pub(super) span: u64,
    pub(super) parent: Option<u64>,
    pub(super) name: &'a str,
    pub(super) kind: SpanKind,
    pub(super) start_ns: i64,
    pub(super) end_ns: i64,
    pub(super) level: Level,
    pub(super) status: Option<&'a str>,
    pub(super) model: Option<&'a str>,
    pub(super) environment: &'a str,
    pub(super) prompt: Option<LinkText<'a>>,
    pub(super) completion_start_ns: Option<i64>,
    pub(super) tokens: Option<TokenBuckets>,
    pub(super) cost: Option<i64>,
    pub(super) input_cost: Option<i64>,
    pub(super) output_cost: Option<i64>,
    pub(super) null_response: bool,
    pub(super) app_root: bool,
    pub(super) keys: SketchKeys,
    pub(super) groups: UnitGroups,
    /// The segment it names, and whether for its whole trace.
    pub(super) segment: Option<(&'a str, bool)>,
    /// What its cost rests on, packed; empty in records older than that.
    charge: &'a [u8],
    pub(super) trace_name: Option<&'a str>,
    pub(super) user_id: Option<&'a str>,
    pub(super) session_id: Option<&'a str>,
    pub(super) release: Option<&'a str>,
    pub(super) trace_version: Option<&'a str>,
    pub(super) tags: Vec<&'a str>,
    pub(super) public: Option<bool>,
}

/// A span's id as the number it reads as, so that numbers sort as ids do.
pub(super) fn span_number(id: SpanId) -> u64 {
    u64::from_be_bytes(*id.as_bytes())
}

/// A span number as the signed column keeps it: shifted, so that SQLite's signed order is the order of the ids.
pub(super) fn span_column(number: u64) -> i64 {
    (number ^ (1 << 63)) as i64
}

/// Back from [`span_column`].
pub(super) fn span_from_column(column: i64) -> u64 {
    (column as u64) ^ (1 << 63)
}

fn flag(on: bool, bit: u8) -> u8 {
    u8::from(on) << bit
}

/// Packs the narrow part of a span.
pub(super) fn pack(row: &SpanRow, version: SpanVersion, received_us: TimeUs) -> Vec<u8> {
    let mut packer = Packer::new(FORMAT);
    packer.fixed(received_us.0 as u64);
    packer.integer(version.end_ns.wrapping_sub(row.end_ns.0));
    packer.natural(u64::from(version.length));
    packer.fixed(version.digest);
    packer.byte(row.kind.code());
    packer.byte(row.level.code());
    packer.byte(
        flag(row.null_response, 0)
            | flag(row.app_root, 1)
            | flag(row.trace.public.is_some(), 2)
            | flag(row.trace.public == Some(true), 3)
            | flag(row.parent_id.is_some(), 4)
            | flag(row.prompt.is_some(), 5)
            | flag(row.tokens.is_some(), 6),
    );
    if let Some(parent) = row.parent_id {
        packer.fixed(span_number(parent));
    }
    packer.integer(row.end_ns.0.wrapping_sub(row.start_ns.0));
    packer.text(&row.name);
    packer.optional_text(row.status.as_deref());
    packer.optional_text(row.model.as_deref());
    packer.text(&row.environment);
    if let Some(link) = &row.prompt {
        packer.text(&link.name);
        packer.natural(u64::from(link.version));
    }
    packer.optional_integer(row.completion_start_ns.map(|time| time.0.wrapping_sub(row.start_ns.0)));
    if let Some(tokens) = &row.tokens {
        for bucket in
            [tokens.input, tokens.cache_read, tokens.cache_write, tokens.output, tokens.reasoning, tokens.other]
        {
            packer.natural(bucket);
        }
    }
    for cost in [row.cost, row.input_cost, row.output_cost] {
        packer.optional_integer(cost.map(|cost| cost.0));
    }
    let keys = &row.derived.keys;
    for key in [keys.latency, keys.time_to_first_token, keys.cost, keys.input_tokens, keys.output_tokens] {
        packer.optional_integer(key.map(i64::from));
    }
    let words = &row.trace;
    for word in [&words.name, &words.user_id, &words.session_id, &words.release, &words.version] {
        packer.optional_text(word.as_deref());
    }
    packer.natural(words.tags.len() as u64);
    for tag in &words.tags {
        packer.text(tag);
    }
    for key in [keys.input_cost, keys.output_cost, keys.total_tokens] {
        packer.optional_integer(key.map(i64::from));
    }
    let Derived { groups, segment, .. } = &row.derived;
    packer.byte(
        flag(groups.user.is_some(), 0)
            | flag(groups.session.is_some(), 1)
            | flag(segment.is_some(), 2)
            | flag(segment.as_ref().is_some_and(|said| said.of_trace), 3),
    );
    for group in [groups.user, groups.session, Some(groups.trace)].into_iter().flatten() {
        packer.byte(group);
    }
    if let Some(said) = segment {
        packer.text(&said.value);
    }
    if let Some(tokens) = &row.tokens {
        charge::pack_more_buckets(&mut packer, tokens);
    }
    packer.raw(&charge::pack(&row.derived.charge));
    packer.finish()
}

/// Puts another time of receipt into a packed record: a replaced span keeps its first one.
pub(super) fn set_received(record: &mut [u8], received_us: i64) {
    if let Some(slot) = record.get_mut(1..9) {
        slot.copy_from_slice(&received_us.to_le_bytes());
    }
}

/// Reads a packed record.
pub(super) fn unpack(bytes: &[u8], span: u64, start_ns: i64) -> Result<Narrow<'_>, StoreError> {
    let (format, mut reader) = Unpacker::since(bytes, 1..=FORMAT, "a span")?;
    let received_us = reader.fixed()? as i64;
    let version_end = reader.integer()?;
    let length = u32::try_from(reader.natural()?).map_err(|_| reader.damaged())?;
    let digest = reader.fixed()?;
    let kind = SpanKind::from_code(reader.byte()?).ok_or_else(|| reader.damaged())?;
    let level = Level::from_code(reader.byte()?).ok_or_else(|| reader.damaged())?;
    let flags = reader.byte()?;
    let is = |bit: u8| flags & (1 << bit) != 0;
    let parent = if is(4) { Some(reader.fixed()?) } else { None };
    let end_ns = start_ns.wrapping_add(reader.integer()?);
    let name = reader.text()?;
    let status = reader.optional_text()?;
    let model = reader.optional_text()?;
    let environment = reader.text()?;
    let prompt = if is(5) {
        let name = reader.text()?;
        let version = u32::try_from(reader.natural()?).map_err(|_| reader.damaged())?;
        Some(LinkText { name, version })
    } else {
        None
    };
    let completion_start_ns = reader.optional_integer()?.map(|delta| start_ns.wrapping_add(delta));
    let mut tokens = if is(6) {
        Some(TokenBuckets {
            input: reader.natural()?,
            cache_read: reader.natural()?,
            cache_write: reader.natural()?,
            output: reader.natural()?,
            reasoning: reader.natural()?,
            other: reader.natural()?,
            ..TokenBuckets::default()
        })
    } else {
        None
    };
    let cost = reader.optional_integer()?;
    let input_cost = reader.optional_integer()?;
    let output_cost = reader.optional_integer()?;
    let mut keys = SketchKeys {
        latency: key(&mut reader)?,
        time_to_first_token: key(&mut reader)?,
        cost: key(&mut reader)?,
        input_tokens: key(&mut reader)?,
        output_tokens: key(&mut reader)?,
        ..SketchKeys::default()
    };
    let trace_name = reader.optional_text()?;
    let user_id = reader.optional_text()?;
    let session_id = reader.optional_text()?;
    let release = reader.optional_text()?;
    let trace_version = reader.optional_text()?;
    let tags = (0..reader.count()?).map(|_| reader.text()).collect::<Result<Vec<_>, _>>()?;
    let (mut groups, mut segment, mut charge) = (UnitGroups::default(), None, &[][..]);
    if format >= 2 {
        for slot in [&mut keys.input_cost, &mut keys.output_cost, &mut keys.total_tokens] {
            *slot = key(&mut reader)?;
        }
        let said = reader.byte()?;
        let is = |bit: u8| said & (1 << bit) != 0;
        groups.user = if is(0) { Some(reader.byte()?) } else { None };
        groups.session = if is(1) { Some(reader.byte()?) } else { None };
        groups.trace = reader.byte()?;
        segment = if is(2) { Some((reader.text()?, is(3))) } else { None };
    }
    if format >= 3 {
        if let Some(tokens) = &mut tokens {
            charge::unpack_more_buckets(&mut reader, tokens)?;
        }
        charge = reader.bytes()?;
    }
    Ok(Narrow {
        received_us,
        version: SpanVersion { end_ns: end_ns.wrapping_add(version_end), length, digest },
        span,
        parent,
        name,
        kind,
        start_ns,
        end_ns,
        level,
        status,
        model,
        environment,
        prompt,
        completion_start_ns,
        tokens,
        cost,
        input_cost,
        output_cost,
        null_response: is(0),
        app_root: is(1),
        keys,
        groups,
        segment,
        charge,
        trace_name,
        user_id,
        session_id,
        release,
        trace_version,
        tags,
        public: is(2).then_some(is(3)),
    })
}

fn key(reader: &mut Unpacker<'_>) -> Result<Option<i16>, StoreError> {
    let Some(key) = reader.optional_integer()? else { return Ok(None) };
    i16::try_from(key).map(Some).map_err(|_| reader.damaged())
}

/// The id a number stands for.
pub(super) fn span_id(number: u64) -> Result<SpanId, StoreError> {
    SpanId::from_bytes(number.to_be_bytes()).map_err(|_| StoreError::Corrupt("a span's id is zero".to_owned()))
}

impl<'a> Narrow<'a> {
    /// The link it carries itself. A link without a name names nothing.
    pub(super) fn own_link(&self) -> Option<LinkText<'a>> {
        self.prompt.filter(|link| !link.name.is_empty())
    }

    /// What its cost rests on. Before that was kept, every cost was the sender's.
    pub(super) fn charge(&self) -> Result<Charge, StoreError> {
        if self.charge.is_empty() {
            let origin = if self.cost.is_some() { CostOrigin::Given } else { CostOrigin::None };
            return Ok(Charge { origin, ..Charge::default() });
        }
        charge::unpack(&mut Unpacker::of_part(self.charge, "a span's charge"))
    }

    /// The model it counts for among those without a price, if it does.
    pub(super) fn unpriced(&self) -> Result<Option<UnpricedModel>, StoreError> {
        charge::unpriced(self.charge, self.model, self.received_us)
    }

    /// The row it was packed from.
    pub(super) fn to_row(&self, trace_id: TraceId) -> Result<SpanRow, StoreError> {
        let owned = |text: Option<&str>| text.map(str::to_owned);
        Ok(SpanRow {
            trace_id,
            span_id: span_id(self.span)?,
            parent_id: self.parent.map(span_id).transpose()?,
            name: self.name.to_owned(),
            kind: self.kind,
            start_ns: TimeNs(self.start_ns),
            end_ns: TimeNs(self.end_ns),
            level: self.level,
            status: owned(self.status),
            model: owned(self.model),
            environment: self.environment.to_owned(),
            prompt: self.prompt.map(|link| PromptLink { name: link.name.to_owned(), version: link.version }),
            completion_start_ns: self.completion_start_ns.map(TimeNs),
            tokens: self.tokens,
            cost: self.cost.map(NanoUsd),
            input_cost: self.input_cost.map(NanoUsd),
            output_cost: self.output_cost.map(NanoUsd),
            null_response: self.null_response,
            app_root: self.app_root,
            derived: Derived {
                keys: self.keys,
                groups: self.groups,
                segment: self.segment.map(|(value, of_trace)| Said { value: value.to_owned(), of_trace }),
                charge: self.charge()?,
            },
            trace: TraceWords {
                name: owned(self.trace_name),
                user_id: owned(self.user_id),
                session_id: owned(self.session_id),
                release: owned(self.release),
                version: owned(self.trace_version),
                tags: self.tags.iter().map(|tag| (*tag).to_owned()).collect(),
                public: self.public,
            },
        })
    }
}

/// When a packed span was received.
pub(super) fn received(record: &[u8]) -> i64 {
    record.get(1..9).and_then(|bytes| bytes.try_into().ok()).map_or(0, i64::from_le_bytes)
}
