//! What the people who use an application say of its answers: thumbs, a rating, a comment, straight from their browser.

use std::fmt::Write as _;

use domain::{
    auth::{Actor, Permission},
    ids::{ProjectId, ScoreId},
    problem::FieldProblem,
    score::{ScoreName, ScoreSource, ScoreTarget, ScoreValue},
};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use store::event::EventBatch;

use super::{Ingest, ScoreDraft, TimedScore, prepare};
use crate::{ServiceError, context::authorize};

/// Longest comment, in characters.
const MAX_COMMENT: usize = 5_000;
/// Longest name of a user or session, in characters.
const MAX_NAME: usize = 200;
/// What a rating may be, from worst to best.
const RATINGS: std::ops::RangeInclusive<i64> = 1..=5;

/// One person's opinion of one answer.
///
/// It is stored as scores under fixed names, which a web page cannot choose: a key that everybody can read must not write the
/// scores evaluators write. The scores' ids follow from what is judged and by whom, so that a second opinion of the same person
/// replaces the first.
#[derive(Clone, Debug, PartialEq)]
pub struct Feedback {
    /// What is judged.
    pub target: ScoreTarget,
    /// Up is `true`: the boolean score `thumbs`.
    pub thumbs: Option<bool>,
    /// 1 to 5: the numeric score `rating`.
    pub rating: Option<i64>,
    /// Up to 5,000 characters. Stands with the thumbs or the rating, or alone as the text score `comment`.
    pub comment: Option<String>,
    /// Who says it, as the application names them; up to 200 characters. Without it all opinions of one answer are one person's.
    pub user: Option<String>,
    /// The environment the scores count in; `default` when absent.
    pub environment: Option<String>,
}

impl Feedback {
    /// The scores it is stored as.
    fn scores(self) -> Result<Vec<(ScoreId, ScoreDraft)>, ServiceError> {
        let mut wrong = Vec::new();
        let too_long = |text: &Option<String>, most| text.as_ref().is_some_and(|text| text.chars().count() > most);
        if self.rating.is_some_and(|rating| !RATINGS.contains(&rating)) {
            wrong.push(FieldProblem::new("rating", "a rating is a whole number from 1 to 5"));
        }
        if too_long(&self.comment, MAX_COMMENT) {
            wrong.push(FieldProblem::new("comment", format!("a comment has at most {MAX_COMMENT} characters")));
        }
        if too_long(&self.user, MAX_NAME) {
            wrong.push(FieldProblem::new("user", format!("a user has at most {MAX_NAME} characters")));
        }
        let mut comment = self.comment.filter(|comment| !comment.trim().is_empty());
        let mut values = Vec::new();
        values.extend(self.thumbs.map(|up| ("thumbs", ScoreValue::Boolean(up))));
        values.extend(self.rating.map(|stars| ("rating", ScoreValue::Numeric(stars as f64))));
        if values.is_empty() {
            values.extend(comment.take().map(|text| ("comment", ScoreValue::Text(text))));
        }
        if values.is_empty() {
            wrong.push(FieldProblem::new("thumbs", "say something: `thumbs`, `rating` or `comment`"));
        }
        if !wrong.is_empty() {
            return Err(ServiceError::Invalid(wrong));
        }
        let metadata = self.user.as_ref().map_or_else(|| json!(null), |user| json!({ "user": user }));
        let mut scores = Vec::with_capacity(values.len());
        for (name, value) in values {
            let id = id(&self.target, name, self.user.as_deref())?;
            let name = ScoreName::try_from(name.to_owned()).map_err(ServiceError::of("name"))?;
            let draft = ScoreDraft {
                id: Some(id.clone()),
                target: self.target.clone(),
                name,
                value,
                comment: comment.take(),
                metadata: metadata.clone(),
                environment: self.environment.clone().unwrap_or_else(|| "default".to_owned()),
                config_id: None,
                at_us: None,
            };
            scores.push((id, draft));
        }
        Ok(scores)
    }
}

