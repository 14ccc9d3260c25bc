//! All members of an archive at once: small ones many to a read, the others side by side.
//!
//! Plan, fill, finish. The calling thread reads how members begin and takes what they are read
//! with; all threads fill memory, allocating nothing: glibc would give each an arena of 64 MiB of
//! address space, and keep it; the calling thread makes arrays of it.

use std::collections::BTreeSet;

use npload_buffer::Buffer;

use super::key_of;
use super::member::{self, Begun, Member};
use super::plan::Plan;
use super::templates::Known;
use super::tiny::Group;
use crate::npy::Header;
use crate::source::{Meter, Source, share};
use crate::zip::{Archive, Entry, Inflaters, Unshared};
use crate::{Error, LoadOptions, Result};

/// All members, or those at these places in the directory.
pub(super) fn load<'a>(
    archive: &'a Archive,
    which: Option<BTreeSet<usize>>,
    source: &Source,
    options: &LoadOptions,
) -> Result<Vec<(&'a str, Member)>> {
    let count = which.as_ref().map_or(archive.len(), BTreeSet::len);
    let plan = match which {
        None => Plan::new(archive, archive.entries(), options),
        Some(which) => {
            let entries = which.into_iter().filter_map(|index| archive.entry(index));
            Plan::new(archive, entries, options)
        }
    };
    let meter = Meter::new(options, plan.total);
    let mut places = Places::new(count);
    let one = |index: usize, places: &mut Places<'a>| {
        let Some(entry) = archive.entry(index) else {
            return Ok::<(), Error>(());
        };
        let threads = options.threads_for(entry.size());
        let loaded = member::load_metered(&entry, source, options, threads, &meter);
        places.put(&entry, loaded.map_err(|e| e.with_member(entry.name()))?);
        Ok(())
    };

    for &index in &plan.shared {
        one(index, &mut places)?;
    }
    let mut large = Vec::with_capacity(plan.large.len());
    for entry in plan.large.iter().filter_map(|&index| archive.entry(index)) {
        let begun = member::begin_or_map(&entry, source, options, &meter);
        match begun.map_err(|e| e.with_member(entry.name()))? {
            Begun::Mapped(member) => places.put(&entry, member),
            Begun::ToRead(header) => large.push(Large {
                entry,
                header,
                read: None,
            }),
        }
    }
    let inflaters = Inflaters::new(plan.workers, plan.zstd);
    let (mut groups, mut known) = (Vec::new(), Known::default());
    for mut group in plan.groups(archive) {
        if plan.workers > 1 {
            groups.push(group);
            continue;
        }
        // Alone, one after the other: what a group was read with is used again by the next.
        group.read(archive, options, &inflaters, &meter)?;
        group.finish(source, options, &meter, &mut known, &mut places)?;
    }
    let jobs = large.iter_mut().map(Job::Large);
    let jobs = jobs.chain(groups.iter_mut().map(Job::Group));
    let stack = source.reader().stack_size();
    share(plan.workers, stack, jobs, &|job| {
        meter.check()?;
        match job {
            Job::Large(large) => large.read(options, &inflaters, &meter),
            Job::Group(group) => group.read(archive, options, &inflaters, &meter),
        }
    })?;
    drop(inflaters);
    for large in large {
        let entry = large.entry;
        let member = large.finish(options, &meter);
        places.put(&entry, member.map_err(|e| e.with_member(entry.name()))?);
    }
    for group in groups {
        group.finish(source, options, &meter, &mut known, &mut places)?;
    }
    // Their decoders allocate by nature: one after the other, on this thread.
    for &index in &plan.alone {
        one(index, &mut places)?;
    }
    meter.finish()?;
    Ok(places.in_order())
}

/// What a thread takes next.
enum Job<'a, 'b> {
    Large(&'a mut Large<'b>),
    Group(&'a mut Group<'b>),
}

/// A member that is worth a plan of its own: its beginning is read before the threads start, and
/// they only fill memory.
struct Large<'a> {
    entry: Entry<'a>,
    header: Option<Header>,
    read: Option<Unshared>,
}

impl Large<'_> {
    fn read(
        &mut self,
        options: &LoadOptions,
        inflaters: &Inflaters,
        meter: &Meter<'_>,
    ) -> Result<()> {
        let align_at = member::aligned_at(self.header.as_ref());
        let read = member::reading(&self.entry, options, 1, Some(inflaters), meter, |how| {
            self.entry.read_unshared(align_at, how)
        });
        self.read = read.map_err(|e| e.with_member(self.entry.name()))?;
        Ok(())
    }

    /// What it is; on the calling thread, which reads what others could not without allocating.
    fn finish(self, options: &LoadOptions, meter: &Meter<'_>) -> Result<Member> {
        let align_at = member::aligned_at(self.header.as_ref());
        let bytes = match self.read {
            Some(read) => Buffer::from(read),
            None => member::reading(&self.entry, options, 1, None, meter, |how| {
                self.entry.read(align_at, how)
            })?,
        };
        member::finish(self.header, &bytes, options)
    }
}

/// Where members are put: in the order in which they come, which is mostly the directory's.
pub(super) struct Places<'a> {
    members: Vec<(&'a str, Member)>,
    /// Their indices in the archive, unless those are 0, 1, 2, …
    indices: Option<Vec<usize>>,
}

impl<'a> Places<'a> {
    fn new(len: usize) -> Self {
        Places {
            members: Vec::with_capacity(len),
            indices: None,
        }
    }

    #[inline]
    pub(super) fn put(&mut self, entry: &Entry<'a>, member: Member) {
        let count = self.members.len();
        if self.indices.is_none() && entry.index() != count {
            self.indices = Some((0..count).collect());
        }
        self.members.push((key_of(entry.name()), member));
        if let Some(indices) = &mut self.indices {
            indices.push(entry.index());
        }
    }

    /// The members in the directory's order.
    fn in_order(self) -> Vec<(&'a str, Member)> {
        let Some(indices) = self.indices.filter(|indices| !indices.is_sorted()) else {
            return self.members;
        };
        let mut placed: Vec<_> = indices.into_iter().zip(self.members).collect();
        placed.sort_unstable_by_key(|&(index, _)| index);
        placed.into_iter().map(|(_, member)| member).collect()
    }
}
