//! Prices projects set themselves.

use async_trait::async_trait;
use domain::{
    ids::{PriceId, ProjectId},
    price::{ModelPrice, RateTier, Rates},
    time::TimeUs,
};
use serde::{Deserialize, Serialize};
use sqlx::sqlite::SqliteRow;
use store::{StoreError, control::PriceStore};

use super::{SqliteControl, row};
use crate::error::from_sqlx;

const FORMAT: u8 = 1;
/// The project is asked for in the same statement, so that a missing one adds nothing.
const CREATE: &str =
    "INSERT INTO model_price (id, project_id, pattern, provider, tier, rates, valid_from_us, closed_us,
     created_by, created_us, closed_by)
   SELECT ?, project.id, ?, ?, ?, ?, ?, ?, ?, ?, ? FROM project WHERE project.id = ?";
const CLOSE: &str = "UPDATE model_price SET closed_us = max(?, valid_from_us), closed_by = ?
   WHERE project_id = ? AND id = ? AND closed_us IS NULL";
const ONE: &str = "SELECT * FROM model_price WHERE project_id = ? AND id = ?";
const ALL: &str =
    "SELECT * FROM model_price WHERE project_id = ? ORDER BY valid_from_us DESC, created_us DESC, id DESC";

/// The part of a price that is JSON.
#[derive(Deserialize, Serialize)]
struct StoredRates {
    version: u8,
    rates: Rates,
    tiers: Vec<RateTier>,
}

fn model_price(found: &SqliteRow) -> Result<ModelPrice, StoreError> {
    let stored: StoredRates = row::json(found, "rates")?;
    if stored.version != FORMAT {
        return Err(row::bad("rates", format!("format {}, expected {FORMAT}", stored.version)));
    }
    let tier = row::optional_text(found, "tier")?;
    let tier = tier.map(|tier| tier.parse()).transpose().map_err(|error| row::bad("tier", error))?;
    Ok(ModelPrice {
        id: PriceId(row::uuid(found, "id")?),
        project: ProjectId(row::uuid(found, "project_id")?),
        pattern: row::word(found, "pattern")?,
        provider: row::optional_text(found, "provider")?,
        tier,
        rates: stored.rates,
        tiers: stored.tiers,
        valid_from: row::time(found, "valid_from_us")?,
        closed_us: row::optional_time(found, "closed_us")?,
        created_by: row::text(found, "created_by")?,
        created_us: row::time(found, "created_us")?,
        closed_by: row::optional_text(found, "closed_by")?,
    })
}

#[async_trait]
impl PriceStore for SqliteControl {
    async fn create_price(&self, price: &ModelPrice) -> Result<(), StoreError> {
        let rates = StoredRates { version: FORMAT, rates: price.rates.clone(), tiers: price.tiers.clone() };
        let mut writing = self.write().await?;
        let made = sqlx::query(CREATE)
            .bind(price.id.0.as_bytes().as_slice())
            .bind(price.pattern.as_str())
            .bind(price.provider.as_deref())
            .bind(price.tier.map(domain::price::ServiceTier::as_str))
            .bind(row::as_json(&rates)?)
            .bind(price.valid_from.0)
            .bind(price.closed_us.map(|time| time.0))
            .bind(price.created_by.as_str())
            .bind(price.created_us.0)
            .bind(price.closed_by.as_deref())
            .bind(price.project.0.as_bytes().as_slice())
            .execute(&mut *writing.connection)
            .await
            .map_err(from_sqlx)?;
        match made.rows_affected() {
            0 => Err(StoreError::NotFound { entity: "project", id: price.project.to_string() }),
            _ => Ok(()),
        }
    }

    async fn close_price(
        &self,
        project: ProjectId,
        price: PriceId,
        at: TimeUs,
        by: &str,
    ) -> Result<ModelPrice, StoreError> {
        let mut writing = self.write().await?;
        sqlx::query(CLOSE)
            .bind(at.0)
            .bind(by)
            .bind(project.0.as_bytes().as_slice())
            .bind(price.0.as_bytes().as_slice())
            .execute(&mut *writing.connection)
            .await
            .map_err(from_sqlx)?;
        let found = sqlx::query(ONE)
            .bind(project.0.as_bytes().as_slice())
            .bind(price.0.as_bytes().as_slice())
            .fetch_optional(&mut *writing.connection)
            .await
            .map_err(from_sqlx)?;
        let found = found.ok_or_else(|| StoreError::NotFound { entity: "price", id: price.to_string() })?;
        model_price(&found)
    }

    async fn prices(&self, project: ProjectId) -> Result<Vec<ModelPrice>, StoreError> {
        let found =
            sqlx::query(ALL).bind(project.0.as_bytes().as_slice()).fetch_all(&self.readers).await.map_err(from_sqlx)?;
        found.iter().map(model_price).collect()
    }
}
