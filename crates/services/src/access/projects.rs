use domain::{
    auth::{Access as Verdict, Actor, KeyKind, Permission, Role},
    ids::{ProjectId, UserId},
    problem::FieldProblem,
    project::{Project, ProjectSlug},
};
use store::StoreError;

use super::Access;
use crate::{ServiceError, context::authorize};

/// Longest name of a project or key, in characters.
const MAX_NAME_CHARS: usize = 80;
/// How many addresses are tried for a name before the person is asked to choose one.
const SLUG_TRIES: u32 = 20;

impl Access {
    /// Makes a project owned by the actor, who must own a project already. Without `slug` its address follows from the name.
    ///
    /// # Errors
    /// [`ServiceError::Invalid`] with the fields `name` and `slug`; [`ServiceError::Conflict`] when the address is taken;
    /// [`ServiceError::Forbidden`] for anybody but an owner.
    pub async fn create_project(&self, actor: &Actor, name: &str, slug: Option<&str>) -> Result<Project, ServiceError> {
        let owner = match actor {
            Actor::Anonymous => return Err(ServiceError::Unauthenticated),
            Actor::Person { user, roles } if roles.iter().any(|(_, role)| *role == Role::Owner) => *user,
            Actor::Person { .. } | Actor::Key { .. } | Actor::System => {
                return Err(ServiceError::Forbidden(Permission::Manage));
            }
        };
        self.make_project(owner, name, slug).await
    }

    /// Makes a project for somebody, whoever asked.
    pub(crate) async fn make_project(
        &self,
        owner: UserId,
        name: &str,
        slug: Option<&str>,
    ) -> Result<Project, ServiceError> {
        let context = &*self.context;
        let name = project_name("name", name).map_err(|problem| ServiceError::Invalid(vec![problem]))?;
        let (base, tries) = match slug {
            Some(slug) => (slug.parse().map_err(ServiceError::of("slug"))?, 1),
            None => (slug_for(&name)?, SLUG_TRIES),
        };
        let mut project =
            Project { id: ProjectId(context.new_id()?), slug: base, name, created_us: context.clock.now() };
        let base = project.slug.clone();
        let mut attempt = 1;
        loop {
            match context.control.create_project(&project, owner).await {
                Ok(()) => break,
                Err(StoreError::Conflict(_)) if attempt < tries => {
                    attempt += 1;
                    project.slug = numbered(&base, attempt)?;
                }
                Err(error) => return Err(error.into()),
            }
        }
        tracing::info!(project.id = %project.id, "made a project");
        Ok(project)
    }

    /// Gives a project another name; its address stays, so links to it go on working.
    ///
    /// # Errors
    /// [`ServiceError::Invalid`] with the field `name`. Only owners may.
    pub async fn rename_project(&self, actor: &Actor, project: ProjectId, name: &str) -> Result<(), ServiceError> {
        authorize(actor, project, Permission::Manage)?;
        let name = project_name("name", name).map_err(|problem| ServiceError::Invalid(vec![problem]))?;
        self.context.control.rename_project(project, &name).await?;
        tracing::info!(project.id = %project, "renamed a project");
        Ok(())
    }

    /// Takes a project away with everything in it, for good. Keys go first, so that nothing new comes in, then events, then the
    /// rest: when something fails half-way the project is still there and can be removed again.
    ///
    /// # Errors
    /// [`ServiceError::Conflict`] for the last project: an installation has at least one. Only owners may.
    pub async fn remove_project(&self, actor: &Actor, project: ProjectId) -> Result<(), ServiceError> {
        authorize(actor, project, Permission::Manage)?;
        let context = &*self.context;
        if context.control.projects().await?.len() < 2 {
            let message = "This is the only project here. Make another one before you remove it.";
            return Err(ServiceError::Conflict(message.to_owned()));
        }
        for key in context.control.keys(project).await? {
            self.revoke_key(actor, project, key.id).await?;
        }
        while context.events.remove_project(project).await? {}
        context.control.remove_project(project).await?;
        // What was on its way when the keys were revoked.
        while context.events.remove_project(project).await? {}
        tracing::info!(project.id = %project, "removed a project");
        Ok(())
    }

