//! The one-row summary of a trace, merged span by span.
//!
//! Adding spans is commutative: what a span says about its trace carries the rank of who said it, so the outcome does not
//! depend on who came first. Taking a span's old content out is exact where it can be (sums, counts) and otherwise answered
//! with [`Exactness::Lost`]; the writer then reads the trace's spans and adds them afresh.

use std::collections::{BTreeMap, BTreeSet};

use domain::trace::Level;
use store::StoreError;

use super::{
    codec::{Packer, Unpacker},
    record::Narrow,
};

/// Format 1 knew neither unit groups nor segments; it is still read.
const FORMAT: u8 = 2;
/// Distinct tags kept of a trace, the first in sorted order: a bound on hostile traces that does not depend on order.
const TAGS: usize = 1000;

/// Whether a summary is still exact after something was taken out of it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[must_use]
pub(super) enum Exactness {
    Kept,
    Lost,
}

/// Who said a thing: the application's root over all others, then the one that ended last, then the greater id.
type Rank = (bool, i64, u64);

/// A thing said about the trace, by whom.
#[derive(Clone, Debug, Eq, PartialEq)]
struct Claim<T> {
    rank: Rank,
    value: T,
}

/// A user or session, and the unit group its id hashes into.
#[derive(Clone, Debug, Eq, PartialEq)]
struct Member {
    id: String,
    group: u8,
}

impl PartialEq<Member> for (&str, u8) {
    fn eq(&self, other: &Member) -> bool {
        self.0 == other.id && self.1 == other.group
    }
}

fn member((id, group): &(&str, u8)) -> Member {
    Member { id: (*id).to_owned(), group: *group }
}

/// The span whose name and environment stand for the trace when nothing was said.
#[derive(Clone, Debug, Eq, PartialEq)]
struct Lead {
    /// 2 for the application's root, 1 for a span without parent, 0 for others.
    root: u8,
    start_ns: i64,
    span: u64,
    name: String,
    environment: String,
}

/// A prompt version by its word in the dictionary; an unlinked generation counts for the project's empty word, version 0.
pub(super) type LinkKey = (i64, u32);

/// How a prompt version is used in a trace. The earliest use decides where a score of the whole trace counts.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct LinkUse {
    pub(super) count: u64,
    pub(super) start_ns: i64,
    pub(super) span: u64,
    pub(super) model: i64,
    pub(super) environment: i64,
    /// The segment it names itself; 0 when it counts in its trace's.
    pub(super) segment: i64,
}

/// What is known of a trace.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Summary {
    name: Option<Claim<String>>,
    user_id: Option<Claim<Member>>,
    session_id: Option<Claim<Member>>,
    segment: Option<Claim<String>>,
    /// The group the trace's own id hashes into.
    trace_group: u8,
    release: Option<Claim<String>>,
    version: Option<Claim<String>>,
    public: Option<Claim<bool>>,
    lead: Option<Lead>,
    tags: BTreeSet<String>,
    pub(super) start_ns: i64,
    pub(super) end_ns: i64,
    pub(super) spans: u64,
    pub(super) generations: u64,
    pub(super) errors: u64,
    pub(super) input_tokens: i128,
    pub(super) output_tokens: i128,
    cost: i128,
    costed: u64,
    /// Generations without a link of their own: the ones that may inherit.
    pub(super) needy: u64,
    /// Spans with a link of their own: the ones that may bequeath.
    pub(super) carriers: u64,
    pub(super) links: BTreeMap<LinkKey, LinkUse>,
}

fn user_of<'a>(span: &Narrow<'a>) -> Option<(&'a str, u8)> {
    Some((span.user_id?, span.groups.user.unwrap_or(0)))
}

fn session_of<'a>(span: &Narrow<'a>) -> Option<(&'a str, u8)> {
    Some((span.session_id?, span.groups.session.unwrap_or(0)))
}

/// The segment a span names for its whole trace: said as such, or by the root about itself.
fn segment_of<'a>(span: &Narrow<'a>) -> Option<&'a str> {
    let (value, of_trace) = span.segment?;
    (of_trace || span.app_root || span.parent.is_none()).then_some(value)
}

fn rank(span: &Narrow<'_>) -> Rank {
    (span.app_root, span.end_ns, span.span)
}

fn lead_of(span: &Narrow<'_>) -> (u8, std::cmp::Reverse<i64>, std::cmp::Reverse<u64>) {
    let root = if span.app_root { 2 } else { u8::from(span.parent.is_none()) };
    (root, std::cmp::Reverse(span.start_ns), std::cmp::Reverse(span.span))
}

