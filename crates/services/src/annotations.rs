//! Scores people give by hand: checked against the project's score configurations, kept like any other score.

use std::sync::Arc;

use domain::{
    auth::{Actor, Permission},
    ids::{ProjectId, ScoreId},
    problem::FieldProblem,
    score::{Score, ScoreName, ScoreSource, ScoreTarget, ScoreValue},
};
use stats::sketch;
pub use store::control::{ScoreConfig, ScoreKind};
use store::event::{EventBatch, ScoreWrite};

use crate::{Context, ServiceError, context::authorize, ingest::Ingest};

/// Longest comment, in characters.
const COMMENT_CHARS: usize = 2_000;
/// Longest category or text, in characters.
const WORD_CHARS: usize = 500;
/// Configurations looked through for a name.
const CONFIGS: u16 = 1_000;
/// Where the e-mail address of who gave a score stands in its metadata.
const AUTHOR: &str = "author";

/// A score as somebody gives it.
#[derive(Clone, Debug)]
pub struct Annotation {
    /// The score it changes; a new one without.
    pub id: Option<String>,
    /// What is scored.
    pub target: ScoreTarget,
    /// What it measures.
    pub name: String,
    /// What the value is; the configuration of the name, where there is one, has the last word.
    pub kind: ScoreKind,
    /// The value as written: `0.5`, `yes`, `polite`.
    pub value: String,
    /// Why.
    pub comment: String,
    /// The environment of what is scored.
    pub environment: String,
    /// Who gives it.
    pub author: String,
}

/// Keeps scores people give. Cheap to clone.
#[derive(Clone)]
pub struct Annotations {
    context: Arc<Context>,
    ingest: Ingest,
}

impl Annotations {
    pub(crate) fn new(context: Arc<Context>, ingest: Ingest) -> Self {
        Self { context, ingest }
    }

    /// The configurations that are in use, by name.
    ///
    /// # Errors
    /// [`ServiceError::Forbidden`] for who may not read.
    pub async fn configs(&self, actor: &Actor, project: ProjectId) -> Result<Vec<ScoreConfig>, ServiceError> {
        authorize(actor, project, Permission::Read)?;
        let mut configs = self.context.control.score_configs(project, 0, CONFIGS).await?.items;
        configs.retain(|config| !config.archived);
        // Newest first; of several of one name the newest is in use.
        configs.sort_by(|one, other| one.name.cmp(&other.name));
        configs.dedup_by(|later, first| later.name == first.name);
        Ok(configs)
    }

    /// Keeps a score, or changes one that a person gave before. It counts as soon as this returns.
    ///
    /// # Errors
    /// [`ServiceError::Invalid`] with every field at fault, [`ServiceError::NotFound`] when there is nothing to change,
    /// [`ServiceError::Forbidden`] for who may not score.
    pub async fn give(&self, actor: &Actor, project: ProjectId, given: Annotation) -> Result<Score, ServiceError> {
        authorize(actor, project, Permission::Annotate)?;
        let configs = self.configs(actor, project).await?;
        let config = configs.iter().find(|config| config.name == given.name.trim());
        let (name, value, comment) = read(&given, config).map_err(ServiceError::Invalid)?;
        let id = match &given.id {
            Some(id) => self.own(project, id).await?.id,
            None => {
                self.context.new_id()?.to_string().parse().map_err(|error| ServiceError::Internal(Box::new(error)))?
            }
        };
        let score = Score {
            id,
            target: given.target,
            name,
            value,
            comment,
            metadata: serde_json::json!({ AUTHOR: given.author }),
            source: ScoreSource::Human,
            environment: given.environment,
            config_id: config.map(|config| config.id.to_string()),
            at_us: self.context.clock.now(),
        };
        let bin = score.value.number().and_then(sketch::score_bin);
        let write = ScoreWrite { score: score.clone(), bin };
        self.ingest
            .append(EventBatch { scores: vec![write], ..EventBatch::empty(project, self.context.clock.now()) })
            .await?;
        Ok(score)
    }

    /// Takes a score away that a person gave, and says what it said, for the way back.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`] when no person gave a score with this id.
    pub async fn take_back(&self, actor: &Actor, project: ProjectId, id: &str) -> Result<Score, ServiceError> {
        authorize(actor, project, Permission::Annotate)?;
        let score = self.own(project, id).await?;
        self.context.events.remove_score(project, &score.id, self.context.clock.now()).await?;
        tracing::info!(project.id = %project, "took back a score");
        Ok(score)
    }

    /// A score a person gave. What programs sent is theirs to change.
    async fn own(&self, project: ProjectId, id: &str) -> Result<Score, ServiceError> {
        let known = match id.parse::<ScoreId>() {
            Ok(id) => self.context.events.score(project, &id).await?,
            Err(_) => None,
        };
        known
            .map(|record| record.score)
            .filter(|score| score.source == ScoreSource::Human)
            .ok_or_else(|| ServiceError::NotFound { entity: "score given by hand", id: id.chars().take(200).collect() })
    }
}

