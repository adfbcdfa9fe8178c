use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use domain::time::TimeUs;
use store::control::Digest;

use super::secret::digest;
use crate::ServiceError;

/// How often something may be tried: `burst` at once, then one every `every_us`.
#[derive(Clone, Copy)]
struct Limit {
    burst: i64,
    every_us: i64,
}

/// For one address: slow enough against guessing, quick enough that nobody is locked out of their account for long.
const PER_EMAIL: Limit = Limit { burst: 10, every_us: 30_000_000 };
/// For one client address, which an office may share.
const PER_CLIENT: Limit = Limit { burst: 30, every_us: 6_000_000 };

/// Most entries remembered; a spray over more addresses than this is held by the client limit.
const MAX_ENTRIES: usize = 20_000;

/// Sign-in attempts, remembered in memory as the instant at which the last one is paid off (the generic cell rate algorithm).
#[derive(Default)]
pub(super) struct Attempts {
    paid_off: Mutex<HashMap<Digest, i64>>,
}

impl Attempts {
    /// Counts an attempt on `email` from `client`, or says how long to wait.
    pub(super) fn count(&self, email: &str, client: &str, now: TimeUs) -> Result<(), ServiceError> {
        let mut paid_off = self.paid_off.lock().unwrap_or_else(PoisonError::into_inner);
        if paid_off.len() >= MAX_ENTRIES {
            paid_off.retain(|_, at| *at > now.0);
        }
        if paid_off.len() >= MAX_ENTRIES {
            // All are fresh: an attack. Some entry has to go; the map's order is random, so nobody chooses which.
            let victim = paid_off.keys().next().copied();
            victim.and_then(|victim| paid_off.remove(&victim));
        }
        for (key, limit) in [(client_key(client), PER_CLIENT), (email_key(email), PER_EMAIL)] {
            let before = paid_off.get(&key).copied().unwrap_or(now.0).max(now.0);
            let after = before.saturating_add(limit.every_us);
            let wait_us = after.saturating_sub(now.0).saturating_sub(limit.burst.saturating_mul(limit.every_us));
            if wait_us > 0 {
                let retry_after_s = u32::try_from(wait_us.div_euclid(1_000_000).saturating_add(1)).unwrap_or(u32::MAX);
                return Err(ServiceError::RateLimited { retry_after_s });
            }
            paid_off.insert(key, after);
        }
        Ok(())
    }

    /// The right password was given: earlier slips on this address count no more.
    pub(super) fn forgive(&self, email: &str) {
        self.paid_off.lock().unwrap_or_else(PoisonError::into_inner).remove(&email_key(email));
    }
}

fn email_key(email: &str) -> Digest {
    digest(&format!("email {}", email.trim().to_lowercase()))
}

fn client_key(client: &str) -> Digest {
    digest(&format!("client {client}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const T0: i64 = 1_000_000_000_000;

    #[test]
    fn an_address_has_ten_tries_and_then_one_every_half_minute() {
        let attempts = Attempts::default();
        for client in 0..10 {
            attempts.count("ana@example.com", &client.to_string(), TimeUs(T0)).unwrap();
        }
        let refused = attempts.count(" Ana@example.com ", "10", TimeUs(T0)).unwrap_err();
        assert!(matches!(refused, ServiceError::RateLimited { retry_after_s: 31 }), "{refused:?}");
        attempts.count("bob@example.com", "10", TimeUs(T0)).unwrap();
        attempts.count("ana@example.com", "10", TimeUs(T0 + 30_000_000)).unwrap();
        assert!(attempts.count("ana@example.com", "10", TimeUs(T0 + 30_000_000)).is_err());
        attempts.forgive("ana@example.com");
        attempts.count("ana@example.com", "10", TimeUs(T0 + 30_000_000)).unwrap();
    }

    #[test]
    fn a_client_cannot_spray_over_addresses() {
        let attempts = Attempts::default();
        for person in 0..30 {
            attempts.count(&format!("p{person}@example.com"), "10.0.0.1", TimeUs(T0)).unwrap();
        }
        assert!(attempts.count("p31@example.com", "10.0.0.1", TimeUs(T0)).is_err());
        attempts.count("p31@example.com", "10.0.0.2", TimeUs(T0)).unwrap();
    }
}
