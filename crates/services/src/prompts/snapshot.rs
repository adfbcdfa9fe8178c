use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicI64, Ordering},
    },
};

use domain::{
    ids::ProjectId,
    prompt::{PromptAtVersion, PromptBody, VersionChoice},
};
use tokio::sync::{OnceCell, broadcast};

use crate::{Context, ServiceError, assignment::Ruleset};

/// How long a view is believed before its revision is asked for again: how late a change by another process may be seen.
const BELIEVED_US: i64 = 1_000_000;
/// While one request asks for the revision, the others are still served from the view, but only if it is younger than this.
const TOLERATED_US: i64 = 2 * BELIEVED_US;
/// Most bytes of prompts kept; beyond that it starts over.
const MAX_BYTES: usize = 32 * 1024 * 1024;
/// Most projects kept, likewise.
const MAX_PROJECTS: usize = 1000;
/// Changes a slow listener may lag behind.
const BACKLOG: usize = 256;

/// Prompts or labels of a project changed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct PromptsChanged {
    /// Where.
    pub project: ProjectId,
    /// The project's revision after the change, or a later one.
    pub revision: u64,
}

/// Prompts fetched lately, by project and revision.
///
/// A view belongs to one revision and holds only what was read after that revision was: whatever it holds is at least that
/// new. A write through this process drops the view; a write by another process is found by its revision.
pub(super) struct Snapshot {
    inner: Mutex<Inner>,
    changes: broadcast::Sender<PromptsChanged>,
}

#[derive(Default)]
struct Inner {
    views: HashMap<ProjectId, Arc<View>>,
    bytes: usize,
    /// Raised by each write here: a revision asked for before it is not believed after it.
    generation: u64,
}

type Texts = HashMap<String, HashMap<VersionChoice, Arc<PromptAtVersion>>>;

/// One project's prompts at one revision.
pub(super) struct View {
    project: ProjectId,
    revision: u64,
    checked_us: AtomicI64,
    texts: Mutex<Texts>,
    rules: OnceCell<Arc<Ruleset>>,
}

impl Default for Snapshot {
    fn default() -> Self {
        Self { inner: Mutex::default(), changes: broadcast::Sender::new(BACKLOG) }
    }
}

impl View {
    pub(super) fn get(&self, name: &str, choice: &VersionChoice) -> Option<Arc<PromptAtVersion>> {
        lock(&self.texts).get(name)?.get(choice).cloned()
    }

    /// The rules of its revision or a later one, read when they are asked for first.
    pub(super) async fn rules(&self, context: &Context) -> Result<Arc<Ruleset>, ServiceError> {
        let load = || async { Ruleset::load(context, self.project).await.map(Arc::new) };
        self.rules.get_or_try_init(load).await.cloned()
    }
}

impl Snapshot {
    pub(super) fn subscribe(&self) -> broadcast::Receiver<PromptsChanged> {
        self.changes.subscribe()
    }

    pub(super) fn announce(&self, change: PromptsChanged) {
        // Nobody listening is fine.
        drop(self.changes.send(change));
    }

    /// Drops what is known of a project.
    pub(super) fn forget(&self, project: ProjectId) {
        let mut inner = lock(&self.inner);
        inner.generation = inner.generation.wrapping_add(1);
        inner.drop_view(project);
    }

