use axum::{
    extract::{FromRequestParts, Path as AxumPath, Query as AxumQuery},
    http::{Uri, request::Parts},
};
use domain::{
    Problem,
    problem::{FieldProblem, ProblemCode},
};
use serde::de::DeserializeOwned;

use crate::refusal::{Refusal, SdkRefusal};

/// The query of `/api/v1`, without `project`, which [`super::Caller`] reads. Unknown parameters are refused by the type.
pub(crate) struct Query<T>(pub(crate) T);

/// The query on the routes of the SDKs. Unknown parameters are ignored.
pub(crate) struct SdkQuery<T>(pub(crate) T);

/// The parameters in the path, percent-decoded after routing.
pub(crate) struct Path<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        Ok(Self(parse(&parts.uri)?))
    }
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for SdkQuery<T> {
    type Rejection = SdkRefusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, SdkRefusal> {
        Ok(Self(parse(&parts.uri)?))
    }
}

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let path = AxumPath::<T>::from_request_parts(parts, state).await;
        let AxumPath(value) = path.map_err(|rejection| Problem::new(ProblemCode::Invalid, rejection.body_text()))?;
        Ok(Self(value))
    }
}

/// The same on the routes of the SDKs.
pub(crate) struct SdkPath<T>(pub(crate) T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for SdkPath<T> {
    type Rejection = SdkRefusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, SdkRefusal> {
        let path = AxumPath::<T>::from_request_parts(parts, state).await;
        let AxumPath(value) = path.map_err(|rejection| Problem::new(ProblemCode::Invalid, rejection.body_text()))?;
        Ok(Self(value))
    }
}

fn parse<T: DeserializeOwned>(uri: &Uri) -> Result<T, Problem> {
    let query: Vec<&str> =
        uri.query().unwrap_or_default().split('&').filter(|pair| !pair.starts_with("project=")).collect();
    let rest = Uri::builder().path_and_query(format!("/?{}", query.join("&"))).build();
    let refused = |reason: String| Problem {
        fields: vec![FieldProblem::new("query", &reason)],
        ..Problem::new(ProblemCode::Invalid, format!("The query cannot be read: {reason}."))
    };
    let rest = rest.map_err(|error| refused(error.to_string()))?;
    match AxumQuery::<T>::try_from_uri(&rest) {
        Ok(AxumQuery(value)) => Ok(value),
        Err(rejection) => {
            let text = rejection.body_text();
            Err(refused(text.strip_prefix("Failed to deserialize query string: ").unwrap_or(&text).to_owned()))
        }
    }
}
