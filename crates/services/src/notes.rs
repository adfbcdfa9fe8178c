//! Comments on traces and the like, and how scores of a name are given, kept for SDKs.

use std::sync::Arc;

use domain::{
    auth::{Actor, Permission},
    ids::{CommentId, ProjectId, ScoreConfigId},
    page::PageSize,
    problem::FieldProblem,
    score::ScoreName,
};
pub use store::control::{Comment, CommentFilter, ScoreCategory, ScoreConfig, ScoreKind};

use crate::{
    Context, Numbered, ServiceError,
    context::authorize,
    datasets::{numbered, skip},
};

/// What a comment can be about.
const OBJECTS: [&str; 4] = ["TRACE", "OBSERVATION", "SESSION", "PROMPT"];
/// Characters of a comment.
const COMMENT_CHARS: usize = 5_000;
/// Characters of an object's id, an author, a category.
const SHORT_CHARS: usize = 200;
/// Categories of a configuration.
const CATEGORIES: usize = 100;

/// A comment as somebody writes it.
#[derive(Clone, Debug)]
pub struct NewComment {
    /// What kind of thing it is about.
    pub object_type: String,
    /// Which one.
    pub object_id: String,
    /// The text.
    pub content: String,
    /// Whom the sender names as its author.
    pub author: Option<String>,
}

/// A score configuration as somebody wants it to be.
#[derive(Clone, Debug)]
pub struct NewScoreConfig {
    /// The score's name.
    pub name: String,
    /// What values it has.
    pub kind: ScoreKind,
    /// The least number.
    pub min: Option<f64>,
    /// The greatest number.
    pub max: Option<f64>,
    /// The categories.
    pub categories: Vec<ScoreCategory>,
    /// What it is for.
    pub description: Option<String>,
}

/// What is to be another way about a score configuration; what is absent stays.
#[derive(Clone, Debug, Default)]
pub struct ScoreConfigChange {
    /// Keep it aside, or not.
    pub archived: Option<bool>,
    /// The score's name.
    pub name: Option<String>,
    /// The least number.
    pub min: Option<f64>,
    /// The greatest number.
    pub max: Option<f64>,
    /// The categories.
    pub categories: Option<Vec<ScoreCategory>>,
    /// What it is for.
    pub description: Option<String>,
}

/// Use cases around comments and score configurations. Cheap to clone.
#[derive(Clone)]
pub struct Notes {
    context: Arc<Context>,
}

impl Notes {
    pub(crate) fn new(context: Arc<Context>) -> Self {
        Self { context }
    }

    /// Keeps a comment. What it is about need not have come yet.
    ///
    /// # Errors
    /// [`ServiceError::Invalid`] with every field at fault.
    pub async fn comment(&self, actor: &Actor, project: ProjectId, new: NewComment) -> Result<CommentId, ServiceError> {
        authorize(actor, project, Permission::Annotate)?;
        let mut wrong = Vec::new();
        if !OBJECTS.contains(&new.object_type.as_str()) {
            let known = "known kinds: `TRACE`, `OBSERVATION`, `SESSION`, `PROMPT`";
            wrong.push(FieldProblem::new("objectType", format!("unknown kind; {known}")));
        }
        check("objectId", &new.object_id, SHORT_CHARS, &mut wrong);
        check("content", &new.content, COMMENT_CHARS, &mut wrong);
        if let Some(author) = &new.author {
            check("authorUserId", author, SHORT_CHARS, &mut wrong);
        }
        if !wrong.is_empty() {
            return Err(ServiceError::Invalid(wrong));
        }
        let id = CommentId(self.context.new_id()?);
        let NewComment { object_type, object_id, content, author } = new;
        let comment = Comment { id, object_type, object_id, content, author, created_us: self.context.clock.now() };
        self.context.control.add_comment(project, &comment).await?;
        Ok(id)
    }

    /// A comment.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`].
    pub async fn get_comment(&self, actor: &Actor, project: ProjectId, id: &str) -> Result<Comment, ServiceError> {
        authorize(actor, project, Permission::Read)?;
        let found = match id.parse() {
            Ok(known) => self.context.control.comment(project, known).await?,
            Err(_) => None,
        };
        found.ok_or_else(|| ServiceError::NotFound { entity: "comment", id: id.chars().take(60).collect() })
    }

