//! A server's inside without a server: stores, a clock to turn, randomness from a seed.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicI64, Ordering},
};

use domain::{
    auth::{Actor, Role},
    ids::ProjectId,
    time::TimeUs,
};
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use services::{
    Context, ServiceError, Services,
    access::Secret,
    context::{Clock, Random},
};
use store_sqlite::{SqliteControl, SqliteEvents};
use tempfile::TempDir;

pub(crate) const PASSWORD: &str = "a long enough password";
pub(crate) const CLIENT: &str = "192.0.2.1";

#[derive(Clone)]
pub(crate) struct FakeClock(Arc<AtomicI64>);

impl FakeClock {
    pub(crate) fn pass_s(&self, seconds: i64) {
        self.0.fetch_add(seconds * 1_000_000, Ordering::SeqCst);
    }
}

impl Clock for FakeClock {
    fn now(&self) -> TimeUs {
        TimeUs(self.0.load(Ordering::SeqCst))
    }
}

struct SeededRandom(Mutex<StdRng>);

impl Random for SeededRandom {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), ServiceError> {
        self.0.lock().unwrap().fill_bytes(bytes);
        Ok(())
    }
}

pub(crate) struct World {
    pub(crate) services: Services,
    pub(crate) clock: FakeClock,
    pub(crate) events: SqliteEvents,
    folder: TempDir,
}

impl World {
    pub(crate) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = FakeClock(Arc::new(AtomicI64::new(1_790_000_000_000_000)));
        let (services, events) = wire(&folder, clock.clone(), 1).await;
        Self { services, clock, events, folder }
    }

    /// The same data as another process sees it.
    pub(crate) async fn other_process(&self) -> Services {
        wire(&self.folder, self.clock.clone(), 2).await.0
    }

    /// The store of the control plane, for what no use case would write.
    pub(crate) async fn control(&self) -> SqliteControl {
        SqliteControl::open(self.folder.path()).await.unwrap()
    }

    /// The first owner with a project, and the token of their session.
    pub(crate) async fn set_up(&self) -> (Actor, ProjectId) {
        let link = self.services.access.first_owner_link().await.unwrap().unwrap();
        let access = &self.services.access;
        let session = access.set_up(link.reveal(), "owner@example.com", PASSWORD, "First").await.unwrap();
        let actor = self.actor(&session.token).await;
        let projects = access.projects(&actor).await.unwrap();
        (actor, projects[0].id)
    }

    pub(crate) async fn actor(&self, token: &Secret) -> Actor {
        self.services.access.authenticate_session(token.reveal()).await.unwrap().actor
    }

    /// Somebody known signs in, with the roles they have by now.
    pub(crate) async fn sign_in(&self, email: &str) -> Actor {
        let session = self.services.access.sign_in(email, PASSWORD, CLIENT).await.unwrap();
        self.actor(&session.token).await
    }

    /// Somebody new with a role, signed in.
    pub(crate) async fn member(&self, project: ProjectId, email: &str, role: Role) -> Actor {
        let access = &self.services.access;
        let link = access.invite(&Actor::System, project, email, role).await.unwrap().link.unwrap();
        let session = access.set_password(link.reveal(), PASSWORD).await.unwrap();
        self.actor(&session.token).await
    }
}

async fn wire(folder: &TempDir, clock: FakeClock, seed: u64) -> (Services, SqliteEvents) {
    let events = SqliteEvents::open(folder.path()).await.unwrap();
    let services = Services::new(Context {
        control: Arc::new(SqliteControl::open(folder.path()).await.unwrap()),
        events: Arc::new(events.clone()),
        clock: Box::new(clock),
        random: Box::new(SeededRandom(Mutex::new(StdRng::seed_from_u64(seed)))),
        spool: folder.path().join("spool"),
    });
    (services, events)
}
