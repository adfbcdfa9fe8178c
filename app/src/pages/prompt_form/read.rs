//! Fills the form, and reads it when it is sent. Server only.

use domain::{
    auth::Role,
    problem::FieldProblem,
    prompt::{ChatItem, LabelName, Prompt, PromptBody, VersionChoice},
};
use serde_json::Value;
use services::{ServiceError, prompts::SaveVersion};

use super::{
    check::check,
    model::{Base, Draft, FormView, MessageDraft, PLACEHOLDER, words},
};
use crate::{
    context::{self, Visit},
    error::AppError,
};

/// The form of a new prompt, under this name at first.
pub(super) fn new(visit: &Visit, name: Option<String>) -> FormView {
    let first = MessageDraft { role: "system".to_owned(), content: String::new() };
    let draft = Draft {
        name: name.unwrap_or_default(),
        kind: "text".to_owned(),
        messages: vec![first],
        labels: LabelName::PRODUCTION.to_owned(),
        ..Draft::default()
    };
    FormView { draft, base: None, may_write: visit.role >= Role::Editor }
}

/// The form of a version that follows another: the one asked for, else where production points, else the newest.
pub(super) async fn following(visit: &Visit, name: &str, from: Option<u32>) -> Result<FormView, AppError> {
    let (prompts, actor, project) = (&visit.services.prompts, &visit.actor, visit.project.id);
    let prompt = prompts.prompt(actor, project, name).await.map_err(context::refusal)?;
    let from = from.unwrap_or_else(|| begun_from(&prompt));
    let version = prompts.fetch(actor, project, name, &VersionChoice::Number(from)).await.map_err(context::refusal)?;
    let tags: Vec<&str> = prompt.tags.iter().map(domain::prompt::Tag::as_str).collect();
    let (text, messages) = match &version.version.body {
        PromptBody::Text(text) => (text.clone(), Vec::new()),
        PromptBody::Chat(items) => (String::new(), items.iter().map(message).collect()),
    };
    let config = &version.version.config;
    let is_empty = config.as_object().is_none_or(serde_json::Map::is_empty);
    let draft = Draft {
        name: name.to_owned(),
        kind: prompt.kind.as_str().to_owned(),
        text,
        messages,
        // Values only: writing them cannot fail.
        config: if is_empty { String::new() } else { serde_json::to_string_pretty(config).unwrap_or_default() },
        tags: tags.join(", "),
        ..Draft::default()
    };
    let base = Some(Base { from, latest: prompt.latest });
    Ok(FormView { draft, base, may_write: visit.role >= Role::Editor })
}

fn begun_from(prompt: &Prompt) -> u32 {
    let production = prompt.labels.iter().find(|label| label.name.as_str() == LabelName::PRODUCTION);
    production.map_or(prompt.latest, |label| label.version)
}

fn message(item: &ChatItem) -> MessageDraft {
    match item {
        ChatItem::Message { role, content } => MessageDraft { role: role.clone(), content: content.clone() },
        ChatItem::Placeholder { name } => MessageDraft { role: PLACEHOLDER.to_owned(), content: name.clone() },
    }
}

/// Saves what was typed; the number of the new version. `latest` is the newest version the author saw, none for a new prompt.
pub(super) async fn save(visit: &Visit, draft: &Draft, latest: Option<u32>) -> Result<u32, AppError> {
    let (prompts, actor, project) = (&visit.services.prompts, &visit.actor, visit.project.id);
    let draft = &as_meant(draft);
    let mut wrong = check(draft, latest.is_none());
    let config = config(&draft.config).unwrap_or_else(|problem| {
        wrong.push(problem);
        None
    });
    let name = draft.name.trim();
    if latest.is_none() && wrong.iter().all(|problem| problem.field != "name") {
        match prompts.prompt(actor, project, name).await {
            Ok(_) => wrong.push(FieldProblem::new("name", "there is a prompt of this name; make a new version of it")),
            Err(ServiceError::NotFound { .. }) => {}
            Err(error) => return Err(context::refusal(error)),
        }
    }
    if !wrong.is_empty() {
        return Err(context::refusal(ServiceError::Invalid(wrong)));
    }
    let save = SaveVersion {
        config,
        tags: Some(words(&draft.tags)),
        labels: words(&draft.labels),
        commit_message: Some(draft.message.clone()),
        expected_latest: Some(latest.unwrap_or_default()),
        ..SaveVersion::new(name, body(draft))
    };
    let saved = match latest {
        Some(_) => prompts.save_next(actor, project, save).await,
        None => prompts.save(actor, project, save).await,
    };
    Ok(saved.map_err(|error| context::refusal(at_fields(error)))?.version.number)
}

