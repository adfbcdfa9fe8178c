//! Who gives memory, and how much of it is in use.

/// For SQLite's pages, too. The system's allocator spreads what many threads free over arenas and keeps it: an hour at half of
/// full speed grew by 3 MB a minute with 155 MB of 484 in use; this one gives back what nobody uses (`load soak`).
#[cfg(all(unix, not(target_env = "musl")))]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// Memory as the allocator sees it; bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Memory {
    /// In use by the program.
    pub(crate) allocated: usize,
    /// Held from the system: in use, between what is in use, or not given back yet.
    pub(crate) resident: usize,
}

impl Memory {
    /// What it is now; nothing where the system's allocator is used, which does not say.
    pub(crate) fn now() -> Option<Self> {
        #[cfg(all(unix, not(target_env = "musl")))]
        {
            use tikv_jemalloc_ctl::{epoch, stats};
            // The numbers stand still until they are asked to move on.
            epoch::advance().ok()?;
            Some(Self { allocated: stats::allocated::read().ok()?, resident: stats::resident::read().ok()? })
        }
        #[cfg(not(all(unix, not(target_env = "musl"))))]
        None
    }
}
