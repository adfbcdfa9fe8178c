//! The packed form of what a span's cost rests on.
//!
//! Origin first, so that one byte tells whether a span has no price; then tier, estimate, provider, and what belongs to the
//! origin. Part of a span's record, and of what is kept of earlier costs.

use domain::{
    ids::PriceId,
    money::NanoUsd,
    price::{Charge, CostLine, CostOrigin, Estimate, NoPrice, PriceItem, PriceRef, ServiceTier, Tokenizer},
    time::TimeUs,
    trace::TokenBuckets,
};
use store::{
    StoreError,
    event::{Amounts, UnpricedModel},
};
use uuid::Uuid;

use super::codec::{Packer, Unpacker};

const FORMAT: u8 = 1;
const NONE: u8 = 0;
const GIVEN: u8 = 1;
const COMPUTED: u8 = 2;
const UNPRICED: u8 = 3;
/// Beside the tokenizer of an estimate: only a part was counted.
const CUT: u8 = 0x80;
const DAY_US: i64 = 86_400_000_000;
/// Buckets that older records do not have, in the order they are written.
const MORE_BUCKETS: [PriceItem; 6] = [
    PriceItem::CacheWrite1h,
    PriceItem::InputAudio,
    PriceItem::CacheReadAudio,
    PriceItem::InputImage,
    PriceItem::OutputAudio,
    PriceItem::OutputImage,
];

/// Writes the buckets that only some providers have: which, then how many.
pub(super) fn pack_more_buckets(packer: &mut Packer, tokens: &TokenBuckets) {
    let counts = MORE_BUCKETS.map(|item| tokens.get(item));
    let mask = (0_u8..).zip(counts).fold(0_u8, |mask, (bit, count)| mask | (u8::from(count > 0) << bit));
    packer.byte(mask);
    counts.into_iter().filter(|count| *count > 0).for_each(|count| packer.natural(count));
}

pub(super) fn unpack_more_buckets(reader: &mut Unpacker<'_>, tokens: &mut TokenBuckets) -> Result<(), StoreError> {
    let mask = reader.byte()?;
    for (bit, item) in (0_u8..).zip(MORE_BUCKETS) {
        if mask & (1 << bit) != 0 {
            tokens.set(item, reader.natural()?);
        }
    }
    Ok(())
}

pub(super) fn pack(charge: &Charge) -> Vec<u8> {
    let mut packer = Packer::part();
    pack_into(&mut packer, charge);
    packer.finish()
}

fn pack_into(packer: &mut Packer, charge: &Charge) {
    packer.byte(match &charge.origin {
        CostOrigin::None => NONE,
        CostOrigin::Given => GIVEN,
        CostOrigin::Computed { .. } => COMPUTED,
        CostOrigin::Unpriced(_) => UNPRICED,
    });
    packer.byte(charge.tier.code());
    packer.byte(
        charge.estimate.map_or(0, |estimate| (1 + estimate.tokenizer.code()) | if estimate.cut { CUT } else { 0 }),
    );
    packer.optional_text(charge.provider.as_deref());
    match &charge.origin {
        CostOrigin::None | CostOrigin::Given => {}
        CostOrigin::Computed { price, lines } => {
            pack_price(packer, price);
            packer.natural(lines.len() as u64);
            for line in lines {
                packer.byte(line.item.code());
                packer.integer(line.amount.0);
            }
        }
        CostOrigin::Unpriced(reason) => match reason {
            NoPrice::NoModel => packer.byte(0),
            NoPrice::UnknownModel => packer.byte(1),
            NoPrice::NoRate { item } => {
                packer.byte(2);
                packer.byte(item.code());
            }
            NoPrice::TooLarge => packer.byte(3),
        },
    }
}

fn pack_price(packer: &mut Packer, price: &PriceRef) {
    match price {
        PriceRef::Catalogue { entry, edition, valid_from } => {
            packer.byte(u8::from(valid_from.is_some()));
            packer.text(entry);
            pack_time(packer, *edition);
            if let Some(from) = valid_from {
                pack_time(packer, *from);
            }
        }
        PriceRef::Project { id, valid_from } => {
            packer.byte(2);
            packer.raw(id.0.as_bytes());
            pack_time(packer, *valid_from);
        }
    }
}

