//! Rate limits: one bucket a key or person for events, another for everything else, a small one for public keys.

use std::{num::NonZeroU32, sync::Arc};

use domain::{
    auth::Actor,
    ids::{KeyId, UserId},
};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter, clock::Clock as _};
use services::ServiceError;

/// How many requests an actor may send a second, each with a burst of twice as many.
#[derive(Clone, Copy, Debug)]
pub struct RateLimits {
    /// Of spans and scores.
    pub ingest: NonZeroU32,
    /// Of everything else.
    pub api: NonZeroU32,
    /// By one client key, which is public: anybody may use it up, and not much is lost then.
    pub web: NonZeroU32,
}

impl Default for RateLimits {
    fn default() -> Self {
        const PER_SECOND: NonZeroU32 = NonZeroU32::new(5_000).unwrap();
        const WEB_PER_SECOND: NonZeroU32 = NonZeroU32::new(200).unwrap();
        Self { ingest: PER_SECOND, api: PER_SECOND, web: WEB_PER_SECOND }
    }
}

#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
enum Who {
    Key(KeyId),
    Person(UserId),
}

/// Which bucket a request draws from.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Bucket {
    Ingest,
    Api,
    Web,
}

/// The buckets. Only actors that proved who they are get one, so their number is bounded by keys and people.
#[derive(Clone)]
pub(crate) struct Rates {
    ingest: Arc<DefaultKeyedRateLimiter<Who>>,
    api: Arc<DefaultKeyedRateLimiter<Who>>,
    web: Arc<DefaultKeyedRateLimiter<Who>>,
}

impl Rates {
    pub(crate) fn new(limits: RateLimits) -> Self {
        let limiter = |per_second: NonZeroU32| {
            Arc::new(RateLimiter::keyed(
                Quota::per_second(per_second).allow_burst(per_second.saturating_add(per_second.get())),
            ))
        };
        Self { ingest: limiter(limits.ingest), api: limiter(limits.api), web: limiter(limits.web) }
    }

    /// Takes one request from the actor's bucket.
    pub(crate) fn take(&self, bucket: Bucket, actor: &Actor) -> Result<(), ServiceError> {
        let who = match actor {
            Actor::Key { key, .. } => Who::Key(*key),
            Actor::Person { user, .. } => Who::Person(*user),
            Actor::Anonymous | Actor::System => return Ok(()),
        };
        let limiter = match bucket {
            Bucket::Ingest => &self.ingest,
            Bucket::Api => &self.api,
            Bucket::Web => &self.web,
        };
        limiter.check_key(&who).map_err(|until| {
            let wait = until.wait_time_from(limiter.clock().now());
            let retry_after_s = u32::try_from(wait.as_secs()).unwrap_or(u32::MAX).saturating_add(1);
            ServiceError::RateLimited { retry_after_s }
        })
    }
}
