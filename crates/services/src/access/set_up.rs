use domain::{
    auth::{Actor, Email, Scope},
    ids::{ProjectId, UserId},
    problem::FieldProblem,
    project::Project,
};
use store::{
    StoreError,
    control::{LinkPurpose, NewOwner, Person, StoredKey},
};

use super::{
    Access, NewSession,
    keys::{GivenPair, KeyRequest},
    passwords::check,
    projects::{project_name, slug_for},
    reads_as_system,
    secret::Secret,
};
use crate::ServiceError;

/// The link is printed at every start until somebody used it; a week covers a machine left alone after installation.
const LINK_LIFETIME_US: i64 = 7 * 24 * 3_600_000_000;

/// What `ASSAY_INIT_*` says.
#[derive(Clone, Debug)]
pub struct Initial {
    /// Address of the first owner.
    pub email: String,
    /// Their password.
    pub password: Secret,
    /// Name of the first project.
    pub project: String,
    /// Its key pair, when given.
    pub key: Option<GivenPair>,
}

/// What became of it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Initialized {
    /// Owner, project and key were made.
    Created,
    /// Somebody exists already; nothing was changed.
    AlreadySetUp,
}

impl Access {
    /// The link by which the first owner sets everything up, when nobody exists. It replaces an earlier one.
    ///
    /// # Errors
    /// When storage fails.
    pub async fn first_owner_link(&self) -> Result<Option<Secret>, ServiceError> {
        if self.context.control.has_people().await? {
            return Ok(None);
        }
        self.new_link(LinkPurpose::FirstOwner, LINK_LIFETIME_US).await.map(Some)
    }

    /// Makes the first owner and the first project, and signs the owner in.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`] when the link does not work; [`ServiceError::Invalid`] with the fields `email`, `password`,
    /// `project`; [`ServiceError::Conflict`] when somebody exists already.
    pub async fn set_up(
        &self,
        token: &str,
        email: &str,
        password: &str,
        project: &str,
    ) -> Result<NewSession, ServiceError> {
        let link = self.usable_link(token).await?;
        if link.purpose != LinkPurpose::FirstOwner {
            return Err(ServiceError::NotFound { entity: "unused link", id: "…".to_owned() });
        }
        let owner = self.new_owner(email, password, project, None).await?;
        let user = owner.person.id;
        self.spend(&link, token).await?;
        self.context.control.create_first_owner(owner).await?;
        tracing::info!(user.id = %user, "set up the first owner");
        self.begin_session(user).await
    }

    /// Makes owner, project and key pair from the environment, on the first start only: later starts change nothing.
    ///
    /// # Errors
    /// [`ServiceError::Invalid`] naming what is wrong with `email`, `password`, `project`, `public_key` or `secret_key`.
    pub async fn initialize(&self, initial: Initial) -> Result<Initialized, ServiceError> {
        if self.context.control.has_people().await? {
            return Ok(Initialized::AlreadySetUp);
        }
        let owner =
            self.new_owner(&initial.email, initial.password.reveal(), &initial.project, initial.key.as_ref()).await?;
        let project = owner.project.id;
        match self.context.control.create_first_owner(owner).await {
            Ok(()) => {
                tracing::info!(project.id = %project, "set up the first owner from the environment");
                Ok(Initialized::Created)
            }
            // Somebody used the link between the question and the answer.
            Err(StoreError::Conflict(_)) if self.context.control.has_people().await? => Ok(Initialized::AlreadySetUp),
            Err(error) => Err(error.into()),
        }
    }

    async fn new_owner(
        &self,
        email: &str,
        password: &str,
        project: &str,
        pair: Option<&GivenPair>,
    ) -> Result<NewOwner, ServiceError> {
        let context = &*self.context;
        let now = context.clock.now();
        let project_id = ProjectId(context.new_id()?);

        let mut wrong = Vec::new();
        let email = email.parse::<Email>().map_err(|invalid| wrong.push(FieldProblem::new("email", invalid))).ok();
        check("password", password, email.as_ref()).unwrap_or_else(|problem| wrong.push(problem));
        let name = project_name("project", project).map_err(|problem| wrong.push(problem)).ok();
        let key = match pair {
            None => None,
            Some(pair) => pair.checked().map_err(|problems| wrong.extend(problems)).ok(),
        };
        let (Some(email), Some(name), true) = (email, name, wrong.is_empty()) else {
            return Err(ServiceError::Invalid(wrong));
        };

        let key: Option<StoredKey> = match key {
            None => None,
            Some(pair) => {
                let key_name = if reads_as_system(&name) { format!("{name} key") } else { name.clone() };
                let request = KeyRequest { project: project_id, name: key_name, scopes: Scope::ALL.to_vec() };
                Some(request.pair(context, &Actor::System, pair).await?)
            }
        };
        let hash = self.passwords.hash(context, password).await?;
        Ok(NewOwner {
            person: Person { id: UserId(context.new_id()?), email, password_hash: Some(hash), created_us: now },
            project: Project { id: project_id, slug: slug_for(&name)?, name, created_us: now },
            key,
        })
    }
}
