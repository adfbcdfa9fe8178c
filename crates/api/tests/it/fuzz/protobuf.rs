//! Damage within the structure of protobuf: fields go, come twice, change places and types, whatever their names.

use super::mutator::Mutator;

/// A field as it lies on the wire.
#[derive(Clone, Debug)]
struct Field {
    number: u64,
    value: Wire,
}

#[derive(Clone, Debug)]
enum Wire {
    Varint(u64),
    Fixed64([u8; 8]),
    Fixed32([u8; 4]),
    Bytes(Vec<u8>),
    /// Bytes that are fields themselves, as far as one can tell.
    Message(Vec<Field>),
}

/// One of the seeds, spoiled in one to four places.
pub(super) fn spoiled(mutator: &mut Mutator, seeds: &[Vec<u8>]) -> Vec<u8> {
    let Some(mut fields) = read(mutator.pick::<Vec<u8>>(seeds)) else { return mutator.bytes(seeds) };
    for _ in 0..=mutator.below(4) {
        spoil(mutator, &mut fields, seeds);
    }
    write(&fields)
}

fn spoil(mutator: &mut Mutator, fields: &mut Vec<Field>, seeds: &[Vec<u8>]) {
    if fields.is_empty() {
        return;
    }
    let at = mutator.below(fields.len());
    if let Wire::Message(inner) = &mut fields[at].value
        && mutator.below(5) > 0
    {
        return spoil(mutator, inner, seeds);
    }
    match mutator.below(8) {
        0 => drop(fields.remove(at)),
        1 => {
            let again = fields[at].clone();
            fields.extend(std::iter::repeat_n(again, mutator.below(40)));
        }
        2 => fields[at].number = 1 + mutator.below(20) as u64,
        3 => fields[at].value = Wire::Varint([0, 1, u64::MAX, 1 << 63, u64::from(u32::MAX)][mutator.below(5)]),
        4 => fields[at].value = Wire::Fixed64([[0; 8], [0xff; 8], [0x7f; 8]][mutator.below(3)]),
        5 => fields[at].value = Wire::Fixed32([0xff; 4]),
        6 => {
            // As deep as readers might follow.
            let levels = mutator.below(400);
            let inner = fields[at].clone();
            fields[at] =
                (0..levels).fold(inner, |inner, _| Field { value: Wire::Message(vec![inner.clone()]), ..inner });
        }
        _ => {
            let bytes = mutator.bytes(seeds);
            let length = mutator.below(64).min(bytes.len());
            fields[at].value = Wire::Bytes(bytes[..length].to_vec());
        }
    }
}

fn read(mut bytes: &[u8]) -> Option<Vec<Field>> {
    let mut fields = Vec::new();
    while !bytes.is_empty() {
        let key = varint(&mut bytes)?;
        let value = match key & 7 {
            0 => Wire::Varint(varint(&mut bytes)?),
            1 => Wire::Fixed64(take(&mut bytes, 8)?.try_into().ok()?),
            2 => {
                let length = usize::try_from(varint(&mut bytes)?).ok()?;
                let inner = take(&mut bytes, length)?;
                // A short text may look like fields; it is spoiled either way.
                match read(inner) {
                    Some(fields) if !fields.is_empty() => Wire::Message(fields),
                    _ => Wire::Bytes(inner.to_vec()),
                }
            }
            5 => Wire::Fixed32(take(&mut bytes, 4)?.try_into().ok()?),
            _ => return None,
        };
        fields.push(Field { number: key >> 3, value });
    }
    Some(fields)
}

fn take<'b>(bytes: &mut &'b [u8], length: usize) -> Option<&'b [u8]> {
    let (taken, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    Some(taken)
}

fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0_u64;
    for shift in (0..64).step_by(7) {
        let byte = take(bytes, 1)?[0];
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(value);
        }
    }
    None
}

fn write(fields: &[Field]) -> Vec<u8> {
    let mut out = Vec::new();
    for Field { number, value } in fields {
        let kind = match value {
            Wire::Varint(_) => 0,
            Wire::Fixed64(_) => 1,
            Wire::Bytes(_) | Wire::Message(_) => 2,
            Wire::Fixed32(_) => 5,
        };
        write_varint(&mut out, number << 3 | kind);
        match value {
            Wire::Varint(value) => write_varint(&mut out, *value),
            Wire::Fixed64(bytes) => out.extend(bytes),
            Wire::Fixed32(bytes) => out.extend(bytes),
            Wire::Bytes(bytes) => write_bytes(&mut out, bytes),
            Wire::Message(fields) => write_bytes(&mut out, &write(fields)),
        }
    }
    out
}

fn write_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    write_varint(out, bytes.len() as u64);
    out.extend(bytes);
}

fn write_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}
