use std::{collections::BTreeMap, future::Future, sync::Arc};

use domain::{
    ids::{PriceId, ProjectId},
    price::{ModelPrice, PriceItem, Rate, RateTier, ServiceTier},
    time::TimeUs,
};

use super::{T0, id, second_project, set_up};
use crate::{StoreError, control::ControlStore};

pub(super) async fn run<F: Future<Output = Arc<dyn ControlStore>>>(fresh: &impl Fn() -> F) {
    prices_are_kept_as_they_were_set(&*fresh().await).await;
    a_price_ends_once(&*fresh().await).await;
    projects_do_not_see_each_other(&*fresh().await).await;
}

fn price(number: u128, project: ProjectId, valid_from: TimeUs) -> ModelPrice {
    let rate = |text: &str| Rate::per_million(text).expect("a rate");
    ModelPrice {
        id: PriceId(id(number)),
        project,
        pattern: "gpt-4o*".parse().expect("a pattern"),
        provider: Some("azure".to_owned()),
        tier: Some(ServiceTier::Batch),
        rates: BTreeMap::from([(PriceItem::Input, rate("2.500000000001")), (PriceItem::Output, rate("0"))]),
        tiers: vec![RateTier {
            above_input_tokens: u64::MAX,
            rates: BTreeMap::from([(PriceItem::CacheWrite1h, rate("18000000"))]),
        }],
        valid_from,
        closed_us: None,
        created_by: "ana@example.com".to_owned(),
        created_us: TimeUs(T0.0 + number as i64),
        closed_by: None,
    }
}

async fn prices_are_kept_as_they_were_set(store: &dyn ControlStore) {
    let (_, project) = set_up(store).await;
    assert!(store.prices(project).await.expect("prices").is_empty());
    let plain = ModelPrice { provider: None, tier: None, tiers: Vec::new(), ..price(2, project, T0) };
    let (first, latest) = (price(1, project, T0), price(3, project, TimeUs(T0.0 + 5)));
    for price in [&latest, &first, &plain] {
        store.create_price(price).await.expect("a price");
    }
    assert_eq!(store.prices(project).await.expect("prices"), [latest, plain, first], "the latest to begin first");
    let nowhere = store.create_price(&price(4, ProjectId(id(99)), T0)).await;
    assert!(matches!(nowhere, Err(StoreError::NotFound { .. })), "{nowhere:?}");
}

async fn a_price_ends_once(store: &dyn ControlStore) {
    let (_, project) = set_up(store).await;
    let (past, future) = (price(1, project, T0), price(2, project, TimeUs(T0.0 + 100)));
    store.create_price(&past).await.expect("a price");
    store.create_price(&future).await.expect("a price");
    let now = TimeUs(T0.0 + 50);
    let closed = store.close_price(project, past.id, now, "bea@example.com").await.expect("closed");
    let expected = ModelPrice { closed_us: Some(now), closed_by: Some("bea@example.com".to_owned()), ..past };
    assert_eq!(closed, expected);
    let again = store.close_price(project, past.id, TimeUs(T0.0 + 60), "cid@example.com").await.expect("closed");
    assert_eq!(again, expected, "the first end stands");
    let never = store.close_price(project, future.id, now, "bea@example.com").await.expect("closed");
    assert_eq!(never.closed_us, Some(future.valid_from), "what ends before it begins never holds");
    assert_eq!(store.prices(project).await.expect("prices"), [never, expected], "history stays");
}

async fn projects_do_not_see_each_other(store: &dyn ControlStore) {
    let (owner, project) = set_up(store).await;
    let other = second_project(store, owner).await;
    store.create_price(&price(1, project, T0)).await.expect("a price");
    assert!(store.prices(other).await.expect("prices").is_empty());
    let refused = store.close_price(other, PriceId(id(1)), T0, "x").await;
    assert!(matches!(refused, Err(StoreError::NotFound { .. })), "{refused:?}");
    assert_eq!(store.prices(project).await.expect("prices")[0].closed_us, None);
}
