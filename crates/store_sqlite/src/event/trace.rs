//! One trace inside a write: which spans come new, which change, what they then count for, and the row that sums them up.

use std::collections::{BTreeMap, HashMap, HashSet};

use domain::experiment::UnitKind;
use sqlx::{Row as _, SqliteConnection};
use store::{StoreError, event::Appended};

use super::{
    append::{Memory, unit_of},
    dictionary::WordKind,
    home::{self, Home},
    link::Tree,
    prepare::PreparedSpan,
    record::{self, Narrow},
    stored::Stored,
    summary::{Exactness, LinkKey, LinkUse, Summary},
    writes::{LinkPut, SpanPut, TracePut, Writes},
};
use crate::error::from_sqlx;

/// The content a span has after the write, when it differs from what is stored.
struct Pending {
    start_ns: i64,
    data: Vec<u8>,
    /// None when it stays as it is.
    payload: Option<Vec<u8>>,
}

struct SpanWork {
    span: u64,
    seq: i64,
    version: domain::trace::SpanVersion,
    received_us: i64,
    stored: Option<Stored>,
    now: Option<Pending>,
}

/// A span's words as numbers.
#[derive(Clone, Copy)]
struct Words {
    own: Option<LinkKey>,
    model: i64,
    environment: i64,
    /// The segment it names itself; 0 for none.
    segment: i64,
}

/// One trace inside a write.
pub(super) struct TraceWork {
    pub(super) project: i64,
    pub(super) trace_id: [u8; 16],
    pub(super) id: i64,
    /// Ids of the spans to look for.
    pub(super) wanted: Vec<u64>,
    before: Option<Summary>,
    /// Where its generations count as stored.
    home: Home,
    spans: Vec<SpanWork>,
    by_span: HashMap<u64, usize>,
}

/// What one settled trace counts for: links and segments of the spans that came or changed, and links of stored ones whose link
/// changed.
struct Settled {
    summary: Summary,
    links: Vec<Option<(LinkKey, i64)>>,
    relinked: Vec<(Stored, u64, LinkKey)>,
}

impl TraceWork {
    pub(super) fn new(project: i64, trace_id: [u8; 16]) -> Self {
        Self {
            project,
            trace_id,
            id: 0,
            wanted: Vec::new(),
            before: None,
            home: Home::default(),
            spans: Vec::new(),
            by_span: HashMap::new(),
        }
    }

    pub(super) fn is_known(&self) -> bool {
        self.before.is_some()
    }

    pub(super) fn known(&mut self, id: i64, data: &[u8], home: Home) -> Result<(), StoreError> {
        self.id = id;
        self.home = home;
        self.before = Some(Summary::unpack(data)?);
        Ok(())
    }

    pub(super) fn stored(&mut self, span: u64, stored: Stored) -> Result<(), StoreError> {
        let narrow = stored.narrow(span)?;
        let work = SpanWork {
            span,
            seq: stored.seq,
            version: narrow.version,
            received_us: narrow.received_us,
            stored: None,
            now: None,
        };
        self.by_span.insert(span, self.spans.len());
        self.spans.push(SpanWork { stored: Some(stored), ..work });
        Ok(())
    }

    /// Takes one content of a span; the greater version stands. Says whether it changed anything.
    pub(super) fn offer(&mut self, span: &PreparedSpan, last_seq: &mut i64, answer: &mut Appended) -> bool {
        let pending =
            || Pending { start_ns: span.start_ns, data: span.data.clone(), payload: Some(span.payload.clone()) };
        let held = self.by_span.get(&span.span).and_then(|at| self.spans.get_mut(*at));
        match held {
            None => {
                *last_seq += 1;
                self.by_span.insert(span.span, self.spans.len());
                self.spans.push(SpanWork {
                    span: span.span,
                    seq: *last_seq,
                    version: span.version,
                    received_us: record::received(&span.data),
                    stored: None,
                    now: Some(pending()),
                });
                answer.new += 1;
                true
            }
            Some(held) if span.version > held.version => {
                held.version = span.version;
                let mut pending = pending();
                record::set_received(&mut pending.data, held.received_us);
                held.now = Some(pending);
                answer.replaced += 1;
                true
            }
            Some(_) => {
                answer.unchanged += 1;
                false
            }
        }
    }