    /// The project's view, checked against the revision when that was not done lately.
    pub(super) async fn view(&self, context: &Context, project: ProjectId) -> Result<Arc<View>, ServiceError> {
        loop {
            let (known, generation) = {
                let inner = lock(&self.inner);
                (inner.views.get(&project).cloned(), inner.generation)
            };
            let now = context.clock.now().0;
            let mut before = None;
            if let Some(view) = &known {
                let checked = view.checked_us.load(Ordering::Acquire);
                let age = now.saturating_sub(checked);
                if (0..BELIEVED_US).contains(&age) {
                    return Ok(Arc::clone(view));
                }
                // Of those who come now, one asks; its mark makes the view look fresh to the others meanwhile.
                if (0..TOLERATED_US).contains(&age) {
                    let won = view.checked_us.compare_exchange(checked, now, Ordering::AcqRel, Ordering::Acquire);
                    if won.is_err() {
                        return Ok(Arc::clone(view));
                    }
                    before = Some(checked);
                }
            }
            let asked = context.control.revision(project).await;
            let revision = match asked {
                Ok(revision) => revision,
                Err(error) => {
                    // Take the mark back: a failure must not pass for a check.
                    if let (Some(view), Some(before)) = (&known, before) {
                        view.checked_us.store(before, Ordering::Release);
                    }
                    return Err(error.into());
                }
            };
            if let Some(view) = known.filter(|view| view.revision == revision) {
                view.checked_us.fetch_max(now, Ordering::AcqRel);
                return Ok(view);
            }
            if let Some(view) = self.install(project, revision, now, generation) {
                return Ok(view);
            }
        }
    }

    /// A new, empty view, unless a write came in between.
    fn install(&self, project: ProjectId, revision: u64, now: i64, generation: u64) -> Option<Arc<View>> {
        let mut inner = lock(&self.inner);
        if inner.generation != generation {
            return None;
        }
        if let Some(other) = inner.views.get(&project) {
            if other.revision >= revision {
                return Some(Arc::clone(other));
            }
            // Somebody else wrote: this process only finds out now.
            self.announce(PromptsChanged { project, revision });
        }
        inner.drop_view(project);
        if inner.views.len() >= MAX_PROJECTS {
            inner.start_over();
        }
        let view = Arc::new(View {
            project,
            revision,
            checked_us: AtomicI64::new(now),
            texts: Mutex::default(),
            rules: OnceCell::new(),
        });
        inner.views.insert(project, Arc::clone(&view));
        Some(view)
    }

    /// Puts what was read into the view it was read for. If the view was dropped meanwhile, nobody will look there.
    pub(super) fn keep(&self, view: &Arc<View>, choice: &VersionChoice, found: &Arc<PromptAtVersion>) {
        let mut inner = lock(&self.inner);
        if !inner.views.get(&view.project).is_some_and(|current| Arc::ptr_eq(current, view)) {
            return;
        }
        let size = size_of(found);
        if inner.bytes.saturating_add(size) > MAX_BYTES {
            inner.start_over();
            return;
        }
        let mut texts = lock(&view.texts);
        let choices = texts.entry(found.prompt.name.as_str().to_owned()).or_default();
        if choices.insert(choice.clone(), Arc::clone(found)).is_none() {
            inner.bytes = inner.bytes.saturating_add(size);
        }
    }
}

impl Inner {
    fn drop_view(&mut self, project: ProjectId) {
        if let Some(view) = self.views.remove(&project) {
            let texts = lock(&view.texts);
            let size: usize = texts.values().flat_map(HashMap::values).map(|text| size_of(text)).sum();
            self.bytes = self.bytes.saturating_sub(size);
        }
    }

    fn start_over(&mut self) {
        self.views.clear();
        self.bytes = 0;
    }
}

/// Roughly what an entry takes; the texts are nearly all of it.
fn size_of(found: &PromptAtVersion) -> usize {
    const OVERHEAD: usize = 1024;
    let texts: usize = found.version.body.texts().iter().map(|text| text.len()).sum();
    let items = match &found.version.body {
        PromptBody::Text(_) => 1,
        PromptBody::Chat(items) => items.len(),
    };
    let labels = found.prompt.labels.len().saturating_mul(128);
    let config = found.version.config.to_string().len().saturating_mul(3);
    OVERHEAD
        .saturating_add(texts)
        .saturating_add(items.saturating_mul(64))
        .saturating_add(labels)
        .saturating_add(config)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