/// The same for the same person, thing and name.
fn id(target: &ScoreTarget, name: &str, user: Option<&str>) -> Result<ScoreId, ServiceError> {
    // JSON keeps the parts apart whatever is in them.
    let whole = serde_json::to_vec(&(target, name, user)).map_err(|error| ServiceError::Internal(Box::new(error)))?;
    let mut text = String::from("feedback-");
    for byte in Sha256::digest(whole).iter().take(16) {
        let _ = write!(text, "{byte:02x}");
    }
    text.parse().map_err(ServiceError::of("id"))
}

impl Ingest {
    /// Stores an opinion. Returns the ids of its scores; the same person's next opinion of the same thing has the same ids.
    ///
    /// What is judged need not have arrived yet.
    ///
    /// # Errors
    /// [`ServiceError::Invalid`] with the fields `rating`, `comment`, `user`, and `thumbs` when nothing is said at all.
    pub async fn feedback(
        &self,
        actor: &Actor,
        project: ProjectId,
        feedback: Feedback,
    ) -> Result<Vec<ScoreId>, ServiceError> {
        authorize(actor, project, Permission::Feedback)?;
        let now = self.context.clock.now();
        let (ids, scores) = feedback
            .scores()?
            .into_iter()
            .map(|(id, draft)| (id.clone(), prepare::score(TimedScore { draft, at: now }, id, ScoreSource::Feedback)))
            .unzip();
        self.append(EventBatch { scores, ..EventBatch::empty(project, now) }).await?;
        Ok(ids)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said() -> Feedback {
        Feedback {
            target: ScoreTarget::Trace { trace: "0af7651916cd43dd8448eb211c80319c".parse().unwrap() },
            thumbs: Some(true),
            rating: None,
            comment: None,
            user: Some("ana".to_owned()),
            environment: None,
        }
    }

    fn only(feedback: Feedback) -> (ScoreId, ScoreDraft) {
        let mut scores = feedback.scores().unwrap();
        assert_eq!(scores.len(), 1);
        scores.remove(0)
    }

    #[test]
    fn a_second_opinion_of_the_same_person_replaces_the_first() {
        let first = only(said()).0;
        assert_eq!(only(Feedback { thumbs: Some(false), comment: Some("no".to_owned()), ..said() }).0, first);
        assert_ne!(only(Feedback { user: Some("ben".to_owned()), ..said() }).0, first);
        assert_ne!(only(Feedback { thumbs: None, rating: Some(4), ..said() }).0, first);
        let session = ScoreTarget::Session { session: "s".to_owned() };
        assert_ne!(only(Feedback { target: session, ..said() }).0, first);
    }

    #[test]
    fn a_comment_stands_with_what_it_explains() {
        let with = only(Feedback { comment: Some("wrong order number".to_owned()), ..said() }).1;
        assert_eq!((with.name.as_str(), with.comment.as_deref()), ("thumbs", Some("wrong order number")));
        let alone = only(Feedback { thumbs: None, comment: Some("thanks".to_owned()), ..said() }).1;
        assert_eq!((alone.name.as_str(), alone.comment), ("comment", None));
        assert_eq!(alone.value, ScoreValue::Text("thanks".to_owned()));
        let both = Feedback { rating: Some(2), comment: Some("meh".to_owned()), ..said() }.scores().unwrap();
        assert_eq!(both.iter().filter(|(_, draft)| draft.comment.is_some()).count(), 1);
    }

    #[test]
    fn everything_wrong_is_named() {
        let wrong = Feedback {
            thumbs: None,
            rating: Some(6),
            comment: Some("x".repeat(MAX_COMMENT + 1)),
            user: Some("u".repeat(MAX_NAME + 1)),
            ..said()
        };
        let Err(ServiceError::Invalid(fields)) = wrong.scores() else { unreachable!("all three are wrong") };
        assert_eq!(fields.iter().map(|field| field.field.as_str()).collect::<Vec<_>>(), ["rating", "comment", "user"]);
        let nothing = Feedback { thumbs: None, comment: Some("  ".to_owned()), ..said() };
        assert!(matches!(nothing.scores(), Err(ServiceError::Invalid(fields)) if fields[0].field == "thumbs"));
    }
}
