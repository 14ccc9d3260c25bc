//! Which members of an archive are loaded how, and by how many threads.

use std::cmp::Reverse;

use super::member;
use super::tiny::Group;
use crate::LoadOptions;
use crate::zip::{Archive, Entry, Method};

/// Members up to this size are small: what one costs alone shows beside what its bytes cost.
const SMALL: u64 = 64 << 10;

/// How far apart the members that one read takes may begin: still in the cache when they are copied.
const SPAN: u64 = 64 << 10;

/// How much they may hold together: they share memory for as long as one of them is in use.
const TOGETHER: u64 = 1 << 20;

/// Stored members from this size on are read by all threads together, one after the other: each
/// member by a thread of its own would leave cores idle at the end.
const SHARED_FROM: u64 = 8 << 20;

/// Below this the whole archive is loaded before a second thread would have started.
const WORTH_THREADS: u64 = 2 << 20;

/// How much makes one thread more worth its stack and buffers.
const WORTH_ONE: u64 = 4 << 20;

/// Who loads what.
pub(super) struct Plan {
    /// Members that all threads load together.
    pub(super) shared: Vec<usize>,
    /// Members that one thread each loads, largest first.
    pub(super) large: Vec<usize>,
    /// Members whose decoders allocate, which the calling thread loads.
    pub(super) alone: Vec<usize>,
    /// Small members as they lie in the file.
    small: Vec<usize>,
    /// Where in `small` each group begins.
    starts: Vec<usize>,
    pub(super) workers: usize,
    pub(super) total: u64,
    /// Whether there are members by Zstandard.
    pub(super) zstd: bool,
}

impl Plan {
    pub(super) fn new<'a>(
        archive: &'a Archive,
        entries: impl Iterator<Item = Entry<'a>>,
        options: &LoadOptions,
    ) -> Self {
        let mut plan = Plan {
            shared: Vec::new(),
            large: Vec::new(),
            alone: Vec::new(),
            small: Vec::new(),
            starts: Vec::new(),
            workers: 1,
            total: 0,
            zstd: false,
        };
        let mut large: Vec<(u64, usize)> = Vec::new();
        let mut ascending = true;
        let mut last = 0;
        for entry in entries {
            let metered = member::metered_size(&entry, options);
            plan.total = plan.total.saturating_add(metered);
            plan.zstd |= matches!(entry.method(), Ok(Method::Zstd));
            match way(&entry, options) {
                Way::Shared => plan.shared.push(entry.index()),
                Way::Large => large.push((entry.size(), entry.index())),
                Way::Alone => plan.alone.push(entry.index()),
                Way::Small => {
                    ascending &= entry.header_offset() >= last;
                    last = entry.header_offset();
                    plan.small.push(entry.index());
                }
            }
        }
        large.sort_by_key(|&(size, _)| Reverse(size));
        plan.large = large.into_iter().map(|(_, index)| index).collect();
        if !ascending {
            let offset = |index: &usize| archive.entry(*index).map_or(0, |e| e.header_offset());
            plan.small.sort_by_key(offset);
        }
        plan.group(archive);
        // One that no other is loaded beside may have all threads.
        if plan.large.len() == 1 && plan.small.is_empty() {
            plan.shared.append(&mut plan.large);
        }
        let jobs = plan.large.len().saturating_add(plan.starts.len());
        if plan.total >= WORTH_THREADS && jobs > 1 {
            let worth = usize::try_from(plan.total / WORTH_ONE).unwrap_or(usize::MAX);
            plan.workers = options.thread_count().min(jobs).min(worth.max(2));
        }
        plan
    }

    /// Puts small members that one read reaches together.
    fn group(&mut self, archive: &Archive) {
        let (mut from, mut held) = (0, u64::MAX);
        for (at, &index) in self.small.iter().enumerate() {
            let Some(entry) = archive.entry(index) else {
                continue;
            };
            let here = entry.header_offset();
            held = held.saturating_add(entry.size());
            if here.saturating_sub(from) > SPAN || held > TOGETHER {
                self.starts.push(at);
                (from, held) = (here, entry.size());
            }
        }
    }

    pub(super) fn groups<'a>(&self, archive: &'a Archive) -> impl Iterator<Item = Group<'a>> {
        let ends = self.starts.iter().skip(1).copied();
        let ends = ends.chain([self.small.len()]);
        self.starts.iter().zip(ends).map(move |(&start, end)| {
            let indices = self.small.get(start..end).unwrap_or_default();
            let entries = indices.iter().filter_map(|&index| archive.entry(index));
            Group::new(entries.collect(), self.workers > 1)
        })
    }
}

/// The list of a [`Plan`] that a member is put on.
enum Way {
    Shared,
    Large,
    Alone,
    Small,
}

fn way(entry: &Entry<'_>, options: &LoadOptions) -> Way {
    // Without libdeflate, deflated members are streamed: by all threads, as they were before others
    // were not.
    let pure = cfg!(not(feature = "libdeflate"));
    let streamed = pure && matches!(entry.method(), Ok(Method::Deflate));
    if !streamed && !entry.reads_without_allocating() {
        Way::Alone
    } else if options.map.is_some() {
        Way::Large
    } else if is_small(entry) {
        Way::Small
    } else if member::is_stored(entry) && entry.size() >= SHARED_FROM {
        Way::Shared
    } else {
        Way::Large
    }
}

/// Whether a member is read along with its neighbours.
fn is_small(entry: &Entry<'_>) -> bool {
    let method = match entry.method() {
        Ok(Method::Stored) => true,
        Ok(Method::Deflate | Method::Zstd) => entry.reads_without_allocating(),
        _ => false,
    };
    method && entry.size() <= SMALL && entry.compressed_size() <= 2 * SMALL
}
