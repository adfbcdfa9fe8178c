//! Lists are read page by page, newest first, by a key that never shifts: no offsets, no totals.

use serde::{Deserialize, Serialize};

use crate::Invalid;

/// One page of a list and the cursor of the next, if there may be more.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Page<T> {
    /// The rows, in the list's order.
    pub items: Vec<T>,
    /// Pass this back as `cursor` to go on; absent at the end.
    pub next: Option<String>,
}

/// How many rows a page may have.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct PageSize(u16);

impl PageSize {
    /// The largest page.
    pub const MAX: u16 = 500;

    /// A size of 1 to [`Self::MAX`] rows.
    ///
    /// # Errors
    /// Outside that.
    pub fn new(rows: u32) -> Result<Self, Invalid> {
        match u16::try_from(rows) {
            Ok(rows @ 1..=Self::MAX) => Ok(Self(rows)),
            _ => Err(Invalid::new(format!("a page has 1 to {} rows, not {rows}", Self::MAX))),
        }
    }

    /// Rows.
    pub fn rows(self) -> u16 {
        self.0
    }
}

impl Default for PageSize {
    fn default() -> Self {
        Self(50)
    }
}
