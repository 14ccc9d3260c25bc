//! All members of an archive at once: tiny ones many to a read, the others side by side.

use std::ops::Range;
use std::sync::{Mutex, MutexGuard, PoisonError};

use npload_buffer::Buffer;

use super::key_of;
use super::member::{self, Member};
use super::tiny::{self, TINY};
use crate::npy::Header;
use crate::source::{Meter, Source, share};
use crate::zip::{Archive, Entry, Inflaters, ReadOptions, Unshared};
use crate::{LoadOptions, Result, Verify};

/// How much of the archive one read of tiny members takes.
const SPAN: u64 = 128 << 10;

/// Stored members from this size on are read by all threads together, one after the other: each
/// member by a thread of its own would leave cores idle at the end.
const SHARED_FROM: u64 = 8 << 20;

/// Others from this size on are planned before the threads start.
const PLANNED_FROM: u64 = 1 << 20;

/// Below this the whole archive is loaded before a second thread would have started.
const WORTH_THREADS: u64 = 2 << 20;

/// What one thread does at a time.
enum Unit {
    /// Members that lie one after the other, as a range of the order by offset.
    Tiny(Range<usize>),
    One(usize),
}

pub(super) fn load_all(
    archive: &Archive,
    source: &Source,
    options: &LoadOptions,
) -> Result<Vec<(String, Member)>> {
    let plan = Plan::new(archive, options);
    let meter = Meter::new(options, plan.total);
    let places = Places::new(archive.len());

    for &index in &plan.shared {
        if let Some(entry) = archive.entry(index) {
            let loaded =
                member::load_metered(&entry, source, options, options.thread_count(), &meter);
            let loaded = loaded.map_err(|e| e.with_member(entry.name()))?;
            places.lock().put(index, loaded);
        }
    }
    let mut large = begin_large(&plan.large, archive, options)?;
    let inflaters = Inflaters::new(if large.is_empty() { 0 } else { plan.workers });
    let jobs = large.iter_mut().map(Job::Large);
    let jobs = jobs.chain(plan.units.iter().map(Job::Unit));
    let stack = source.reader().stack_size();
    share(plan.workers, stack, jobs, &|job| match job {
        Job::Large(large) => large.read(options, &inflaters, &meter),
        Job::Unit(Unit::Tiny(range)) => {
            let order = plan.by_offset.get(range.clone()).unwrap_or_default();
            tiny::load(archive, order, source, options, &meter, &places)
        }
        Job::Unit(Unit::One(index)) => {
            let Some(entry) = archive.entry(*index) else {
                return Ok(());
            };
            let loaded = member::load_metered(&entry, source, options, 1, &meter);
            let loaded = loaded.map_err(|e| e.with_member(entry.name()))?;
            places.lock().put(*index, loaded);
            Ok(())
        }
    })?;
    for large in large {
        let bytes = large.read.map(Buffer::from).unwrap_or_default();
        let member = member::finish(large.header, &bytes);
        places.lock().put(large.entry.index(), member);
    }
    meter.finish();
    Ok(places.named(archive))
}

/// What a thread takes next.
enum Job<'a, 'b> {
    Large(&'a mut Large<'b>),
    Unit(&'a Unit),
}

/// A member of a size that is worth planning: its beginning is read before the threads start, and
/// they only fill memory.
struct Large<'a> {
    entry: Entry<'a>,
    header: Option<Header>,
    read: Option<Unshared>,
}

fn begin_large<'a>(
    indices: &[usize],
    archive: &'a Archive,
    options: &LoadOptions,
) -> Result<Vec<Large<'a>>> {
    let entries = indices.iter().filter_map(|&index| archive.entry(index));
    let begin = |entry: Entry<'a>| {
        let header = member::begin(&entry, options).map_err(|e| e.with_member(entry.name()))?;
        Ok(Large {
            entry,
            header,
            read: None,
        })
    };
    entries.map(begin).collect()
}

