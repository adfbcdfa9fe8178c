//! From what `services` answers to what the page draws. Server only.

use domain::{
    auth::{Permission, Role},
    price::{NoPrice, Rate, Rates, ServiceTier},
    time::TimeUs,
};
use services::prices::{
    CatalogueAnswer, CatalogueModel, NewRepricing, OwnPrice, PriceState, Repricing, Scheduled, Unpriced,
};
use ui::format;

use super::model::{
    CatalogueLine, CatalogueView, JobLine, JobsView, OwnLine, OwnState, PricesView, RateLine, UnpricedLine, item_words,
};

pub(super) fn prices(own: Vec<OwnPrice>, unpriced: Vec<Unpriced>, role: Role, now: TimeUs) -> PricesView {
    PricesView {
        own: own.into_iter().map(own_line).collect(),
        unpriced: unpriced.into_iter().map(unpriced_line).collect(),
        may_write: may_write(role),
        now_us: now.0,
    }
}

fn may_write(role: Role) -> bool {
    role >= Permission::WritePrices.needs().0
}

pub(super) fn jobs(jobs: Vec<Repricing>, role: Role, now: TimeUs) -> JobsView {
    JobsView { jobs: jobs.into_iter().map(job).collect(), may_write: may_write(role), now_us: now.0 }
}

fn own_line(own: OwnPrice) -> OwnLine {
    let OwnPrice { price, state } = own;
    let tier = price.tier.map(|tier| format!("{} only", tier.as_str()));
    OwnLine {
        id: price.id.to_string(),
        model: price.pattern.to_string(),
        only: price.provider.map(|provider| format!("at {provider}")).into_iter().chain(tier).collect(),
        rates: rates(&price.rates),
        tiers: price.tiers.iter().map(|tier| (tier.above_input_tokens, rates(&tier.rates))).collect(),
        state: match state {
            PriceState::Holds => OwnState::Holds,
            PriceState::Later => OwnState::Later,
            PriceState::Replaced => OwnState::Replaced,
            PriceState::Ended => OwnState::Ended,
            PriceState::Undone => OwnState::Undone,
        },
        from_us: Some(price.valid_from.0).filter(|from| *from > 0),
        until_us: price.closed_us.map(|at| at.0),
        created_by: price.created_by,
        created_us: price.created_us.0,
        ended_by: price.closed_by,
    }
}

fn unpriced_line(unpriced: Unpriced) -> UnpricedLine {
    let Unpriced { model, priced_now } = unpriced;
    UnpricedLine {
        why: why(model.reason),
        model: model.model,
        provider: model.provider,
        calls: model.spans,
        last_us: model.last_us.0,
        priced_now,
    }
}

/// Why tokens have no price, in words.
pub(in crate::pages) fn why(reason: NoPrice) -> String {
    match reason {
        NoPrice::NoModel => "the calls do not name their model".to_owned(),
        NoPrice::UnknownModel => "no price is known for this model".to_owned(),
        NoPrice::NoRate { item } => {
            format!("its price has no rate for {}", item_words(item.as_str()).to_lowercase())
        }
        NoPrice::TooLarge => "the amount is beyond nine billion dollars".to_owned(),
    }
}

fn rates(rates: &Rates) -> Vec<RateLine> {
    let line = |(item, rate): (&domain::price::PriceItem, &Rate)| RateLine {
        item: item_words(item.as_str()).to_lowercase(),
        usd: dollars(*rate),
    };
    rates.iter().map(line).collect()
}

/// Dollars a million with two decimals or as many as it has: `2.50`, `0.075`.
fn dollars(rate: Rate) -> String {
    let text = rate.to_string();
    match text.split_once('.') {
        None => format!("{text}.00"),
        Some((_, decimals)) if decimals.len() == 1 => format!("{text}0"),
        Some(_) => text,
    }
}

pub(super) fn catalogue(text: String, mut answer: CatalogueAnswer, role: Role) -> CatalogueView {
    // The first of all models by name tell nobody anything.
    if text.trim().is_empty() {
        answer.models.clear();
    }
    CatalogueView {
        edition_us: answer.edition.0,
        text,
        used: answer.used,
        models: answer.models.into_iter().map(catalogue_line).collect(),
        total: answer.total,
        may_write: may_write(role),
    }
}

fn catalogue_line(model: CatalogueModel) -> CatalogueLine {
    let mut notes = Vec::new();
    let current = model.schedule.iter().find(|scheduled| scheduled.now);
    for tier in current.iter().flat_map(|current| &current.table.tiers) {
        notes.push(format!(
            "above {} input tokens: {}",
            format::count(i64::try_from(tier.above_input_tokens).unwrap_or(i64::MAX)),
            words(&tier.rates)
        ));
    }
    notes.extend(model.schedule.iter().filter(|scheduled| !scheduled.now).map(other_time));
    notes.extend(model.variants.iter().map(|(tier, from, table)| {
        let since = from.map(|from| format!(" since {}", format::date(from.0))).unwrap_or_default();
        format!("{}{since}: {}", served(*tier), words(&table.rates))
    }));
    let now = current.map(|current| current.table.rates.clone()).unwrap_or_default();
    CatalogueLine {
        entry: model.entry,
        provider: model.provider,
        model: model.model,
        context: model.context,
        rates: rates(&now),
        fields: now.iter().map(|(item, rate)| (item.as_str().to_owned(), rate.to_string())).collect(),
        notes,
    }
}

/// Rates that are not charged at present, with when they are.
fn other_time(scheduled: &Scheduled) -> String {
    let clock = |minute: u16| format!("{:02}:{:02}", minute / 60, minute % 60);
    let daily = scheduled.window.map(|(from, to)| format!("{} to {} UTC", clock(from), clock(to)));
    let since = scheduled.from.map(|from| format!("since {}", format::date(from.0)));
    let when: Vec<String> = since.into_iter().chain(daily).collect();
    let when = if when.is_empty() { "at other times".to_owned() } else { when.join(", ") };
    format!("{when}: {}", words(&scheduled.table.rates))
}

fn served(tier: ServiceTier) -> &'static str {
    match tier {
        ServiceTier::Standard => "standard",
        ServiceTier::Batch => "in a batch",
        ServiceTier::Flex => "flex",
        ServiceTier::Priority => "priority",
        ServiceTier::Fast => "fast",
    }
}

fn words(table: &Rates) -> String {
    rates(table).into_iter().map(|rate| format!("{} {}", rate.item, rate.usd)).collect::<Vec<_>>().join(" · ")
}

fn job(job: Repricing) -> JobLine {
    JobLine {
        id: job.id.to_string(),
        state: job.state,
        what: asked(&job.asked),
        // Rounded down: all is said when all is done.
        percent: (job.done.clamp(0.0, 1.0) * 100.0) as u8,
        changed: job.changed,
        unchanged: job.unchanged,
        unpriced: job.unpriced,
        error: job.error,
        created_by: job.created_by,
        created_us: job.created_us.0,
    }
}

fn asked(asked: &NewRepricing) -> String {
    let calls = asked.model.as_ref().map_or_else(|| "all calls".to_owned(), |model| format!("calls of {model}"));
    let kind = if asked.only_unpriced { " without a cost" } else { "" };
    let when = asked
        .range
        .map(|range| format!(", {} to {} UTC", format::date_time(range.from.0), format::date_time(range.to.0)));
    format!("{calls}{kind}{}", when.unwrap_or_default())
}