    /// The number of a span that was offered or stored.
    pub(super) fn seq_of(&self, span: u64) -> Option<i64> {
        Some(self.spans.get(*self.by_span.get(&span)?)?.seq)
    }

    /// Puts another derived part into a stored span; its content stays.
    pub(super) fn derive(&mut self, span: u64, start_ns: i64, data: Vec<u8>) {
        if let Some(held) = self.by_span.get(&span).and_then(|at| self.spans.get_mut(*at)) {
            held.now = Some(Pending { start_ns, data, payload: None });
        }
    }

    async fn words(
        &self,
        connection: &mut SqliteConnection,
        memory: &mut Memory,
        span: &Narrow<'_>,
    ) -> Result<Words, StoreError> {
        let dictionary = &mut memory.dictionary;
        let own = match span.own_link() {
            None => None,
            Some(link) => {
                Some((dictionary.word(connection, self.project, WordKind::Prompt, link.name).await?, link.version))
            }
        };
        if !span.kind.is_generation() {
            return Ok(Words { own, model: 0, environment: 0, segment: 0 });
        }
        let model = dictionary.word(connection, self.project, WordKind::Model, span.model.unwrap_or("")).await?;
        let environment = dictionary.word(connection, self.project, WordKind::Environment, span.environment).await?;
        let segment = dictionary.segment(connection, self.project, span.segment.map(|(value, _)| value)).await?;
        Ok(Words { own, model, environment, segment })
    }

    /// Works out the trace after the write and what has to be written.
    pub(super) async fn settle(
        &mut self,
        connection: &mut SqliteConnection,
        memory: &mut Memory,
        writes: &mut Writes,
    ) -> Result<(), StoreError> {
        self.spans.retain(|span| span.now.is_some());
        if self.spans.is_empty() {
            return Ok(());
        }
        let unlinked = (memory.dictionary.word(connection, self.project, WordKind::Prompt, "").await?, 0);
        let settled = match self.settle_by_parts(connection, memory, unlinked).await? {
            Some(settled) => settled,
            None => self.settle_whole(connection, memory, unlinked).await?,
        };
        self.write(connection, memory, writes, settled, unlinked).await
    }

    /// The usual way: only what came is looked at. `None` when that is not enough.
    async fn settle_by_parts(
        &self,
        connection: &mut SqliteConnection,
        memory: &mut Memory,
        unlinked: LinkKey,
    ) -> Result<Option<Settled>, StoreError> {
        let mut summary = self.before.clone().unwrap_or_default();
        let carriers_before = summary.carriers;
        let mut parts = Vec::with_capacity(self.spans.len());
        for work in &self.spans {
            let Some(now) = &work.now else { continue };
            let narrow = record::unpack(&now.data, work.span, now.start_ns)?;
            match &work.stored {
                None => summary.add(&narrow),
                Some(stored) => {
                    if summary.replace(&stored.narrow(work.span)?, &narrow) == Exactness::Lost {
                        return Ok(None);
                    }
                }
            }
            parts.push((work, narrow));
        }
        let inherits = summary.needy > 0 && (carriers_before > 0 || summary.carriers > 0);
        if inherits && self.is_known() {
            return Ok(None);
        }
        let mut words = Vec::with_capacity(parts.len());
        let mut tree = Tree::default();
        for (work, narrow) in &parts {
            let of = self.words(connection, memory, narrow).await?;
            if inherits {
                tree.insert(work.span, narrow.parent, of.own);
            }
            words.push(of);
        }
        let mut links = Vec::with_capacity(parts.len());
        for ((work, narrow), words) in parts.iter().zip(&words) {
            let link = narrow.kind.is_generation().then(|| {
                let found = if inherits { tree.link(work.span) } else { words.own };
                found.unwrap_or(unlinked)
            });
            links.push(link.map(|link| (link, words.segment)));
            let old = work.stored.as_ref().and_then(|stored| Some((stored.link?, stored.start_ns)));
            let one = LinkUse {
                count: 1,
                start_ns: narrow.start_ns,
                span: work.span,
                model: words.model,
                environment: words.environment,
                segment: words.segment,
            };
            let exactness = match (old, link) {
                (None, None) => Exactness::Kept,
                (None, Some(new)) => {
                    summary.add_use(new, one);
                    Exactness::Kept
                }
                (Some((old, old_start_ns)), Some(new)) if old == new => summary.move_use(new, old_start_ns, one),
                (Some((old, _)), new) => {
                    let exactness = summary.remove_use(old, work.span);
                    if let Some(new) = new {
                        summary.add_use(new, one);
                    }
                    exactness
                }
            };
            if exactness == Exactness::Lost {
                return Ok(None);
            }
        }
        Ok(Some(Settled { summary, links, relinked: Vec::new() }))
    }