/// Who gave a score by hand, as far as it says.
pub fn author(score: &Score) -> Option<&str> {
    score.metadata.get(AUTHOR).and_then(serde_json::Value::as_str)
}

type Parts = (ScoreName, ScoreValue, Option<String>);

/// Reads what somebody wrote, with every field at fault.
fn read(given: &Annotation, config: Option<&ScoreConfig>) -> Result<Parts, Vec<FieldProblem>> {
    let mut wrong = Vec::new();
    let name = ScoreName::try_from(given.name.trim().to_owned())
        .map_err(|invalid| wrong.push(FieldProblem::new("name", invalid)))
        .ok();
    let value = value(given.value.trim(), config.map_or(given.kind, |config| config.kind), config)
        .map_err(|sentence| wrong.push(FieldProblem::new("value", sentence)))
        .ok();
    let comment = given.comment.trim();
    if comment.chars().nth(COMMENT_CHARS).is_some() {
        wrong.push(FieldProblem::new("comment", format!("it has at most {COMMENT_CHARS} characters")));
    }
    match (name, value) {
        (Some(name), Some(value)) if wrong.is_empty() => {
            Ok((name, value, (!comment.is_empty()).then(|| comment.to_owned())))
        }
        _ => Err(wrong),
    }
}

fn value(text: &str, kind: ScoreKind, config: Option<&ScoreConfig>) -> Result<ScoreValue, String> {
    let shown: String = text.chars().take(60).collect();
    match kind {
        ScoreKind::Numeric => {
            let number: f64 =
                text.parse().map_err(|_| format!("`{shown}` is not a number; write one such as `0.5`"))?;
            let (least, most) = (config.and_then(|config| config.min), config.and_then(|config| config.max));
            if least.is_some_and(|least| number < least) || most.is_some_and(|most| number > most) {
                let end = |end: Option<f64>, none: &str| end.map_or(none.to_owned(), |end| format!("`{end}`"));
                return Err(format!(
                    "`{shown}` is out of range; it lies between {} and {}",
                    end(least, "any"),
                    end(most, "any")
                ));
            }
            ScoreValue::numeric(number).map_err(|invalid| invalid.to_string())
        }
        ScoreKind::Boolean => match text.to_lowercase().as_str() {
            "yes" | "true" | "1" => Ok(ScoreValue::Boolean(true)),
            "no" | "false" | "0" => Ok(ScoreValue::Boolean(false)),
            _ => Err(format!("`{shown}` is neither `yes` nor `no`")),
        },
        ScoreKind::Categorical | ScoreKind::Text => {
            if text.is_empty() || text.chars().nth(WORD_CHARS).is_some() {
                return Err(format!("it has 1 to {WORD_CHARS} characters"));
            }
            if kind == ScoreKind::Text {
                return Ok(ScoreValue::Text(text.to_owned()));
            }
            let known: Vec<String> = config
                .into_iter()
                .flat_map(|config| &config.categories)
                .map(|category| category.label.clone())
                .collect();
            if !known.is_empty() && !known.iter().any(|label| label == text) {
                return Err(format!("`{shown}` is no category of this score; categories: `{}`", known.join("`, `")));
            }
            Ok(ScoreValue::Categorical(text.to_owned()))
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::{ids::ScoreConfigId, time::TimeUs};
    use store::control::ScoreCategory;

    use super::*;

    fn config(kind: ScoreKind) -> ScoreConfig {
        let label = |label: &str| ScoreCategory { label: label.to_owned(), value: 0.0 };
        ScoreConfig {
            id: ScoreConfigId(uuid::Uuid::nil()),
            name: "quality".to_owned(),
            kind,
            archived: false,
            min: Some(0.0),
            max: Some(5.0),
            categories: vec![label("polite"), label("rude")],
            description: None,
            created_us: TimeUs(0),
            updated_us: TimeUs(0),
        }
    }

    #[test]
    fn values_are_read_as_the_configuration_says() {
        let numeric = config(ScoreKind::Numeric);
        assert_eq!(value("4.5", ScoreKind::Numeric, Some(&numeric)), Ok(ScoreValue::Numeric(4.5)));
        let error = value("7", ScoreKind::Numeric, Some(&numeric)).unwrap_err();
        assert_eq!(error, "`7` is out of range; it lies between `0` and `5`");
        assert!(value("NaN", ScoreKind::Numeric, None).is_err());
        let categories = config(ScoreKind::Categorical);
        let polite = ScoreValue::Categorical("polite".to_owned());
        assert_eq!(value("polite", ScoreKind::Categorical, Some(&categories)), Ok(polite));
        let error = value("kind", ScoreKind::Categorical, Some(&categories)).unwrap_err();
        assert_eq!(error, "`kind` is no category of this score; categories: `polite`, `rude`");
        assert_eq!(value("Yes", ScoreKind::Boolean, None), Ok(ScoreValue::Boolean(true)));
        assert!(value("maybe", ScoreKind::Boolean, None).is_err());
    }
}
