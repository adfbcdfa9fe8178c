//! Tests of what spans cost, and of changing that.

use domain::{
    ids::{JobId, PriceId, ProjectId},
    money::NanoUsd,
    price::{Charge, CostLine, CostOrigin, Estimate, NoPrice, PriceItem, PriceRef, ServiceTier, Tokenizer},
    time::{HOUR_NS, TimeNs, TimeRange, TimeUs},
    trace::{Cost, TokenBuckets},
};
use uuid::Uuid;

use super::{Build, Model, RECEIVED, Random, START_NS, agrees, random::batches};
use crate::event::{
    Amounts, ChargedSpan, EventBatch, EventStore, Recharge, RechargeBatch, Recharged, SketchKeys, UnpricedModel,
};

/// Everything there is.
const EVER: TimeRange = TimeRange { from: TimeUs(i64::MIN), to: TimeUs(i64::MAX) };

fn job(number: u64) -> JobId {
    JobId(Uuid::from_u128(u128::from(number)))
}

/// Every span with tokens, page by page.
pub async fn charged(store: &dyn EventStore, project: ProjectId, range: TimeRange) -> Vec<ChargedSpan> {
    let until = store.stored_until().await.expect("the end");
    let (mut at, mut found, mut looked_at) = (0, Vec::new(), 0);
    while at < until {
        let page = store.charged_spans(project, range, at, until).await.expect("a page");
        assert!(page.at > at, "each page goes on");
        (at, looked_at) = (page.at, looked_at + page.looked_at);
        found.extend(page.spans);
    }
    assert_eq!((at, looked_at), (until, until));
    let end = store.charged_spans(project, range, until, until).await.expect("a page");
    assert_eq!((end.spans.len(), end.looked_at, end.at), (0, 0, until));
    found
}

/// Another cost for a span, of any sort.
pub fn another(random: &mut Random, span: &ChargedSpan) -> Recharge {
    let line = |item, amount| CostLine { item, amount: NanoUsd(amount) };
    let (input, output) = (random.below(5_000_000) as i64, random.below(5_000_000) as i64);
    let price = match random.below(3) {
        0 => PriceRef::Catalogue { entry: "openai/gpt-4o".to_owned(), edition: TimeUs(0), valid_from: None },
        1 => PriceRef::Catalogue { entry: "x".repeat(60), edition: RECEIVED, valid_from: Some(TimeUs(-1)) },
        _ => PriceRef::Project { id: PriceId(Uuid::from_u128(random.bits().into())), valid_from: RECEIVED },
    };
    let lines = vec![line(PriceItem::Input, input), line(PriceItem::Output, output)];
    let computed =
        Amounts { total: Some(NanoUsd(input + output)), input: Some(NanoUsd(input)), output: Some(NanoUsd(output)) };
    let (amounts, origin) = match random.below(6) {
        0 => (Amounts::default(), CostOrigin::Unpriced(NoPrice::UnknownModel)),
        1 => (Amounts::default(), CostOrigin::Unpriced(NoPrice::NoRate { item: PriceItem::Other })),
        2 => (Amounts { total: Some(NanoUsd(input)), ..Amounts::default() }, CostOrigin::Given),
        _ => (computed, CostOrigin::Computed { price, lines }),
    };
    let key = |amount: Option<NanoUsd>| amount.map(|amount| (amount.0 % 100) as i16);
    Recharge {
        trace_id: span.trace_id,
        span_id: span.span_id,
        version: span.version,
        amounts,
        charge: Charge {
            provider: random.one_in(2).then(|| format!("provider {}", random.below(2))),
            tier: *random.pick(ServiceTier::ALL),
            estimate: random
                .one_in(3)
                .then(|| Estimate { tokenizer: *random.pick(Tokenizer::ALL), cut: random.one_in(2) }),
            origin,
        },
        keys: SketchKeys {
            cost: key(amounts.total),
            input_cost: key(amounts.input),
            output_cost: key(amounts.output),
            ..SketchKeys::default()
        },
    }
}

/// Other costs for some of a project's spans.
pub async fn some(store: &dyn EventStore, random: &mut Random, project: ProjectId, number: u64) -> RechargeBatch {
    let spans = charged(store, project, EVER).await;
    let chosen = spans.iter().filter(|_| random.one_in(2)).collect::<Vec<_>>();
    let changes = chosen.into_iter().map(|span| another(random, span)).collect();
    RechargeBatch { project, job: job(number), at_us: TimeUs(RECEIVED.0 + number as i64), changes }
}

