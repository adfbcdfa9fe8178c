use std::{net::SocketAddr, path::Path, sync::Arc};

use api::ApiConfig;
use axum::Router;
use domain::{
    auth::{Actor, Role, Scope},
    ids::{KeyId, ProjectId, UserId},
    project::Project,
};
use services::{
    Context, Control, Events, Services,
    access::{CreatedPair, GivenPair, Initial, Secret},
};
use store_sqlite::{SqliteControl, SqliteEvents};
use tempfile::TempDir;
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};

use crate::{Client, Counts, FakeClock, SeededRandom};

/// Password of every person in tests.
const PASSWORD: &str = "correct horse battery staple";

/// The real router on a temporary data folder: an owner `owner@example.com`, a project `Demo`, and its key pair.
pub struct TestApp {
    /// The router, as the server has it.
    pub router: Router,
    /// The use cases behind it.
    pub services: Services,
    /// The control plane behind them.
    pub control: Control,
    /// The event plane behind them.
    pub events: Events,
    /// The clock of all of it.
    pub clock: FakeClock,
    /// The first project.
    pub project: Project,
    folder: TempDir,
}

/// A server on loopback; stops when dropped.
pub struct Serving {
    /// Where it listens.
    pub address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
}

impl TestApp {
    /// Public half of the first project's key, which may do everything.
    pub const PUBLIC_KEY: &str = "pk-test-demo";
    /// Its secret half.
    pub const SECRET_KEY: &str = "sk-test-demo-0123456789";
    /// The first owner's address.
    pub const OWNER: &str = "owner@example.com";

    /// With the usual configuration.
    pub async fn start() -> Self {
        Self::start_with(ApiConfig::default()).await
    }

    /// With another configuration.
    pub async fn start_with(config: ApiConfig) -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let control: Control = Arc::new(SqliteControl::open(folder.path()).await.expect("the control plane opens"));
        let events: Events = Arc::new(SqliteEvents::open(folder.path()).await.expect("the event plane opens"));
        let clock = FakeClock::default();
        let services = Services::new(Context {
            control: Arc::clone(&control),
            events: Arc::clone(&events),
            clock: Box::new(clock.clone()),
            random: Box::new(SeededRandom::new(1)),
            spool: folder.path().join("spool"),
        });
        let key = GivenPair { public_key: Self::PUBLIC_KEY.to_owned(), secret_key: secret(Self::SECRET_KEY) };
        let initial = Initial {
            email: Self::OWNER.to_owned(),
            password: secret(PASSWORD),
            project: "Demo".to_owned(),
            key: Some(key),
        };
        services.access.initialize(initial).await.expect("nobody is there yet");
        let project = services.access.projects(&Actor::System).await.expect("projects").remove(0);
        let router = api::router(services.clone(), config);
        Self { router, services, control, events, clock, project, folder }
    }

    /// The folder its data is in.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Nobody.
    pub fn anonymous(&self) -> Client {
        Client::anonymous(self.router.clone())
    }

    /// The first project's key pair, as Langfuse's SDKs send it.
    pub fn key(&self) -> Client {
        Client::pair(self.router.clone(), Self::PUBLIC_KEY, Self::SECRET_KEY)
    }

    /// Any pair.
    pub fn pair(&self, public_key: &str, secret_key: &str) -> Client {
        Client::pair(self.router.clone(), public_key, secret_key)
    }

    /// Any secret alone, as ABV's SDKs send it.
    pub fn bearer(&self, secret_key: &str) -> Client {
        Client::bearer(self.router.clone(), secret_key)
    }

    /// Makes a key with some scopes.
    pub async fn make_key(&self, project: ProjectId, name: &str, scopes: &[Scope]) -> CreatedPair {
        self.services.access.create_pair(&Actor::System, project, name, scopes).await.expect("a key")
    }

    /// A new key with some scopes.
    pub async fn key_with(&self, name: &str, scopes: &[Scope]) -> Client {
        let pair = self.make_key(self.project.id, name, scopes).await;
        self.bearer(pair.secret_key.reveal())
    }

    /// A key that was good once.
    pub async fn revoked_key(&self) -> (KeyId, Client) {
        let pair = self.make_key(self.project.id, "revoked", &Scope::ALL).await;
        self.services.access.revoke_key(&Actor::System, self.project.id, pair.key.id).await.expect("revoked");
        (pair.key.id, self.bearer(pair.secret_key.reveal()))
    }

    /// The first owner, signed in.
    pub async fn owner(&self) -> Client {
        self.sign_in(Self::OWNER, self.project.slug.as_str()).await.1
    }

    /// A new member of a project, signed in.
    pub async fn member(&self, project: &Project, email: &str, role: Role) -> (UserId, Client) {
        let access = &self.services.access;
        let invitation = access.invite(&Actor::System, project.id, email, role).await.expect("invited");
        let link = invitation.link.expect("somebody new gets a link");
        access.set_password(link.reveal(), PASSWORD).await.expect("a password");
        self.sign_in(email, project.slug.as_str()).await
    }

    /// A second project, with an owner of its own who has nothing to do with the first.
    pub async fn neighbour(&self) -> Project {
        let found = self.services.access.projects(&Actor::System).await.expect("projects");
        if let Some(known) = found.into_iter().find(|project| project.name == "Neighbour") {
            return known;
        }
        let owner =
            self.services.access.authenticate_session(&self.session(Self::OWNER).await).await.expect("a session");
        self.services.access.create_project(&owner.actor, "Neighbour", None).await.expect("a project")
    }

    /// What a project holds.
    pub async fn counts(&self, project: ProjectId) -> Counts {
        Counts::of(self, project).await
    }

    /// Folds everything that was stored into the totals.
    pub async fn fold(&self) {
        self.services.ingest.fold().await.expect("folded");
    }

    /// Listens on a free port of loopback, for clients that need a socket.
    pub async fn serve(&self) -> Serving {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let (stop, stopped) = oneshot::channel::<()>();
        let router = self.router.clone();
        let task = tokio::spawn(async move {
            let server = axum::serve(listener, router).with_graceful_shutdown(async move {
                // Dropping the other end stops as well.
                let _ = stopped.await;
            });
            server.await.expect("serves until stopped");
        });
        Serving { address, stop: Some(stop), task }
    }

    async fn sign_in(&self, email: &str, project: &str) -> (UserId, Client) {
        let session = self.services.access.sign_in(email, PASSWORD, "127.0.0.1").await.expect("signed in");
        (session.user, Client::person(self.router.clone(), session.token.reveal(), project))
    }

    async fn session(&self, email: &str) -> String {
        let session = self.services.access.sign_in(email, PASSWORD, "127.0.0.1").await.expect("signed in");
        session.token.reveal().to_owned()
    }
}

impl Serving {
    /// Its address for clients.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Stops and waits until it has.
    pub async fn stop(mut self) {
        self.stop = None;
        (&mut self.task).await.expect("stopped");
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.stop = None;
    }
}

fn secret(text: &str) -> Secret {
    Secret::from(text.to_owned())
}
