use serde::{Deserialize, Serialize};

/// Whether a prompt is one text or a list of messages.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PromptType {
    /// One text.
    Text,
    /// Messages and placeholders.
    Chat,
}

impl PromptType {
    /// The word stored and sent.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Chat => "chat",
        }
    }
}

/// One entry of a chat prompt. In JSON, `type` is `chatmessage` or `placeholder`, as the SDKs expect.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type")]
pub enum ChatItem {
    /// A message with a role.
    #[serde(rename = "chatmessage")]
    Message {
        /// `system`, `user`, `assistant`, `tool`, or whatever the model knows.
        role: String,
        /// Its text, with `{{variables}}`.
        content: String,
    },
    /// Where the caller puts a list of messages.
    #[serde(rename = "placeholder")]
    Placeholder {
        /// Its name.
        name: String,
    },
}

/// What a version says.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum PromptBody {
    /// One text with `{{variables}}`.
    Text(String),
    /// Messages and placeholders, in order.
    Chat(Vec<ChatItem>),
}

impl PromptBody {
    /// Its type.
    pub fn kind(&self) -> PromptType {
        match self {
            Self::Text(_) => PromptType::Text,
            Self::Chat(_) => PromptType::Chat,
        }
    }

    /// Every text that may hold variables, in order.
    pub fn texts(&self) -> Vec<&str> {
        match self {
            Self::Text(text) => vec![text],
            Self::Chat(items) => items
                .iter()
                .filter_map(|item| match item {
                    ChatItem::Message { content, .. } => Some(content.as_str()),
                    ChatItem::Placeholder { .. } => None,
                })
                .collect(),
        }
    }

    /// Names of its placeholders, in order.
    pub fn placeholders(&self) -> Vec<&str> {
        match self {
            Self::Text(_) => Vec::new(),
            Self::Chat(items) => items
                .iter()
                .filter_map(|item| match item {
                    ChatItem::Placeholder { name } => Some(name.as_str()),
                    ChatItem::Message { .. } => None,
                })
                .collect(),
        }
    }
}