    /// The thorough way: every span of the trace is read, as links may pass from any to any.
    async fn settle_whole(
        &self,
        connection: &mut SqliteConnection,
        memory: &mut Memory,
        unlinked: LinkKey,
    ) -> Result<Settled, StoreError> {
        let rows =
            sqlx::query("SELECT span_id, seq, start_ns, prompt, version, segment, data FROM span WHERE trace = ?")
                .bind(self.id)
                .fetch_all(&mut *connection)
                .await
                .map_err(from_sqlx)?;
        let changed: HashMap<u64, usize> = self.spans.iter().enumerate().map(|(at, work)| (work.span, at)).collect();
        let mut rest = Vec::with_capacity(rows.len());
        for row in &rows {
            let span = record::span_from_column(row.try_get(0).map_err(from_sqlx)?);
            if !changed.contains_key(&span) {
                rest.push((span, Stored::read(row, 1)?));
            }
        }
        drop(rows);
        let mut tree = Tree::default();
        let mut summary = Summary::default();
        let mut stored_uses = Vec::new();
        for (at, (span, stored)) in rest.iter().enumerate() {
            let narrow = stored.narrow(*span)?;
            let words = self.words(connection, memory, &narrow).await?;
            tree.insert(*span, narrow.parent, words.own);
            summary.add(&narrow);
            if narrow.kind.is_generation() {
                stored_uses.push((at, words));
            }
        }
        let mut uses = Vec::with_capacity(self.spans.len());
        for work in &self.spans {
            let Some(now) = &work.now else { continue };
            let narrow = record::unpack(&now.data, work.span, now.start_ns)?;
            let words = self.words(connection, memory, &narrow).await?;
            tree.insert(work.span, narrow.parent, words.own);
            summary.add(&narrow);
            uses.push((work.span, narrow.start_ns, narrow.kind.is_generation().then_some(words)));
        }
        let mut links = Vec::with_capacity(uses.len());
        for (span, start_ns, words) in uses {
            let link = words.map(|words| {
                let link = tree.link(span).unwrap_or(unlinked);
                summary.add_use(link, use_of(span, start_ns, &words));
                (link, words.segment)
            });
            links.push(link);
        }
        let mut relinks = HashMap::new();
        for (at, words) in stored_uses {
            let Some((span, stored)) = rest.get(at) else { continue };
            let link = tree.link(*span).unwrap_or(unlinked);
            summary.add_use(link, use_of(*span, stored.start_ns, &words));
            if stored.link != Some(link) {
                relinks.insert(at, link);
            }
        }
        let relinked = rest
            .into_iter()
            .enumerate()
            .filter_map(|(at, (span, stored))| relinks.get(&at).map(|link| (stored, span, *link)))
            .collect();
        Ok(Settled { summary, links, relinked })
    }