impl Large<'_> {
    fn read(
        &mut self,
        options: &LoadOptions,
        inflaters: &Inflaters,
        meter: &Meter<'_>,
    ) -> Result<()> {
        let progress = |bytes| {
            meter.add(bytes);
            Ok(())
        };
        let reading = ReadOptions {
            verify: options.verify != Verify::Never,
            threads: 1,
            progress: Some(&progress),
            inflaters: Some(inflaters),
        };
        let align_at = member::aligned_at(self.header.as_ref());
        self.read = Some(self.entry.read_unshared(align_at, &reading)?);
        Ok(())
    }
}

/// Where members are put, by their index in the archive, with room for their names: what is
/// collected at the end is this very memory.
pub(super) struct Places(Mutex<Filled>);

pub(super) struct Filled(Vec<Option<(String, Member)>>);

impl Places {
    fn new(len: usize) -> Self {
        let mut places = Vec::new();
        places.resize_with(len, || None);
        Places(Mutex::new(Filled(places)))
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Filled> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn named(self, archive: &Archive) -> Vec<(String, Member)> {
        let mut places = self
            .0
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner)
            .0;
        for (entry, place) in archive.entries().zip(&mut places) {
            if let Some((name, _)) = place {
                *name = key_of(entry.name()).to_owned();
            }
        }
        places.into_iter().flatten().collect()
    }
}

impl Filled {
    #[inline]
    pub(super) fn put(&mut self, index: usize, member: Member) {
        if let Some(place) = self.0.get_mut(index) {
            *place = Some((String::new(), member));
        }
    }
}

/// Who loads what.
struct Plan {
    /// Members that all threads load together.
    shared: Vec<usize>,
    /// Members that one thread each loads, largest first.
    large: Vec<usize>,
    /// Smaller ones, largest first.
    units: Vec<Unit>,
    /// Tiny members as they lie in the file.
    by_offset: Vec<usize>,
    workers: usize,
    total: u64,
}

impl Plan {
    fn new(archive: &Archive, options: &LoadOptions) -> Self {
        let mut plan = Plan {
            shared: Vec::new(),
            large: Vec::new(),
            units: Vec::new(),
            by_offset: Vec::new(),
            workers: 1,
            total: 0,
        };
        let mut alone: Vec<(u64, usize)> = Vec::new();
        let mut ascending = true;
        let mut last = 0;
        for entry in archive.entries() {
            plan.total = plan
                .total
                .saturating_add(member::metered_size(&entry, options));
            if options.map.is_some() {
                alone.push((0, entry.index()));
            } else if member::is_stored(&entry) && entry.size() <= TINY {
                ascending &= entry.header_offset() >= last;
                last = entry.header_offset();
                plan.by_offset.push(entry.index());
            } else if member::is_stored(&entry) && entry.size() >= SHARED_FROM {
                plan.shared.push(entry.index());
            } else {
                alone.push((entry.size(), entry.index()));
            }
        }
        alone.sort_by_key(|&(size, _)| std::cmp::Reverse(size));
        let planned = alone.partition_point(|&(size, _)| size >= PLANNED_FROM);
        plan.units = alone
            .drain(planned..)
            .map(|(_, index)| Unit::One(index))
            .collect();
        plan.large = alone.into_iter().map(|(_, index)| index).collect();
        let offset = |index: &usize| {
            archive
                .entry(*index)
                .map_or(0, |entry| entry.header_offset())
        };
        if !ascending {
            plan.by_offset.sort_by_key(offset);
        }
        plan.group(offset);
        let jobs = plan.large.len().saturating_add(plan.units.len());
        if plan.total >= WORTH_THREADS && jobs > 1 {
            plan.workers = options.thread_count().min(jobs);
        }
        plan
    }

    /// Puts tiny members that one read reaches together.
    fn group(&mut self, offset: impl Fn(&usize) -> u64) {
        let mut start = 0;
        let mut from = self.by_offset.first().map_or(0, &offset);
        for (at, index) in self.by_offset.iter().enumerate() {
            let here = offset(index);
            if here.saturating_sub(from) > SPAN {
                self.units.push(Unit::Tiny(start..at));
                (start, from) = (at, here);
            }
        }
        if !self.by_offset.is_empty() {
            self.units.push(Unit::Tiny(start..self.by_offset.len()));
        }
    }
}