/// A text typed before Chat was chosen, which a form without script cannot move, is what the user says.
fn as_meant(draft: &Draft) -> Draft {
    let mut meant = draft.clone();
    if meant.is_chat() && !meant.says_something() && !meant.text.trim().is_empty() {
        meant.messages = vec![MessageDraft { role: "user".to_owned(), content: meant.text.clone() }];
    }
    meant
}

/// The text or chat; lines end as they do everywhere, whatever browsers send.
fn body(draft: &Draft) -> PromptBody {
    let lines = |text: &str| text.replace("\r\n", "\n");
    if !draft.is_chat() {
        return PromptBody::Text(lines(&draft.text));
    }
    let item = |message: &MessageDraft| {
        if message.role == PLACEHOLDER {
            ChatItem::Placeholder { name: message.content.trim().to_owned() }
        } else {
            ChatItem::Message { role: message.role.trim().to_owned(), content: lines(&message.content) }
        }
    };
    PromptBody::Chat(draft.messages.iter().map(item).collect())
}

/// The config, if one is there.
fn config(text: &str) -> Result<Option<Value>, FieldProblem> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    match serde_json::from_str::<Value>(text) {
        Ok(Value::Object(fields)) => Ok(Some(Value::Object(fields))),
        Ok(_) => Err(FieldProblem::new("config", "it is a JSON object, such as `{\"model\": \"gpt-4o-mini\"}`")),
        Err(error) => Err(FieldProblem::new("config", format!("it is not JSON: {error}"))),
    }
}

/// Problems at the fields of the form.
fn at_fields(error: ServiceError) -> ServiceError {
    let ServiceError::Invalid(problems) = error else { return error };
    let at = |problem: FieldProblem| {
        let list = problem.field.split('[').next().unwrap_or_default();
        let field = match list {
            "commitMessage" => "message".to_owned(),
            "prompt" => problem.field.replacen("prompt", "messages", 1),
            list => list.to_owned(),
        };
        FieldProblem { field, ..problem }
    };
    ServiceError::Invalid(problems.into_iter().map(at).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_config_is_an_object_or_nothing() {
        assert_eq!(config(" \n").unwrap(), None);
        assert_eq!(config("{\"model\": \"m\"}").unwrap().unwrap()["model"], "m");
        assert!(config("[1]").unwrap_err().message.contains("JSON object"));
        assert!(config("{model}").unwrap_err().message.contains("line 1 column"));
    }

    #[test]
    fn a_text_typed_before_chat_was_chosen_is_not_lost() {
        let empty = MessageDraft { role: "system".to_owned(), content: " ".to_owned() };
        let typed = Draft {
            kind: "chat".to_owned(),
            text: "Hi {{name}}".to_owned(),
            messages: vec![empty],
            ..Draft::default()
        };
        let said = vec![MessageDraft { role: "user".to_owned(), content: "Hi {{name}}".to_owned() }];
        assert_eq!(as_meant(&typed).messages, said);
        let both =
            Draft { messages: vec![MessageDraft { role: "user".to_owned(), content: "Yo".to_owned() }], ..typed };
        assert_eq!(as_meant(&both), both, "messages that say something stand");
    }

    #[test]
    fn what_is_typed_becomes_the_body_with_plain_line_ends() {
        let message = |role: &str, content: &str| MessageDraft { role: role.to_owned(), content: content.to_owned() };
        let chat = Draft {
            kind: "chat".to_owned(),
            messages: vec![message("user", "a\r\nb"), message(PLACEHOLDER, " history ")],
            ..Draft::default()
        };
        let PromptBody::Chat(items) = body(&chat) else { panic!("a chat") };
        assert_eq!(items[0], ChatItem::Message { role: "user".to_owned(), content: "a\nb".to_owned() });
        assert_eq!(items[1], ChatItem::Placeholder { name: "history".to_owned() });
        assert_eq!(items.iter().map(self::message).collect::<Vec<_>>()[1], message(PLACEHOLDER, "history"));
    }
}
