//! Ranges as clients write them: `24h` stays relative, two times are fixed ends.

use domain::time::{RangeChoice, TimeRange, TimeUs};
use serde::Deserialize;
use services::ServiceError;
use utoipa::ToSchema;

/// A range in a body: a relative text such as `24h`, or two times (RFC 3339).
#[derive(Deserialize, ToSchema)]
#[serde(untagged, expecting = "a range is a text such as `24h`, or an object with the times `from` and `to`")]
pub(super) enum RangeText {
    /// `30m`, `24h`, `7d`, `4w`.
    Relative(String),
    /// From the first instant inside to the first instant after.
    #[serde(rename_all = "snake_case")]
    Fixed {
        #[schema(value_type = String, format = DateTime)]
        from: TimeUs,
        #[schema(value_type = String, format = DateTime)]
        to: TimeUs,
    },
}

impl RangeText {
    pub(super) fn resolve(&self, now: TimeUs) -> Result<TimeRange, ServiceError> {
        match self {
            Self::Relative(text) => {
                let choice: RangeChoice = text.parse().map_err(ServiceError::of("range"))?;
                Ok(choice.resolve(now))
            }
            Self::Fixed { from, to } => TimeRange::new(*from, *to).map_err(ServiceError::of("range")),
        }
    }
}

/// A range in a query: `range`, or `from` and `to`; none of them means none.
pub(super) fn of_query(
    range: Option<&str>,
    from: Option<TimeUs>,
    to: Option<TimeUs>,
    now: TimeUs,
) -> Result<Option<TimeRange>, ServiceError> {
    match (range, from, to) {
        (None, None, None) => Ok(None),
        (Some(text), None, None) => RangeText::Relative(text.to_owned()).resolve(now).map(Some),
        (None, Some(from), to) => RangeText::Fixed { from, to: to.unwrap_or(now) }.resolve(now).map(Some),
        (None, None, Some(_)) => Err(ServiceError::field("from", "`to` needs a `from`")),
        (Some(_), ..) => Err(ServiceError::field("range", "give `range`, or `from` and `to`, not both")),
    }
}
