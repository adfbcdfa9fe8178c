//! What a list asks of scores and durations, as addresses and programs write it.

use store::event::{ScoreCondition, ScoreTest};

use crate::ServiceError;

/// What is asked of a score, field by field.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ScoreAsked {
    /// Its name.
    pub name: Option<String>,
    /// The least it may be.
    pub least: Option<f64>,
    /// The most it may be.
    pub most: Option<f64>,
    /// The category it has; `true` or `false` for a boolean.
    pub is: Option<String>,
}

impl ScoreAsked {
    /// The condition, if anything is asked.
    ///
    /// # Errors
    /// For a value without a name, ends that are no numbers or the wrong way round, and numbers together with a category.
    pub fn condition(self) -> Result<Option<ScoreCondition>, ServiceError> {
        let said = |text: Option<String>| text.filter(|text| !text.is_empty());
        let (name, is) = (said(self.name), said(self.is));
        let Some(name) = name else {
            return match (self.least.or(self.most), is) {
                (None, None) => Ok(None),
                _ => Err(ServiceError::field("score", "a value means nothing without the score's name; add `score`")),
            };
        };
        let name = name.try_into().map_err(ServiceError::of("score"))?;
        for (field, end) in [("score_min", self.least), ("score_max", self.most)] {
            if end.is_some_and(f64::is_nan) {
                return Err(ServiceError::field(
                    field,
                    "`NaN` is not a value of a score; write a number such as `0.5`",
                ));
            }
        }
        let test = match (self.least, self.most, is) {
            (None, None, None) => ScoreTest::Any,
            (None, None, Some(word)) => ScoreTest::Is(word),
            (least, most, None) => {
                let (least, most) = (least.unwrap_or(f64::NEG_INFINITY), most.unwrap_or(f64::INFINITY));
                if least > most {
                    let wrong = format!("`{most}` is less than `score_min`, which is `{least}`; swap them");
                    return Err(ServiceError::field("score_max", wrong));
                }
                ScoreTest::Between { least, most }
            }
            (_, _, Some(_)) => {
                let wrong = "a score is a category or a number; give `score_is`, or `score_min` and `score_max`";
                return Err(ServiceError::field("score_is", wrong));
            }
        };
        Ok(Some(ScoreCondition { name, test }))
    }
}

/// What is asked of how long a trace lasted.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct DurationAsked {
    /// At least so many milliseconds.
    pub min_ms: Option<f64>,
    /// At most so many.
    pub max_ms: Option<f64>,
}

impl DurationAsked {
    /// Both ends in nanoseconds.
    ///
    /// # Errors
    /// For ends that are no durations, or the wrong way round.
    pub fn bounds(self) -> Result<(Option<i64>, Option<i64>), ServiceError> {
        let least = self.min_ms.map(|ms| nanoseconds("duration_min_ms", ms)).transpose()?;
        let most = self.max_ms.map(|ms| nanoseconds("duration_max_ms", ms)).transpose()?;
        match (self.min_ms, self.max_ms) {
            (Some(min), Some(max)) if min > max => {
                let wrong = format!("`{max}` is less than `duration_min_ms`, which is `{min}`; swap them");
                Err(ServiceError::field("duration_max_ms", wrong))
            }
            _ => Ok((least, most)),
        }
    }
}

fn nanoseconds(field: &'static str, ms: f64) -> Result<i64, ServiceError> {
    let ns = ms * 1e6;
    // 2^63 is exact in f64.
    if (0.0..9.2e18).contains(&ns) {
        return Ok(ns as i64);
    }
    Err(ServiceError::field(field, format!("`{ms}` is not a duration; write milliseconds, 0 or more")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(name: &str, least: Option<f64>, most: Option<f64>, is: &str) -> ScoreAsked {
        ScoreAsked { name: Some(name.to_owned()), least, most, is: Some(is.to_owned()) }
    }

    #[test]
    fn a_score_is_asked_for_by_presence_range_or_category() {
        let test = |asked: ScoreAsked| asked.condition().unwrap().map(|condition| condition.test);
        assert_eq!(test(ScoreAsked::default()), None);
        assert_eq!(test(asked("", None, None, "")), None);
        assert_eq!(test(asked("tone", None, None, "")), Some(ScoreTest::Any));
        let from = ScoreTest::Between { least: 0.5, most: f64::INFINITY };
        assert_eq!(test(asked("tone", Some(0.5), None, "")), Some(from));
        assert_eq!(test(asked("tone", None, None, "good")), Some(ScoreTest::Is("good".to_owned())));
        for wrong in [
            asked("", Some(1.0), None, ""),
            asked("", None, None, "good"),
            asked("tone", Some(2.0), Some(1.0), ""),
            asked("tone", Some(f64::NAN), None, ""),
            asked("tone", Some(1.0), None, "good"),
            asked("a\nb", None, None, ""),
        ] {
            assert!(wrong.clone().condition().is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn durations_are_milliseconds_the_right_way_round() {
        let bounds = |min_ms, max_ms| DurationAsked { min_ms, max_ms }.bounds();
        assert_eq!(bounds(Some(1.5), Some(2_000.0)).unwrap(), (Some(1_500_000), Some(2_000_000_000)));
        assert_eq!(bounds(None, None).unwrap(), (None, None));
        for (least, most) in [(Some(-1.0), None), (None, Some(f64::NAN)), (Some(1e300), None), (Some(2.0), Some(1.0))] {
            assert!(bounds(least, most).is_err(), "{least:?} {most:?}");
        }
    }
}