/// Prices mostly begin with a day, which then takes four bytes instead of eight.
fn pack_time(packer: &mut Packer, time: TimeUs) {
    packer.integer(time.0.div_euclid(DAY_US));
    packer.natural(time.0.rem_euclid(DAY_US) as u64);
}

fn unpack_time(reader: &mut Unpacker<'_>) -> Result<TimeUs, StoreError> {
    let day = reader.integer()?;
    let rest = i64::try_from(reader.natural()?).map_err(|_| reader.damaged())?;
    Ok(TimeUs(day.wrapping_mul(DAY_US).wrapping_add(rest)))
}

/// Reads a charge; the reader is left behind it.
pub(super) fn unpack(reader: &mut Unpacker<'_>) -> Result<Charge, StoreError> {
    let origin = reader.byte()?;
    let tier = ServiceTier::from_code(reader.byte()?).ok_or_else(|| reader.damaged())?;
    let estimate = match reader.byte()? {
        0 => None,
        said => {
            let tokenizer = Tokenizer::from_code((said & !CUT).wrapping_sub(1)).ok_or_else(|| reader.damaged())?;
            Some(Estimate { tokenizer, cut: said & CUT != 0 })
        }
    };
    let provider = reader.optional_text()?.map(str::to_owned);
    let origin = match origin {
        NONE => CostOrigin::None,
        GIVEN => CostOrigin::Given,
        COMPUTED => {
            let price = unpack_price(reader)?;
            let lines = (0..reader.count()?)
                .map(|_| Ok(CostLine { item: item(reader)?, amount: NanoUsd(reader.integer()?) }))
                .collect::<Result<_, StoreError>>()?;
            CostOrigin::Computed { price, lines }
        }
        UNPRICED => CostOrigin::Unpriced(match reader.byte()? {
            0 => NoPrice::NoModel,
            1 => NoPrice::UnknownModel,
            2 => NoPrice::NoRate { item: item(reader)? },
            3 => NoPrice::TooLarge,
            _ => return Err(reader.damaged()),
        }),
        _ => return Err(reader.damaged()),
    };
    Ok(Charge { provider, tier, estimate, origin })
}

fn item(reader: &mut Unpacker<'_>) -> Result<PriceItem, StoreError> {
    PriceItem::from_code(reader.byte()?).ok_or_else(|| reader.damaged())
}

fn unpack_price(reader: &mut Unpacker<'_>) -> Result<PriceRef, StoreError> {
    match reader.byte()? {
        dated @ (0 | 1) => {
            let entry = reader.text()?.to_owned();
            let edition = unpack_time(reader)?;
            let valid_from = if dated == 1 { Some(unpack_time(reader)?) } else { None };
            Ok(PriceRef::Catalogue { entry, edition, valid_from })
        }
        2 => {
            let id = Uuid::from_slice(reader.bytes()?).map_err(|_| reader.damaged())?;
            Ok(PriceRef::Project { id: PriceId(id), valid_from: unpack_time(reader)? })
        }
        _ => Err(reader.damaged()),
    }
}

/// Of a span's packed charge: the model without a price it counts for, if it does.
pub(super) fn unpriced(
    bytes: &[u8],
    model: Option<&str>,
    received_us: i64,
) -> Result<Option<UnpricedModel>, StoreError> {
    if bytes.first() != Some(&UNPRICED) {
        return Ok(None);
    }
    let charge = unpack(&mut Unpacker::of_part(bytes, "a span's charge"))?;
    let CostOrigin::Unpriced(reason) = charge.origin else { return Ok(None) };
    Ok(Some(UnpricedModel {
        model: model.map(str::to_owned),
        provider: charge.provider,
        reason,
        spans: 1,
        last_us: TimeUs(received_us),
    }))
}

/// What a span cost, as it is kept when that changes.
pub(super) fn pack_past(amounts: &Amounts, charge: &Charge) -> Vec<u8> {
    let mut packer = Packer::new(FORMAT);
    for amount in [amounts.total, amounts.input, amounts.output] {
        packer.optional_integer(amount.map(|amount| amount.0));
    }
    pack_into(&mut packer, charge);
    packer.finish()
}

