//! The protobuf wire format, as far as OTLP needs it: fields in order, borrowed, with exact offsets. Lengths are checked
//! against what is there before anything is done with them.

/// Where and why a message could not be read.
#[derive(Debug)]
pub(crate) struct Damage {
    /// Byte of the whole body.
    pub(crate) offset: usize,
    pub(crate) reason: String,
}

impl Damage {
    pub(crate) fn new(offset: usize, reason: impl Into<String>) -> Self {
        Self { offset, reason: reason.into() }
    }
}

/// A stretch of the body that holds one message.
#[derive(Clone, Copy)]
pub(crate) struct Slice<'a> {
    pub(crate) bytes: &'a [u8],
    /// Where it starts in the body.
    pub(crate) offset: usize,
}

impl<'a> Slice<'a> {
    pub(crate) fn new(body: &'a [u8]) -> Self {
        Self { bytes: body, offset: 0 }
    }

    pub(crate) fn fields(self) -> Fields<'a> {
        Fields { rest: self.bytes, offset: self.offset }
    }
}

/// One field's content by wire type.
#[derive(Clone, Copy)]
pub(crate) enum Content<'a> {
    Varint(u64),
    Fixed64(u64),
    Bytes(Slice<'a>),
    Fixed32,
}

/// One field of a message.
pub(crate) struct Field<'a> {
    pub(crate) number: u64,
    pub(crate) content: Content<'a>,
    offset: usize,
}

impl<'a> Field<'a> {
    fn mismatch(&self, wanted: &str) -> Damage {
        Damage::new(self.offset, format!("field {} is not {wanted}", self.number))
    }

    pub(crate) fn bytes(&self) -> Result<Slice<'a>, Damage> {
        match self.content {
            Content::Bytes(slice) => Ok(slice),
            _ => Err(self.mismatch("length-delimited")),
        }
    }

    pub(crate) fn varint(&self) -> Result<u64, Damage> {
        match self.content {
            Content::Varint(number) => Ok(number),
            _ => Err(self.mismatch("a varint")),
        }
    }

    pub(crate) fn fixed64(&self) -> Result<u64, Damage> {
        match self.content {
            Content::Fixed64(number) => Ok(number),
            _ => Err(self.mismatch("a fixed 64-bit number")),
        }
    }
}

/// The fields of a message in order; ends after the first damage.
pub(crate) struct Fields<'a> {
    rest: &'a [u8],
    offset: usize,
}

impl<'a> Fields<'a> {
    fn take(&mut self, length: usize) -> Option<Slice<'a>> {
        let (bytes, rest) = self.rest.split_at_checked(length)?;
        let slice = Slice { bytes, offset: self.offset };
        self.rest = rest;
        self.offset += length;
        Some(slice)
    }

    fn varint(&mut self) -> Result<u64, Damage> {
        let start = self.offset;
        let mut number = 0_u64;
        for shift in (0..70).step_by(7) {
            let Some((&byte, rest)) = self.rest.split_first() else {
                return Err(Damage::new(start, "a number is cut short"));
            };
            self.rest = rest;
            self.offset += 1;
            if shift == 63 && byte > 1 {
                break;
            }
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(Damage::new(start, "a number has more than 64 bits"))
    }

    fn fixed64(&mut self) -> Result<u64, Damage> {
        let start = self.offset;
        self.take(8)
            .and_then(|slice| <[u8; 8]>::try_from(slice.bytes).ok())
            .map(u64::from_le_bytes)
            .ok_or_else(|| Damage::new(start, "a 64-bit number is cut short"))
    }

    fn field(&mut self) -> Result<Field<'a>, Damage> {
        let offset = self.offset;
        let tag = self.varint()?;
        let number = tag >> 3;
        if number == 0 || number > 0x1fff_ffff {
            return Err(Damage::new(offset, format!("`{number}` is not a field number")));
        }
        let content = match tag & 7 {
            0 => Content::Varint(self.varint()?),
            1 => Content::Fixed64(self.fixed64()?),
            2 => {
                let length = self.varint()?;
                let there = self.rest.len();
                let slice = usize::try_from(length).ok().and_then(|length| self.take(length));
                Content::Bytes(slice.ok_or_else(|| {
                    Damage::new(offset, format!("field {number} claims {length} bytes where {there} are left"))
                })?)
            }
            5 => {
                self.take(4).ok_or_else(|| Damage::new(offset, "a 32-bit number is cut short"))?;
                Content::Fixed32
            }
            other => return Err(Damage::new(offset, format!("`{other}` is not a wire type in use"))),
        };
        Ok(Field { number, content, offset })
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<Field<'a>, Damage>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let field = self.field();
        if field.is_err() {
            self.rest = &[];
        }
        Some(field)
    }
}