    async fn write(
        &mut self,
        connection: &mut SqliteConnection,
        memory: &mut Memory,
        writes: &mut Writes,
        settled: Settled,
        unlinked: LinkKey,
    ) -> Result<(), StoreError> {
        let Settled { summary, links, relinked } = settled;
        let home = Home::of(connection, memory, self.project, &summary).await?;
        let mut noted = HashSet::new();
        for (stored, span, link) in relinked {
            if stored.seq <= memory.watermark {
                let before = stored.contributed(connection, memory, self.project, self.home, span).await?;
                writes.journal.push((stored.seq, before));
                noted.insert(stored.seq);
            }
            if link != unlinked {
                writes.linked.push((self.project, stored.narrow(span)?.received_us));
            }
            writes.relinks.push((stored.seq, link.0, i64::from(link.1)));
        }
        for (mut work, link) in std::mem::take(&mut self.spans).into_iter().zip(links) {
            let Some(now) = work.now.take() else { continue };
            let (link, segment) = (link.map(|(link, _)| link), link.map_or(0, |(_, segment)| segment));
            if link.is_some_and(|link| link != unlinked) {
                writes.linked.push((self.project, work.received_us));
            }
            if let Some(stored) = &work.stored {
                writes.count_unpriced(self.project, stored.narrow(work.span)?.unpriced()?, -1)?;
            }
            let unpriced = record::unpack(&now.data, work.span, now.start_ns)?.unpriced()?;
            writes.count_unpriced(self.project, unpriced, 1)?;
            if let Some(stored) = &work.stored
                && stored.seq <= memory.watermark
            {
                let before = stored.contributed(connection, memory, self.project, self.home, work.span).await?;
                let now = Stored { seq: stored.seq, start_ns: now.start_ns, link, segment, data: now.data.clone() };
                if before != now.contributed(connection, memory, self.project, home, work.span).await? {
                    writes.journal.push((stored.seq, before));
                }
                noted.insert(stored.seq);
            }
            let put = SpanPut {
                seq: work.seq,
                project: self.project,
                trace: self.id,
                span: work.span,
                start_ns: now.start_ns,
                link,
                segment,
                data: now.data,
            };
            let payload = now.payload.map(|payload| (work.seq, payload));
            if work.stored.is_some() {
                writes.changed_spans.push(put);
                writes.changed_payloads.extend(payload);
            } else {
                writes.new_spans.push(put);
                writes.new_payloads.extend(payload);
            }
        }
        if self.is_known() && home != self.home {
            home::moved(connection, memory, (self.project, self.id), (self.home, home), &noted, writes).await?;
        }
        self.write_links(writes, &summary, unlinked);
        if memory.watched.contains(&self.project) {
            self.note_units(writes, &summary);
        }
        if let Some(before) = &self.before
            && before.session_id() != summary.session_id()
        {
            // Scores of both sessions count for other versions now.
            for session in [before.session_id(), summary.session_id()].into_iter().flatten() {
                writes.dirty_sessions.push((self.project, session.to_owned()));
            }
        }
        let environment =
            memory.dictionary.word(connection, self.project, WordKind::Environment, summary.environment()).await?;
        if self.before.as_ref() != Some(&summary) || home != self.home {
            writes.traces.push(TracePut {
                id: self.id,
                project: self.project,
                trace_id: self.trace_id,
                start_ns: summary.start_ns,
                environment,
                failed: summary.errors > 0,
                user_id: summary.user_id().map(str::to_owned),
                session_id: summary.session_id().map(str::to_owned),
                home,
                data: summary.pack(),
            });
        }
        Ok(())
    }

    /// Notes whose numbers in experiments this write may change: those of the trace, and of a user or session it leaves.
    fn note_units(&self, writes: &mut Writes, summary: &Summary) {
        writes.dirty_units.extend(unit_of(Some(self.trace_id), None).map(|(kind, id)| (self.project, kind, id)));
        let Some(before) = &self.before else { return };
        if before.user_id() != summary.user_id() {
            let user = before.user_id().map(|id| (self.project, UnitKind::User.to_string(), id.to_owned()));
            writes.dirty_units.extend(user);
        }
        if before.session_id() != summary.session_id() {
            let session = unit_of(None, before.session_id());
            writes.dirty_units.extend(session.map(|(kind, id)| (self.project, kind, id)));
        }
    }

    fn write_links(&self, writes: &mut Writes, summary: &Summary, unlinked: LinkKey) {
        let put = |(prompt, version): LinkKey, start_ns: i64| LinkPut {
            prompt,
            version,
            start_ns,
            trace_id: self.trace_id,
            trace: self.id,
        };
        let nothing = BTreeMap::new();
        let (old, old_start) = self.before.as_ref().map_or((&nothing, 0), |before| (&before.links, before.start_ns));
        let moved = self.before.is_some() && old_start != summary.start_ns;
        for key in old.keys().filter(|key| **key != unlinked && (moved || !summary.links.contains_key(key))) {
            writes.dropped_links.push(put(*key, old_start));
        }
        for key in summary.links.keys().filter(|key| **key != unlinked && (moved || !old.contains_key(key))) {
            writes.links.push(put(*key, summary.start_ns));
        }
    }
}

fn use_of(span: u64, start_ns: i64, words: &Words) -> LinkUse {
    LinkUse { count: 1, start_ns, span, model: words.model, environment: words.environment, segment: words.segment }
}
