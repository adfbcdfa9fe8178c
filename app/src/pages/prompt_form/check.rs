//! What is wrong with what was typed: one piece of code for the browser, while one types, and the server, when it is sent.

use domain::{
    problem::FieldProblem,
    prompt::{LabelName, PromptName, Tag},
};

use super::model::{Draft, PLACEHOLDER, words};

/// Longest commit message, in characters.
const MESSAGE_CHARS: usize = 500;
/// Longest role or name of a placeholder, in characters.
const WORD_CHARS: usize = 100;

/// What is wrong, each at its field. JSON is read on the server alone.
pub fn check(draft: &Draft, is_new: bool) -> Vec<FieldProblem> {
    let mut wrong = Vec::new();
    if is_new {
        if draft.name.trim().is_empty() {
            wrong.push(FieldProblem::new("name", "give it a name, in folders if you like: `support/answer`"));
        } else if let Err(invalid) = draft.name.trim().parse::<PromptName>() {
            wrong.push(FieldProblem::new("name", invalid));
        }
    }
    if draft.is_chat() {
        check_messages(draft, &mut wrong);
    } else if draft.text.trim().is_empty() {
        wrong.push(FieldProblem::new("text", "write the prompt; `{{name}}` is a variable"));
    }
    wrong.extend(words(&draft.tags).iter().find_map(|tag| Some(FieldProblem::new("tags", tag.parse::<Tag>().err()?))));
    for label in words(&draft.labels) {
        if label == LabelName::LATEST {
            wrong.push(FieldProblem::new("labels", "`latest` always sits on the newest version and is never set"));
        } else if let Err(invalid) = label.parse::<LabelName>() {
            wrong.push(FieldProblem::new("labels", invalid));
        }
    }
    let length = draft.message.trim().chars().count();
    if length > MESSAGE_CHARS {
        wrong.push(FieldProblem::new("message", format!("at most {MESSAGE_CHARS} characters, not {length}")));
    }
    wrong
}

fn check_messages(draft: &Draft, wrong: &mut Vec<FieldProblem>) {
    if draft.messages.is_empty() {
        wrong.push(FieldProblem::new("messages", "a chat has at least one message"));
    } else if !draft.says_something() {
        wrong.push(FieldProblem::new("messages", "write at least one message"));
    }
    for (place, message) in draft.messages.iter().enumerate() {
        let is_placeholder = message.role == PLACEHOLDER;
        let (field, word) = if is_placeholder { ("content", &message.content) } else { ("role", &message.role) };
        let length = word.trim().chars().count();
        if length == 0 || length > WORD_CHARS || word.trim().chars().any(char::is_control) {
            let what = if is_placeholder { "the name of a placeholder, such as `history`," } else { "a role" };
            let words = format!("{what} has 1 to {WORD_CHARS} characters on one line");
            wrong.push(FieldProblem::new(format!("messages[{place}].{field}"), words));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::model::MessageDraft, *};

    fn fields(draft: &Draft, is_new: bool) -> Vec<String> {
        check(draft, is_new).into_iter().map(|problem| problem.field).collect()
    }

    #[test]
    fn every_wrong_field_is_named() {
        assert_eq!(fields(&Draft::default(), true), ["name", "text"]);
        let draft = Draft {
            name: "a//b".to_owned(),
            text: "Hi".to_owned(),
            tags: format!("fine, {}", "x".repeat(61)),
            labels: "staging, latest, No!".to_owned(),
            message: "x".repeat(501),
            ..Draft::default()
        };
        assert_eq!(fields(&draft, true), ["name", "tags", "labels", "labels", "message"]);
        assert_eq!(fields(&draft, false).first().map(String::as_str), Some("tags"), "the name stays");
    }

    #[test]
    fn a_chat_has_messages_with_roles_and_placeholders_with_names() {
        let chat = Draft { kind: "chat".to_owned(), ..Draft::default() };
        assert_eq!(fields(&chat, false), ["messages"]);
        let message = |role: &str, content: &str| MessageDraft { role: role.to_owned(), content: content.to_owned() };
        let messages = vec![message("user", ""), message("", "Hi"), message(PLACEHOLDER, " ")];
        let chat = Draft { messages, ..chat };
        assert_eq!(fields(&chat, false), ["messages[1].role", "messages[2].content"]);
        let silent = Draft { messages: vec![message("system", " "), message("user", "")], ..chat };
        assert_eq!(fields(&silent, false), ["messages"], "nobody says anything");
    }
}