    /// A project by its name in addresses.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`] for one that does not exist or is none of the actor's, which are not told apart.
    pub async fn project_by_slug(&self, actor: &Actor, slug: &str) -> Result<Project, ServiceError> {
        if *actor == Actor::Anonymous {
            return Err(ServiceError::Unauthenticated);
        }
        let missing = || ServiceError::NotFound { entity: "project", id: slug.to_owned() };
        let parsed: ProjectSlug = slug.parse().map_err(|_| missing())?;
        let project = self.context.control.project_by_slug(&parsed).await?.ok_or_else(missing)?;
        match actor.access(project.id, Permission::Read) {
            Verdict::Granted => Ok(project),
            Verdict::Unknown => Err(missing()),
            Verdict::Forbidden => Err(ServiceError::Forbidden(Permission::Read)),
            Verdict::Unauthenticated => Err(ServiceError::Unauthenticated),
        }
    }

    /// A project by id.
    ///
    /// # Errors
    /// As [`Self::project_by_slug`].
    pub async fn project(&self, actor: &Actor, project: ProjectId) -> Result<Project, ServiceError> {
        authorize(actor, project, Permission::Read)?;
        let found = self.context.control.project(project).await?;
        found.ok_or_else(|| ServiceError::NotFound { entity: "project", id: project.to_string() })
    }

    /// The projects an actor belongs to, oldest first. A key pair may always ask which project is its own; that is how the SDKs
    /// check their credentials.
    ///
    /// # Errors
    /// [`ServiceError::Unauthenticated`] for nobody, [`ServiceError::Forbidden`] for a client key.
    pub async fn projects(&self, actor: &Actor) -> Result<Vec<Project>, ServiceError> {
        let own: Vec<ProjectId> = match actor {
            Actor::Anonymous => return Err(ServiceError::Unauthenticated),
            Actor::Key { kind: KeyKind::Client, .. } => return Err(ServiceError::Forbidden(Permission::Read)),
            Actor::Key { project, .. } => {
                return Ok(self.context.control.project(*project).await?.into_iter().collect());
            }
            Actor::System => return Ok(self.context.control.projects().await?),
            Actor::Person { roles, .. } => roles.iter().map(|(project, _)| *project).collect(),
        };
        let mut projects = self.context.control.projects().await?;
        projects.retain(|project| own.contains(&project.id));
        Ok(projects)
    }
}

/// A name for people, 1 to 80 characters without line breaks.
pub(super) fn project_name(field: &str, name: &str) -> Result<String, FieldProblem> {
    let name = name.trim();
    let length = name.chars().count();
    if length == 0 || length > MAX_NAME_CHARS || name.chars().any(char::is_control) {
        return Err(FieldProblem::new(
            field,
            format!("a name has 1 to {MAX_NAME_CHARS} characters and no line breaks"),
        ));
    }
    Ok(name.to_owned())
}

/// The address that follows from a name; `project` when no letter or digit of it fits into one.
pub(super) fn slug_for(name: &str) -> Result<ProjectSlug, ServiceError> {
    match ProjectSlug::from_name(name) {
        Some(slug) => Ok(slug),
        None => "project".parse().map_err(ServiceError::of("slug")),
    }
}

fn numbered(base: &ProjectSlug, number: u32) -> Result<ProjectSlug, ServiceError> {
    let suffix = format!("-{number}");
    let room = 40_usize.saturating_sub(suffix.len());
    let start: String = base.as_str().chars().take(room).collect();
    format!("{}{suffix}", start.trim_end_matches('-')).parse().map_err(ServiceError::of("slug"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_address_keeps_its_number() {
        let base = slug_for(&"long ".repeat(16)).unwrap();
        assert_eq!(numbered(&base, 12).unwrap().as_str().len(), 40);
        assert!(numbered(&base, 12).unwrap().as_str().ends_with("-12"));
        assert_eq!(slug_for("日本").unwrap().as_str(), "project");
    }
}