pub(super) fn unpack_past(bytes: &[u8]) -> Result<(Amounts, Charge), StoreError> {
    let mut reader = Unpacker::new(bytes, FORMAT, "an earlier cost")?;
    let mut amount = || Ok::<_, StoreError>(reader.optional_integer()?.map(NanoUsd));
    let amounts = Amounts { total: amount()?, input: amount()?, output: amount()? };
    Ok((amounts, unpack(&mut reader)?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn time() -> impl Strategy<Value = TimeUs> {
        prop_oneof![
            (-40_000..40_000_i64).prop_map(|day| TimeUs(day * DAY_US)),
            any::<i64>().prop_map(|us| TimeUs(us / 2))
        ]
    }

    fn item() -> impl Strategy<Value = PriceItem> {
        prop::sample::select(PriceItem::ALL)
    }

    fn origin() -> impl Strategy<Value = CostOrigin> {
        let price = prop_oneof![
            ("\\PC{0,30}", time(), prop::option::of(time()))
                .prop_map(|(entry, edition, valid_from)| PriceRef::Catalogue { entry, edition, valid_from }),
            (any::<u128>(), time())
                .prop_map(|(id, valid_from)| PriceRef::Project { id: PriceId(Uuid::from_u128(id)), valid_from }),
        ];
        let line = (item(), any::<i64>()).prop_map(|(item, amount)| CostLine { item, amount: NanoUsd(amount) });
        prop_oneof![
            Just(CostOrigin::None),
            Just(CostOrigin::Given),
            (price, prop::collection::vec(line, 0..5)).prop_map(|(price, lines)| CostOrigin::Computed { price, lines }),
            Just(CostOrigin::Unpriced(NoPrice::NoModel)),
            Just(CostOrigin::Unpriced(NoPrice::UnknownModel)),
            Just(CostOrigin::Unpriced(NoPrice::TooLarge)),
            item().prop_map(|item| CostOrigin::Unpriced(NoPrice::NoRate { item })),
        ]
    }

    fn charge() -> impl Strategy<Value = Charge> {
        let estimate = (prop::sample::select(Tokenizer::ALL), any::<bool>())
            .prop_map(|(tokenizer, cut)| Estimate { tokenizer, cut });
        (prop::option::of("\\PC{0,10}"), prop::sample::select(ServiceTier::ALL), prop::option::of(estimate), origin())
            .prop_map(|(provider, tier, estimate, origin)| Charge { provider, tier, estimate, origin })
    }

    proptest! {
        #[test]
        fn charges_read_back_what_they_write(charge in charge(), total: Option<i64>, input: Option<i64>) {
            let bytes = pack(&charge);
            prop_assert_eq!(&unpack(&mut Unpacker::of_part(&bytes, "a charge")).unwrap(), &charge);
            let amounts = Amounts { total: total.map(NanoUsd), input: input.map(NanoUsd), output: None };
            prop_assert_eq!(unpack_past(&pack_past(&amounts, &charge)).unwrap(), (amounts, charge.clone()));
            let unpriced = unpriced(&bytes, Some("m"), 7).unwrap();
            prop_assert_eq!(unpriced.is_some(), charge.is_unpriced());
        }

        #[test]
        fn buckets_read_back_what_they_write(counts: [u64; 12]) {
            let mut tokens = TokenBuckets::default();
            for (item, count) in PriceItem::ALL.iter().zip(counts) {
                tokens.set(*item, count);
            }
            let mut packer = Packer::part();
            pack_more_buckets(&mut packer, &tokens);
            let bytes = packer.finish();
            let mut read = TokenBuckets { cache_write_1h: 0, input_audio: 0, cache_read_audio: 0, input_image: 0,
                output_audio: 0, output_image: 0, ..tokens };
            unpack_more_buckets(&mut Unpacker::of_part(&bytes, "buckets"), &mut read).unwrap();
            prop_assert_eq!(read, tokens);
        }

        #[test]
        fn damaged_charges_are_an_error_not_a_panic(bytes: Vec<u8>) {
            let _ = unpack(&mut Unpacker::of_part(&bytes, "a charge"));
            let _ = unpack_past(&bytes);
            let _ = unpriced(&bytes, None, 0);
        }
    }
}