async fn recharge(store: &dyn EventStore, model: &mut Model, batch: RechargeBatch) -> Recharged {
    model.recharge(&batch);
    store.recharge(batch).await.expect("recharged")
}

async fn append(store: &dyn EventStore, model: &mut Model, batch: EventBatch) {
    model.take(&batch);
    store.append(batch).await.expect("append");
}

pub async fn what_a_span_costs_may_change_and_the_old_amount_stays(store: &dyn EventStore) {
    let (mut model, project) = (Model::default(), Build::project(1));
    let mut spans: Vec<_> = (0..20).map(|number| Build::generation(number / 4, number)).collect();
    for (number, span) in (0..).zip(&mut spans) {
        span.prompt = (number % 3 > 0).then(|| Build::link("greet", 1 + number % 2));
    }
    append(store, &mut model, Build::batch(project, spans, vec![])).await;
    agrees(store, &model).await;
    let mut random = Random(1);
    for number in 0..4 {
        let batch = some(store, &mut random, project, number).await;
        let changes = batch.changes.len() as u64;
        let outcome = recharge(store, &mut model, batch.clone()).await;
        assert_eq!(outcome, Recharged { changed: changes, unchanged: 0 });
        agrees(store, &model).await;
        // As after a crash between the change and the note that it was done.
        let again = recharge(store, &mut model, batch).await;
        assert_eq!(again, Recharged { changed: 0, unchanged: changes }, "the same again changes nothing");
        agrees(store, &model).await;
    }
    let stranger = Build::project(2);
    let past = store.past_costs(stranger, Build::trace(0), Build::span_id(0)).await.expect("past costs");
    assert!(past.is_empty());
}

pub async fn changed_content_comes_with_its_own_cost(store: &dyn EventStore) {
    let (mut model, project) = (Model::default(), Build::project(1));
    let span = Build::generation(1, 1);
    append(store, &mut model, Build::batch(project, vec![span.clone()], vec![])).await;
    let mut random = Random(7);
    let looked_at = charged(store, project, EVER).await;
    let late: Vec<Recharge> = looked_at.iter().map(|span| another(&mut random, span)).collect();
    let batch = |number, changes| RechargeBatch { project, job: job(number), at_us: RECEIVED, changes };
    let first = recharge(store, &mut model, batch(1, late.clone())).await;
    assert_eq!(first.changed, 1);
    // The same content again: what was worked out since stays.
    append(store, &mut model, Build::batch(project, vec![span.clone()], vec![])).await;
    agrees(store, &model).await;
    let mut more = span;
    more.end_ns = TimeNs(more.end_ns.0 + 5);
    more.cost = Cost { total: Some(NanoUsd(77)), ..Cost::default() };
    append(store, &mut model, Build::batch(project, vec![more], vec![])).await;
    agrees(store, &model).await;
    let outcome = recharge(store, &mut model, batch(2, late)).await;
    assert_eq!(outcome, Recharged { changed: 0, unchanged: 1 }, "worked out from content that is gone");
    let nobody = Recharge { trace_id: Build::trace(9), ..another(&mut random, &looked_at[0]) };
    assert_eq!(recharge(store, &mut model, batch(3, vec![nobody])).await, Recharged { changed: 0, unchanged: 1 });
    agrees(store, &model).await;
    let past = store.past_costs(project, Build::trace(1), Build::span_id(1)).await.expect("past costs");
    assert_eq!(past.iter().map(|past| past.job).collect::<Vec<_>>(), [job(1)], "what it cost before stays known");
}

