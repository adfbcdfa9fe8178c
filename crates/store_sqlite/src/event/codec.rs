//! The bytes of packed records: variable-length integers and texts, each record starting with its format number.
//!
//! A packed record costs SQLite and sqlx one column instead of thirty, and it is the same bytes whoever writes it, which is
//! what lets a rebuild be compared byte by byte.

use std::ops::RangeInclusive;

use store::StoreError;

/// Writes a record.
#[derive(Default)]
pub(super) struct Packer {
    bytes: Vec<u8>,
}

impl Packer {
    /// A part of a record, without a format of its own.
    pub(super) fn part() -> Self {
        Self::default()
    }

    pub(super) fn new(format: u8) -> Self {
        let mut bytes = Vec::with_capacity(160);
        bytes.push(format);
        Self { bytes }
    }

    pub(super) fn finish(self) -> Vec<u8> {
        self.bytes
    }

    pub(super) fn byte(&mut self, value: u8) {
        self.bytes.push(value);
    }

    pub(super) fn fixed(&mut self, value: u64) {
        self.bytes.extend_from_slice(&value.to_le_bytes());
    }

    pub(super) fn natural(&mut self, value: u64) {
        let mut rest = value;
        while rest >= 0x80 {
            self.bytes.push((rest as u8) | 0x80);
            rest >>= 7;
        }
        self.bytes.push(rest as u8);
    }

    pub(super) fn integer(&mut self, value: i64) {
        self.natural(((value << 1) ^ (value >> 63)) as u64);
    }

    pub(super) fn wide(&mut self, value: i128) {
        let mut rest = ((value << 1) ^ (value >> 127)) as u128;
        while rest >= 0x80 {
            self.bytes.push((rest as u8) | 0x80);
            rest >>= 7;
        }
        self.bytes.push(rest as u8);
    }

    pub(super) fn text(&mut self, value: &str) {
        self.raw(value.as_bytes());
    }

    /// Bytes as they are, behind their number.
    pub(super) fn raw(&mut self, value: &[u8]) {
        self.natural(value.len() as u64);
        self.bytes.extend_from_slice(value);
    }

    /// Present texts are one longer than they are, so that 0 says absent.
    pub(super) fn optional_text(&mut self, value: Option<&str>) {
        let Some(text) = value else { return self.byte(0) };
        self.natural(text.len() as u64 + 1);
        self.bytes.extend_from_slice(text.as_bytes());
    }

    pub(super) fn optional_integer(&mut self, value: Option<i64>) {
        match value {
            None => self.byte(0),
            Some(value) => {
                self.byte(1);
                self.integer(value);
            }
        }
    }
}

/// Reads a record.
pub(super) struct Unpacker<'a> {
    rest: &'a [u8],
    what: &'static str,
}

impl<'a> Unpacker<'a> {
    /// Starts reading and checks the format number.
    pub(super) fn new(bytes: &'a [u8], format: u8, what: &'static str) -> Result<Self, StoreError> {
        Ok(Self::since(bytes, format..=format, what)?.1)
    }

    /// Starts reading a record of one of several formats and says which it is.
    pub(super) fn since(
        bytes: &'a [u8],
        formats: RangeInclusive<u8>,
        what: &'static str,
    ) -> Result<(u8, Self), StoreError> {
        let mut reader = Self { rest: bytes, what };
        let found = reader.byte()?;
        if !formats.contains(&found) {
            return Err(StoreError::Corrupt(format!("{what} has format {found}, expected {}", formats.end())));
        }
        Ok((found, reader))
    }