impl Lead {
    fn order(&self) -> (u8, std::cmp::Reverse<i64>, std::cmp::Reverse<u64>) {
        (self.root, std::cmp::Reverse(self.start_ns), std::cmp::Reverse(self.span))
    }
}

fn claim<T, S: PartialEq<T> + ?Sized>(
    slot: &mut Option<Claim<T>>,
    rank: Rank,
    said: Option<&S>,
    own: impl Fn(&S) -> T,
) {
    let Some(said) = said else { return };
    match slot {
        Some(held) if held.rank > rank => {}
        Some(held) if held.rank == rank && *said == held.value => {}
        _ => *slot = Some(Claim { rank, value: own(said) }),
    }
}

/// Whether what a span's old content held is held at least as strongly by its new content.
fn outlives<T>(slot: Option<&Claim<T>>, old: &Narrow<'_>, new: &Narrow<'_>, new_says: bool) -> bool {
    slot.is_none_or(|held| held.rank.2 != old.span || (new_says && rank(new) >= held.rank))
}

impl Summary {
    pub(super) fn name(&self) -> &str {
        match (&self.name, &self.lead) {
            (Some(claim), _) => &claim.value,
            (None, Some(lead)) => &lead.name,
            (None, None) => "",
        }
    }

    pub(super) fn environment(&self) -> &str {
        self.lead.as_ref().map_or("", |lead| &lead.environment)
    }

    pub(super) fn user_id(&self) -> Option<&str> {
        self.user_id.as_ref().map(|claim| claim.value.id.as_str())
    }

    pub(super) fn session_id(&self) -> Option<&str> {
        self.session_id.as_ref().map(|claim| claim.value.id.as_str())
    }

    /// The segment its generations count in unless they name one.
    pub(super) fn segment(&self) -> Option<&str> {
        self.segment.as_ref().map(|claim| claim.value.as_str())
    }

    /// The group of its unit: of its user, else of its session, else of itself.
    pub(super) fn unit_group(&self) -> u8 {
        let unit = self.user_id.as_ref().or(self.session_id.as_ref());
        unit.map_or(self.trace_group, |claim| claim.value.group)
    }

    pub(super) fn release(&self) -> Option<&str> {
        self.release.as_ref().map(|claim| claim.value.as_str())
    }

    pub(super) fn version(&self) -> Option<&str> {
        self.version.as_ref().map(|claim| claim.value.as_str())
    }

    pub(super) fn public(&self) -> bool {
        self.public.as_ref().is_some_and(|claim| claim.value)
    }

    pub(super) fn tags(&self) -> Vec<String> {
        self.tags.iter().cloned().collect()
    }

    pub(super) fn cost(&self) -> Option<i64> {
        let clamped = self.cost.clamp(i128::from(i64::MIN), i128::from(i64::MAX));
        (self.costed > 0).then_some(clamped as i64)
    }

    fn count(&mut self, span: &Narrow<'_>, sign: i64) {
        let by = |count: &mut u64, on: bool| *count = count.wrapping_add_signed(if on { sign } else { 0 });
        let generation = span.kind.is_generation();
        by(&mut self.spans, true);
        by(&mut self.generations, generation);
        by(&mut self.errors, span.level == Level::Error);
        by(&mut self.needy, generation && span.own_link().is_none());
        by(&mut self.carriers, span.own_link().is_some());
        by(&mut self.costed, span.cost.is_some());
        let sign = i128::from(sign);
        self.cost += sign * i128::from(span.cost.unwrap_or(0));
        if let (true, Some(tokens)) = (generation, &span.tokens) {
            self.input_tokens += sign * i128::from(tokens.all_input());
            self.output_tokens += sign * i128::from(tokens.all_output());
        }
    }

    /// Adds a span, all but its link.
    pub(super) fn add(&mut self, span: &Narrow<'_>) {
        if self.spans == 0 {
            (self.start_ns, self.end_ns) = (span.start_ns, span.end_ns);
        }
        self.count(span, 1);
        self.hear(span);
    }