    /// Comments, newest first.
    ///
    /// # Errors
    /// [`ServiceError::Invalid`] for page 0.
    pub async fn comments(
        &self,
        actor: &Actor,
        project: ProjectId,
        filter: &CommentFilter,
        page: u32,
        size: PageSize,
    ) -> Result<Numbered<Comment>, ServiceError> {
        authorize(actor, project, Permission::Read)?;
        let skip = skip(page, size)?;
        Ok(numbered(self.context.control.comments(project, filter, skip, size.rows()).await?, page, size))
    }

    /// Makes a score configuration.
    ///
    /// # Errors
    /// [`ServiceError::Invalid`] with every field at fault.
    pub async fn make_config(
        &self,
        actor: &Actor,
        project: ProjectId,
        new: NewScoreConfig,
    ) -> Result<ScoreConfig, ServiceError> {
        authorize(actor, project, Permission::WritePrompts)?;
        let now = self.context.clock.now();
        let config = ScoreConfig {
            id: ScoreConfigId(self.context.new_id()?),
            name: new.name,
            kind: new.kind,
            archived: false,
            min: new.min,
            max: new.max,
            categories: new.categories,
            description: new.description,
            created_us: now,
            updated_us: now,
        };
        self.keep(project, config).await
    }

    /// Changes a score configuration.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`]; [`ServiceError::Invalid`] with every field at fault.
    pub async fn change_config(
        &self,
        actor: &Actor,
        project: ProjectId,
        id: &str,
        change: ScoreConfigChange,
    ) -> Result<ScoreConfig, ServiceError> {
        authorize(actor, project, Permission::WritePrompts)?;
        let known = self.known_config(project, id).await?;
        let config = ScoreConfig {
            archived: change.archived.unwrap_or(known.archived),
            name: change.name.unwrap_or(known.name),
            min: change.min.or(known.min),
            max: change.max.or(known.max),
            categories: change.categories.unwrap_or(known.categories),
            description: change.description.or(known.description),
            updated_us: self.context.clock.now(),
            ..known
        };
        self.keep(project, config).await
    }

    async fn keep(&self, project: ProjectId, config: ScoreConfig) -> Result<ScoreConfig, ServiceError> {
        let mut wrong = Vec::new();
        if let Err(invalid) = ScoreName::try_from(config.name.clone()) {
            wrong.push(FieldProblem::new("name", invalid));
        }
        if config.min.zip(config.max).is_some_and(|(min, max)| min >= max) {
            wrong.push(FieldProblem::new("minValue", "it is not less than `maxValue`"));
        }
        if config.kind == ScoreKind::Categorical && config.categories.is_empty() {
            wrong.push(FieldProblem::new("categories", "a CATEGORICAL configuration names its categories"));
        }
        if config.categories.len() > CATEGORIES {
            wrong.push(FieldProblem::new("categories", format!("at most {CATEGORIES} are kept")));
        }
        for (at, category) in config.categories.iter().enumerate() {
            check(&format!("categories[{at}].label"), &category.label, SHORT_CHARS, &mut wrong);
        }
        if let Some(description) = &config.description {
            check("description", description, COMMENT_CHARS, &mut wrong);
        }
        if !wrong.is_empty() {
            return Err(ServiceError::Invalid(wrong));
        }
        self.context.control.save_score_config(project, &config).await?;
        Ok(config)
    }

    /// A score configuration.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`].
    pub async fn config(&self, actor: &Actor, project: ProjectId, id: &str) -> Result<ScoreConfig, ServiceError> {
        authorize(actor, project, Permission::Read)?;
        self.known_config(project, id).await
    }

    async fn known_config(&self, project: ProjectId, id: &str) -> Result<ScoreConfig, ServiceError> {
        let found = match id.parse() {
            Ok(known) => self.context.control.score_config(project, known).await?,
            Err(_) => None,
        };
        found.ok_or_else(|| ServiceError::NotFound { entity: "score config", id: id.chars().take(60).collect() })
    }

    /// Score configurations, newest first.
    ///
    /// # Errors
    /// [`ServiceError::Invalid`] for page 0.
    pub async fn configs(
        &self,
        actor: &Actor,
        project: ProjectId,
        page: u32,
        size: PageSize,
    ) -> Result<Numbered<ScoreConfig>, ServiceError> {
        authorize(actor, project, Permission::Read)?;
        let skip = skip(page, size)?;
        Ok(numbered(self.context.control.score_configs(project, skip, size.rows()).await?, page, size))
    }
}

fn check(field: &str, text: &str, chars: usize, wrong: &mut Vec<FieldProblem>) {
    if text.trim().is_empty() || text.chars().nth(chars).is_some() {
        wrong.push(FieldProblem::new(field, format!("it has 1 to {chars} characters")));
    }
}