    /// Bytes as they are, behind their number.
    pub(super) fn bytes(&mut self) -> Result<&'a [u8], StoreError> {
        let length = self.count()?;
        self.take(length)
    }

    /// Reads a part of a record whose bytes were taken out before.
    pub(super) fn of_part(bytes: &'a [u8], what: &'static str) -> Self {
        Self { rest: bytes, what }
    }

    /// What is left, as a reader of its own for a part whose bytes were taken out.
    pub(super) fn part(&self, bytes: &'a [u8]) -> Self {
        Self { rest: bytes, what: self.what }
    }

    pub(super) fn damaged(&self) -> StoreError {
        StoreError::Corrupt(format!("{} cannot be read", self.what))
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], StoreError> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or_else(|| self.damaged())?;
        self.rest = rest;
        Ok(taken)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    pub(super) fn byte(&mut self) -> Result<u8, StoreError> {
        let (first, rest) = self.rest.split_first().ok_or_else(|| self.damaged())?;
        self.rest = rest;
        Ok(*first)
    }

    pub(super) fn fixed(&mut self) -> Result<u64, StoreError> {
        let bytes = self.take(8)?;
        let exact = <[u8; 8]>::try_from(bytes).map_err(|_| self.damaged())?;
        Ok(u64::from_le_bytes(exact))
    }

    pub(super) fn natural(&mut self) -> Result<u64, StoreError> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(self.damaged())
    }

    pub(super) fn integer(&mut self) -> Result<i64, StoreError> {
        let raw = self.natural()?;
        Ok(((raw >> 1) as i64) ^ -((raw & 1) as i64))
    }

    pub(super) fn wide(&mut self) -> Result<i128, StoreError> {
        // Most fit 63 bits, and arithmetic in 64 is several times as fast.
        let mut low = 0_u64;
        for shift in (0..63).step_by(7) {
            let byte = self.byte()?;
            low |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(i128::from(((low >> 1) as i64) ^ -((low & 1) as i64)));
            }
        }
        let mut raw = u128::from(low);
        for shift in (63..128).step_by(7) {
            let byte = self.byte()?;
            raw |= u128::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(((raw >> 1) as i128) ^ -((raw & 1) as i128));
            }
        }
        Err(self.damaged())
    }

    pub(super) fn count(&mut self) -> Result<usize, StoreError> {
        let count = usize::try_from(self.natural()?).map_err(|_| self.damaged())?;
        // Every item takes a byte at least, so a damaged count cannot make a reader reserve memory for it.
        if count > self.rest.len() {
            return Err(self.damaged());
        }
        Ok(count)
    }

    fn utf8(&self, bytes: &'a [u8]) -> Result<&'a str, StoreError> {
        std::str::from_utf8(bytes).map_err(|_| self.damaged())
    }

    pub(super) fn text(&mut self) -> Result<&'a str, StoreError> {
        let length = self.count()?;
        let bytes = self.take(length)?;
        self.utf8(bytes)
    }

    pub(super) fn optional_text(&mut self) -> Result<Option<&'a str>, StoreError> {
        let length = self.natural()?;
        let Some(length) = length.checked_sub(1) else { return Ok(None) };
        let bytes = self.take(usize::try_from(length).map_err(|_| self.damaged())?)?;
        self.utf8(bytes).map(Some)
    }

    pub(super) fn optional_integer(&mut self) -> Result<Option<i64>, StoreError> {
        match self.byte()? {
            0 => Ok(None),
            _ => self.integer().map(Some),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn records_read_back_what_they_write(
            naturals: Vec<u64>, integers: Vec<i64>, wides: Vec<i128>, texts: Vec<Option<String>>,
        ) {
            let mut packer = Packer::new(7);
            for value in &naturals { packer.natural(*value); }
            for value in &integers { packer.integer(*value); }
            for value in &wides { packer.wide(*value); }
            for value in &texts { packer.optional_text(value.as_deref()); }
            packer.fixed(42);
            let bytes = packer.finish();
            let mut reader = Unpacker::new(&bytes, 7, "a record").unwrap();
            for value in naturals { prop_assert_eq!(reader.natural().unwrap(), value); }
            for value in integers { prop_assert_eq!(reader.integer().unwrap(), value); }
            for value in wides { prop_assert_eq!(reader.wide().unwrap(), value); }
            for value in texts { prop_assert_eq!(reader.optional_text().unwrap(), value.as_deref()); }
            prop_assert_eq!(reader.fixed().unwrap(), 42);
            prop_assert!(reader.is_empty());
            prop_assert!(reader.byte().is_err());
        }

        #[test]
        fn damaged_bytes_are_an_error_not_a_panic(bytes: Vec<u8>) {
            let Ok(mut reader) = Unpacker::new(&bytes, 1, "a record") else { return Ok(()) };
            while !reader.is_empty() {
                let _ = reader.text();
                let _ = reader.wide();
                let _ = reader.optional_text();
                let _ = reader.fixed();
                if reader.byte().is_err() { break }
            }
        }
    }
}