    fn hear(&mut self, span: &Narrow<'_>) {
        self.start_ns = self.start_ns.min(span.start_ns);
        self.end_ns = self.end_ns.max(span.end_ns);
        let rank = rank(span);
        let own = |text: &str| text.to_owned();
        claim(&mut self.name, rank, span.trace_name, own);
        claim(&mut self.user_id, rank, user_of(span).as_ref(), member);
        claim(&mut self.session_id, rank, session_of(span).as_ref(), member);
        claim(&mut self.segment, rank, segment_of(span), own);
        self.trace_group = self.trace_group.max(span.groups.trace);
        claim(&mut self.release, rank, span.release, own);
        claim(&mut self.version, rank, span.trace_version, own);
        claim(&mut self.public, rank, span.public.as_ref(), |public| *public);
        let order = lead_of(span);
        if self.lead.as_ref().is_none_or(|lead| lead.order() <= order) {
            self.lead = Some(Lead {
                root: order.0,
                start_ns: span.start_ns,
                span: span.span,
                name: span.name.to_owned(),
                environment: span.environment.to_owned(),
            });
        }
        for tag in &span.tags {
            if !self.tags.contains(*tag) {
                self.tags.insert((*tag).to_owned());
                if self.tags.len() > TAGS {
                    self.tags.pop_last();
                }
            }
        }
    }

    /// Takes a span's old content out and puts its new content in, all but its link.
    pub(super) fn replace(&mut self, old: &Narrow<'_>, new: &Narrow<'_>) -> Exactness {
        let kept = outlives(self.name.as_ref(), old, new, new.trace_name.is_some())
            && outlives(self.user_id.as_ref(), old, new, new.user_id.is_some())
            && outlives(self.session_id.as_ref(), old, new, new.session_id.is_some())
            && outlives(self.release.as_ref(), old, new, new.release.is_some())
            && outlives(self.version.as_ref(), old, new, new.trace_version.is_some())
            && outlives(self.public.as_ref(), old, new, new.public.is_some())
            && outlives(self.segment.as_ref(), old, new, segment_of(new).is_some())
            && self.lead.as_ref().is_none_or(|lead| lead.span != old.span || lead_of(new) >= lead.order())
            && old.tags.iter().all(|tag| new.tags.contains(tag))
            && (old.start_ns > self.start_ns || new.start_ns <= old.start_ns)
            && (old.end_ns < self.end_ns || new.end_ns >= old.end_ns);
        if !kept {
            return Exactness::Lost;
        }
        self.count(old, -1);
        self.count(new, 1);
        self.hear(new);
        Exactness::Kept
    }

    /// Adds what a generation counts for.
    pub(super) fn add_use(&mut self, key: LinkKey, one: LinkUse) {
        self.links
            .entry(key)
            .and_modify(|held| {
                held.count += 1;
                if (one.start_ns, one.span) < (held.start_ns, held.span) {
                    *held = LinkUse { count: held.count, ..one };
                }
            })
            .or_insert(one);
    }

    /// Changes a generation that goes on counting for the same version.
    pub(super) fn move_use(&mut self, key: LinkKey, old_start_ns: i64, one: LinkUse) -> Exactness {
        let Some(held) = self.links.get_mut(&key) else { return Exactness::Lost };
        if held.span == one.span && one.start_ns > old_start_ns {
            return Exactness::Lost;
        }
        if held.span == one.span || (one.start_ns, one.span) < (held.start_ns, held.span) {
            *held = LinkUse { count: held.count, ..one };
        }
        Exactness::Kept
    }

    /// Takes out what a generation counted for.
    pub(super) fn remove_use(&mut self, key: LinkKey, span: u64) -> Exactness {
        let Some(held) = self.links.get_mut(&key) else { return Exactness::Lost };
        held.count = held.count.saturating_sub(1);
        let earliest = held.span == span;
        if held.count == 0 {
            self.links.remove(&key);
            return Exactness::Kept;
        }
        if earliest { Exactness::Lost } else { Exactness::Kept }
    }

    pub(super) fn pack(&self) -> Vec<u8> {
        let mut packer = Packer::new(FORMAT);
        packer.byte(self.trace_group);
        for claim in [&self.name, &self.release, &self.version, &self.segment] {
            packer.optional_text(claim.as_ref().map(|claim| claim.value.as_str()));
            if let Some(claim) = claim {
                pack_rank(&mut packer, claim.rank);
            }
        }
        for claim in [&self.user_id, &self.session_id] {
            packer.optional_text(claim.as_ref().map(|claim| claim.value.id.as_str()));
            if let Some(claim) = claim {
                packer.byte(claim.value.group);
                pack_rank(&mut packer, claim.rank);
            }
        }
        packer.byte(self.public.as_ref().map_or(0, |claim| 1 + u8::from(claim.value)));
        if let Some(claim) = &self.public {
            pack_rank(&mut packer, claim.rank);
        }
        packer.byte(self.lead.as_ref().map_or(0, |lead| 1 + lead.root));
        if let Some(lead) = &self.lead {
            packer.integer(lead.start_ns);
            packer.fixed(lead.span);
            packer.text(&lead.name);
            packer.text(&lead.environment);
        }
        packer.natural(self.tags.len() as u64);
        self.tags.iter().for_each(|tag| packer.text(tag));
        packer.integer(self.start_ns);
        packer.integer(self.end_ns);
        for count in [self.spans, self.generations, self.errors, self.needy, self.carriers, self.costed] {
            packer.natural(count);
        }
        for sum in [self.input_tokens, self.output_tokens, self.cost] {
            packer.wide(sum);
        }
        packer.natural(self.links.len() as u64);
        for ((prompt, version), link) in &self.links {
            packer.integer(*prompt);
            packer.natural(u64::from(*version));
            packer.natural(link.count);
            packer.integer(link.start_ns);
            packer.fixed(link.span);
            packer.integer(link.model);
            packer.integer(link.environment);
            packer.integer(link.segment);
        }
        packer.finish()
    }

