use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use domain::{ids::KeyId, time::TimeUs};
use store::control::{Digest, StoredKey};

/// How long a key is believed without asking again: a revocation by another process takes this long to be felt.
const BELIEVED_US: i64 = 5_000_000;
/// How many keys are remembered; beyond that it starts over.
const MAX_KEYS: usize = 1024;
/// `last_used` is kept to the minute.
const TOUCH_EVERY_US: i64 = 60_000_000;

/// Keys seen lately, by the digest of what proves them, so that ingest does not ask the database for each batch.
#[derive(Default)]
pub(super) struct KeyCache {
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    keys: HashMap<Digest, Cached>,
    /// Raised when emptied: what was read before is not put in afterwards.
    generation: u64,
}

struct Cached {
    key: StoredKey,
    read_us: i64,
}

impl KeyCache {
    /// The key behind `proof`, if it was read lately; else the generation to hand to [`Self::put`].
    pub(super) fn get(&self, proof: &Digest, now: TimeUs) -> Result<StoredKey, u64> {
        let inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        match inner.keys.get(proof) {
            Some(cached) if (0..BELIEVED_US).contains(&now.0.saturating_sub(cached.read_us)) => Ok(cached.key.clone()),
            _ => Err(inner.generation),
        }
    }

    /// Remembers a key that was read after `generation` was handed out.
    pub(super) fn put(&self, proof: Digest, key: StoredKey, now: TimeUs, generation: u64) {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        if inner.generation != generation {
            return;
        }
        if inner.keys.len() >= MAX_KEYS {
            inner.keys.clear();
        }
        inner.keys.insert(proof, Cached { key, read_us: now.0 });
    }

    /// Whether the key's use should be noted now; of many callers in a minute one is told so.
    pub(super) fn claim_touch(&self, proof: &Digest, key: &StoredKey, now: TimeUs) -> bool {
        let due = |last: Option<TimeUs>| last.is_none_or(|last| now.0.saturating_sub(last.0) >= TOUCH_EVERY_US);
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(cached) = inner.keys.get_mut(proof) else {
            return due(key.key.last_used_us);
        };
        let claimed = due(cached.key.key.last_used_us);
        if claimed {
            cached.key.key.last_used_us = Some(now);
        }
        claimed
    }

    /// Forgets everything: a key was revoked.
    pub(super) fn empty(&self, revoked: KeyId) {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.generation = inner.generation.wrapping_add(1);
        inner.keys.retain(|_, cached| cached.key.key.id != revoked);
    }
}