pub async fn pages_of_charges_cover_every_span_once(store: &dyn EventStore) {
    let (mut model, project) = (Model::default(), Build::project(1));
    let hour = |number: i64| TimeUs(START_NS / 1000 + number * HOUR_NS / 1000);
    let spans = (0..40).map(|number| {
        let mut span =
            if number % 4 == 0 { Build::span(number, number) } else { Build::generation(number / 3, number) };
        span.start_ns = TimeNs(START_NS + (number as i64 % 5) * HOUR_NS);
        span.usage.buckets = (number % 4 > 0).then(|| TokenBuckets {
            input: number,
            cache_write_1h: number % 3,
            output_audio: number << 40,
            ..TokenBuckets::default()
        });
        span.provider = (number % 2 == 0).then(|| "openai".to_owned());
        span
    });
    append(store, &mut model, Build::batch(project, spans.collect(), vec![])).await;
    append(store, &mut model, Build::batch(Build::project(2), vec![Build::generation(1, 1)], vec![])).await;
    agrees(store, &model).await;
    let ids = |spans: Vec<ChargedSpan>| {
        let mut ids: Vec<_> = spans.into_iter().map(|span| (span.trace_id, span.span_id)).collect();
        ids.sort_unstable();
        ids
    };
    for range in [EVER, TimeRange { from: hour(1), to: hour(3) }, TimeRange { from: hour(9), to: hour(10) }] {
        let found = charged(store, project, range).await;
        for span in &found {
            let write = &model.spans[&(project, span.trace_id, span.span_id)];
            assert_eq!((span.tokens, &span.charge), (write.row.tokens.expect("tokens"), &write.row.derived.charge));
            assert_eq!((span.version, &span.model, span.kind), (write.version, &write.row.model, write.row.kind));
        }
        assert_eq!(ids(found), ids(model.charged(project, range)), "{range:?}");
    }
    assert!(charged(store, Build::project(3), EVER).await.is_empty());
}

pub async fn models_without_a_price_are_counted(store: &dyn EventStore) {
    let (mut model, project) = (Model::default(), Build::project(1));
    let unpriced = |number: u64, model: Option<&str>| {
        let mut span = Build::generation(number, number);
        span.model = model.map(str::to_owned);
        span.cost = Cost::default();
        span
    };
    let spans = vec![
        unpriced(1, Some("house")),
        unpriced(2, Some("house")),
        unpriced(3, Some("other")),
        unpriced(4, None),
        Build::generation(5, 5),
    ];
    append(store, &mut model, Build::batch(project, spans.clone(), vec![])).await;
    append(store, &mut model, Build::batch(project, spans.clone(), vec![])).await;
    let one = |model: Option<&str>, spans| UnpricedModel {
        model: model.map(str::to_owned),
        provider: None,
        reason: NoPrice::UnknownModel,
        spans,
        last_us: RECEIVED,
    };
    let listed = store.unpriced(project, 10).await.expect("models");
    assert_eq!(listed, [one(Some("house"), 2), one(None, 1), one(Some("other"), 1)]);
    assert_eq!(store.unpriced(project, 1).await.expect("models"), [one(Some("house"), 2)]);
    // One comes again and says what it cost, one is charged, one does not say its model any more.
    let mut said = spans[0].clone();
    said.end_ns = TimeNs(said.end_ns.0 + 1);
    said.cost.total = Some(NanoUsd(5));
    let mut nameless = spans[2].clone();
    nameless.end_ns = TimeNs(nameless.end_ns.0 + 1);
    nameless.model = None;
    append(store, &mut model, Build::batch(project, vec![said, nameless], vec![])).await;
    assert_eq!(store.unpriced(project, 10).await.expect("models"), [one(None, 2), one(Some("house"), 1)]);
    let looked_at = charged(store, project, EVER).await;
    let house = looked_at.iter().find(|span| span.charge.is_unpriced() && span.model.is_some()).expect("the last one");
    let change = Recharge {
        amounts: Amounts { total: Some(NanoUsd(9)), ..Amounts::default() },
        charge: Charge { origin: CostOrigin::Given, ..Charge::default() },
        ..another(&mut Random(1), house)
    };
    let batch = RechargeBatch { project, job: job(1), at_us: RECEIVED, changes: vec![change] };
    assert_eq!(recharge(store, &mut model, batch).await.changed, 1);
    assert_eq!(store.unpriced(project, 10).await.expect("models"), [one(None, 2)]);
    agrees(store, &model).await;
    assert!(store.unpriced(Build::project(2), 10).await.expect("models").is_empty());
}

pub async fn totals_are_right_however_charging_folding_and_writing_interleave(store: &dyn EventStore) {
    let mut model = Model::default();
    for seed in 300..315 {
        let mut random = Random(seed);
        for (step, batch) in (0..).zip(batches(&mut random, 10)) {
            append(store, &mut model, batch).await;
            if random.one_in(3) {
                let project = Build::project(1 + random.below(2));
                let batch = some(store, &mut random, project, seed * 100 + step).await;
                recharge(store, &mut model, batch).await;
            }
            if random.one_in(2) {
                store.fold().await.expect("fold");
            }
        }
        agrees(store, &model).await;
        if random.one_in(4) {
            store.rebuild_totals().await.expect("rebuild");
            agrees(store, &model).await;
        }
    }
}