    pub(super) fn unpack(bytes: &[u8]) -> Result<Self, StoreError> {
        let (format, mut reader) = Unpacker::since(bytes, 1..=FORMAT, "a trace")?;
        let (trace_group, name, user_id, session_id, release, version, segment);
        if format >= 2 {
            trace_group = reader.byte()?;
            name = unpack_claim(&mut reader)?;
            release = unpack_claim(&mut reader)?;
            version = unpack_claim(&mut reader)?;
            segment = unpack_claim(&mut reader)?;
            user_id = unpack_member(&mut reader, true)?;
            session_id = unpack_member(&mut reader, true)?;
        } else {
            (trace_group, segment) = (0, None);
            name = unpack_claim(&mut reader)?;
            user_id = unpack_member(&mut reader, false)?;
            session_id = unpack_member(&mut reader, false)?;
            release = unpack_claim(&mut reader)?;
            version = unpack_claim(&mut reader)?;
        }
        let public = match reader.byte()? {
            0 => None,
            said => Some(Claim { value: said == 2, rank: unpack_rank(&mut reader)? }),
        };
        let lead = match reader.byte()? {
            0 => None,
            root => Some(Lead {
                root: root - 1,
                start_ns: reader.integer()?,
                span: reader.fixed()?,
                name: reader.text()?.to_owned(),
                environment: reader.text()?.to_owned(),
            }),
        };
        let tags =
            (0..reader.count()?).map(|_| reader.text().map(str::to_owned)).collect::<Result<BTreeSet<_>, _>>()?;
        let start_ns = reader.integer()?;
        let end_ns = reader.integer()?;
        let mut counts = [0; 6];
        for count in &mut counts {
            *count = reader.natural()?;
        }
        let [spans, generations, errors, needy, carriers, costed] = counts;
        let (input_tokens, output_tokens, cost) = (reader.wide()?, reader.wide()?, reader.wide()?);
        let mut links = BTreeMap::new();
        for _ in 0..reader.count()? {
            let prompt = reader.integer()?;
            let version = u32::try_from(reader.natural()?).map_err(|_| reader.damaged())?;
            let link = LinkUse {
                count: reader.natural()?,
                start_ns: reader.integer()?,
                span: reader.fixed()?,
                model: reader.integer()?,
                environment: reader.integer()?,
                segment: if format >= 2 { reader.integer()? } else { 0 },
            };
            links.insert((prompt, version), link);
        }
        Ok(Self {
            name,
            user_id,
            session_id,
            segment,
            trace_group,
            release,
            version,
            public,
            lead,
            tags,
            start_ns,
            end_ns,
            spans,
            generations,
            errors,
            input_tokens,
            output_tokens,
            cost,
            costed,
            needy,
            carriers,
            links,
        })
    }
}

fn unpack_claim(reader: &mut Unpacker<'_>) -> Result<Option<Claim<String>>, StoreError> {
    let Some(value) = reader.optional_text()? else { return Ok(None) };
    Ok(Some(Claim { value: value.to_owned(), rank: unpack_rank(reader)? }))
}

fn unpack_member(reader: &mut Unpacker<'_>, grouped: bool) -> Result<Option<Claim<Member>>, StoreError> {
    let Some(id) = reader.optional_text()? else { return Ok(None) };
    let group = if grouped { reader.byte()? } else { 0 };
    Ok(Some(Claim { value: Member { id: id.to_owned(), group }, rank: unpack_rank(reader)? }))
}

fn pack_rank(packer: &mut Packer, (app_root, end_ns, span): Rank) {
    packer.byte(u8::from(app_root));
    packer.integer(end_ns);
    packer.fixed(span);
}

fn unpack_rank(reader: &mut Unpacker<'_>) -> Result<Rank, StoreError> {
    Ok((reader.byte()? != 0, reader.integer()?, reader.fixed()?))
}
