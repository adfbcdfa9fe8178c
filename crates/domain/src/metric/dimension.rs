use serde::{Deserialize, Serialize};

/// What an answer can be split by.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Dimension {
    /// The prompt's name as linked.
    Prompt,
    /// The type of the prompt, `text` or `chat`, as the registry has it; none for prompts it does not know.
    PromptType,
    /// The prompt version's number. Splitting or filtering by it needs the prompt to be fixed or split too.
    Version,
    /// The label that pointed at the version when the generation began; needs the prompt to be fixed by a filter.
    Label,
    /// The model that answered.
    Model,
    /// The environment.
    Environment,
    /// The value of the attribute the project is segmented by; at most 20 values, all others are `other`.
    Segment,
    /// The user the trace served. Answered from the generations themselves, within a bound.
    User,
    /// The name of the score; only for score measures.
    ScoreName,
    /// The level a score was given at: `observation`, `trace`, `session`; only for score measures.
    ScoreLevel,
}

impl Dimension {
    /// Every dimension.
    pub const ALL: [Self; 10] = [
        Self::Prompt,
        Self::PromptType,
        Self::Version,
        Self::Label,
        Self::Model,
        Self::Environment,
        Self::Segment,
        Self::User,
        Self::ScoreName,
        Self::ScoreLevel,
    ];

    /// The word in JSON and addresses.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Prompt => "prompt",
            Self::PromptType => "prompt_type",
            Self::Version => "version",
            Self::Label => "label",
            Self::Model => "model",
            Self::Environment => "environment",
            Self::Segment => "segment",
            Self::User => "user",
            Self::ScoreName => "score_name",
            Self::ScoreLevel => "score_level",
        }
    }

    /// Whether it tells scores apart rather than generations.
    pub fn is_of_scores(self) -> bool {
        matches!(self, Self::ScoreName | Self::ScoreLevel)
    }
}

/// Keeps only what has one of the values in a dimension. Several filters all have to hold.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Filter {
    /// In which dimension.
    pub dimension: Dimension,
    /// The values that stay, as text; 1 to 100. The empty text stands for "none" (no model, no link).
    pub values: Vec<String>,
}

impl Filter {
    /// Keeps one value of a dimension.
    pub fn one(dimension: Dimension, value: impl Into<String>) -> Self {
        Self { dimension, values: vec![value.into()] }
    }
}
