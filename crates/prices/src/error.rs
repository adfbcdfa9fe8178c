/// Why a catalogue cannot be used: something in it is not understood, and a price half understood would be a wrong one.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CatalogueError {
    /// It is no JSON of this form.
    #[error("the catalogue cannot be read")]
    Json(#[from] serde_json::Error),
    /// A part of it is not understood.
    #[error("`{at}` in the catalogue: {why}")]
    Part {
        /// Which: a provider, or `provider/model`.
        at: String,
        /// What is wrong with it.
        why: String,
    },
}

impl CatalogueError {
    pub(crate) fn part(at: &str, why: impl ToString) -> Self {
        Self::Part { at: at.to_owned(), why: why.to_string() }
    }
}
