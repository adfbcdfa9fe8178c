use std::str::FromStr;

use axum::{extract::FromRequestParts, http::request::Parts};
use domain::{Invalid, page::PageSize};
use services::ServiceError;

use super::{actor::SdkCaller, query::SdkQuery};
use crate::{refusal::SdkRefusal, state::ApiState};

/// The query of an SDK's list: named values, some of them several times or divided by commas. Unknown ones are ignored.
pub(crate) struct Params(Vec<(String, String)>);

impl<S: Send + Sync> FromRequestParts<S> for Params {
    type Rejection = SdkRefusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, SdkRefusal> {
        let SdkQuery(mut pairs) = SdkQuery::<Vec<(String, String)>>::from_request_parts(parts, state).await?;
        pairs.retain(|(_, value)| !value.is_empty());
        Ok(Self(pairs))
    }
}

/// What a list of the SDKs is asked with: by whom, and for what.
pub(crate) struct SdkList {
    pub(crate) state: ApiState,
    pub(crate) caller: SdkCaller,
    pub(crate) params: Params,
}

impl FromRequestParts<ApiState> for SdkList {
    type Rejection = SdkRefusal;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, SdkRefusal> {
        let caller = SdkCaller::from_request_parts(parts, state).await?;
        let params = Params::from_request_parts(parts, state).await?;
        Ok(Self { state: state.clone(), caller, params })
    }
}

impl Params {
    /// The value under a name; of several the last.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.0.iter().rev().find(|(of, _)| of == name).map(|(_, value)| value.as_str())
    }

    /// The same, owned.
    pub(crate) fn owned(&self, name: &str) -> Option<String> {
        self.text(name).map(str::to_owned)
    }

    /// Every value under a name.
    pub(crate) fn all(&self, name: &str) -> Vec<String> {
        self.0.iter().filter(|(of, _)| of == name).map(|(_, value)| value.clone()).collect()
    }

    /// Every value under a name, where several may stand in one, divided by commas.
    pub(crate) fn list(&self, name: &str) -> Vec<String> {
        let values = self.0.iter().filter(|(of, _)| of == name).flat_map(|(_, value)| value.split(','));
        values.map(str::trim).filter(|value| !value.is_empty()).map(str::to_owned).collect()
    }

    /// A value of a type.
    pub(crate) fn parsed<T: FromStr<Err = Invalid>>(&self, name: &'static str) -> Result<Option<T>, ServiceError> {
        self.text(name).map(str::parse).transpose().map_err(ServiceError::of(name))
    }

    /// Values of a type.
    pub(crate) fn parsed_list<T: FromStr<Err = Invalid>>(&self, name: &'static str) -> Result<Vec<T>, ServiceError> {
        self.list(name).iter().map(|value| value.parse()).collect::<Result<_, _>>().map_err(ServiceError::of(name))
    }

    /// A number.
    pub(crate) fn number(&self, name: &'static str) -> Result<Option<f64>, ServiceError> {
        let read = |text: &str| text.parse().ok().filter(|number: &f64| number.is_finite());
        let wrong = |text: &str| ServiceError::field(name, format!("`{}` is not a number", shown(text)));
        self.text(name).map(|text| read(text).ok_or_else(|| wrong(text))).transpose()
    }

    /// Yes or no.
    pub(crate) fn flag(&self, name: &'static str) -> Result<Option<bool>, ServiceError> {
        match self.text(name) {
            None => Ok(None),
            Some("true") => Ok(Some(true)),
            Some("false") => Ok(Some(false)),
            Some(other) => Err(ServiceError::field(name, format!("`{}` is neither `true` nor `false`", shown(other)))),
        }
    }

    /// The number of the page, 1 when none is named.
    pub(crate) fn page(&self) -> Result<u32, ServiceError> {
        match self.text("page") {
            None => Ok(1),
            Some(text) => text.parse().map_err(|_| {
                ServiceError::field("page", format!("`{}` is not a page; pages count from 1", shown(text)))
            }),
        }
    }

    /// Rows a page, 50 when none is named; more than there may be are the most there may be.
    pub(crate) fn limit(&self, most: u16) -> Result<PageSize, ServiceError> {
        let rows = match self.text("limit") {
            None => 50,
            Some(text) => text
                .parse::<u32>()
                .map_err(|_| ServiceError::field("limit", format!("`{}` is not a number of rows", shown(text))))?,
        };
        PageSize::new(rows.min(u32::from(most))).map_err(ServiceError::of("limit"))
    }

    /// Refuses what would change the answer and is not understood, rather than to answer something else.
    pub(crate) fn refuse(&self, names: &[&'static str]) -> Result<(), ServiceError> {
        match names.iter().find(|name| self.text(name).is_some()) {
            None => Ok(()),
            Some(name) => {
                Err(ServiceError::field(*name, "this filter cannot be used here; leave it out and filter the answer"))
            }
        }
    }
}

fn shown(text: &str) -> String {
    text.chars().take(60).collect()
}
