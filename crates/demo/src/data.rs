//! The embedded data, unpacked.

use serde::{Deserialize, de::DeserializeOwned};

use crate::DemoError;

/// A school problem and what four models answered.
#[derive(Debug, Deserialize)]
pub(crate) struct Problem {
    pub(crate) question: String,
    #[serde(rename = "6b_finetuning")]
    small: Solution,
    #[serde(rename = "6b_verification")]
    small_checked: Solution,
    #[serde(rename = "175b_finetuning")]
    large: Solution,
    #[serde(rename = "175b_verification")]
    large_checked: Solution,
}

/// One model's answer.
#[derive(Debug, Deserialize)]
pub(crate) struct Solution {
    pub(crate) is_correct: bool,
    pub(crate) solution: String,
}

impl Problem {
    /// The answer of the model behind version 1, 2, 3 or 4.
    pub(crate) fn solution(&self, version: u32) -> &Solution {
        match version {
            1 => &self.small,
            2 => &self.small_checked,
            3 => &self.large,
            _ => &self.large_checked,
        }
    }
}

/// An instruction, one model's answer, and a person's.
#[derive(Debug, Deserialize)]
pub(crate) struct Instruction {
    #[serde(rename = "instruction")]
    pub(crate) text: String,
    pub(crate) input: String,
    pub(crate) response: Option<String>,
    pub(crate) target: String,
}

/// A rated conversation of two people.
#[derive(Debug, Deserialize)]
pub(crate) struct Chat {
    /// The question they were given to start with.
    pub(crate) prompt: String,
    pub(crate) ratings: Ratings,
    pub(crate) messages: Vec<Message>,
}

/// From 1 to 10.
#[derive(Clone, Copy, Debug, Deserialize)]
pub(crate) struct Ratings {
    pub(crate) witty: u8,
    pub(crate) upbeat: u8,
    pub(crate) interesting: u8,
}

/// What one of the two wrote.
#[derive(Debug, Deserialize)]
pub(crate) struct Message {
    pub(crate) sender: String,
    pub(crate) text: String,
}

/// The answers of one model to all instructions.
#[derive(Debug)]
pub(crate) struct Answers {
    pub(crate) model: String,
    pub(crate) lines: Vec<Instruction>,
}

/// Everything there is.
#[derive(Debug)]
pub(crate) struct Data {
    pub(crate) problems: Vec<Problem>,
    pub(crate) answers: Vec<Answers>,
    pub(crate) chats: Vec<Chat>,
}

impl Data {
    /// Unpacks; about 20 ms.
    pub(crate) fn load() -> Result<Self, DemoError> {
        let problems = files(include_bytes!(concat!(env!("OUT_DIR"), "/gsm8k")))?.into_iter().flat_map(|file| file.1);
        let answers = files(include_bytes!(concat!(env!("OUT_DIR"), "/self-instruct")))?;
        let chats = files(include_bytes!(concat!(env!("OUT_DIR"), "/chats")))?.into_iter().flat_map(|file| file.1);
        let data = Self {
            problems: problems.collect(),
            answers: answers.into_iter().map(|(model, lines)| Answers { model, lines }).collect(),
            chats: chats.collect(),
        };
        match data {
            Self { ref problems, .. } if problems.is_empty() => Err(DemoError::Empty("gsm8k")),
            Self { ref answers, .. } if answers.iter().any(|model| model.lines.is_empty()) || answers.is_empty() => {
                Err(DemoError::Empty("self-instruct"))
            }
            Self { ref chats, .. } if chats.is_empty() => Err(DemoError::Empty("chats")),
            data => Ok(data),
        }
    }
}

/// The files of a set, each with its name; `build.rs` wrote them.
fn files<T: DeserializeOwned>(packed: &[u8]) -> Result<Vec<(String, Vec<T>)>, DemoError> {
    let text = zstd::decode_all(packed).map_err(|cause| DemoError::Data(Box::new(cause)))?;
    let mut files: Vec<(String, Vec<T>)> = Vec::new();
    for line in text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        let unreadable = |cause| DemoError::Data(Box::new(cause));
        if line.starts_with(b"\"") {
            files.push((serde_json::from_slice(line).map_err(unreadable)?, Vec::new()));
        } else if let Some((_, lines)) = files.last_mut() {
            lines.push(serde_json::from_slice(line).map_err(unreadable)?);
        }
    }
    Ok(files)
}
