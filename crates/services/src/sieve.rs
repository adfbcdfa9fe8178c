//! Lists that keep some of what they look at: read by key, batch by batch, within a bound.

use domain::page::PageSize;

use crate::ServiceError;

/// Records looked at for one page. Beyond it the page ends early and says where to go on.
const LOOKED_AT: usize = 20_000;
/// How far into a list a page by number may lie; further down a list is read by a narrower question.
const DEEPEST: u64 = 10_000;
/// Records read at once.
pub(crate) const BATCH: u16 = 200;

/// A page by number, as the SDKs of generation 3 ask for it. Nothing is counted: the totals say as much as is known, which is
/// enough for a client that reads on while there are pages.
#[derive(Clone, Debug, PartialEq)]
pub struct Numbered<T> {
    /// The rows.
    pub items: Vec<T>,
    /// Which page, from 1.
    pub page: u32,
    /// Rows a page.
    pub limit: u16,
    /// At least this many rows in all.
    pub total_items: u64,
    /// At least this many pages; one more than `page` when there are more rows.
    pub total_pages: u64,
}

/// Takes what a list looks at and keeps a page of it.
pub(crate) struct Sieve<K, T> {
    page: u32,
    skip: u64,
    passed: u64,
    size: PageSize,
    looked_at: usize,
    last: Option<K>,
    kept: Vec<(K, T)>,
    more: bool,
}

impl<K: Copy, T> Sieve<K, T> {
    /// The first page, or the one after a cursor.
    pub(crate) fn first(size: PageSize) -> Self {
        Self { page: 1, skip: 0, passed: 0, size, looked_at: 0, last: None, kept: Vec::new(), more: false }
    }

    /// A page by number.
    pub(crate) fn numbered(page: u32, size: PageSize) -> Result<Self, ServiceError> {
        let before = page.checked_sub(1).ok_or_else(|| ServiceError::field("page", "pages count from 1"))?;
        let skip = u64::from(before) * u64::from(size.rows());
        if skip > DEEPEST {
            return Err(ServiceError::field(
                "page",
                format!("it lies more than {DEEPEST} rows down the list; ask for a narrower range of time instead"),
            ));
        }
        Ok(Self { page, skip, ..Self::first(size) })
    }

    /// Whether to go on reading.
    pub(crate) fn wants_more(&self) -> bool {
        !self.more && self.looked_at < LOOKED_AT
    }

    /// Looks at one record; says whether to go on.
    pub(crate) fn look(&mut self, key: K, record: T, keep: bool) -> bool {
        if keep && self.passed >= self.skip && self.kept.len() == usize::from(self.size.rows()) {
            self.more = true;
            return false;
        }
        self.looked_at += 1;
        self.last = Some(key);
        if keep && self.passed < self.skip {
            self.passed += 1;
        } else if keep {
            self.kept.push((key, record));
        }
        self.wants_more()
    }

    /// The page, and the key after which the next one begins, if there may be more.
    pub(crate) fn by_key(self) -> (Vec<T>, Option<K>) {
        let bounded = self.looked_at >= LOOKED_AT;
        let next = if self.more || bounded { self.last } else { None };
        (self.kept.into_iter().map(|(_, record)| record).collect(), next)
    }

    /// The page by number.
    pub(crate) fn by_number(self) -> Numbered<T> {
        let items: Vec<T> = self.kept.into_iter().map(|(_, record)| record).collect();
        let more = u64::from(self.more);
        let total_items = self.passed + items.len() as u64 + more;
        let full_pages =
            if items.is_empty() { self.passed.div_ceil(u64::from(self.size.rows())) } else { u64::from(self.page) };
        Numbered { items, page: self.page, limit: self.size.rows(), total_items, total_pages: full_pages + more }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page_of(list: std::ops::Range<u64>, page: u32, keep: impl Fn(u64) -> bool) -> Numbered<u64> {
        let mut sieve = Sieve::numbered(page, PageSize::new(3).unwrap()).unwrap();
        for number in list {
            if !sieve.look(number, number, keep(number)) {
                break;
            }
        }
        sieve.by_number()
    }

    #[test]
    fn pages_by_number_follow_each_other_and_say_when_they_end() {
        let pages: Vec<_> = (1..=4).map(|page| page_of(0..16, page, |number| number % 2 == 0)).collect();
        let items: Vec<_> = pages.iter().map(|page| page.items.clone()).collect();
        assert_eq!(items, [vec![0, 2, 4], vec![6, 8, 10], vec![12, 14], vec![]]);
        let totals: Vec<_> = pages.iter().map(|page| (page.total_items, page.total_pages)).collect();
        assert_eq!(totals, [(4, 2), (7, 3), (8, 3), (8, 3)]);
        assert!(Sieve::<(), ()>::numbered(0, PageSize::default()).is_err());
        assert!(Sieve::<(), ()>::numbered(500, PageSize::default()).is_err());
    }

    #[test]
    fn a_bound_ends_a_page_early_and_says_where_to_go_on() {
        let mut sieve = Sieve::first(PageSize::new(3).unwrap());
        let mut looked = 0;
        while sieve.look(looked, (), false) {
            looked += 1;
        }
        let (page, next) = sieve.by_key();
        assert_eq!((page.len(), next), (0, Some(LOOKED_AT - 1)));
        let mut sieve = Sieve::first(PageSize::new(3).unwrap());
        for number in 0..3 {
            sieve.look(number, number, true);
        }
        assert_eq!(sieve.by_key(), (vec![0, 1, 2], None), "it cannot know of more");
        let mut sieve = Sieve::first(PageSize::new(3).unwrap());
        for number in 0..4 {
            sieve.look(number, number, true);
        }
        assert_eq!(sieve.by_key(), (vec![0, 1, 2], Some(2)));
    }
}
