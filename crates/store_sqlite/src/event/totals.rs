//! Answering questions from the totals.

use domain::ids::ProjectId;
use store::{
    StoreError,
    event::{TotalsAnswer, TotalsQuestion},
};

use super::read::Reader;

impl Reader {
    #[expect(clippy::unused_async, reason = "being written")]
    pub(super) async fn totals(
        &self,
        _project: ProjectId,
        _question: &TotalsQuestion,
    ) -> Result<TotalsAnswer, StoreError> {
        Ok(TotalsAnswer::default())
    }
}
