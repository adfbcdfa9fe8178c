use std::{fmt, str::FromStr};

use super::Quantity;
use crate::{Invalid, invalid::shown, score::ScoreName};

/// What has a distribution. In JSON and addresses it is a text: a quantity such as `latency`, `score` (all numeric and
/// boolean scores together) or `score:NAME`.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Subject {
    /// A quantity of generations.
    Of(Quantity),
    /// The scores of one name, or of all names together.
    Score(Option<ScoreName>),
}

impl Subject {
    /// Whether it is about scores.
    pub fn is_score(&self) -> bool {
        matches!(self, Self::Score(_))
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Of(quantity) => f.write_str(quantity.as_str()),
            Self::Score(None) => f.write_str("score"),
            Self::Score(Some(name)) => write!(f, "score:{}", name.as_str()),
        }
    }
}

impl FromStr for Subject {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        if text == "score" {
            return Ok(Self::Score(None));
        }
        if let Some(name) = text.strip_prefix("score:") {
            return Ok(Self::Score(Some(ScoreName::try_from(name.to_owned())?)));
        }
        let quantity = Quantity::ALL.into_iter().find(|quantity| quantity.as_str() == text);
        quantity.map(Self::Of).ok_or_else(|| {
            let known: Vec<String> = Quantity::ALL.iter().map(|quantity| format!("`{}`", quantity.as_str())).collect();
            Invalid::new(format!(
                "unknown subject `{}`; known: {}, `score`, `score:NAME`",
                shown(text),
                known.join(", ")
            ))
        })
    }
}

crate::as_text::as_text!(Subject);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_subject_reads_back_what_it_writes() {
        let name = ScoreName::try_from("judge: v1.2".to_owned()).unwrap();
        let mut subjects = vec![Subject::Score(None), Subject::Score(Some(name))];
        subjects.extend(Quantity::ALL.map(Subject::Of));
        for subject in subjects {
            assert_eq!(subject.to_string().parse::<Subject>().unwrap(), subject);
        }
        assert!("count".parse::<Subject>().is_err());
    }
}
