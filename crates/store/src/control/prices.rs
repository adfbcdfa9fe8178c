use async_trait::async_trait;
use domain::{
    ids::{PriceId, ProjectId},
    price::ModelPrice,
    time::TimeUs,
};

use crate::StoreError;

/// Storage of the prices projects set themselves. Nothing is ever changed or removed but the end of a price, once.
#[async_trait]
pub trait PriceStore: Send + Sync {
    /// Keeps a price.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no such project.
    async fn create_price(&self, price: &ModelPrice) -> Result<(), StoreError>;

    /// Ends a price: it holds for nothing that begins at `at` or later, and never for longer than from its own start. Returns it
    /// as it then stands; the first end stands.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when the project has no such price.
    async fn close_price(
        &self,
        project: ProjectId,
        price: PriceId,
        at: TimeUs,
        by: &str,
    ) -> Result<ModelPrice, StoreError>;

    /// Every price of a project, those that ended too; the latest to begin first, then the latest made.
    async fn prices(&self, project: ProjectId) -> Result<Vec<ModelPrice>, StoreError>;
}
